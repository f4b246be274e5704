"""Thresholds that hold an error rate in each kind of case, by what held-out cases say.

A rate over a mixture hides the kind in which a verdict is mostly wrong. So a threshold holds in the worst kind. Cases
that were left out together (of one corpus, of one release) are not independent: a kind counts by its effective sample
size. A beta posterior bounds the error of a kind from above, so that few cases leave a wide margin and many a narrow
one. Its prior mean is what the probabilities themselves say, or the mean error of all kinds where that is larger: a
kind with few cases above a threshold cannot tell by itself.

References:
    Bates, S., Angelopoulos, A., Lei, L., Malik, J. and Jordan, M. (2021). Distribution-free, risk-controlling
    prediction sets. Journal of the ACM 68 (an upper bound of the risk in place of its mean).
    Efron, B. and Morris, C. (1975). Data analysis using Stein's estimator and its generalizations. Journal of the
    American Statistical Association 70 (shrinkage).
    Geifman, Y. and El-Yaniv, R. (2017). Selective classification for deep neural networks. NeurIPS 2017.
    Kish, L. (1965). Survey Sampling. Wiley (the effective sample size).
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer (conformal sets).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from sklearn.linear_model import QuantileRegressor

from fingerprint.base.keys import isin
from fingerprint.config import CalibrationConfig
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import LEVELS, NEVER, DecisionLimits, KindFigures, Limits
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior

UNKNOWN = "unknown"
"""The kind of case that no known lab wrote."""

# Thresholds that are tried. The step of 0.005 is the standard error of a rate of 5 % on 2,000 cases.
_GRID = np.linspace(0, 1, 201)
# Classes of the domain distance, each of as many cases; cells that a kind needs to tell a quantile.
_CLASSES, _TELLING = 2, 10
# Share of a lab below which its logarithm says no more, and by how much a limit is lowered against rounding.
_LEAST_SHARE, _HAIR = 1e-9, 1e-6


@dataclass(frozen=True)
class Judged:
    """S held-out cases with their recalibrated probabilities and their truth.

    Attributes:
        probability: By level, (S,) of the first of it.
        right: By level, (S,) whether the first is the right one.
        own: (S,) probability of the right lab, 0 for an unknown one.
        new: (S,) probability of a new release, if the first lab is right.
        unknown: (S,) probability of an unknown lab.
        known: (S,) whether the release is known.
        lab_known: (S,) whether the lab is.
        kind: (S,) of str.
        count: (S,) responses.
        cluster: (S,) code of what was left out together: cases of one are not independent.
        cell: (S,) code of the release in a corpus.
        distance: (S,) domain distance.
        in_domain: (S,) whether a known domain explains the case better than an unknown one.
    """

    probability: dict[str, Floats]
    right: dict[str, NDArray[np.bool_]]
    own: Floats
    new: Floats
    unknown: Floats
    known: NDArray[np.bool_]
    lab_known: NDArray[np.bool_]
    kind: NDArray[np.object_]
    count: Ints
    cluster: Ints
    cell: Ints
    distance: Floats
    in_domain: NDArray[np.bool_]

    def at(self, kind: str, size: int) -> NDArray[np.bool_]:
        """Return (S,) whether a case is of a kind and a number of responses."""
        return isin(self.kind, {kind}) & (self.count == size)


def judged(
    found: Posterior, names: ClassNames, release: Ints, lab_known: NDArray[np.bool_]
) -> tuple[dict[str, Floats], dict[str, NDArray[np.bool_]], Floats]:
    """Return by level (S,) the probability of the first and whether it is right; and (S,) that of the right lab.

    Args:
        found: The posterior of S cases.
        names: The classes.
        release: (S,) the true releases, indices into `names.releases`.
        lab_known: (S,) whether the model knows any release of the true lab.
    """
    labs, rows = found.labs(), np.arange(len(release))
    probability, right = {}, {}
    truth = {"lab": names.lab[release], "family": names.family[release], "release": release}
    for level, shares in (("lab", labs), ("family", found.families(names.family)), ("release", found.release)):
        first = shares.argmax(axis=1)
        probability[level] = shares[rows, first]
        right[level] = (first == truth[level]) & lab_known
    return probability, right, np.where(lab_known, labs[rows, truth["lab"]], 0.0)


def thresholds(
    cases: Judged, promised: Sequence[str], config: CalibrationConfig, alarms: Collection[str] = (UNKNOWN,)
) -> dict[str, Limits]:
    """Find the thresholds from which on at most a rate is wrong in each kind of case.

    Args:
        cases: Held-out cases.
        promised: The kinds in which the rates hold.
        config: Rates, and how sure and how strong the prior of an error is.
        alarms: The kinds in which whoever names a lab is wrong. There a rate is the share of all cases.

    Returns:
        By level, the thresholds on the probability of the first: the least at which every promised kind holds the rate.
    """
    out = {}
    for level in LEVELS:
        limits = {}
        for size in np.unique(cases.count).tolist():
            least = least_thresholds(cases, (level, size), promised, config, alarms)
            # A higher rate never needs a higher threshold.
            limits[str(size)] = np.minimum.accumulate(least).tolist()
        out[level] = Limits(config.rates, limits)
    return out


def least_thresholds(
    cases: Judged,
    of: tuple[str, int],
    promised: Sequence[str],
    config: CalibrationConfig,
    alarms: Collection[str] = (UNKNOWN,),
) -> list[float]:
    """Return for each rate the least threshold at which every promised kind holds it.

    Args:
        cases: Held-out cases.
        of: A level, and a number of responses.
        promised, config, alarms: As of `thresholds`.
    """
    worst = np.max(_error_bounds(cases, *of, promised, config, alarms), axis=0, initial=0.0)
    found = [np.flatnonzero(worst <= rate) for rate in config.rates]
    return [float(_GRID[which[0]]) if len(which) else NEVER for which in found]


def _error_bounds(
    cases: Judged, level: str, size: int, promised: Sequence[str], config: CalibrationConfig, alarms: Collection[str]
) -> NDArray[np.float64]:
    """(kinds, grid) a bound on the share of wrong ones at or above each threshold; kinds without cases have none.

    In `alarms` it is the share of all cases. Else the prior is worth `pooling` independent cases, wrong as often as
    the probabilities say, or as the kinds are on average. Where all kinds together have fewer than that, or there is
    no case at all, nobody can tell, and the bound is 1.
    """
    total = np.zeros(len(_GRID))
    measured, named = [], []
    for kind in promised:
        at = cases.at(kind, size)
        if not at.any():
            continue
        probability, right = cases.probability[level][at], cases.right[level][at]
        cluster = np.unique(cases.cluster[at], return_inverse=True)[1]
        weight = 1 / np.sqrt(np.bincount(cluster))[cluster]
        counted = (probability >= _GRID[:, None]) * weight
        mass = counted.sum(axis=1)
        if kind in alarms:
            share = mass / weight.sum()
            independent = weight.sum() ** 2 / np.square(np.bincount(cluster, weight)).sum()
            named.append(_bound(independent * share, independent * (1 - share), config.margin))
            continue
        of_cluster = np.zeros((len(_GRID), int(cluster.max()) + 1))
        np.add.at(of_cluster.T, cluster, counted.T)
        some = np.maximum(mass, np.finfo(float).tiny)
        independent = np.where(
            mass > 0, some**2 / np.maximum(np.square(of_cluster).sum(axis=1), np.finfo(float).tiny), 0
        )
        stated = np.where(mass > 0, (counted * (1 - probability)).sum(axis=1) / some, 1 - _GRID)
        measured.append((independent, (counted * ~right).sum(axis=1) / some, stated))
        total += independent
    everywhere = np.mean([error for _, error, _ in measured], axis=0) if measured else 0.0
    bounds = []
    for independent, error, stated in measured:
        wrong = independent * error + config.pooling * np.maximum(stated, everywhere)
        bounds.append(_bound(wrong, independent + config.pooling - wrong, config.margin))
    told = [np.where(total >= config.pooling, bound, 1.0) for bound in bounds] + named
    return np.array(told or [np.ones(len(_GRID))])


def _bound(wrong: Floats, right: Floats, margin: float) -> Floats:
    """The quantile of the beta posterior of a share, of so many wrong and right ones; none of them gives 0."""
    least = np.finfo(float).eps
    return np.asarray(betaincinv(np.maximum(wrong, least), np.maximum(right, least), margin))


def novelty_limits(cases: Judged, config: CalibrationConfig) -> tuple[Limits, Limits]:
    """Find what P(new release) must exceed to rule known releases out, and its complement to rule out new ones.

    Args:
        cases: Held-out cases; those whose first lab is right count.
        config: The rates of false alarms.

    Returns:
        The limits on the complement of P(new release), by cases of new releases; and those on P(new release), by cases
        of known releases. They hold in each kind.
    """
    named = cases.right["lab"]
    return (
        _alarms(cases, 1 - cases.new, named & ~cases.known, config),
        _alarms(cases, cases.new, named & cases.known, config),
    )


def unknown_limits(cases: Judged, config: CalibrationConfig) -> Limits:
    """Find what P(unknown lab) must reach to rule known labs out, in each kind of in-domain case."""
    return _alarms(cases, cases.unknown, cases.lab_known & cases.in_domain, config)


def _alarms(cases: Judged, probability: Floats, of: NDArray[np.bool_], config: CalibrationConfig) -> Limits:
    """Limits that at most a rate of the cases that `of` marks exceeds, in the worst kind (Neyman & Pearson 1933)."""
    limits = {}
    for size in np.unique(cases.count):
        worst = np.zeros(len(config.rates))
        told = False
        for kind in np.unique(cases.kind):
            at = of & cases.at(kind, int(size))
            if len(np.unique(cases.cell[at])) >= _TELLING:
                told = True
                worst = np.maximum(worst, np.quantile(probability[at], 1 - np.array(config.rates), method="higher"))
        limits[str(size)] = np.nextafter(worst, 2).tolist() if told else [NEVER] * len(config.rates)
    return Limits(config.rates, limits)


def set_limits(cases: Judged, config: CalibrationConfig) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Find the probability that a lab needs to be in the set, so that a set holds the right lab as often as stated.

    Near and far cases have limits of their own: two classes of the domain distance, each of as many cases. What a kind
    needs is one smooth function of the number of responses, for the least of many quantiles of few cases each would
    lie far below all of them.

    Args:
        cases: Held-out cases; those of known labs count.
        config: How often a set has to hold the right lab, in each kind.

    Returns:
        By number of responses, the domain distances between the classes; and for each class the probability.

    References:
        Vovk, Gammerman & Shafer (2005).
    """
    sizes = np.unique(cases.count)
    distances, of_class = {}, np.zeros(len(cases.count), np.int64)
    for size in sizes:
        at = cases.count == size
        known = at & cases.lab_known
        cuts = np.quantile(cases.distance[known if known.any() else at], np.arange(1, _CLASSES) / _CLASSES)
        distances[str(size)], of_class[at] = cuts.tolist(), np.searchsorted(cuts, cases.distance[at])
    limits = []
    for number in range(_CLASSES):
        of_kinds = [cases.lab_known & (of_class == number) & isin(cases.kind, {kind}) for kind in np.unique(cases.kind)]
        least = np.min([_needed(cases, at, sizes, 1 - config.set_coverage) for at in of_kinds], axis=0)
        limits.append(np.where(np.isfinite(least), least, 0.0))
    return distances, {str(size): [float(of[i]) for of in limits] for i, size in enumerate(sizes)}


