"""Permutations within strata (prompts), and the exact p-values of permutation tests."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.05
"""The false-alarm rate at which a difference is shown and a change is dated; its interval covers one minus it."""

# Random numbers that are in memory at once.
_MOST_DRAWN = 4_000_000
# Values that differ by rounding alone are equal: the statistics of one labelling under two names.
_TIED = 1e-9


@dataclass(frozen=True)
class Labellings:
    """Ways to call responses the first and the second case's; the observed one is the first.

    Attributes:
        second: (B, N) whether each of N responses is of the second case.
        is_exhaustive: Whether these are all ways that there are.
    """

    second: Bools
    is_exhaustive: bool

    def __len__(self) -> int:
        return len(self.second)


def labellings(stratum: Ints, second: Bools, permutations: int, seed: int) -> Labellings:
    """Permute the labels of responses within their strata.

    Args:
        stratum: (N,) the stratum of each response: only responses of one stratum change places.
        second: (N,) the observed labels.
        permutations: How many random permutations to draw.
        seed: Of the random numbers.

    Returns:
        The observed labelling and the random ones; all there are if these are no more than that.

    References:
        Edgington & Onghena (2007), Randomization Tests, chapter 3.
    """
    members = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    ways = [math.comb(len(at), int(second[at].sum())) for at in members]
    if math.prod(ways) > permutations + 1:
        return Labellings(second[shuffles(stratum, permutations, seed)], False)
    patterns = [_patterns(second[at]) for at in members]
    out = np.empty((math.prod(ways), len(second)), np.bool_)
    for row, chosen in zip(out, itertools.product(*patterns), strict=True):
        for at, pattern in zip(members, chosen, strict=True):
            row[at] = pattern
    return Labellings(out, True)


def shuffles(stratum: Ints, permutations: int, seed: int) -> Ints:
    """Draw permutations that leave each response in its stratum.

    Args:
        stratum: (N,) the stratum of each response.
        permutations: How many to draw.
        seed: Of the random numbers.

    Returns:
        (1 + permutations, N) indices; the first row changes nothing.
    """
    rng = np.random.default_rng(seed)
    size = len(stratum)
    code = np.unique(stratum, return_inverse=True)[1].astype(np.float64)
    places = np.argsort(code, kind="stable")
    out = np.empty((1 + permutations, size), np.int64)
    out[0] = np.arange(size)
    step = max(_MOST_DRAWN // max(size, 1), 1)
    for start in range(1, 1 + permutations, step):
        stop = min(start + step, 1 + permutations)
        # Random order within a stratum; the whole numbers keep the strata apart.
        out[start:stop, places] = np.argsort(code + rng.random((stop - start, size)), axis=1)
    return out


def p_value(values: Doubles) -> Doubles:
    """Return the exact p-value of each statistic: the share of labellings whose value is no smaller than the observed.

    Args:
        values: (B,) or (B, S) each statistic under B labellings, the observed one first.

    Returns:
        () or (S,) p-values, (1 + number of permutations that are no smaller) / (1 + permutations).

    References:
        Phipson & Smyth (2010), Permutation P-values Should Never Be Zero.
    """
    return _share(values, values[0])


def smallest_p(values: Doubles) -> Doubles:
    """Return the p-value of the labelling with the largest statistic: what no labelling of these responses can beat.

    Args:
        values: (B,) or (B, S) as of `p_value`.

    Returns:
        () or (S,) p-values.
    """
    return _share(values, values.max(axis=0))


def _share(values: Doubles, limit: Doubles) -> Doubles:
    slack = _TIED * np.maximum(np.abs(values).max(axis=0), np.finfo(np.float64).tiny)
    return np.asarray((values >= limit - slack).mean(axis=0))


def _patterns(second: Bools) -> list[Bools]:
    """All ways to give as many labels to the responses of one stratum, the observed one first."""
    size, count = len(second), int(second.sum())
    out = [second]
    for chosen in itertools.combinations(range(size), count):
        pattern = np.zeros(size, np.bool_)
        pattern[list(chosen)] = True
        if not np.array_equal(pattern, second):
            out.append(pattern)
    return out
