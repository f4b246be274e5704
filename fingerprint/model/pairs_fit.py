"""Fits the LLR of pairs on held-out trials, and the limits on it by cross-validation over groups of releases.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
    Neyman, J. and Pearson, E. S. (1933). On the problem of the most efficient tests of statistical hypotheses.
    Philosophical Transactions of the Royal Society A 231.
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from fingerprint.base.keys import isin
from fingerprint.config import PairConfig
from fingerprint.metrics.trials import equal_error_rate
from fingerprint.model.pair_calibration import (
    BIAS,
    IMPOSTORS,
    TARGETS,
    PairCalibration,
    PairDomain,
    PairFigures,
    PairKind,
    PairLimits,
)
from fingerprint.model.pairs import SHARED_FEATURES
from fingerprint.model.plda import Floats, Ints

Bools = NDArray[np.bool_]

# Newton steps until scikit-learn warns; a fit of this few features needs about 10.
_ITERATIONS = 100
# Below this, a feature that is the same for all pairs would be divided by nothing.
_LEAST_DEVIATION = 1e-9


@dataclass(frozen=True)
class Trials:
    """P pairs of cases with their truth, and what a model that knows nothing of them sees.

    Attributes:
        features: (P, F), in the order of `pairs.FEATURES`, or of `pairs.SHARED_FEATURES`, which begin with these.
        count: (P,) responses on the smaller side.
        kind: (P,) of PairKind.
        group: (P, 2) codes of the groups of both releases: what is never on both sides of a split.
        in_domain: (P,) whether both cases are in-domain.
        cell: (P,) code of the two releases and corpora: pairs of one cell are not independent.
    """

    features: Floats
    count: Ints
    kind: NDArray[np.object_]
    group: Ints
    in_domain: Bools
    cell: Ints

    def __len__(self) -> int:
        return len(self.count)

    @property
    def is_target(self) -> Bools:
        """(P,) whether one release wrote both cases."""
        return isin(self.kind, TARGETS)

    @property
    def is_fitted(self) -> Bools:
        """(P,) whether the LLR is fitted to the pair: variants are no clear truth."""
        return isin(self.kind, {*TARGETS, *IMPOSTORS})

    def of(self, at: Bools | Ints) -> Trials:
        """Return some of the pairs."""
        return Trials(*(getattr(self, field.name)[at] for field in fields(self)))

    @classmethod
    def none(cls, width: int) -> Trials:
        """Return no pair, of so many features."""
        codes, marks = np.zeros(0, np.int64), np.zeros(0, bool)
        return cls(np.zeros((0, width)), codes, np.zeros(0, object), np.zeros((0, 2), np.int64), marks, codes)

    @classmethod
    def joined(cls, parts: Sequence[Trials]) -> Trials:
        """Return the pairs of all parts, in their order; the codes of cells are made different."""
        starts = accumulate((int(part.cell.max(initial=-1)) + 1 for part in parts), initial=0)
        cells = [part.cell + start for part, start in zip(parts, starts, strict=False)]
        whole = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)}
        return cls(**{**whole, "cell": np.concatenate(cells)})


def fit_pairs(trials: Trials, config: PairConfig) -> PairCalibration | None:
    """Fit the LLR and its limits.

    The prior of the regression is 1/2, so that its logit is the LLR. Target and impostor trials weigh the same; within
    these kinds and numbers of responses weigh the same. The limits and figures are those of LLRs that were fitted
    without the two releases of the pair and their groups.

    Args:
        trials: Held-out pairs.
        config: Folds, rates and ridge.

    Returns:
        The calibration; None where the trials are of too few groups, or of one release only, or of two only.

    References:
        Brümmer & du Preez (2006).
    """
    fitted = trials.is_fitted
    target = trials.is_target
    if not (fitted & target).any() or not (fitted & ~target).any():
        return None
    score = _cross_validated(trials, config)
    if score is None:
        return None
    tried = trials.of(np.isfinite(score))
    score = score[np.isfinite(score)]
    weights = _weights(trials.of(fitted), config)
    limits: dict[str, dict[str, PairLimits]] = {}
    figures: dict[str, dict[str, dict[str, PairFigures]]] = {}
    present = [kind for kind in IMPOSTORS if isin(tried.kind, {kind}).any()]
    for size in np.unique(tried.count):
        for domain in PairDomain:
            at = (tried.count == size) & (tried.in_domain == (domain is PairDomain.IN))
            of = _Scored(score[at], tried.kind[at], tried.cell[at], config)
            found = of.limits(present)
            limits.setdefault(str(size), {})[str(domain)] = found
            figures.setdefault(str(size), {})[str(domain)] = of.figures(found)
    most, least = (np.log1p(len(np.unique(tried.cell[side]))) for side in (~tried.is_target, tried.is_target))
    return PairCalibration(weights, -float(least), float(most), limits, figures, config.rates)


@dataclass(frozen=True)
class _Scored:
    """Held-out pairs of one number of responses and one domain."""

    score: Floats
    kind: NDArray[np.object_]
    cell: Ints
    config: PairConfig

    def limits(self, present: Sequence[PairKind]) -> PairLimits:
        """Limits that hold in each kind of impostors that is present at all, and in both kinds of targets."""
        # In one corpus and across two apart, if there are enough of both.
        parts = [self._at([kind]) for kind in TARGETS]
        if not all(self._tells(at) for at in parts):
            parts = [self._at(TARGETS)]
        same, different = [], []
        for rate in self.config.rates:
            tops = [self._limit(-self.score, self._at([kind]), rate) for kind in present]
            lows = [self._limit(self.score, at, rate) for at in parts]
            # A verdict that the LLR contradicts would be no verdict: same from 0 on, different below 0.
            same.append(
                None if None in tops or not tops else max(0.0, *(_above(-top) for top in tops if top is not None))
            )
            different.append(None if None in lows else min(0.0, *(low for low in lows if low is not None)))
        return PairLimits(same, different)

    def figures(self, limits: PairLimits) -> dict[str, PairFigures]:
        """What the limits do, by kind."""
        targets = self.score[self._at(TARGETS)]
        out = {}
        for kind in PairKind:
            at = self._at([kind])
            if not at.any():
                continue
            score = self.score[at]
            out[str(kind)] = PairFigures(
                pairs=len(score),
                cells=self._cells(at),
                eer=None if kind in TARGETS or not len(targets) else equal_error_rate(targets, score),
                same=[0.0 if limit is None else float((score >= limit).mean()) for limit in limits.same],
                different=[0.0 if limit is None else float((score < limit).mean()) for limit in limits.different],
            )
        return out

    def _at(self, kinds: Sequence[PairKind]) -> Bools:
        return isin(self.kind, kinds)

    def _cells(self, at: Bools) -> int:
        return len(np.unique(self.cell[at]))

    def _tells(self, at: Bools) -> bool:
        return self._cells(at) >= self.config.least_cells

    def _limit(self, score: Floats, at: Bools, rate: float) -> float | None:
        """The largest limit that at most a rate of the pairs lies below, with one more pair still; None without one.

        Pairs of one cell are not independent, so that the one more counts as one of the cells (Vovk et al. 2005).
        """
        cells = self._cells(at)
        rank = int(np.floor(rate * (cells + 1)))
        if not self._tells(at) or not rank:
            return None
        own = np.sort(score[at])
        return float(own[int((rank - 1) / cells * len(own))])


def _above(limit: float) -> float:
    """The next number: an LLR that is at a limit reaches it, and must not."""
    return float(np.nextafter(limit, np.inf))


def _cross_validated(trials: Trials, config: PairConfig) -> Floats | None:
    """(P,) the LLR of each pair by the pairs that share no group with it; NaN where these cannot be fitted to.

    Groups are in folds, and each two folds together are the test part once: so that every pair is, also one whose
    releases are in two folds.
    """
    groups = np.unique(trials.group)
    if len(groups) < 3:
        return None
    fold = np.zeros(int(groups.max()) + 1, np.int64)
    folds = GroupKFold(min(config.folds, len(groups)))
    for number, (_, own) in enumerate(folds.split(groups, groups=groups)):
        fold[groups[own]] = number
    of = fold[trials.group]
    out = np.full(len(trials), np.nan)
    for first, second in combinations_with_replacement(range(folds.get_n_splits()), 2):
        test = ((of == first) | (of == second)).any(axis=1)
        own = (np.sort(of, axis=1) == (first, second)).all(axis=1)
        rest = trials.of(~test & trials.is_fitted)
        if own.any() and 0 < rest.is_target.sum() < len(rest):
            out[own] = _score(_weights(rest, config), trials.features[own])
    return out


def _score(weights: dict[str, float], features: Floats) -> Floats:
    return np.asarray(features @ np.array([weights[name] for name in _columns(features)]) + weights[BIAS])


def _columns(features: Floats) -> tuple[str, ...]:
    """The names of the columns: those of shared prompts come last."""
    return SHARED_FEATURES[: features.shape[1]]


def _weights(trials: Trials, config: PairConfig) -> dict[str, float]:
    """Fit the regression."""
    mean, deviation = trials.features.mean(axis=0), trials.features.std(axis=0) + _LEAST_DEVIATION
    share = np.zeros(len(trials))
    for at, weight in _strata(trials):
        share[at] = weight / at.sum()
    regression = LogisticRegression(solver="newton-cholesky", max_iter=_ITERATIONS, C=1 / (config.ridge * len(trials)))
    regression.fit((trials.features - mean) / deviation, trials.is_target, sample_weight=share * len(trials))
    weights = regression.coef_[0] / deviation
    named = dict(zip(_columns(trials.features), weights.tolist(), strict=True))
    return {**named, BIAS: float(regression.intercept_[0] - weights @ mean)}


def _strata(trials: Trials) -> Iterator[tuple[Bools, float]]:
    """Give the pairs of each kind and size, and their weight: all targets together 1/2, and all impostors 1/2."""
    for kinds in (TARGETS, IMPOSTORS):
        marks = [isin(trials.kind, {kind}) & (trials.count == n) for kind in kinds for n in np.unique(trials.count)]
        marks = [at for at in marks if at.any()]
        yield from ((at, 0.5 / len(marks)) for at in marks)
