"""How an update with answers to a user's own prompts changes verdicts on other releases that answer them.

    python -m benchmarks.later ../shared/corpora/eval models/default --work DIR

MODEL was not trained on these corpora. The first 25 responses of one, three or ten known releases of a corpus update
the model, or those of all releases that MODEL lacks. The updated model then identifies the other known releases of the
corpus, of which it has no response, and further responses of its own. The table has coverage, false-attribution rate
and lab top-1; the first row is MODEL without an update.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.resampled import COLUMNS
from fingerprint.api import Fingerprint
from fingerprint.data.registry import Registry
from fingerprint.model.verdict import ATTRIBUTIONS
from fingerprint.training.update.run import Settings, update

DRAWS, LEARNED, FEWEST_ROWS, FEWEST_CHARACTERS = 2, 25, 60, 100
OTHERS, OWN = "others", "its own"
# Cases of a release by their number of responses.
CASES = {OTHERS: {5: 4, 25: 2}, OWN: {5: 2, 25: 1}}
# A corpus with fewer than ENOUGH releases updates with FEW, so that others are left to identify.
MANY, FEW, ENOUGH = 10, 5, 15

Rows = dict[str, list[dict[str, str]]]


def rows_of(path: Path) -> Rows:
    """Return the rows of each release that has enough."""
    out: Rows = defaultdict(list)
    for row in pq.read_table(path, columns=list(COLUMNS)).to_pylist():
        if len(row["response"]) >= FEWEST_CHARACTERS:
            out[row["release"]].append(row)
    return {name: rows for name, rows in sorted(out.items()) if len(rows) >= FEWEST_ROWS}


def cases(rows: list[dict[str, str]], kind: str) -> Iterator[list[str]]:
    for size, many in CASES[kind].items():
        for i in range(many):
            some = rows[i * size : (i + 1) * size]
            if len(some) == size:
                yield [row["response"] for row in some]


def predictions(
    known: Fingerprint, kind: str, rows: list[dict[str, str]], lab: str
) -> Iterator[tuple[int, bool, bool]]:
    """Yield for each case the number of responses, whether the lab is right, and whether it is attributed."""
    for texts in cases(rows, kind):
        verdict = known.identify(texts)
        yield len(texts), verdict.leaders[0] == lab, verdict.verdict in ATTRIBUTIONS


def updated(model: Path, rows: Rows, releases: list[str], out: Path, cache: Path) -> Path:
    """Return the model updated with the first responses of each of `releases`, in a corpus that it does not have."""
    if not out.exists():
        file = out.with_suffix(".parquet")
        learned = [{**row, "corpus": "own_prompts"} for name in releases for row in rows[name][:LEARNED]]
        pq.write_table(pa.Table.from_pylist(learned), file)
        update(model, [file], out, Settings(cache=cache, force=True), lambda *_: None)
    return out


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Where the models are kept.")
def main(corpora: Path, model: Path, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    known = {entry["release"] for entry in json.loads((model / "labels.json").read_text())["releases"]}
    registry = Registry.load().releases
    print("| corpus | updated with | cases of | responses | cases | coverage | false-attribution rate | lab top-1 |")
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted(corpora.glob("*.parquet")):
        found: dict[tuple[str, str, int], list[tuple[bool, bool]]] = defaultdict(list)
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            rows = {name: [of[i] for i in rng.permutation(len(of))] for name, of in rows_of(path).items()}
            order = [name for name in rng.permutation(list(rows)).tolist() if name in known]
            pool, others = np.split(order, [MANY if len(order) >= ENOUGH else FEW])
            new = [name for name in rows if name not in known]
            for learned, names in (
                ("nothing", []),
                *((f"{many} known", pool[:many].tolist()) for many in (1, 3, len(pool))),
                (f"{len(new)} new", new),
            ):
                at = work / f"{path.stem}-{draw}-{learned.replace(' ', '-')}"
                identifier = Fingerprint.load(updated(model, rows, names, at, work / "cache") if names else model)
                tested = [(OTHERS, name, rows[name]) for name in others]
                tested += [(OWN, name, rows[name][LEARNED:]) for name in names]
                for kind, name, of in tested:
                    for size, right, attributed in predictions(identifier, kind, of, registry[name].lab):
                        found[learned, kind, size].append((right, attributed))
        for (learned, kind, size), each in found.items():
            rights, attributed_cases = np.array(each).T
            wrong = f"{np.mean(~rights[attributed_cases]):.2f}" if attributed_cases.any() else "-"
            figures = f"{len(rights)} | {attributed_cases.mean():.2f} | {wrong} | {rights.mean():.3f}"
            print(f"| {path.stem} | {learned} | {kind} | {size} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
