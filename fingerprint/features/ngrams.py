"""Texts to hashed counts, a batch at a time, without a loop over characters.

Every feature of a text is a 32-bit hash of what was seen and of the family it belongs to, reduced to one of
2 ** hash_bits buckets (feature hashing: Weinberger et al. 2009). A batch of texts is one array of code points; n-grams
are hashed for all positions at once, and those that straddle two texts are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import FeatureConfig
from fingerprint.features.tokens import Batch, Tokens, line_starts, sentence_starts, shapes, words

# A small batch stays in the processor's cache.
BATCH_CHARACTERS = 25_000
# The keys that are sorted hold (text, bucket) in so many bits.
_KEY_BITS = 32
# Counts are kept in 16 bits.
_LARGEST_COUNT = 65_535

# Knuth's multiplicative constant and the FNV prime: to mix tokens, and to chain them in their order.
_MIX = np.uint32(0x9E3779B1)
_CHAIN = np.uint32(0x01000193)


class Family(StrEnum):
    """The families of features."""

    CHARACTER = "character"
    WORD = "word"
    SHAPE = "shape"
    LINE_START = "line start"
    SENTENCE_START = "sentence start"
    OPENING = "opening"
    CLOSING = "closing"


# The salt number of each order of a family, from order 1 on. A number must never change or be used again: trained
# models hold the buckets that it leads to.
_SALTS = {
    Family.CHARACTER: (1, 2, 3, 4),
    Family.WORD: (5, 6, 7),
    Family.SHAPE: (8, 9, 10, 11, 12),
    Family.LINE_START: (13, 14),
    Family.SENTENCE_START: (15,),
    Family.OPENING: (16, 17, 18),
    Family.CLOSING: (19, 20, 21),
}
# More than any order: higher orders than those of the table have numbers of their own by it.
_HIGHER_ORDERS = 32


def salt(family: Family, order: int) -> int:
    """Return the 32 bits that keep the features of one order of a family apart from all others."""
    numbers = _SALTS[family]
    number = numbers[order - 1] if order <= len(numbers) else _HIGHER_ORDERS * numbers[0] + order
    return number * 0x85EBCA6B & 0xFFFFFFFF


@dataclass(frozen=True)
class Counts:
    """Sparse rows: row i holds `columns[starts[i]:starts[i + 1]]` (ascending) seen `counts[...]` times."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, keep: NDArray[np.bool_]) -> Counts:
        """Return the rows that `keep` (rows,) marks."""
        size = np.diff(self.starts)
        values = np.repeat(keep, size)
        return Counts(np.concatenate([[0], np.cumsum(size[keep])]), self.columns[values], self.counts[values])

    def between(self, start: int, stop: int) -> Counts:
        """Return the rows start to stop, as copies: a view would keep all of them in memory."""
        first, last = self.starts[start], self.starts[stop]
        starts = self.starts[start : stop + 1] - first
        return Counts(starts, self.columns[first:last].copy(), self.counts[first:last].copy())

    @classmethod
    def joined(cls, parts: Sequence[Counts]) -> Counts:
        """Join the rows of `parts`, one after the other."""
        if not parts:
            return cls(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint16))
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        columns, counts = (np.concatenate([getattr(p, name) for p in parts]) for name in ("columns", "counts"))
        return cls(np.concatenate([[0], np.cumsum(sizes)]), columns, counts)


@dataclass(frozen=True)
class Vocabulary:
    """The buckets that a model uses.

    Attributes:
        buckets: (V,) ascending.
        weights: (V,) feature weights, above 0.
        features: How texts are counted.
    """

    buckets: NDArray[np.int32]
    weights: NDArray[np.float32]
    features: FeatureConfig

    def __len__(self) -> int:
        return len(self.buckets)

    def columns(self) -> NDArray[np.int32]:
        """Return (2 ** hash_bits,) the column of each bucket, -1 where it has none."""
        return columns_of(self.buckets, self.features)


def columns_of(buckets: NDArray[np.integer], config: FeatureConfig) -> NDArray[np.int32]:
    """Return (2 ** hash_bits,) the position of each bucket among `buckets` (V,), -1 where it is none of them."""
    out = np.full(config.buckets, -1, np.int32)
    out[buckets] = np.arange(len(buckets), dtype=np.int32)
    return out


