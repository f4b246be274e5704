"""Fits the calibration on held-out cases by their log-loss, and the thresholds on the same cases by cross-validation.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from fingerprint.config import CalibrationConfig
from fingerprint.model.calibration import ALL, Calibration, Curve, FalseAlarmLimits, out_of_domain
from fingerprint.model.confidence import (
    CALIBRATION_FEATURES,
    FIRST,
    NEW,
    UNKNOWN_LAB,
    Outcome,
    calibration_features,
    outcome,
    recalibrate,
)
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, START, Posterior, Terms, log_shares, posterior

# The classes of the two regressions, by code; the first of each is the reference that has no weights.
_OUTCOMES = ("another", FIRST, UNKNOWN_LAB)
_RELEASES = ("known", NEW)
# Iterations until scikit-learn warns; a fit of 11 features needs about 50.
_REGRESSION_ITERATIONS = 1_000


@dataclass(frozen=True)
class CalibrationCases:
    """S held-out cases with their truth.

    Attributes:
        evidence: On the cases.
        covariates: Of the cases.
        lab: (S,) code of the true lab, -1 for one that the model does not know.
        release: (S,) code of the true release, -1 for one that the model does not know.
        in_domain: (S,) whether known releases answered prompts of the training corpora.
        weight: (S,) what a case counts in the fit of the posterior.
        share: (S,) what a case counts in the recalibration and in the error rates, by the assumed case mixture.
    """

    evidence: Evidence
    covariates: Covariates
    lab: Ints
    release: Ints
    in_domain: NDArray[np.bool_]
    weight: Floats
    share: Floats

    def of(self, at: NDArray[np.bool_] | Ints) -> CalibrationCases:
        """Return some of the cases."""
        rest = (getattr(self, name)[at] for name in ("lab", "release", "in_domain", "weight", "share"))
        return CalibrationCases(self.evidence.of(at), self.covariates.of(at), *rest)


def calibrate(cases: CalibrationCases, lab_of_release: Ints, config: CalibrationConfig) -> Calibration:
    """Fit the parameters of the posterior, the recalibration, and the thresholds.

    The parameters minimise a weighted log-loss with a ridge towards their start. The weights make small labs count, so
    that these are named. A second fit of the parameters that separate labs weighs the cases by the case mixture, so
    that the probabilities of labs are calibrated.

    Args:
        cases: Held-out cases.
        lab_of_release: (R,) code of the lab of each release.
        config: Weights, limits and quantiles.

    Returns:
        The calibration.

    References:
        Brümmer & du Preez (2006).
    """
    columns = cases.covariates.columns(cases.evidence, config)
    fit = _Fit(cases, Terms.of(cases.evidence, columns, lab_of_release), config)
    best = fit.minimum(START, np.ones(len(START), bool), cases.weight, config.release_weight)
    between = np.array([name.startswith(("nest", "lab_classifier")) for name in PARAMETERS])
    best = fit.minimum(best, between, cases.share, 0.0)
    found = posterior(best, cases.evidence, columns, lab_of_release)
    right = found.first()[0] == cases.lab
    features = calibration_features(found, cases.evidence, columns)
    recalibrated = recalibrate(found, _cross_validated(features, found, right, cases, config))
    _, confidence, new = recalibrated.first()
    count, share = cases.covariates.count, cases.share
    domain_limits = _limits(cases.evidence.domain_distance, count, cases.in_domain, config.domain_quantile)
    off = out_of_domain(domain_limits, cases.evidence, cases.covariates)
    # Out of domain nothing is attributed, whatever the threshold.
    attributable = np.where(off, -1.0, confidence)
    curves = {ALL: Curve.of(attributable, right, share, config.least_attributions)}
    for n in np.unique(count):
        at = count == n
        curves[str(n)] = Curve.of(attributable[at], right[at], share[at], config.least_attributions)
    known_lab = (cases.lab >= 0) & (cases.evidence.in_domain_llr > 0) & ~off
    known_release = right & (cases.release >= 0)
    two_source = _limits(cases.covariates.two_source_llr, count, count > 1, config.two_source_quantile)
    return Calibration(
        parameters=dict(zip(PARAMETERS, best.tolist(), strict=True)),
        confidence=_weights(features, right, cases, config),
        curves=curves,
        domain_limits=domain_limits,
        out_of_domain_accuracy=float(np.average(right[off], weights=share[off])) if off.any() else 1.0,
        two_source_limits=two_source,
        unknown=FalseAlarmLimits.of(recalibrated.unknown[known_lab], share[known_lab], count[known_lab], config.rates),
        new=FalseAlarmLimits.of(new[known_release], share[known_release], count[known_release], config.rates),
        config=config,
    )


def _limits(values: Floats, count: Ints, of: NDArray[np.bool_], quantile: float) -> dict[str, float]:
    """Return the quantile of the (S,) values that `of` marks, by number of responses."""
    return {str(n): float(np.quantile(values[of & (count == n)], quantile)) for n in np.unique(count[of])}


def _cross_validated(
    features: Floats, found: Posterior, right: NDArray[np.bool_], cases: CalibrationCases, config: CalibrationConfig
) -> Outcome:
    """Return the outcome of each case by regressions that were fitted without the cases of its release."""
    first, unknown, new = np.zeros((3, len(right)))
    release = np.unique(np.column_stack([cases.lab, cases.release]), axis=0, return_inverse=True)[1]
    folds = GroupKFold(min(config.folds, len(np.unique(release))))
    for others, own in folds.split(features, right, release):
        weights = _weights(features[others], right[others], cases.of(others), config)
        held_out = outcome(weights, features[own], found.of(own))
        first[own], unknown[own], new[own] = held_out.first, held_out.unknown, held_out.new
    return Outcome(first, unknown, new)


def _weights(
    features: Floats, right: NDArray[np.bool_], cases: CalibrationCases, config: CalibrationConfig
) -> dict[str, dict[str, float]]:
    """Fit the weights that `outcome` takes; outcomes that the cases do not have get none."""
    code = np.where(right, _OUTCOMES.index(FIRST), np.where(cases.lab < 0, _OUTCOMES.index(UNKNOWN_LAB), 0))
    new = np.where(cases.release[right] < 0, _RELEASES.index(NEW), 0)
    return {
        **_logistic(features, code, cases.share, _OUTCOMES, config.ridge),
        **_logistic(features[right], new, cases.share[right], _RELEASES, config.ridge),
    }


def _logistic(
    features: Floats, code: Ints, share: Floats, names: tuple[str, ...], ridge: float
) -> dict[str, dict[str, float]]:
    """Fit a logistic regression on standardised features.

    Returns the weights of CALIBRATION_FEATURES and the bias of each class against class 0; none where only one class,
    or no case of class 0, occurs.
    """
    if len(np.unique(code)) < 2 or 0 not in code:
        return {}
    mean, deviation = features.mean(axis=0), features.std(axis=0) + ridge
    regression = LogisticRegression(max_iter=_REGRESSION_ITERATIONS)
    regression.fit((features - mean) / deviation, code, sample_weight=share / share.mean())
    # Of two classes scikit-learn keeps the logit of the second against the first.
    two = len(regression.classes_) == 2
    coef, bias = (np.concatenate([-v, v]) / 2 if two else v for v in (regression.coef_, regression.intercept_))
    weights = (coef - coef[0]) / deviation
    bias = bias - bias[0] - weights @ mean
    return {
        names[c]: {**dict(zip(CALIBRATION_FEATURES, weights[i].tolist(), strict=True)), "bias": float(bias[i])}
        for i, c in enumerate(regression.classes_)
        if c
    }


class _Fit:
    """The penalised log-loss of the posterior over some cases."""

    def __init__(self, cases: CalibrationCases, terms: Terms, config: CalibrationConfig):
        self._terms = terms.map(torch.from_numpy)
        self._lab, self._release = torch.from_numpy(cases.lab), torch.from_numpy(cases.release)
        self._config = config

    def minimum(self, begin: Floats, free: NDArray[np.bool_], weight: Floats, release_weight: float) -> Floats:
        """Return `begin` (43,) with the parameters that `free` marks at their best.

        weight: (S,) what each case counts. release_weight: of the release within the right lab.
        """
        start, where = torch.from_numpy(begin), torch.from_numpy(np.flatnonzero(free))
        counts = torch.from_numpy(weight)

        def loss(values: Floats) -> tuple[float, Floats]:
            chosen = torch.from_numpy(values.copy()).requires_grad_()
            parameters = start.index_put((where,), chosen)
            nats = self._nats(parameters, release_weight)
            out = (nats * counts).sum() / counts.sum() + self._config.ridge * (parameters - start).pow(2).sum()
            out.backward()
            return float(out.detach()), chosen.grad.numpy().astype(float)

        options = {"maxiter": self._config.iterations}
        out = begin.copy()
        out[free] = minimize(loss, begin[free], jac=True, method="L-BFGS-B", options=options).x
        return out

    def _nats(self, parameters: torch.Tensor, release_weight: float) -> torch.Tensor:
        """Return the (S,) losses."""
        lab, release, config = self._lab, self._release, self._config
        rows, known_lab, known_release = torch.arange(len(lab)), lab.clamp(min=0), release.clamp(min=0)
        labs, unknown, within_known, within_new = log_shares(parameters, self._terms, torch)
        # Code -1 is the last column: the unknown lab.
        of_lab = torch.log_softmax(torch.hstack([labs, unknown]), dim=1)[rows, lab].clamp(min=config.least_lab)
        within = torch.where(release >= 0, within_known[rows, known_release], within_new[rows, known_lab])
        within = torch.where(lab >= 0, within, torch.zeros_like(within)).clamp(min=config.least_within)
        return -(of_lab + release_weight * within)
