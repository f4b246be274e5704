"""A table of one vector a feature, four bits a number: a response is the weighted sum of its features' vectors.

A response has hundreds of features, so that what rounding adds to one is lost in their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.ngrams import Counts

_MOST = 7
# Beyond so many root mean squares a number is cut: finer steps for all others are worth more.
_CUT = 2.6


@dataclass(frozen=True)
class QuantisedTable:
    """codes: (V, D / 2) uint8, in each the number of one of the first D / 2 dimensions in the lower bits and of one
    of the last in the upper, plus 8; scale: (V,) float32, by which a feature's numbers are multiplied."""

    codes: NDArray[np.uint8]
    scale: NDArray[np.float32]

    @classmethod
    def quantise(cls, vectors: NDArray[np.float32]) -> QuantisedTable:
        """The nearest table to (V, D) `vectors`; an odd D gets a dimension of zeros."""
        vectors = np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2)))
        usual = np.sqrt((vectors.astype(float) ** 2).mean(axis=1, keepdims=True))
        scale = np.minimum(np.abs(vectors).max(axis=1, initial=0.0, keepdims=True), _CUT * usual) / _MOST
        steps = np.clip(np.rint(vectors / np.where(scale > 0, scale, 1)), -_MOST, _MOST)
        numbers = (steps + 8).astype(np.uint8)
        half = numbers.shape[1] // 2
        return cls((numbers[:, :half] | numbers[:, half:] << 4).astype(np.uint8), scale[:, 0].astype(np.float32))

    @property
    def size(self) -> int:
        """D"""
        return 2 * int(self.codes.shape[1])

    def vectors(self) -> NDArray[np.float32]:
        """(V, D)"""
        return _numbers(self.codes) * self.scale[:, None]

    def embed(self, counts: Counts, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """(rows, D) of length 1 (0 where a row has no feature). counts: over this table's features."""
        out = np.zeros((len(counts), self.size), np.float32)
        values = (np.log(counts.counts, dtype=np.float32) + np.float32(1)) * (weights * self.scale)[counts.columns]
        for i in range(len(counts)):
            at = slice(counts.starts[i], counts.starts[i + 1])
            out[i] = values[at] @ _numbers(self.codes[counts.columns[at]])
        return unit(out)


def _numbers(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    out = np.hstack([codes & 15, codes >> 4]).astype(np.float32)
    out -= 8
    return out


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row of length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)
