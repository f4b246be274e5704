"""Fits the calibration on held-out suspects by their log-loss, and the claim thresholds on the same ones, each
judged by a confidence that was fitted on others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from fingerprint.model.calibration import Calibration, Curve, FalseAlarmLimits, out_of_domain
from fingerprint.model.confidence import CALIBRATION_FEATURES, NEW, Outcome, calibration_features, outcome, recalibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, START, Posterior, Terms, log_shares, posterior

# How a release is told apart within the right lab matters less than the lab.
_RELEASE_SHARE = 0.25
_PULL = 1e-3
_LEAST_LAB, _LEAST_WITHIN = -20.0, -14.0
_GROUND_QUANTILE = 0.995
_SPLIT_QUANTILE = 0.99
_FOLDS = 5


@dataclass(frozen=True)
class CalibrationCases:
    """S held-out suspects. lab: (S,) code, -1 for a lab that the model lacks; release: (S,) code, -1 for one that
    it lacks; home: (S,) whether known releases answered prompts of the training ground; weight: (S,) in the fit;
    share: (S,) in the error rates."""

    evidence: Evidence
    covariates: Covariates
    lab: Ints
    release: Ints
    home: NDArray[np.bool_]
    weight: Floats
    share: Floats

    def of(self, at: NDArray[np.bool_] | Ints) -> CalibrationCases:
        rest = (getattr(self, name)[at] for name in ("lab", "release", "home", "weight", "share"))
        return CalibrationCases(self.evidence.of(at), self.covariates.of(at), *rest)


def calibrate(cases: CalibrationCases, lab_of_release: Ints) -> Calibration:
    """Parameters by weighted log-loss (Brummer & du Preez 2006) with a pull towards their start, then curves.

    The weights see to it that small labs are named; how sure the naming is comes from a second fit of what sets
    labs apart, in which suspects count as they come.
    """
    best = _fit(cases, lab_of_release, cases.weight, START, np.ones(len(START), bool), _RELEASE_SHARE)
    between = np.array([name.startswith(("nest", "lab_classifier")) for name in PARAMETERS])
    best = _fit(cases, lab_of_release, cases.share, best, between, 0.0)
    found = posterior(best, cases.evidence, cases.covariates, lab_of_release)
    right = found.first()[0] == cases.lab
    seen = calibration_features(found, cases.evidence, cases.covariates)
    settled = recalibrate(found, _by_others(seen, found, right, cases))
    _, sure, new = settled.first()
    count, share = cases.covariates.count, cases.share
    domain_limits = _limits(cases.evidence.domain_distance, count, cases.home, _GROUND_QUANTILE)
    off = out_of_domain(domain_limits, cases.evidence, cases.covariates)
    claimable = np.where(off, -1.0, sure)
    curves = {"all": Curve.of(claimable, right, share)}
    for n in np.unique(count):
        curves[str(n)] = Curve.of(claimable[count == n], right[count == n], share[count == n])
    known_lab = (cases.lab >= 0) & (cases.evidence.in_domain_llr > 0) & ~off
    known_release = right & (cases.release >= 0)
    return Calibration(
        dict(zip(PARAMETERS, best.tolist(), strict=True)),
        _outcomes(seen, right, cases),
        curves,
        domain_limits,
        float(np.average(right[off], weights=share[off])) if off.any() else 1.0,
        _limits(cases.covariates.two_source_llr, count, count > 1, _SPLIT_QUANTILE),
        FalseAlarmLimits.of(settled.unknown[known_lab], share[known_lab], count[known_lab]),
        FalseAlarmLimits.of(new[known_release], share[known_release], count[known_release]),
    )


def _limits(values: Floats, count: Ints, of: NDArray[np.bool_], quantile: float) -> dict[str, float]:
    """By number of responses, below what that share of `values` (S,) lies, of those that `of` (S,) marks."""
    return {str(n): float(np.quantile(values[of & (count == n)], quantile)) for n in np.unique(count[of])}


def _by_others(seen: Floats, found: Posterior, right: NDArray[np.bool_], cases: CalibrationCases) -> Outcome:
    """What is said of each suspect by what was fitted without those of its release."""
    first, unknown, new = np.zeros((3, len(right)))
    release = np.unique(np.column_stack([cases.lab, cases.release]), axis=0, return_inverse=True)[1]
    folds = GroupKFold(min(_FOLDS, len(np.unique(release))))
    for others, own in folds.split(seen, right, release):
        weights = _outcomes(seen[others], right[others], cases.of(others))
        said = outcome(weights, seen[own], found.of(own))
        first[own], unknown[own], new[own] = said.first, said.unknown, said.new
    return Outcome(first, unknown, new)


def _outcomes(seen: Floats, right: NDArray[np.bool_], cases: CalibrationCases) -> dict[str, dict[str, float]]:
    """The weights that `outcome` takes; none of what the suspects do not tell."""
    what = np.where(right, "first", np.where(cases.lab < 0, "unknown", "another"))
    new = _logistic(seen[right], np.where(cases.release[right] < 0, NEW, "known"), cases.share[right], "known")
    return {**_logistic(seen, what, cases.share, "another"), **new}


def _logistic(seen: Floats, what: NDArray[np.str_], share: Floats, against: str) -> dict[str, dict[str, float]]:
    """Weights of SIGNS and the bias for each of `what` but `against`, by logistic regression on signs of equal spread;
    none where there is nothing to tell apart."""
    if len(np.unique(what)) < 2 or against not in what:
        return {}
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + _PULL
    fit = LogisticRegression(max_iter=1000).fit((seen - mean) / spread, what, sample_weight=share / share.mean())
    # Of two classes it keeps what tells the second from the first.
    two = len(fit.classes_) == 2
    coef, bias = (np.concatenate([-v, v]) / 2 if two else v for v in (fit.coef_, fit.intercept_))
    at = fit.classes_.tolist().index(against)
    weights = (coef - coef[at]) / spread
    bias = bias - bias[at] - weights @ mean
    return {
        str(name): {**dict(zip(CALIBRATION_FEATURES, weights[i].tolist(), strict=True)), "bias": float(bias[i])}
        for i, name in enumerate(fit.classes_)
        if name != against
    }


def _fit(
    cases: CalibrationCases, lab_of_release: Ints, weight_of: Floats, begin: Floats, free: NDArray[np.bool_],
    release_share: float,
) -> Floats:  # fmt: skip
    """`begin` with the parameters that `free` marks at their best."""
    terms = Terms.of(cases.evidence, cases.covariates, lab_of_release).map(torch.from_numpy)
    lab, release, weight = (torch.from_numpy(v) for v in (cases.lab, cases.release, weight_of))
    start, where = torch.from_numpy(begin), torch.from_numpy(np.flatnonzero(free))
    rows, known_lab, known_release = torch.arange(len(lab)), lab.clamp(min=0), release.clamp(min=0)

    def loss(values: Floats) -> tuple[float, Floats]:
        chosen = torch.from_numpy(values.copy()).requires_grad_()
        parameters = start.index_put((where,), chosen)
        labs, unknown, within_known, within_new = log_shares(parameters, terms, torch)
        # Code -1 is the last column: the unknown lab.
        of_lab = torch.log_softmax(torch.hstack([labs, unknown]), dim=1)[rows, lab].clamp(min=_LEAST_LAB)
        within = torch.where(release >= 0, within_known[rows, known_release], within_new[rows, known_lab])
        within = torch.where(lab >= 0, within, torch.zeros_like(within)).clamp(min=_LEAST_WITHIN)
        nats = -(of_lab + release_share * within)
        out = (nats * weight).sum() / weight.sum() + _PULL * (parameters - start).pow(2).sum()
        out.backward()
        return float(out.detach()), chosen.grad.numpy().astype(float)

    out = begin.copy()
    out[free] = minimize(loss, begin[free], jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    return out
