"""Fits the verification of claims on held-out trials: a case, a claim, and whether the claim is true.

An impostor kind says who wrote the case in place of the claimed one. The kinds weigh the same, and each of them keeps
the false-accept rate by itself: that a lab is told apart easily says nothing about two releases of one line.

References:
    Brümmer, N. and Du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer (the quantile of n +
    1 exchangeable scores).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from fingerprint.base.keys import factorize, isin
from fingerprint.config import CalibrationConfig
from fingerprint.metrics import Level
from fingerprint.metrics.trials import equal_error_rate
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.claim_trials import ClaimTrials, draw_trials
from fingerprint.model.claims import (
    COLUMNS,
    IN_DOMAIN,
    NEVER,
    OUT_OF_DOMAIN,
    PROMISED,
    TARGET,
    ClaimCalibration,
    ClaimTable,
    Impostor,
    TrialFigures,
)
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS

# Trials of independent cells without which nobody can tell a quantile.
_TELLING = 20


def fit_claims(
    cases: CalibrationCases,
    known: NDArray[np.bool_],
    calibration: Calibration,
    seed: int,
    levels: Sequence[Level] = tuple(Level),
) -> ClaimCalibration:
    """Fit the verification of claims.

    Args:
        cases: S held-out cases.
        known: (S, R) the releases that the model of each case knows.
        calibration: Fitted on the same cases. Its posterior is read before recalibration, which is about the first lab.
        seed: Draws the claims.
        levels: What the claims name.

    Returns:
        The calibration of claims.

    References:
        Brümmer & Du Preez (2006).
    """
    config = calibration.config
    tables = {}
    for level, trials in draw_trials(cases, known, calibration, seed, levels).items():
        in_domain = (cases.evidence.in_domain_llr > 0)[trials.case]
        tables[str(level)] = {
            name: _table(cases, trials.of(in_domain == wanted), config)
            for name, wanted in ((IN_DOMAIN, True), (OUT_OF_DOMAIN, False))
        }
    return ClaimCalibration(config.rates, tables)


def _table(cases: CalibrationCases, trials: ClaimTrials, config: CalibrationConfig) -> ClaimTable:
    """What is fitted to trials of one level and domain; limits by regressions without the release of the case."""
    target = isin(trials.kind, {TARGET})
    group = cases.group[trials.case]
    if len(np.unique(group)) < 2 or target.all() or not target.any():
        return ClaimTable({}, 0.0, {}, {}, {})
    count, kind = cases.covariates.count[trials.case], cases.kind[trials.case]
    weight = _weights(trials.kind, kind, count)
    # Nobody can have seen a ratio of more than one to the number of trials.
    bound = float(np.log(1 + min(target.sum(), (~target).sum())))
    scores = np.zeros(len(target))
    for others, own in GroupKFold(min(config.folds, len(np.unique(group)))).split(scores, groups=group):
        if len(np.unique(target[others])) == 2:
            weights = _logistic(trials.columns[others], target[others], weight[others])
            fitted = ClaimTable(weights, bound, {}, {}, {})
            scores[own] = fitted.log_likelihood_ratios(trials.columns[own])
    labels = [f"{cases.release[i]} {cases.part[i]}" for i in trials.case]
    cluster = factorize(labels)[1]
    accept, reject = {}, {}
    for size in np.unique(count):
        at = count == size
        found = _limits(scores[at], trials.kind[at], kind[at], cluster[at], config.rates)
        accept[str(size)], reject[str(size)] = found
    limits = ClaimTable({}, bound, accept, reject, {})
    return ClaimTable(
        _logistic(trials.columns, target, weight),
        bound,
        accept,
        reject,
        {
            str(size): _figures(scores[count == size], trials.kind[count == size], int(size), limits, config)
            for size in np.unique(count)
        },
    )


def _weights(trial: NDArray[np.object_], case: NDArray[np.object_], count: Ints) -> Floats:
    """(T,) targets and impostors half each; within, kinds of trials, of cases and numbers of responses alike."""
    target = isin(trial, {TARGET})
    code = factorize([f"{one} {of} {n}" for one, of, n in zip(trial, case, count, strict=True)])[1]
    weight = 1 / np.bincount(code)[code]
    for at in (target, ~target):
        weight[at] /= 2 * weight[at].sum()
    return np.asarray(weight * len(weight))


def _logistic(columns: Floats, target: NDArray[np.bool_], weight: Floats) -> dict[str, float]:
    """The weights of COLUMNS and the bias. Targets weigh half, so that the logit is a log-likelihood ratio."""
    mean, deviation = columns.mean(axis=0), columns.std(axis=0) + 1e-6
    regression = LogisticRegression(solver="newton-cholesky")
    regression.fit((columns - mean) / deviation, target, sample_weight=weight)
    weights = regression.coef_[0] / deviation
    bias = float(regression.intercept_[0] - weights @ mean)
    return {**dict(zip(COLUMNS, weights.tolist(), strict=True)), "bias": bias}


def _limits(
    scores: Floats, trial: NDArray[np.object_], case: NDArray[np.object_], cluster: Ints, rates: tuple[float, ...]
) -> tuple[list[float], list[float]]:
    """For each rate what the impostors of each kind, and in each kind of case, reach at most; and targets at least."""
    target = isin(trial, {TARGET})
    impostor = isin(trial, PROMISED)
    accept = [
        _worst(scores, [impostor, *(isin(trial, {kind}) for kind in PROMISED), *_each(impostor, case)], cluster, rate)
        for rate in rates
    ]
    reject = [_worst(-scores, [target, *_each(target, case)], cluster, rate) for rate in rates]
    # A part that cannot tell the quantile of a low rate may tell that of a higher one: a lower rate is never easier.
    return _falling(accept), [-limit for limit in _falling(reject)]


def _falling(limits: list[float]) -> list[float]:
    return np.maximum.accumulate(limits[::-1])[::-1].tolist()


def _each(of: NDArray[np.bool_], case: NDArray[np.object_]) -> list[NDArray[np.bool_]]:
    return [of & isin(case, {kind}) for kind in sorted(set(case[of]))]


def _worst(scores: Floats, parts: list[NDArray[np.bool_]], cluster: Ints, rate: float) -> float:
    """The least number that at most a share of `rate` reaches, in each part that can tell; the first part is all.

    NEVER where not even all together can tell.
    """
    found = [
        float(np.nextafter(np.sort(scores[at])[_rank(int(at.sum()), rate) - 1], np.inf))
        for at in parts
        if len(np.unique(cluster[at])) >= _TELLING and _rank(int(at.sum()), rate) <= at.sum()
    ]
    return max(found) if found else NEVER


def _rank(number: int, rate: float) -> int:
    """The rank above which at most a share of `rate` of n + 1 exchangeable scores is expected."""
    return int(np.ceil((1 - rate) * (number + 1)))


def _figures(
    scores: Floats, trial: NDArray[np.object_], size: int, limits: ClaimTable, config: CalibrationConfig
) -> dict[str, TrialFigures]:
    accept, reject = limits.limits(config.rates, size, FALSE_ALARMS, FALSE_ACCEPTS)
    target = scores[isin(trial, {TARGET})]
    out = {}
    for kind in (TARGET, *Impostor):
        own = scores[isin(trial, {str(kind)})]
        if len(own):
            rate = None if kind == TARGET or not len(target) else round(equal_error_rate(target, own), 4)
            out[str(kind)] = TrialFigures(
                len(own), round(float((own >= accept).mean()), 4), round(float((own < reject).mean()), 4), rate
            )
    return out
