"""Texts to hashed counts, a batch at a time, without a loop over characters.

Every feature of a text is a 32-bit hash of what was seen and of the group it belongs to, reduced to one of
`BUCKETS` (feature hashing: Weinberger et al. 2009). A batch of texts is one array of code points; n-grams are
hashed for all positions at once, and those that straddle two texts are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.tokens import Batch, Tokens, line_starts, sentence_starts, shapes, words

BITS = 20
BUCKETS = 1 << BITS
# Keys of a batch are (text, bucket) in 32 bits, sorted: small batches stay in the cache and few enough texts.
BATCH_CHARACTERS = 25_000
BATCH_TEXTS = 1 << (32 - BITS)

CHARACTER_ORDERS = (1, 2, 3, 4)
WORD_ORDERS = (1, 2, 3)
RHYTHM_ORDERS = (1, 2, 3, 4, 5)
EDGE = 3
GROUPS = (
    *(f"character {n}" for n in CHARACTER_ORDERS),
    *(f"word {n}" for n in WORD_ORDERS),
    *(f"rhythm {n}" for n in RHYTHM_ORDERS),
    *(f"line start {n}" for n in (1, 2)),
    "sentence start",
    *(f"opening {n}" for n in range(1, EDGE + 1)),
    *(f"closing {n}" for n in range(1, EDGE + 1)),
)

_MIX = np.uint32(0x9E3779B1)
_STEP = np.uint32(0x01000193)


@dataclass(frozen=True)
class Counts:
    """Sparse rows: row i holds `columns[starts[i]:starts[i + 1]]` (ascending) seen `counts[...]` times."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, keep: NDArray[np.bool_]) -> Counts:
        """The rows that `keep` (rows,) marks."""
        size = np.diff(self.starts)
        values = np.repeat(keep, size)
        return Counts(np.concatenate([[0], np.cumsum(size[keep])]), self.columns[values], self.counts[values])

    def between(self, start: int, stop: int) -> Counts:
        """Rows start to stop, as copies: a view would keep all of them in memory."""
        first, last = self.starts[start], self.starts[stop]
        starts = self.starts[start : stop + 1] - first
        return Counts(starts, self.columns[first:last].copy(), self.counts[first:last].copy())

    @classmethod
    def joined(cls, parts: Sequence[Counts]) -> Counts:
        """All rows of `parts`, one after the other."""
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        columns, counts = (np.concatenate([getattr(p, name) for p in parts]) for name in ("columns", "counts"))
        return cls(np.concatenate([[0], np.cumsum(sizes)]), columns, counts)


@dataclass
class Occurrences:
    """Per group of GROUPS: which text, which bucket and which position of the batch."""

    doc: list[NDArray[np.int32]] = field(default_factory=list)
    bucket: list[NDArray[np.uint32]] = field(default_factory=list)
    begin: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, doc: NDArray[np.int32], value: NDArray[np.uint32], begin: NDArray[np.int64]) -> None:
        """Hashes `value` with the next group's salt (murmur3's finaliser) into a bucket."""
        salt = (len(self.doc) + 1) * 0x85EBCA6B & 0xFFFFFFFF
        mixed = value + np.uint32(salt)
        mixed ^= mixed >> np.uint32(16)
        mixed *= np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(13)
        mixed *= np.uint32(0xC2B2AE35)
        self.doc.append(doc)
        self.bucket.append(mixed >> np.uint32(32 - BITS))
        self.begin.append(begin)


def count(texts: Sequence[str], columns: NDArray[np.int32] | None = None) -> Counts:
    """Hashed counts of each text.

    columns: (BUCKETS,) the column of each bucket, -1 where it has none; None keeps the buckets themselves.
    """
    parts = [_count(batch, columns) for batch in _batches(texts)]
    if not parts:
        return Counts(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint16))
    lengths = np.concatenate([np.diff(p.starts) for p in parts])
    return Counts(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([p.columns for p in parts]),
        np.concatenate([p.counts for p in parts]),
    )


def occurrences(texts: Sequence[str]) -> Occurrences:
    """Every occurrence of every feature in `texts`, group by group."""
    batch = Batch.of(texts)
    out = Occurrences()
    zero, nine = np.uint32(ord("0")), np.uint32(ord("9"))
    codes = np.where((batch.codes >= zero) & (batch.codes <= nine), zero, batch.codes)
    _grams(Tokens(codes, batch.doc, np.arange(len(codes))), CHARACTER_ORDERS, out)
    word = words(batch)
    _grams(word, WORD_ORDERS, out)
    _grams(shapes(batch), RHYTHM_ORDERS, out)
    starts = np.flatnonzero(line_starts(batch, word))
    _joined(word, starts, 1, 1, out)
    _joined(word, starts, 2, 1, out)
    _joined(word, np.flatnonzero(sentence_starts(batch, word)), 1, 1, out)
    edges = np.searchsorted(word.doc, np.arange(batch.size + 1))
    some = np.diff(edges) > 0
    for n in range(1, EDGE + 1):
        _joined(word, edges[:-1][some], n, 1, out)
    for n in range(1, EDGE + 1):
        _joined(word, edges[1:][some] - 1, n, -1, out)
    return out


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (size + len(text) > BATCH_CHARACTERS or len(batch) == BATCH_TEXTS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _count(texts: list[str], columns: NDArray[np.int32] | None) -> Counts:
    seen = occurrences(texts)
    docs, buckets = np.concatenate(seen.doc), np.concatenate(seen.bucket)
    if columns is not None:
        column = columns[buckets]
        keep = column >= 0
        docs, buckets = docs[keep], column[keep].astype(np.uint32)
    keys = (docs.astype(np.uint32) << np.uint32(BITS)) | buckets
    keys.sort()
    first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    at = np.flatnonzero(first)
    unique = keys[at]
    return Counts(
        np.searchsorted(unique >> np.uint32(BITS), np.arange(len(texts) + 1)),
        (unique & np.uint32(BUCKETS - 1)).astype(np.int32),
        np.minimum(np.diff(np.append(at, len(keys))), 65535).astype(np.uint16),
    )


def _grams(tokens: Tokens, orders: Sequence[int], out: Occurrences) -> None:
    mixed = tokens.value * _MIX
    mixed ^= mixed >> np.uint32(16)
    value = mixed
    for n in range(1, max(orders) + 1):
        end = max(len(mixed) - n + 1, 0)
        if n > 1:
            value = value[:end] * _STEP + mixed[n - 1 :]
        if n in orders:
            whole = tokens.doc[:end] == tokens.doc[n - 1 :]
            out.add(tokens.doc[:end][whole], value[whole], tokens.begin[:end][whole])


def _joined(tokens: Tokens, at: NDArray[np.int64], n: int, step: int, out: Occurrences) -> None:
    """One feature a place: the `n` tokens from it, forwards or backwards, within its text."""
    last = at + step * (n - 1)
    inside = (last >= 0) & (last < len(tokens.doc))
    at, last = at[inside], last[inside]
    at = at[tokens.doc[at] == tokens.doc[last]]
    value = np.zeros(len(at), np.uint32)
    for k in range(n):
        value = value * _STEP + tokens.value[at + step * k]
    out.add(tokens.doc[at], value, tokens.begin[at])
