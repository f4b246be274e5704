"""The style markers in which two cases differ, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fingerprint.comparison.permutations import Bools, Doubles, Ints, labellings, p_value, smallest_p
from fingerprint.comparison.shared_prompts import SharedPrompts, prompt_key
from fingerprint.data.response import Response
from fingerprint.features import style_markers

# With 24 markers, 1 / 1,000 would leave Holm's correction no room at 1 %.
PERMUTATIONS = 9_999
_Z = NormalDist().inv_cdf(0.975)
# Labellings that are turned into numbers at once.
_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class MarkerEffect:
    """How one style marker differs.

    Attributes:
        name: The style marker.
        unit: Of `first` and `second`.
        first: Its mean in the first case; with several responses to a prompt, the mean over prompts.
        second: The same in the second case.
        delta: Cliff's delta, from -1 to 1: how much more often the second case's response has more of the marker
            than the first case's, than the other way round. With shared prompts, of responses to one prompt, on
            average over prompts.
        low: Lower end of the 95 % interval of `delta`, for this marker alone.
        high: Its upper end.
        p_value: Of exchangeable responses, by permutation.
        p_adjusted: The same, corrected for all markers that were compared (Holm).
    """

    name: str
    unit: str
    first: float
    second: float
    delta: float
    low: float
    high: float
    p_value: float
    p_adjusted: float


@dataclass(frozen=True)
class MarkerEffects:
    """All style markers that occur in either case.

    Attributes:
        effects: The largest absolute delta first.
        is_paired: Whether responses to the same prompt were compared. If not, the prompts may be why markers differ.
        n_first: What counts as one in the first case: prompts, and responses without a known prompt.
        n_second: The same in the second case.
        smallest_p: The least adjusted p-value that any labelling of these responses could have had; 1 without
            markers.
    """

    effects: tuple[MarkerEffect, ...]
    is_paired: bool
    n_first: int
    n_second: int
    smallest_p: float

    def differing(self, level: float) -> tuple[MarkerEffect, ...]:
        """Return the markers that differ; in at most `level` of comparisons without a difference is there any."""
        return tuple(effect for effect in self.effects if effect.p_adjusted <= level)


def paired_marker_effects(shared: SharedPrompts, permutations: int = PERMUTATIONS, seed: int = 0) -> MarkerEffects:
    """Compare the style markers of two cases prompt by prompt.

    The effect size is Cliff's delta and not Hedges' g: most markers are rates with many zeros and a long tail, of
    which a standard deviation says little, and delta needs the order alone. A prompt's delta is that of its responses;
    their mean over prompts is the effect. Permutations swap responses within a prompt, so that p-values are exact.

    Args:
        shared: The responses by prompt.
        permutations: Random permutations; if there are no more labellings than that, all are compared.
        seed: Of the permutations.

    Returns:
        The effects; none without shared prompts.

    References:
        Cliff (1993), Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions.
        Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure.
    """
    pooled = shared.pooled()
    found = _Measured(style_markers.measure(pooled.texts).astype(float), pooled.prompt, pooled.second)
    if len(shared.prompts) == 1:
        # Nothing shows how prompts differ: the responses are the units.
        variance, units = _unpaired_variance(found), min(int(pooled.second.sum()), int((~pooled.second).sum()))
    else:
        deltas = found.prompt_deltas()
        variance = deltas.var(axis=0, ddof=1) / max(len(deltas), 1) if len(deltas) else np.zeros(found.values.shape[1])
        units = len(deltas)
    return _effects(found, _Spread(variance, units), True, (permutations, seed))


def unpaired_marker_effects(
    first: Sequence[Response], second: Sequence[Response], permutations: int = PERMUTATIONS, seed: int = 0
) -> MarkerEffects:
    """Compare the style markers of two cases that share no prompts, or few.

    Responses to one prompt count once, by their mean, because they are alike for the prompt's sake.

    Args:
        first: The responses of one case.
        second: Those of the other case.
        permutations: As of `paired_marker_effects`.
        seed: Of the permutations.

    Returns:
        The effects. They are differences between these responses; the prompts may be their reason.

    References:
        Cliff (1993), Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions.
    """
    sides = [_by_prompt(first), _by_prompt(second)]
    values = np.vstack(sides)
    is_second = np.repeat([False, True], [len(side) for side in sides])
    found = _Measured(values, np.zeros(len(values), np.int64), is_second)
    if not min(map(len, sides)):
        return MarkerEffects((), False, len(sides[0]), len(sides[1]), 1.0)
    return _effects(found, _Spread(_unpaired_variance(found), min(map(len, sides))), False, (permutations, seed))


@dataclass(frozen=True)
class _Measured:
    """(N, M) markers of N units, the (N,) stratum of each, and (N,) whether it is of the second case."""

    values: Doubles
    stratum: Ints
    second: Bools

    @property
    def pairs(self) -> Doubles:
        """(P,) pairs of a unit of each case, by stratum."""
        count = np.bincount(self.stratum, self.second)
        return count * (np.bincount(self.stratum) - count)

    def scores(self) -> Doubles:
        """(N, M) by how many units of its stratum each exceeds, less those that exceed it."""
        out = np.empty_like(self.values)
        for marker, column in enumerate(self.values.T):
            order = np.lexsort((column, self.stratum))
            stratum, value = self.stratum[order], column[order]
            is_new = np.append(True, (stratum[1:] != stratum[:-1]) | (value[1:] != value[:-1]))
            group, starts = np.cumsum(is_new) - 1, np.flatnonzero(is_new)
            ends = np.append(starts[1:], len(order))
            below = starts[group] - np.searchsorted(stratum, stratum, "left")
            above = np.searchsorted(stratum, stratum, "right") - ends[group]
            out[order, marker] = below - above
        return out

    def prompt_deltas(self) -> Doubles:
        """(P, M) Cliff's delta in each stratum."""
        out = np.zeros((len(self.pairs), self.values.shape[1]))
        np.add.at(out, self.stratum[self.second], self.scores()[self.second])
        return out / self.pairs[:, None]

    def means(self, side: bool) -> Doubles:
        """(M,) the mean over strata of the means of one case."""
        at = self.second == side
        size = np.bincount(self.stratum[at])
        return np.sum(self.values[at] / size[self.stratum[at], None], axis=0) / len(size)


