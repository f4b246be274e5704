"""Linear classifiers over known releases and over labs: what tells the known apart, better than any density does.

The densities of `evidence` are honest about what is new but spend themselves on directions that tell nobody apart;
a discriminative layer beside a generative one is usual in speaker recognition (Brummer & De Villiers 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingerprint.model.plda import Floats


@dataclass(frozen=True)
class LinearClassifiers:
    """Over the K dimensions of a hierarchy's basis. release: (K, R), lab: (K, L), each with its bias."""

    release: Floats
    release_bias: Floats
    lab: Floats
    lab_bias: Floats

    def scores(self, point: Floats) -> tuple[Floats, Floats]:
        """(S, R) and (S, L) logits of (S, K) points, the highest of each row 0."""
        return _below_best(point @ self.release + self.release_bias), _below_best(point @ self.lab + self.lab_bias)

    def release_logs(self, point: Floats) -> Floats:
        """(n, R) log-probabilities of the releases for (n, K) points, each by itself."""
        logits = _below_best(point @ self.release + self.release_bias)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def _below_best(logits: Floats) -> Floats:
    return np.asarray(logits - logits.max(axis=1, keepdims=True))
