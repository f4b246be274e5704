"""A batch of texts as code points, words and rhythm: what the n-grams are taken of.

Words are runs of one script (so Japanese falls apart into kanji, hiragana and katakana runs without a
dictionary). Rhythm is the text with its words forgotten: punctuation, spacing and layout as they stand, and
in place of the words between them how many there were, on a logarithmic scale, and whether the first was
capitalised. It knows no topic and no language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.characters import DIGIT, NEWLINE, SPACE, tables

Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]

_POWERS = np.cumprod(np.full(64, 0x100000001B3, dtype=np.uint64), dtype=np.uint64)
_NO_SPACE_AFTER = np.array([ord(c) for c in ",.;:!?"], np.uint32)
_SENTENCE_ENDS = np.array([ord(c) for c in ".!?…"], np.uint32)


@dataclass(frozen=True)
class Batch:
    """Texts joined: `codes` (n,) code points, `kinds` (n,) their kind, `doc` (n,) which text each is of."""

    codes: Codes
    low: Codes
    kinds: NDArray[np.uint8]
    doc: NDArray[np.int32]
    size: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Batch:
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        lengths = np.fromiter((len(t) for t in texts), np.int64, len(texts))
        doc = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
        low = np.where(codes < 0xFFFF, codes, np.uint32(0xFFFF))
        return cls(codes, low, tables().script[low], doc, len(texts))


@dataclass(frozen=True)
class Tokens:
    """Parallel arrays, one entry a token: its hash, the text it is of, and where in the batch it begins."""

    value: Codes
    doc: NDArray[np.int32]
    begin: Ints

    def where(self, keep: NDArray[np.bool_] | Ints) -> Tokens:
        return Tokens(self.value[keep], self.doc[keep], self.begin[keep])


def words(batch: Batch) -> Tokens:
    """Every word, lower-cased, digits made 0."""
    kinds = batch.kinds
    change = np.ones(len(kinds), bool)
    np.not_equal(kinds[1:], kinds[:-1], out=change[1:])
    change[1:] |= batch.doc[1:] != batch.doc[:-1]
    begin = np.flatnonzero(change)
    if not len(begin):
        return Tokens(np.zeros(0, np.uint32), np.zeros(0, np.int32), begin)
    inside = np.arange(len(kinds)) - np.repeat(begin, np.diff(np.append(begin, len(kinds))))
    letters = tables().lower[batch.low].astype(np.uint64) + np.uint64(1)
    letters *= _POWERS[np.minimum(inside, 63)]
    sums = np.add.reduceat(letters, begin)
    is_word = kinds[begin] >= DIGIT
    begin, sums = begin[is_word], sums[is_word]
    sums ^= sums >> np.uint64(29)
    value = ((sums * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)).astype(np.uint32)
    return Tokens(value, batch.doc[begin], begin)


def line_starts(batch: Batch, of: Tokens) -> NDArray[np.bool_]:
    """(words,) whether a word is the first of its line."""
    lines = np.cumsum(batch.kinds == NEWLINE)[of.begin]
    starts = np.ones(len(lines), bool)
    starts[1:] = (lines[1:] != lines[:-1]) | (of.doc[1:] != of.doc[:-1])
    return starts


def sentence_starts(batch: Batch, of: Tokens) -> NDArray[np.bool_]:
    """(words,) whether a sentence's end and one space stand before a word."""
    found = np.zeros(len(of.begin), bool)
    inside = of.begin >= 2
    at = of.begin[inside]
    ended = np.isin(batch.codes[at - 2], _SENTENCE_ENDS) & (batch.doc[at - 2] == of.doc[inside])
    found[inside] = ended & (batch.kinds[at - 1] == SPACE)
    return found


def shapes(batch: Batch) -> Tokens:
    """Punctuation, spacing and layout, with the words between them as counts."""
    kinds, doc, codes = batch.kinds, batch.doc, batch.codes
    in_word = kinds >= DIGIT
    begins = np.ones(len(kinds), bool)
    same = in_word[1:] & in_word[:-1] & (doc[1:] == doc[:-1])
    begins[1:] = ~(same & ((kinds[1:] == kinds[:-1]) | ((kinds[1:] <= 4) & (kinds[:-1] <= 4))))
    begin = np.flatnonzero(begins)
    begin = begin[_kept_atoms(codes[begin], in_word[begin], doc[begin])]
    word = in_word[begin]
    follows = np.zeros(len(begin), bool)
    follows[1:] = word[1:] & word[:-1] & (doc[begin[1:]] == doc[begin[:-1]])
    first = np.flatnonzero(~follows)
    length = np.diff(np.append(first, len(begin)))
    begin, word = begin[first], word[first]
    scale = np.floor(np.log2(np.maximum(length, 1))).astype(np.uint32)
    run = np.uint32(0x110000) + scale * np.uint32(2) + tables().upper[batch.low[begin]]
    return Tokens(np.where(word, run, codes[begin]).astype(np.uint32), doc[begin], begin)


def _kept_atoms(code: Codes, word: NDArray[np.bool_], doc: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Drops the single spaces that say nothing: between two words, or from a comma or stop to a word."""
    dull = np.zeros(len(code), bool)
    if len(code) > 2:
        before = word[:-2] | np.isin(code[:-2], _NO_SPACE_AFTER)
        dull[1:-1] = (code[1:-1] == 32) & before & word[2:] & (doc[:-2] == doc[2:])
    return ~dull
