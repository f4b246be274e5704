"""Whether `probe --claimed` and `compare` keep their error rates on responses that no training saw.

    python -m benchmarks.verification ../shared/bench ../shared/corpora/eval

The model is the one that ships. Sessions of `probe --claimed` are replayed with the bench's cases of known corpora
(other prompts than those of the training) and with corpora that it was not trained on. Pairs of `compare` are from the
latter, with up to 50 responses a side; limits are kept up to 25, and 50 responses are judged by those.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from scipy.stats import beta

from benchmarks.verification.heldout import read_held_out
from benchmarks.verification.pairs import PairRow, pair_rows
from benchmarks.verification.sessions import Sessions, replay
from fingerprint.base.keys import isin
from fingerprint.loading import load_model
from fingerprint.metrics import Level
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.claims import TARGET, Impostor
from fingerprint.model.verdict import AllowedRates

SIZES = (5, 10, 25, 50)
# Responses of a release in a corpus: two sides of 50.
MOST = 100
# Releases in a corpus whose sides are paired: all that there are.
CELLS = 1_000
# Of the exact interval.
_MISSED = 0.05


def interval(wrong: float, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share.

    Args:
        wrong: How many of the trials; the mean of several draws of each may be no whole number.
        trials: How many independent trials.

    References:
        Clopper & Pearson (1934), The Use of Confidence or Fiducial Limits.
    """
    low = float(beta.ppf(_MISSED / 2, wrong, trials - wrong + 1)) if wrong else 0.0
    high = float(beta.ppf(1 - _MISSED / 2, wrong + 1, trials - wrong)) if wrong < trials else 1.0
    return low, high


def session_rows(sessions: Sessions) -> Iterator[list[str]]:
    """Yield a row of each level, corpora known or not, and kind of claim: what the sessions ended with."""
    for level in (Level.RELEASE, Level.FAMILY, Level.LAB):
        for known in (True, False):
            for kind in (TARGET, *Impostor):
                of = sessions.of(
                    isin(sessions.level, {level}) & (sessions.corpus_known == known) & isin(sessions.kind, {kind})
                )
                if len(of.kind):
                    yield [str(level), "known" if known else "left out", str(kind), *_shares(of)]


def _shares(of: Sessions) -> list[str]:
    """Sessions, cells and releases; consistent, inconsistent; the wrong ones with their interval; mean responses."""
    consistent, inconsistent = (isin(of.verdict, {word}) for word in (ClaimWord.CONSISTENT, ClaimWord.INCONSISTENT))
    wrong = inconsistent if of.kind[0] == TARGET else consistent
    cell = np.unique(of.cell, return_inverse=True)[1]
    share = np.bincount(cell, wrong) / np.bincount(cell)
    low, high = interval(float(share.sum()), len(share))
    return [
        f"{len(of.kind):,}",
        f"{len(share)} ({len(np.unique(of.group))})",
        f"{consistent.mean():.3f}",
        f"{inconsistent.mean():.3f}",
        f"{share.mean():.4f} ({low:.4f} to {high:.4f})",
        f"{of.responses.mean():.1f}",
    ]


def table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def pair_cells(row: PairRow) -> list[str]:
    """Return a row of the table of pairs."""
    eer = "" if row.eer is None else f"{row.eer:.3f}"
    counts = [str(row.responses), str(row.kind), f"{row.pairs}", f"{row.cells}", f"{row.in_domain:.2f}"]
    return [*counts, f"{row.same:.3f}", f"{row.different:.3f}", eer]


@click.command()
@click.argument("bench", type=click.Path(exists=True, path_type=Path))
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", show_default=True, type=click.Path(exists=True, path_type=Path))
@click.option("--draws", default=3, show_default=True, help="Sessions of a release in a corpus.")
@click.option("--seed", default=0, show_default=True)
def main(bench: Path, corpora: Path, model: Path, draws: int, seed: int) -> None:
    start = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{(time.monotonic() - start) / 60:5.1f} min  {text}", err=True)

    allowed = AllowedRates()
    held_out = read_held_out((bench, corpora), load_model(model), MOST, seed, say)
    pairs = pair_rows(held_out, SIZES, CELLS, allowed)
    head = ["responses a side", "pairs of", "pairs", "independent", "in-domain", "same", "different", "EER"]
    click.echo(table(head, map(pair_cells, pairs)) + "\n")
    sessions = replay(held_out, draws, allowed, seed, say)
    head = ["claims of a", "corpora", "kind", "sessions", "cells (groups of releases)", "consistent", "inconsistent"]
    click.echo(table([*head, "wrong (95 % interval, a cell as one trial)", "responses"], session_rows(sessions)))


if __name__ == "__main__":
    main()
