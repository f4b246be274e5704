"""Which of the hashed features are used, and the weight of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.ngrams import BUCKETS


@dataclass(frozen=True)
class Vocabulary:
    """The buckets that are used: `buckets` (V,) ascending, `weights` (V,) > 0."""

    buckets: NDArray[np.int32]
    weights: NDArray[np.float32]

    def columns(self) -> NDArray[np.int32]:
        """(BUCKETS,) the column of each bucket, -1 where it has none."""
        out = np.full(BUCKETS, -1, np.int32)
        out[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return out