@dataclass
class Occurrences:
    """Every occurrence of every feature of a batch, by (family, order).

    Attributes:
        hash_bits: Of the buckets.
        doc: Which text each is of.
        bucket: Which bucket each falls into.
    """

    hash_bits: int
    doc: dict[tuple[Family, int], NDArray[np.int32]] = field(default_factory=dict)
    bucket: dict[tuple[Family, int], NDArray[np.uint32]] = field(default_factory=dict)

    def add(self, family: Family, order: int, doc: NDArray[np.int32], value: NDArray[np.uint32]) -> None:
        """Hash `value` with the salt of its family and order (murmur3's finaliser) into a bucket."""
        mixed = value + np.uint32(salt(family, order))
        mixed ^= mixed >> np.uint32(16)
        mixed *= np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(13)
        mixed *= np.uint32(0xC2B2AE35)
        self.doc[family, order] = doc
        self.bucket[family, order] = mixed >> np.uint32(32 - self.hash_bits)


def count(texts: Sequence[str], config: FeatureConfig, columns: NDArray[np.int32] | None = None) -> Counts:
    """Count the hashed features of each text.

    Args:
        texts: Names in them are masked.
        config: The families' orders and the number of buckets.
        columns: (2 ** hash_bits,) the column of each bucket, -1 where it has none; None keeps the buckets themselves.

    Returns:
        A row of counts for each text.
    """
    parts = [_count(batch, config, columns) for batch in _batches(texts, 1 << (_KEY_BITS - config.hash_bits))]
    return Counts.joined(parts)


def occurrences(texts: Sequence[str], config: FeatureConfig) -> Occurrences:
    """Return every occurrence of every feature in `texts`."""
    batch = Batch.of(texts)
    out = Occurrences(config.hash_bits)
    zero, nine = np.uint32(ord("0")), np.uint32(ord("9"))
    codes = np.where((batch.codes >= zero) & (batch.codes <= nine), zero, batch.codes)
    word = words(batch)
    for family, tokens, orders in (
        (Family.CHARACTER, Tokens(codes, batch.doc, np.arange(len(codes))), config.character_orders),
        (Family.WORD, word, config.word_orders),
        (Family.SHAPE, shapes(batch), config.shape_orders),
    ):
        _grams(family, tokens, orders, out)
    lines = np.flatnonzero(line_starts(batch, word))
    for n in config.line_start_orders:
        _joined(Family.LINE_START, word, lines, n, out)
    _joined(Family.SENTENCE_START, word, np.flatnonzero(sentence_starts(batch, word)), 1, out)
    edges = np.searchsorted(word.doc, np.arange(batch.size + 1))
    some = np.diff(edges) > 0
    for n in range(1, config.edge_words + 1):
        _joined(Family.OPENING, word, edges[:-1][some], n, out)
        _joined(Family.CLOSING, word, edges[1:][some] - 1, n, out)
    return out


def _batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (size + len(text) > BATCH_CHARACTERS or len(batch) == most):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _count(texts: list[str], config: FeatureConfig, columns: NDArray[np.int32] | None) -> Counts:
    seen = occurrences(texts, config)
    docs, buckets = np.concatenate(list(seen.doc.values())), np.concatenate(list(seen.bucket.values()))
    if columns is not None:
        column = columns[buckets]
        keep = column >= 0
        docs, buckets = docs[keep], column[keep].astype(np.uint32)
    bits = np.uint32(config.hash_bits)
    keys = (docs.astype(np.uint32) << bits) | buckets
    keys.sort()
    first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    at = np.flatnonzero(first)
    unique = keys[at]
    return Counts(
        np.searchsorted(unique >> bits, np.arange(len(texts) + 1)),
        (unique & np.uint32(config.buckets - 1)).astype(np.int32),
        np.minimum(np.diff(np.append(at, len(keys))), _LARGEST_COUNT).astype(np.uint16),
    )


def _grams(family: Family, tokens: Tokens, orders: Sequence[int], out: Occurrences) -> None:
    mixed = tokens.value * _MIX
    mixed ^= mixed >> np.uint32(16)
    value = mixed
    for n in range(1, max(orders, default=0) + 1):
        end = max(len(mixed) - n + 1, 0)
        if n > 1:
            value = value[:end] * _CHAIN + mixed[n - 1 :]
        if n in orders:
            whole = tokens.doc[:end] == tokens.doc[n - 1 :]
            out.add(family, n, tokens.doc[:end][whole], value[whole])


def _joined(family: Family, tokens: Tokens, at: NDArray[np.int64], n: int, out: Occurrences) -> None:
    """One feature for each position: the `n` tokens from it on (of closings, back from it), within its text."""
    step = -1 if family is Family.CLOSING else 1
    last = at + step * (n - 1)
    inside = (last >= 0) & (last < len(tokens.doc))
    at, last = at[inside], last[inside]
    at = at[tokens.doc[at] == tokens.doc[last]]
    value = np.zeros(len(at), np.uint32)
    for k in range(n):
        value = value * _CHAIN + tokens.value[at + step * k]
    out.add(family, n, tokens.doc[at], value)