def _needed(cases: Judged, at: NDArray[np.bool_], sizes: Ints, miss: float) -> Floats:
    """Return (sizes,) the probability below which the right lab lies in a share `miss` of the cases that `at` marks.

    Cases of one cell are not independent: of K cells, the user's is one more, of which nothing is known. The logarithm
    of the quantile is a parabola over the logarithm of the number of responses. Infinite where there are no cases, and
    everywhere where the cells are too few to tell.

    References:
        Dunn, R., Wasserman, L. and Ramdas, A. (2023). Distribution-free prediction sets for two-layer hierarchical
        models. Journal of the American Statistical Association 118 (cells in place of cases).
        Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica 46.
    """
    cells, present = len(np.unique(cases.cell[at])), np.unique(cases.count[at])
    if cells < _TELLING:
        return np.full(len(sizes), np.inf)
    degree = min(len(present) - 1, 2)
    regression = QuantileRegressor(quantile=(miss * (cells + 1) - 1) / cells, alpha=0, solver="highs")
    regression.fit(_powers(cases.count[at], degree), np.log(np.maximum(cases.own[at], _LEAST_SHARE)))
    # A parabola may rise above probability 1.
    found = np.exp(np.minimum(regression.predict(_powers(sizes, degree)), 0.0))
    # A hair lower: the case that the quantile is has to stay in its set.
    return np.where(np.isin(sizes, present), found * (1 - _HAIR), np.inf)


