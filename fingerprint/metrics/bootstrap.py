"""The bootstrap over groups of releases, as weights that every metric takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.metrics.predictions import Bools, Floats, Ints

Doubles = NDArray[np.float64]
# Of an interval: the usual one.
_COVERED = 0.95


@dataclass(frozen=True)
class Resamples:
    """B samples of S cases that are in G groups.

    Cases of one group stay together, because a release is right or wrong as a whole: a hundred cases of one release
    say little more about other releases than ten.

    Attributes:
        weight: (B, G) how often each group is in each sample.
        group: (S,) the group of each case, from 0 to G - 1.

    References:
        Davison & Hinkley (1997), Bootstrap Methods and their Application, section 3.8 (cluster bootstrap).
    """

    weight: Doubles
    group: Ints

    @classmethod
    def draw(cls, group: Ints, resamples: int, rng: np.random.Generator) -> Resamples:
        """Draw groups with replacement.

        Args:
            group: (S,) any codes, S > 0.
            resamples: How many samples to draw.
            rng: Draws them.

        Returns:
            1 + `resamples` samples, of which the first is the original one, with weight 1 everywhere.
        """
        code = np.unique(group, return_inverse=True)[1]
        size = int(code.max()) + 1
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=resamples)
        return cls(np.vstack([np.ones((1, size)), drawn]), code)

    @classmethod
    def weighted(cls, weight: ArrayLike) -> Resamples:
        """Return one sample or several of cases that are each a group.

        Args:
            weight: (S,) or (B, S).

        Returns:
            The samples.
        """
        rows = np.atleast_2d(np.asarray(weight, np.float64))
        return cls(rows, np.arange(rows.shape[1]))

    def of(self, at: Bools | Ints) -> Resamples:
        """Return the same samples of some cases."""
        return Resamples(self.weight, self.group[at])

    def each(self) -> Doubles:
        """Return (B, S) the weight of each case."""
        return self.weight[:, self.group]

    def total(self, values: ArrayLike) -> Doubles:
        """Return (B,) the weighted sum of (S,) values."""
        return self.weight @ np.bincount(self.group, np.asarray(values, np.float64), self.weight.shape[1])

    def totals(self, values: ArrayLike, code: Ints, size: int) -> Doubles:
        """Return (B, size) the weighted sums of (S,) values by (S,) codes; a code below 0 is left out."""
        use = code >= 0
        cell = self.group[use] * size + code[use]
        table = np.bincount(cell, np.asarray(values, np.float64)[use], self.weight.shape[1] * size)
        return self.weight @ table.reshape(-1, size)

    def mean(self, values: ArrayLike) -> Doubles:
        """Return (B,) the weighted mean of (S,) values; NaN for a sample that has none."""
        return ratio(self.total(values), self.total(np.ones(len(self.group))))

    def by_score(self, score: Floats, *kinds: Bools) -> list[Doubles]:
        """Sum the weights of cases with the same score.

        Args:
            score: (S,), S > 0.
            *kinds: (S,) each, which cases to count.

        Returns:
            For each kind (B, V): the weight at each of the V distinct scores, the lowest first.
        """
        code = np.unique(score, return_inverse=True)[1]
        order = np.argsort(code, kind="stable")
        start = np.searchsorted(code[order], np.arange(code.max() + 1))
        each = self.of(order).each()
        return [np.add.reduceat(each * kind[order], start, axis=1) for kind in kinds]


def ratio(part: Doubles, whole: Doubles) -> Doubles:
    """Return `part / whole`, NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def interval(found: Doubles) -> dict[str, float | None]:
    """Return a metric with its 95 % percentile interval.

    Args:
        found: (1 + resamples,) the metric of the original sample and then of the resamples. A resample in which the
            metric is not defined (NaN) is left out.

    Returns:
        "value", "low" and "high"; None for what is not defined, and for the interval if there are no resamples.

    References:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    value, rest = float(found[0]), found[1:][~np.isnan(found[1:])]
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    if not len(rest):
        return {"value": value, "low": None, "high": None}
    low, high = np.quantile(rest, [(1 - _COVERED) / 2, (1 + _COVERED) / 2])
    return {"value": value, "low": float(low), "high": float(high)}
