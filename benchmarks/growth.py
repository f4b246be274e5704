"""How the time and memory of train, update and identify grow with responses and with releases.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.growth ../shared/corpora/train --out FILE.jsonl

Each point is a process of its own on corpora resampled for it, and is written at once: given again, the command
measures what FILE lacks. The encoder of `train` takes the same number of steps however many rows there are; here it
takes --steps. CPU seconds are what counts, because others may use the machine too. "Own MB" is memory without mapped
files: `datasets` maps the corpora, and pages that were read count as memory until they are needed elsewhere. Every
point counts its features itself.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.measured import measured, program
from benchmarks.resampled import Pool, more_releases, more_responses, one_case
from fingerprint.data.registry import Registry

VERBS = ("train", "update", "identify")
_MEASURED = ("cpu_seconds", "seconds", "peak_mb", "own_mb")
RESPONSES, RELEASES = "responses", "releases"
# Releases of an update and responses of a case where responses grow: a usual update has a few releases.
UPDATED, CASE = 10, 1_000

TRAIN = """
import sys
from pathlib import Path
from fingerprint.config import Config, EmbeddingConfig
from fingerprint.training.model import Settings
from fingerprint.training.run import train
corpus, registry, out, cache, jobs, steps = sys.argv[1:]
settings = Settings(Path(registry) if registry else None, jobs=int(jobs), cache=Path(cache))
config = Config(embedding=EmbeddingConfig(steps=int(steps)))
train([Path(corpus)], Path(out), settings, config, lambda *_: None)
"""


@dataclass(frozen=True)
class Settings:
    """What all points share: responses where releases grow, the encoder's steps, processes, the model."""

    fixed: int
    steps: int
    jobs: int
    model: Path


@dataclass(frozen=True)
class Point:
    """One measurement: its folder, what grows, and how large it is."""

    folder: Path
    what: str
    size: int


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="What was measured, a line each.")
@click.option("--verb", "verbs", multiple=True, type=click.Choice(VERBS), default=VERBS)
@click.option("--responses", default="10000,50000,150000,500000", show_default=True)
@click.option("--releases", default="50,150,466,2000", show_default=True)
@click.option("--fixed", default=50_000, show_default=True, help="Responses, where releases grow.")
@click.option("--steps", default=200, show_default=True, help="Of the encoder.")
@click.option("--jobs", default=2, show_default=True)
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
def main(corpora: Path, out: Path, verbs: tuple[str, ...], responses: str, releases: str, **given: Any) -> None:
    registry = Registry.load(None)
    pool = Pool.read(corpora, registry)
    points = [(RESPONSES, int(n)) for n in responses.split(",") if n]
    points += [(RELEASES, int(n)) for n in releases.split(",") if n]
    done = _read(out)
    for what, size in points:
        left = [verb for verb in verbs if not any(_same(row, verb, what, size) for row in done)]
        if not left:
            continue
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            at = Path(folder)
            for verb in left:
                settings = Settings(given["fixed"], given["steps"], given["jobs"], given["model"].resolve())
                command = _COMMANDS[verb](pool, Point(at, what, size), settings)
                started = time.strftime("%H:%M")
                row = {"verb": verb, "grows": what, "size": size, "began": started}
                row |= {name: round(value, 1) for name, value in measured(command).items()}
                done.append(row)
                with out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(row, flush=True)
    print(table(done))


def _train(pool: Pool, point: Point, settings: Settings) -> list[str]:
    corpus, registry = point.folder / "train.parquet", ""
    if point.what == RESPONSES:
        more_responses(pool, point.size, corpus)
    else:
        registry = str(point.folder / "train.csv")
        more_releases(pool, point.size, settings.fixed, corpus, Path(registry))
    model, cache = str(point.folder / "model"), str(point.folder / "cache")
    return [sys.executable, "-c", TRAIN, str(corpus), registry, model, cache, str(settings.jobs), str(settings.steps)]


def _update(pool: Pool, point: Point, settings: Settings) -> list[str]:
    corpus, registry = point.folder / "update.parquet", point.folder / "update.csv"
    count, many = (UPDATED, point.size) if point.what == RESPONSES else (point.size, settings.fixed)
    more_releases(pool, count, many, corpus, registry)
    out, cache = str(point.folder / "updated"), str(point.folder / "cache")
    options = ["--out", out, "--registry", str(registry), "--cache", cache, "--jobs", str(settings.jobs), "--force"]
    return [program(), "update", str(settings.model), str(corpus), *options]


def _identify(pool: Pool, point: Point, settings: Settings) -> list[str]:
    case = point.folder / "case.jsonl"
    one_case(pool, point.size if point.what == RESPONSES else CASE, case)
    # Where releases grow, the model that was trained for this point.
    model = settings.model if point.what == RESPONSES else point.folder / "model"
    return [program(), "identify", str(case), "--model", str(model)]


_COMMANDS: dict[str, Callable[[Pool, Point, Settings], list[str]]] = {
    "train": _train,
    "update": _update,
    "identify": _identify,
}


def _same(row: dict[str, Any], verb: str, what: str, size: int) -> bool:
    return (row["verb"], row["grows"], row["size"]) == (verb, what, size)


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def slope(sizes: list[float], values: list[float]) -> float:
    """Return the slope of the line through the logarithms: 1 if the cost is proportional, 0 if it is constant."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table: time and memory of each point, the slope over all, and between the last two."""
    lines = ["| verb | with more | at | CPU seconds | seconds | peak MB | own MB |", "|---|---|---|---|---|---|---|"]
    for verb in VERBS:
        for what in (RESPONSES, RELEASES):
            of = sorted((r for r in rows if r["verb"] == verb and r["grows"] == what), key=lambda r: r["size"])
            lines += [_line(verb, what, f"{r['size']:,}", *(f"{r[k]:,}" for k in _MEASURED)) for r in of]
            if len(of) > 1:
                for name, some in (("slope", of), ("slope of the last two", of[-2:])):
                    sizes = [float(r["size"]) for r in some]
                    slopes = (slope(sizes, [float(r[k]) for r in some]) for k in _MEASURED)
                    lines.append(_line(verb, what, name, *(f"{slope:.2f}" for slope in slopes)))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
