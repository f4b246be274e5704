"""The training rows and the test cases, the same for all peers."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.peers.peer import SEED
from fingerprint.data.corpus import Corpus
from fingerprint.data.names import mask_names
from fingerprint.data.reading import read_case

COLUMNS = ("text", "prompt", "corpus", "release")


def rows_of(release: NDArray[Any], corpus: NDArray[Any], names: list[str], most: int) -> NDArray[np.int64]:
    """At most `most` rows of each of `names`, as evenly from its corpora as they have them; in the order of rows."""
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
    """Writes the masked training rows; returns how many."""
    at = rows_of(corpus.release, corpus.corpus, names, most)
    texts = [mask_names(corpus.texts(int(i), int(i) + 1)[0]) for i in at]
    columns = [texts, *(column[at].tolist() for column in (corpus.prompt, corpus.corpus, corpus.release))]
    pq.write_table(pa.table(dict(zip(COLUMNS, columns, strict=True))), file)
    return len(at)


def _spread(count: int, most: int | None) -> list[int]:
    return np.linspace(0, count - 1, min(count, most or count)).astype(int).tolist()


@dataclass(frozen=True)
class Cases:
    """The bench's cases: rows of truth.csv, all different responses (masked), and which of them each case holds."""

    truth: list[dict[str, str]]
    texts: list[str]
    held: list[NDArray[np.int64]]


def read_cases(bench: Path, most: int | None) -> Cases:
    """most: of each protocol and number of responses, None for all."""
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