@dataclass(frozen=True)
class _Spread:
    """(M,) the variance of each delta, and how many independent units it comes from."""

    variance: Doubles
    units: int

    def interval(self, marker: int, delta: float) -> tuple[float, float]:
        """Wilson's interval of (1 + delta) / 2, with the number of trials that would have the same variance.

        It stays within the scale, and has a length where all pairs agree (Korn & Graubard 1998, effective sample
        size; Newcombe 2006, the Mann-Whitney statistic as a proportion).
        """
        share, variance = (1 + delta) / 2, self.variance[marker] / 4
        freedom = max(self.units - 1, 1)
        size = float(self.units)
        if variance > 0 and 0 < share < 1:
            size = max(share * (1 - share) / variance, 1.0)
        quantile = _t_quantile(freedom) ** 2 / size
        centre = (share + quantile / 2) / (1 + quantile)
        half = math.sqrt(quantile * (share * (1 - share) + quantile / 4)) / (1 + quantile)
        return max(float(2 * (centre - half) - 1), -1.0), min(float(2 * (centre + half) - 1), 1.0)


def _effects(found: _Measured, spread: _Spread, is_paired: bool, drawn: tuple[int, int]) -> MarkerEffects:
    keep = np.flatnonzero(np.ptp(found.values, axis=0) > 0) if len(found.values) else np.zeros(0, np.int64)
    sides = [len(np.unique(found.stratum[found.second == side])) if is_paired else int((found.second == side).sum())
             for side in (False, True)]  # fmt: skip
    if not len(keep):
        return MarkerEffects((), is_paired, sides[0], sides[1], 1.0)
    labels = labellings(found.stratum, found.second, *drawn).second
    score = (found.scores() / (found.pairs[found.stratum, None] * len(found.pairs)))[:, keep]
    deltas = np.vstack([labels[at : at + _BLOCK].astype(float) @ score for at in range(0, len(labels), _BLOCK)])
    p_values = p_value(np.abs(deltas))
    adjusted = _holm(p_values)
    first, second = found.means(False), found.means(True)
    effects = []
    for column, marker in enumerate(keep):
        delta = float(np.clip(deltas[0, column], -1, 1))
        low, high = spread.interval(int(marker), delta)
        effects.append(
            MarkerEffect(
                name=style_markers.NAMES[marker],
                unit=style_markers.UNITS[marker],
                first=float(first[marker]),
                second=float(second[marker]),
                delta=delta,
                low=low,
                high=high,
                p_value=float(p_values[column]),
                p_adjusted=float(adjusted[column]),
            )
        )
    effects.sort(key=lambda effect: (-abs(effect.delta), effect.p_value, effect.name))
    least = min(float(smallest_p(np.abs(deltas)).min()) * len(keep), 1.0)
    return MarkerEffects(tuple(effects), is_paired, sides[0], sides[1], least)


def _by_prompt(responses: Sequence[Response]) -> Doubles:
    """(units, M) the mean markers of each prompt; a response without a known prompt is a unit of its own."""
    keys = [prompt_key(response) or f"alone {i}" for i, response in enumerate(responses)]
    code = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    unit = np.array([code[key] for key in keys], np.int64)
    out = np.zeros((len(code), len(style_markers.NAMES)))
    np.add.at(out, unit, style_markers.measure([response.response for response in responses]))
    return out / np.maximum(np.bincount(unit, minlength=len(code)), 1)[:, None]


def _unpaired_variance(found: _Measured) -> Doubles:
    """(M,) the variance of delta between two independent samples in one stratum (Cliff 1993; DeLong et al. 1988)."""
    total = np.zeros(found.values.shape[1])
    for side in (False, True):
        own, other = found.values[found.second == side], found.values[found.second != side]
        for marker in range(len(total)):
            ordered = np.sort(other[:, marker])
            below = np.searchsorted(ordered, own[:, marker], "left")
            above = len(other) - np.searchsorted(ordered, own[:, marker], "right")
            placement = (below - above) / len(other)
            total[marker] += placement.var(ddof=1) / len(own) if len(own) > 1 else 0.0
    return total


def _holm(p_values: Doubles) -> Doubles:
    """Holm's adjusted p-values."""
    order = np.argsort(p_values)
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    out = np.empty_like(p_values)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def _t_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz & Stegun 1964, 26.7.5): within 4 % of it from 2 degrees on."""
    z, v = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
