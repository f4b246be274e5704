"""Kernels between texts: Hamming over first characters, and cosine over hashed n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import FeatureConfig
from fingerprint.features.ngrams import count

Doubles = NDArray[np.float64]

# Characters that the Hamming kernel compares. Texts that began alike are seldom alike at one place beyond.
HAMMING_CHARACTERS = 1_000
# Character n-grams of words and layout. Few buckets, for the kernel is a sum over all: a collision adds little noise.
_FEATURES = FeatureConfig(
    hash_bits=15,
    character_orders=(2, 3, 4),
    word_orders=(1, 2),
    shape_orders=(1, 2, 3),
    line_start_orders=(1,),
    edge_words=1,
)
# Columns that are in memory as floats at once.
_BLOCK = 4_096


class Kernel(StrEnum):
    """How the similarity of two texts is measured."""

    HAMMING = "hamming"
    NGRAMS = "ngrams"


def gram(texts: Sequence[str], kernel: Kernel) -> Doubles:
    """Compute the kernel of all pairs of texts.

    Args:
        texts: N texts.
        kernel: HAMMING is the share of the first HAMMING_CHARACTERS places at which two texts have the same
            character, or both have ended. NGRAMS is the cosine between weighted counts of hashed n-grams of
            characters, words and layout: log(1 + count) times log(1 + N / number of texts with it).

    Returns:
        (N, N) symmetric, positive semidefinite, 1 on the diagonal of all texts but empty ones.

    References:
        Gao, Liang & Guestrin (2024), Model Equality Testing: Which Model Is This API Serving?, arXiv 2410.20247
        (Hamming kernel). Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning.
    """
    return _hamming(texts) if kernel is Kernel.HAMMING else _cosine(texts)


def _hamming(texts: Sequence[str]) -> Doubles:
    codes = np.zeros((len(texts), HAMMING_CHARACTERS), np.uint32)
    for row, text in zip(codes, texts, strict=True):
        start = np.frombuffer(text[:HAMMING_CHARACTERS].encode("utf-32-le", "surrogatepass"), np.uint32)
        row[: len(start)] = start
    out = np.empty((len(texts), len(texts)))
    for i, row in enumerate(codes):
        out[i, i:] = (codes[i:] == row).mean(axis=1)
        out[i:, i] = out[i, i:]
    return out


def _cosine(texts: Sequence[str]) -> Doubles:
    counts = count(texts, _FEATURES)
    rows = np.repeat(np.arange(len(texts)), np.diff(counts.starts))
    texts_with = np.bincount(counts.columns, minlength=_FEATURES.buckets)
    weight = np.log1p(len(texts) / np.maximum(texts_with, 1))
    value = (np.log1p(counts.counts.astype(np.float32)) * weight[counts.columns]).astype(np.float32)
    length = np.sqrt(np.bincount(rows, value.astype(np.float64) ** 2, len(texts)))
    value /= np.maximum(length, np.finfo(np.float32).tiny)[rows]
    out = np.zeros((len(texts), len(texts)))
    for start in range(0, _FEATURES.buckets, _BLOCK):
        inside = (counts.columns >= start) & (counts.columns < start + _BLOCK)
        dense = np.zeros((len(texts), _BLOCK), np.float32)
        dense[rows[inside], counts.columns[inside] - start] = value[inside]
        out += dense @ dense.T
    return out
