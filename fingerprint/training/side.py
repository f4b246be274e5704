"""What the training corpora tell of side evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fingerprint.data.corpus import Corpus
from fingerprint.side.evidence import SideTables
from fingerprint.side.self_identification import StatementRates
from fingerprint.side.token_counts import FEWEST, group_by_tokenizer, one_count_each, prompt_key
from fingerprint.training.data import Report

_BLOCK = 2_000
_NOTHING = SideTables((), None)


def learn_side(
    corpus: Corpus,
    keep: NDArray[np.bool_],
    lab_of: Mapping[str, str],
    progress: Report,
    before: SideTables = _NOTHING,
    heard: Collection[str] = (),
) -> SideTables:
    """keep: (rows,) of the corpus that may be learned from; lab_of: the lab of each release that is its lab's own;
    before: what was learned of other corpora, to which all is added.

    Nothing is learned of a release of which no row is kept, whatever else was asked of it. What the releases of `heard`
    call themselves is in `before` as a share of a sum, to which no more of their responses can be added.
    """
    allowed = set(corpus.release[keep].tolist())
    fresh = allowed.difference(heard) if before.names else allowed
    counted: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in corpus.counted:
        if row.release in allowed and row.release in lab_of:
            counted[row.release].append((row.system, prompt_key(row.prompt_id, row.digest), row.tokens))
    found = {name: one_count_each(rows) for name, rows in counted.items()}
    tokenizers = group_by_tokenizer(
        {name: counts for name, counts in found.items() if len(counts) >= FEWEST}, lab_of, before.tokenizers
    )
    rows = ((name, lab_of.get(name), text) for name, text in _texts(corpus, keep, progress) if name in fresh)
    names = StatementRates.of(rows)
    return SideTables(tuple(tokenizers), before.names.joined(names) if before.names else names)


def _texts(corpus: Corpus, keep: NDArray[np.bool_], progress: Report) -> Iterator[tuple[str, str]]:
    some = corpus.of(keep)
    for start in range(0, len(some), _BLOCK):
        texts = some.texts(start, start + _BLOCK)
        yield from zip(some.release[start : start + _BLOCK].tolist(), texts, strict=True)
        progress("self-given names", min(start + _BLOCK, len(some)), len(some))
    yield from corpus.apart
