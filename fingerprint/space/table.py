"""A table of one vector a feature, eight bits a number: a response is the weighted sum of its features' vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.ngrams import Counts


@dataclass(frozen=True)
class Table:
    """codes: (V, D) int8; scale: (V,) float32; the vector of feature v is `codes[v] * scale[v]`."""

    codes: NDArray[np.int8]
    scale: NDArray[np.float32]

    @classmethod
    def quantise(cls, vectors: NDArray[np.float32]) -> Table:
        """The nearest table to (V, D) `vectors`; each feature has its own scale."""
        scale = (np.abs(vectors).max(axis=1, initial=0.0) / 127).astype(np.float32)
        safe = np.where(scale > 0, scale, 1)
        return cls(np.rint(vectors / safe[:, None]).astype(np.int8), scale)

    def vectors(self) -> NDArray[np.float32]:
        """(V, D)"""
        return self.codes.astype(np.float32) * self.scale[:, None]

    def embed(self, counts: Counts, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """(rows, D) of length 1 (0 where a row has no feature). counts: over this table's features."""
        out = np.zeros((len(counts), self.codes.shape[1]), np.float32)
        values = (np.log(counts.counts, dtype=np.float32) + np.float32(1)) * (weights * self.scale)[counts.columns]
        for i in range(len(counts)):
            at = slice(counts.starts[i], counts.starts[i + 1])
            out[i] = values[at] @ self.codes[counts.columns[at]].astype(np.float32)
        return unit(out)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row of length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)
