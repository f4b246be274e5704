"""Releases taken out of a training and added back by `update`, beside the training that had them all along.

    python -m benchmarks.update ../shared/corpora/train ../shared/bench models/default --work /tmp/update

MODEL is that full training. Sets of ten releases are chosen by seed among those that are alone in their registry group.
A model is trained without each set (ten minutes; --work keeps it), and updated with the rows of the set. Each model
predicts the bench cases of known releases.
"""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fingerprint.api import Fingerprint
from fingerprint.config import Config
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError
from fingerprint.training.model import Settings
from fingerprint.training.run import train
from fingerprint.training.update.run import Settings as Updating
from fingerprint.training.update.run import update

SETS, SIZE = 3, 10
# Enough to train a release and to measure it.
FEWEST_ROWS, FEWEST_CASES = 60, 4
Right = dict[str, tuple[bool, bool]]


def chosen(model: Path, cases: list[dict[str, str]], registry: Registry) -> list[list[str]]:
    """Return sets of releases with enough rows and cases."""
    rows = json.loads((model / "training.json").read_text())["rows"]
    names = sorted(entry["release"] for entry in json.loads((model / "labels.json").read_text())["releases"])
    cases_of: dict[str, int] = defaultdict(int)
    for case in cases:
        cases_of[case["release"]] += case["protocol"].startswith("same-set")
    fit = [
        name
        for name in names
        if registry.group(name) & rows.keys() == {name} and rows[name] >= FEWEST_ROWS and cases_of[name] >= FEWEST_CASES
    ]
    order = np.random.default_rng(0).permutation(fit).tolist()
    return [sorted(order[SIZE * i : SIZE * (i + 1)]) for i in range(SETS)]


def rows_of(releases: list[str], corpora: Path, out: Path, registry: Registry) -> None:
    """Write the rows of some releases of each corpus, as files of the same names."""
    out.mkdir(exist_ok=True)
    for path in sorted(corpora.glob("*.parquet")):
        table = pq.read_table(path)
        known = {name: registry.resolve(name) for name in set(table["release"].to_pylist()) if name}
        own = {name for name, entry in known.items() if entry and entry.release in releases}
        keep = pa.array([name in own for name in table["release"].to_pylist()])
        if any(keep.to_pylist()):
            pq.write_table(table.filter(keep), out / path.name)


def predictions(model: Path, cases: list[dict[str, str]], bench: Path) -> Right:
    """Return for each case whether the lab and the release are right."""
    known, out = Fingerprint.load(model), {}
    for case in cases:
        try:
            found = known.identify(read_case(str(bench / "cases" / case["file"])))
        except InputError:
            continue
        out[case["file"]] = (found.leaders[0] == case["lab"], found.releases[0].release == case["release"])
    return out


def lines(number: int, taken: list[str], cases: list[dict[str, str]], found: list[Right]) -> Iterator[str]:
    for group, ours in (("others", False), ("taken out", True)):
        for protocol in ("same-set", "other-set"):
            of = [c["file"] for c in cases if (c["release"] in taken) == ours and c["protocol"].startswith(protocol)]
            if not of:
                continue
            shares = [np.mean([right[file] for file in of if file in right], axis=0) for right in found]
            figures = " | ".join(f"{lab:.3f}, {release:.3f}" for lab, release in shares)
            yield f"| {number} | {group} | {protocol} | {len(of)} | {figures} |"


@click.command()
@click.argument("corpora", type=click.Path(path_type=Path))
@click.argument("bench", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Where the models are kept.")
def main(corpora: Path, bench: Path, model: Path, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    registry = Registry.load()
    with (bench / "truth.csv").open(newline="") as file:
        cases = [case for case in csv.DictReader(file) if case["known"] == "release"]
    whole = predictions(model, cases, bench)
    print("| set | releases | cases | of them | full training: lab, release | without them | updated |")
    print("|---|---|---|---|---|---|---|")
    for number, taken in enumerate(chosen(model, cases, registry)):
        less, more = work / f"less{number}", work / f"more{number}"
        if not less.exists():
            settings = Settings(exclude_releases=tuple(taken), name=less.name)
            train([corpora], less, settings, Config(), lambda *_: None)
        rows_of(taken, corpora, work / f"rows{number}", registry)
        begun = time.monotonic()
        if not more.exists():
            outcome = update(less, [work / f"rows{number}"], more, Updating(cache=work / "cache"), lambda *_: None)
            took = time.monotonic() - begun
            print(f"<!-- {outcome.responses} responses in {took:.1f} s, written: {outcome.written} -->", flush=True)
        for line in lines(number, taken, cases, [whole, *(predictions(m, cases, bench) for m in (less, more))]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