def _powers(count: Ints, degree: int) -> Floats:
    """(S, degree) powers of the logarithm; without any, a column of zeros, since a regression needs one."""
    scale = np.log(count.astype(float))[:, None]
    return np.hstack([scale**power for power in range(1, degree + 1)] or [0 * scale])


def decision_limits(cases: Judged, limits: Mapping[str, Limits], config: CalibrationConfig) -> DecisionLimits:
    """Return the thresholds of one kind of question with the limits that stand beside them.

    Args:
        cases: Held-out cases of that kind of question.
        limits: By level, what `thresholds` found for them.
        config: Rates and the coverage of sets.
    """
    known, new = novelty_limits(cases, config)
    distances, sets = set_limits(cases, config)
    return DecisionLimits(
        thresholds=limits,
        new=new,
        known=known,
        unknown=unknown_limits(cases, config),
        distances=distances,
        sets=sets,
        figures=figures(cases, limits["lab"], config),
    )


def figures(cases: Judged, limits: Limits, config: CalibrationConfig) -> dict[str, dict[str, KindFigures]]:
    """Measure what the thresholds of labs do, by number of responses and kind."""
    out: dict[str, dict[str, KindFigures]] = {}
    probability, wrong = cases.probability["lab"], ~cases.right["lab"]
    for size in np.unique(cases.count):
        for kind in np.unique(cases.kind):
            at = cases.at(kind, int(size))
            if not at.any():
                continue
            coverage, error = [], []
            for rate in config.rates:
                above = at & (probability >= limits.limit(int(size), rate))
                coverage.append(float(above.sum() / at.sum()))
                error.append(float(wrong[above].mean()) if above.any() else 0.0)
            out.setdefault(str(size), {})[kind] = KindFigures(int(at.sum()), float(wrong[at].mean()), coverage, error)
    return out
