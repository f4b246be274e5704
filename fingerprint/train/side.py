"""What the training corpora tell of side evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fingerprint.records.corpus import Corpus
from fingerprint.side.names import Habits
from fingerprint.side.tables import Tables
from fingerprint.side.tokens import FEWEST, gathered, grouped, key
from fingerprint.train.data import Report

_BLOCK = 2_000


def learn_side(corpus: Corpus, keep: NDArray[np.bool_], lab_of: Mapping[str, str], progress: Report) -> Tables:
    """keep: (rows,) of the corpus that may be learned from; lab_of: the lab of each release that is its lab's own.

    Nothing is learned of a release of which no row is kept, whatever else was asked of it.
    """
    allowed = set(corpus.release[keep].tolist())
    counted: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in corpus.counted:
        if row.release in allowed and row.release in lab_of:
            counted[row.release].append((row.system, key(row.prompt_id, row.digest), row.tokens))
    found = {name: gathered(rows) for name, rows in counted.items()}
    tokenizers = grouped({name: counts for name, counts in found.items() if len(counts) >= FEWEST}, lab_of)
    rows = ((name, lab_of.get(name), text) for name, text in _texts(corpus, keep, progress) if name in allowed)
    return Tables(tuple(tokenizers), Habits.of(rows))


def _texts(corpus: Corpus, keep: NDArray[np.bool_], progress: Report) -> Iterator[tuple[str, str]]:
    some = corpus.of(keep)
    for start in range(0, len(some), _BLOCK):
        texts = some.texts(start, start + _BLOCK)
        yield from zip(some.release[start : start + _BLOCK].tolist(), texts, strict=True)
        progress("self-given names", min(start + _BLOCK, len(some)), len(some))
    yield from corpus.apart
