"""The training rows and the test cases, the same for all peers, and the verdicts that scores become."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.peers.peer import SEED, Peer
from fingerprint.data.corpus import Corpus
from fingerprint.data.names import mask_names
from fingerprint.data.reader import read_case

COLUMNS = ("text", "prompt", "corpus", "release")
# The script looks at the five best at most.
_RANKED = 5


def rows_of(release: NDArray[Any], corpus: NDArray[Any], names: list[str], most: int) -> NDArray[np.int64]:
    """Return at most `most` rows of each of `names`, as evenly from its corpora as possible, in the order of rows."""
    rng = np.random.default_rng(SEED)
    kept = []
    for name in names:
        rows = rng.permutation(np.flatnonzero(release == name))
        turn, seen = np.empty(len(rows), np.int64), defaultdict[str, int](int)
        for i, at in enumerate(corpus[rows]):
            turn[i] = seen[at]
            seen[at] += 1
        kept.append(rows[np.argsort(turn, kind="stable")][:most])
    return np.sort(np.concatenate(kept))


def write_rows(corpus: Corpus, names: list[str], most: int, file: Path) -> int:
    """Write the masked training rows and return their number."""
    at = rows_of(corpus.release, corpus.corpus, names, most)
    texts = [mask_names(corpus.texts(int(i), int(i) + 1)[0]) for i in at]
    columns = [texts, *(column[at].tolist() for column in (corpus.prompt, corpus.corpus, corpus.release))]
    pq.write_table(pa.table(dict(zip(COLUMNS, columns, strict=True))), file)
    return len(at)


def _spread(count: int, most: int | None) -> list[int]:
    return np.linspace(0, count - 1, min(count, most or count)).astype(int).tolist()


@dataclass(frozen=True)
class Cases:
    """The bench's cases.

    Attributes:
        truth: Rows of truth.csv.
        texts: All different responses, masked.
        held: Which of them each case holds.
    """

    truth: list[dict[str, str]]
    texts: list[str]
    held: list[NDArray[np.int64]]


def read_cases(bench: Path, most: int | None) -> Cases:
    """Read the cases; `most` of each protocol and number of responses, None for all."""
    cells = defaultdict[tuple[str, str], list[dict[str, str]]](list)
    with (bench / "truth.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            cells[row["protocol"].split(":")[0], row["n"]].append(row)
    truth = [rows[i] for rows in cells.values() for i in _spread(len(rows), most)]
    at: dict[str, int] = {}
    held = []
    for row in truth:
        texts = [mask_names(r.response) for r in read_case(str(bench / "cases" / row["file"])).records]
        held.append(np.array([at.setdefault(text, len(at)) for text in texts], np.int64))
    return Cases(truth, list(at), held)


def case_verdict(
    kind: type[Peer], scores: NDArray[np.floating], releases: list[str], lab_of: dict[str, str]
) -> dict[str, Any]:
    """Return the verdict on a case; scores: (releases,), the mean over its responses."""
    share = np.exp(scores - scores.max())
    share /= share.sum()
    labs: dict[str, float] = {}
    for release, value in zip(releases, share if kind.lab_by == "sum" else scores, strict=True):
        lab, value = lab_of[release], float(value)
        labs[lab] = labs.get(lab, 0.0) + value if kind.lab_by == "sum" else max(labs.get(lab, -np.inf), value)
    order = np.argsort(-scores, kind="stable")
    uncertain = kind.unknown_within is not None and share[order[0]] - share[order[1]] < kind.unknown_within
    return {
        "verdict": "unknown" if uncertain else "attributed",
        "labs": [{"lab": lab, "probability": p} for lab, p in sorted(labs.items(), key=lambda row: -row[1])[:_RANKED]],
        "releases": [{"release": releases[i], "probability": float(scores[i])} for i in order[:_RANKED]],
    }


def verdict_lines(
    kind: type[Peer], scores: NDArray[np.floating], releases: list[str], lab_of: dict[str, str], cases: Cases
) -> str:
    """Return JSON lines, one for each case; scores: (texts, releases)."""
    lines = []
    for row, held in zip(cases.truth, cases.held, strict=True):
        found = case_verdict(kind, scores[held].mean(axis=0), releases, lab_of)
        lines.append(json.dumps({"file": row["file"], **found}) + "\n")
    return "".join(lines)


def scored(bench: Path, truth: Path, verdicts: Path) -> list[dict[str, Any]]:
    """Return the rows of the bench's script for the two protocols as wholes."""
    command = [sys.executable, str(bench / "score.py"), str(truth), str(verdicts), "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [row for row in found["table"] if ":" not in row["protocol"]]
