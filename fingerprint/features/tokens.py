"""A batch of texts as code points, words, and punctuation and word shapes: the tokens of the n-grams.

Words are runs of one script (so Japanese splits into kanji, hiragana and katakana runs without a dictionary).
Punctuation and word shapes are the text without its words: punctuation, spacing and layout as they stand, and in place
of the words between them their number, on a logarithmic scale, and whether the first was capitalised. They hold no
topic and no language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]

# The 64-bit FNV prime and its powers: a word's hash is a polynomial in it; letters from the 64th on share the last.
_POWERS = np.cumprod(np.full(64, 0x100000001B3, dtype=np.uint64), dtype=np.uint64)
_NO_SPACE_AFTER = np.array([ord(c) for c in ",.;:!?"], np.uint32)
_SENTENCE_ENDS = np.array([ord(c) for c in ".!?…"], np.uint32)

OTHER, SPACE, NEWLINE, DIGIT, LETTER, HIRAGANA, KATAKANA, HAN = range(8)
PLANE = 1 << 16


@dataclass(frozen=True)
class Tables:
    """What each code point of the Basic Multilingual Plane is.

    Attributes:
        script: (65536,) one of the kinds above; all other code points count as OTHER.
        lower: (65536,) its lower-case code point; a digit's is that of 0.
        upper: (65536,) whether it is an upper-case letter.
    """

    script: NDArray[np.uint8]
    lower: NDArray[np.uint32]
    upper: NDArray[np.bool_]


@cache
def tables() -> Tables:
    """Build the tables from `unicodedata`, once a process."""
    script = np.zeros(PLANE, np.uint8)
    lower = np.arange(PLANE, dtype=np.uint32)
    upper = np.zeros(PLANE, bool)
    category = unicodedata.category
    for code in range(0xAC00):
        if 0x3400 <= code < 0xA000:
            continue
        character = chr(code)
        kind = category(character)
        if kind[0] in "LM":
            script[code] = LETTER
            if kind == "Lu":
                upper[code] = True
                small = character.lower()
                if len(small) == 1:
                    lower[code] = ord(small)
        elif kind == "Nd":
            script[code] = DIGIT
            lower[code] = ord("0")
        elif kind == "Zs" or code == 9:
            script[code] = SPACE
    script[0xAC00:0xD7A4] = LETTER
    script[0x3041:0x30A0] = HIRAGANA
    script[0x30A1:0x3100] = KATAKANA
    script[0x3400:0xA000] = HAN
    script[0xF900:0xFB00] = HAN
    script[0x3005] = HAN
    script[[10, 13]] = NEWLINE
    return Tables(script, lower, upper)


@dataclass(frozen=True)
class Batch:
    """Texts joined.

    Attributes:
        codes: (n,) code points.
        low: (n,) the same, with all that lies beyond the Basic Multilingual Plane as its last one.
        kinds: (n,) the kind of each.
        doc: (n,) which text each is of.
        size: Number of texts.
    """

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
    """Parallel arrays (tokens,).

    Attributes:
        value: Hash of each.
        doc: Which text each is of.
        begin: Where in the batch each begins.
    """

    value: Codes
    doc: NDArray[np.int32]
    begin: Ints


def words(batch: Batch) -> Tokens:
    """Return every word, in lower case, with its digits as 0."""
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
    """Return (words,) whether a word is the first of its line."""
    lines = np.cumsum(batch.kinds == NEWLINE)[of.begin]
    starts = np.ones(len(lines), bool)
    starts[1:] = (lines[1:] != lines[:-1]) | (of.doc[1:] != of.doc[:-1])
    return starts


def sentence_starts(batch: Batch, of: Tokens) -> NDArray[np.bool_]:
    """Return (words,) whether a sentence's end and one space stand before a word."""
    found = np.zeros(len(of.begin), bool)
    inside = of.begin >= 2
    at = of.begin[inside]
    ended = np.isin(batch.codes[at - 2], _SENTENCE_ENDS) & (batch.doc[at - 2] == of.doc[inside])
    found[inside] = ended & (batch.kinds[at - 1] == SPACE)
    return found


def shapes(batch: Batch) -> Tokens:
    """Return punctuation, spacing and layout, with the words between them as counts."""
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
    """Drop the single spaces that say nothing: between two words, or from a comma or stop to a word."""
    dull = np.zeros(len(code), bool)
    if len(code) > 2:
        before = word[:-2] | np.isin(code[:-2], _NO_SPACE_AFTER)
        dull[1:-1] = (code[1:-1] == 32) & before & word[2:] & (doc[:-2] == doc[2:])
    return ~dull
