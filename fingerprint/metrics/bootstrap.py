"""The bootstrap over groups of releases, as weights that every metric takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.evaluation.predictions import Bools, Floats, Ints

Doubles = NDArray[np.float64]
_COVERED = 0.95


@dataclass(frozen=True)
class Resamples:
    """weight: (B, G) how often each of G groups is in each of B samples; group: (S,) the group of each suspect.

    Suspects of one group stay together (cluster bootstrap: Davison & Hinkley 1997, 3.8), for a release is right or
    wrong as a whole: a hundred suspects of it say little more about other releases than ten.
    """

    weight: Doubles
    group: Ints

    @classmethod
    def draw(cls, group: Ints, resamples: int, rng: np.random.Generator) -> Resamples:
        """The sample itself, with weight 1 everywhere, and then `resamples` of it. group: (S,) any codes, S > 0."""
        code = np.unique(group, return_inverse=True)[1]
        size = int(code.max()) + 1
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=resamples)
        return cls(np.vstack([np.ones((1, size)), drawn]), code)

    @classmethod
    def weighted(cls, weight: ArrayLike) -> Resamples:
        """One sample, or some, of suspects that each stand for themselves. weight: (S,) or (B, S)."""
        rows = np.atleast_2d(np.asarray(weight, np.float64))
        return cls(rows, np.arange(rows.shape[1]))

    def of(self, at: Bools | Ints) -> Resamples:
        """The same samples, of some suspects."""
        return Resamples(self.weight, self.group[at])

    def each(self) -> Doubles:
        """(B, S) the weight of each suspect."""
        return self.weight[:, self.group]

    def total(self, values: ArrayLike) -> Doubles:
        """(B,) the weighted sum of (S,) values."""
        return self.weight @ np.bincount(self.group, np.asarray(values, np.float64), self.weight.shape[1])

    def totals(self, values: ArrayLike, code: Ints, size: int) -> Doubles:
        """(B, size) the weighted sums of (S,) values of each code; a code below 0 is left out."""
        use = code >= 0
        cell = self.group[use] * size + code[use]
        table = np.bincount(cell, np.asarray(values, np.float64)[use], self.weight.shape[1] * size)
        return self.weight @ table.reshape(-1, size)

    def mean(self, values: ArrayLike) -> Doubles:
        """(B,) the weighted mean of (S,) values; NaN for a sample that has none."""
        return ratio(self.total(values), self.total(np.ones(len(self.group))))

    def by_score(self, score: Floats, *kinds: Bools) -> list[Doubles]:
        """(B, V) the weight of each kind (S,) at each of V distinct scores, the lowest first. score: (S,), S > 0."""
        code = np.unique(score, return_inverse=True)[1]
        order = np.argsort(code, kind="stable")
        start = np.searchsorted(code[order], np.arange(code.max() + 1))
        each = self.of(order).each()
        return [np.add.reduceat(each * kind[order], start, axis=1) for kind in kinds]


def ratio(part: Doubles, whole: Doubles) -> Doubles:
    """NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def interval(found: Doubles) -> dict[str, float | None]:
    """The metric of the sample itself and its 95 % percentile interval (Efron & Tibshirani 1993, 13).

    found: (1 + resamples,), the sample first. A resample in which the metric is not defined is left out. None is what
    is not defined, and the interval where there are no resamples.
    """
    value, rest = float(found[0]), found[1:][~np.isnan(found[1:])]
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    if not len(rest):
        return {"value": value, "low": None, "high": None}
    low, high = np.quantile(rest, [(1 - _COVERED) / 2, (1 + _COVERED) / 2])
    return {"value": value, "low": float(low), "high": float(high)}
