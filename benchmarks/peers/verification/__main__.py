"""`fingerprint verify` beside what people would use instead, on the same claims about the same cases.

pip install -e '.[train,peers]'
python -m benchmarks.peers.verification ../shared/corpora/train ../shared/bench --out docs/results-verification.md
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click
import numpy as np
import pyarrow.parquet as pq

from benchmarks.peers.cases import Cases
from benchmarks.peers.page import Conditions
from benchmarks.peers.peer import SEED
from benchmarks.peers.run import CACHE, Settings, prepare, versions
from benchmarks.peers.verification.figures import cells
from benchmarks.peers.verification.page import Run, page
from benchmarks.peers.verification.trials import Trial, draw_trials
from benchmarks.peers.verification.verifiers import PEERS, Asked, MiniLMCosine, Ours, Verifier, installed
from fingerprint.base.files import write_atomically
from fingerprint.data.registry import Registry
from fingerprint.loading import load_model

RESAMPLES = 500
# One claim takes up to a second.
TIMED = 20


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.argument("bench", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The results page.")
@click.option("--model", default="models/default", show_default=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rows", default=40, show_default=True, help="References of each release at most.")
@click.option("--cases", type=int, help="Of each protocol and number of responses.  [default: all]")
@click.option("--work", default=CACHE, type=click.Path(file_okay=False, path_type=Path), help="What is kept.")
def main(corpora: Path, bench: Path, out: Path, model: Path, rows: int, cases: int | None, work: Path) -> None:
    conditions = Conditions.now(" ".join(["python -m benchmarks.peers.verification", *sys.argv[1:]]))
    start = time.monotonic()

    def say(what: str) -> None:
        click.echo(f"{(time.monotonic() - start) / 60:5.1f} min  {what}")

    loaded = load_model(model)
    if loaded.claims is None:
        raise click.ClickException(f"{model}: has no calibration of claims (claims.json); train it anew")
    inputs = prepare(Settings(corpora, bench, model, rows, cases, 0, work), say)
    references = pq.read_table(inputs.folder / "rows.parquet", columns=["text", "release"])
    texts, releases = (references[column].to_pylist() for column in ("text", "release"))
    known = [row for row in loaded.releases if row["release"] in set(releases)]
    trials = draw_trials(inputs.cases, known, Registry.load(None), SEED)
    peers = [kind(work / "minilm") if kind is MiniLMCosine else kind() for kind in PEERS if installed(kind)]
    methods: list[Verifier] = [Ours(loaded), *peers]
    scores = {}
    for method in methods:
        say(f"{method.name}: {len(trials):,} trials ...")
        method.fit(texts, releases)
        scores[method.name] = method.scores(questions(trials, inputs.cases))
    say("times ...")
    seconds = times(methods, trials, inputs.cases)
    say("figures ...")
    run = Run(
        conditions=conditions,
        versions={name: of for name, of in versions().items() if name not in ("faststylometry", "fasttext-numpy2")},
        rows=rows,
        references=inputs.rows,
        releases=len(known),
        cases=len({trial.case for trial in trials}),
        most=cases,
        methods=methods,
        missing=[kind for kind in PEERS if not installed(kind)],
        seconds=seconds,
        timed=min(TIMED, len(trials)),
    )
    write_atomically(out, page(cells(trials, scores, RESAMPLES, SEED), run).encode())
    say(f"wrote {out}")


def questions(trials: Sequence[Trial], cases: Cases) -> list[Asked]:
    """Return the claims of each case together, in the order of the trials."""
    return [
        Asked([cases.texts[i] for i in cases.held[case]], [trial.claimed for trial in of])
        for case, of in groupby(trials, key=lambda trial: trial.case)
    ]


def times(methods: Sequence[Verifier], trials: Sequence[Trial], cases: Cases) -> dict[str, float]:
    """Return the median seconds of a trial by each method. All take turns, because the load of the machine changes."""
    some = np.random.default_rng(SEED).permutation(len(trials))[:TIMED]
    found: dict[str, list[float]] = {method.name: [] for method in methods}
    for i in some:
        asked = questions([trials[i]], cases)
        for method in methods:
            start = time.perf_counter()
            method.scores(asked)
            found[method.name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in found.items()}


if __name__ == "__main__":
    main()
