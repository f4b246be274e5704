"""Fits the calibration on held-out cases by their log-loss, and the thresholds on the same cases by cross-validation.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from fingerprint.base.keys import factorize, isin
from fingerprint.base.parallel import MapFunction
from fingerprint.config import CalibrationConfig, MixtureConfig
from fingerprint.metrics import Level
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import Calibration, Expect, Expectation
from fingerprint.model.candidate_cases import Shares, Truth, candidate_limits
from fingerprint.model.confidence import (
    CALIBRATION_FEATURES,
    FIRST,
    LAB,
    NEW,
    UNKNOWN_LAB,
    Outcome,
    Weights,
    calibration_features,
    outcome,
    recalibrate,
)
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, START, Posterior, Terms, logits, posterior
from fingerprint.model.shortlist import Lists, shortlist_limits, with_lists
from fingerprint.model.thresholds import Judged, decision_limits, judged, thresholds

# The classes of the two regressions, by code; the first of each is the reference that has no weights.
_OUTCOMES = ("another", FIRST, UNKNOWN_LAB)
_RELEASES = ("known", NEW)
# Newton steps until scikit-learn warns; a fit of 75 features needs about 10.
_REGRESSION_ITERATIONS = 100
# What is in no fold is left out nowhere.
_NO_FOLD = -1
_KNOWN_CORPORA, _OTHER_CORPORA = {"same"}, {"other", "both"}


@dataclass(frozen=True)
class CalibrationCases:
    """S held-out cases with their truth.

    Attributes:
        evidence: On the cases, over all releases and labs of `names`.
        covariates: Of the cases.
        names: The classes.
        release: (S,) the true release, an index into `names.releases`.
        known: (S,) whether the model that gave the evidence knows the release.
        lab_known: (S,) whether it knows any release of the lab.
        kind: (S,) of str, a field of the mixture each.
        part: (S,) of str, the corpus of each.
    """

    evidence: Evidence
    covariates: Covariates
    names: ClassNames
    release: Ints
    known: NDArray[np.bool_]
    lab_known: NDArray[np.bool_]
    kind: NDArray[np.object_]
    part: NDArray[np.object_]

    @property
    def lab(self) -> Ints:
        """(S,) code of the true lab, -1 for one that the model does not know."""
        return np.where(self.lab_known, self.names.lab[self.release], -1)

    @property
    def known_release(self) -> Ints:
        """(S,) code of the true release, -1 for one that the model does not know."""
        return np.where(self.known, self.release, -1)

    @property
    def group(self) -> Ints:
        """(S,) code of what is never on both sides of a split."""
        return np.asarray(self.names.group[self.release])

    def of(self, at: NDArray[np.bool_] | Ints) -> CalibrationCases:
        """Return some of the cases."""
        rest = (getattr(self, name)[at] for name in ("release", "known", "lab_known", "kind", "part"))
        return CalibrationCases(self.evidence.of(at), self.covariates.of(at), self.names, *rest)

    def shares(self, mixture: MixtureConfig) -> Floats:
        """Return (S,) weights that follow the mixture, the same for every number of responses."""
        return self._shares(msgspec.structs.asdict(mixture), np.ones(len(self.release)))

    def even(self) -> Floats:
        """Return (S,) weights that are equal for kinds, and between equal for cases and equal for labs.

        Else small labs are never named first, or large ones too seldom.
        """
        _, code, size = np.unique(self.lab, return_inverse=True, return_counts=True)
        return self._shares(dict.fromkeys(MixtureConfig.__struct_fields__, 1.0), 1 / np.sqrt(size[code]))

    def _shares(self, of_kind: dict[str, float], within: Floats) -> Floats:
        out, count = np.zeros(len(within)), self.covariates.count
        for kind, share in of_kind.items():
            own = isin(self.kind, {kind})
            numbers = np.unique(count[own])
            for n in numbers:
                at = own & (count == n)
                out[at] = share / len(numbers) * within[at] / within[at].sum()
        return np.asarray(out / out.sum())


def calibrate(cases: CalibrationCases, config: CalibrationConfig, map_function: MapFunction = starmap) -> Calibration:
    """Fit the parameters of the posterior; and for each expectation the recalibration and the thresholds.

    The parameters minimise a log-loss in which the kinds of cases weigh the same, with a ridge towards their start.

    Args:
        cases: Held-out cases.
        config: Weights, limits and quantiles.
        map_function: Fits the expectations.

    Returns:
        The calibration.

    References:
        Brümmer & du Preez (2006).
    """
    names = cases.names
    columns = cases.covariates.columns(cases.evidence, config)
    fit = _Fit(cases, Terms.of(cases.evidence, columns, names.lab), config)
    best = fit.minimum(START, cases.even())
    found = posterior(best, cases.evidence, columns, names.lab)
    features = calibration_features(found, cases.evidence, columns)
    expectations = map_function(_expectation, ((cases, found, features, expect, config) for expect in Expect))
    count, distance = cases.covariates.count, cases.evidence.domain_distance
    known, other = isin(cases.kind, _KNOWN_CORPORA), isin(cases.kind, _OTHER_CORPORA)
    if not known.any():
        known = np.ones(len(count), bool)
    return Calibration(
        parameters=dict(zip(PARAMETERS, best.tolist(), strict=True)),
        expectations=dict(zip(map(str, Expect), expectations, strict=True)),
        domain_limits=_quantiles(distance, count, known, config.domain_quantile),
        far_limits=_quantiles(distance, count, known | other, config.domain_quantile),
        two_source_limits=_quantiles(cases.covariates.two_source_llr, count, count > 1, config.two_source_quantile),
        labs=names.labs,
        config=config,
    )


def _expectation(
    cases: CalibrationCases, found: Posterior, features: Floats, expect: Expect, config: CalibrationConfig
) -> Expectation:
    """What is fitted to one case mixture; found, features: of the cases, before recalibration."""
    share = cases.shares(getattr(config.expectations, expect))
    recalibrated = recalibrate(found, _cross_validated(cases, found, features, share, config))
    tried, promised = _judged(cases, recalibrated), config.promised(expect)
    limits = decision_limits(tried, thresholds(tried, promised, config), config)
    named, lists = limits.thresholds[Level.LAB], Lists.of(recalibrated.labs(), cases.lab, config.shortlist)
    shortlist = shortlist_limits(tried, lists, named, promised, config)
    return Expectation(
        **{**vars(limits), "figures": with_lists(limits.figures, tried, lists, named, shortlist)},
        shortlist=shortlist,
        confidence=_weights(cases, found, features, share, config),
        candidates=candidate_limits(tried, Shares.of(recalibrated, cases.names), _truth(cases), expect, config),
    )


def _truth(cases: CalibrationCases) -> Truth:
    return Truth(cases.lab, cases.names.family[cases.release], cases.release)


def _judged(cases: CalibrationCases, found: Posterior) -> Judged:
    probability, right, own = judged(found, cases.names, cases.release, cases.lab_known)
    return Judged(
        probability=probability,
        right=right,
        own=own,
        new=found.first()[2],
        unknown=found.unknown,
        known=cases.known,
        lab_known=cases.lab_known,
        kind=cases.kind,
        count=cases.covariates.count,
        cluster=_clusters(cases),
        cell=factorize([f"{release} {part}" for release, part in zip(cases.release, cases.part, strict=True)])[1],
        distance=cases.evidence.domain_distance,
        in_domain=cases.evidence.in_domain_llr > 0,
    )


def _clusters(cases: CalibrationCases) -> Ints:
    """Return (S,) code of what was left out together.

    The cases of one corpus say little about other corpora that no model has seen, however many releases they are of.
    So of such cases a corpus counts as one cluster; of new releases, those that are alike; of known ones on known
    corpora, a release in a corpus.
    """
    names = []
    for kind, release, group, corpus in zip(cases.kind, cases.release, cases.group, cases.part, strict=True):
        if kind in _OTHER_CORPORA:
            names.append(str(corpus))
        else:
            names.append(f"{release} {corpus}" if kind in _KNOWN_CORPORA else f"{group}")
    return factorize(names)[1]


def _quantiles(values: Floats, count: Ints, of: NDArray[np.bool_], quantile: float) -> dict[str, float]:
    """Return the quantile of the (S,) values that `of` marks, by number of responses."""
    return {str(n): float(np.quantile(values[of & (count == n)], quantile)) for n in np.unique(count[of])}


def _cross_validated(
    cases: CalibrationCases, found: Posterior, features: Floats, share: Floats, config: CalibrationConfig
) -> Outcome:
    """Return the outcome of each case by regressions that were fitted without the cases of its release.

    Where the model that gave the evidence had not seen the corpus of a case, neither has its regression: else the
    thresholds would hold only for those other corpora that the calibration happens to know.
    """
    first, unknown, new = np.zeros((3, len(features)))
    of_release = _fold(cases.group, config.folds)
    of_corpus = np.full(len(features), _NO_FOLD)
    other = np.flatnonzero(isin(cases.kind, _OTHER_CORPORA))
    of_corpus[other] = _fold(cases.part[other], config.folds)
    for release_fold, corpus_fold in np.unique(np.column_stack([of_release, of_corpus]), axis=0):
        own = np.flatnonzero((of_release == release_fold) & (of_corpus == corpus_fold))
        left_out = (of_release == release_fold) & (release_fold != _NO_FOLD)
        left_out |= (of_corpus == corpus_fold) & (corpus_fold != _NO_FOLD)
        others = np.flatnonzero(~left_out)
        weights = _weights(cases.of(others), found.of(others), features[others], share[others], config)
        held_out = outcome(weights, features[own], found.of(own), cases.names.labs)
        first[own], unknown[own], new[own] = held_out.first, held_out.unknown, held_out.new
    return Outcome(first, unknown, new)


def _fold(of: NDArray[Any], folds: int) -> Ints:
    """Return (S,) the fold of each case, by what is never on both sides of a split; of fewer than two there is none."""
    code = factorize(of.tolist())[1]
    different = int(code.max(initial=-1)) + 1
    fold = np.full(len(code), _NO_FOLD)
    if different > 1:
        for number, (_, own) in enumerate(GroupKFold(min(folds, different)).split(code, groups=code)):
            fold[own] = number
    return fold


def _weights(
    cases: CalibrationCases, found: Posterior, features: Floats, share: Floats, config: CalibrationConfig
) -> Weights:
    """Fit the weights that `outcome` takes; outcomes that the cases do not have get none."""
    first, lab = found.first()[0], cases.lab
    right = first == lab
    code = np.where(right, _OUTCOMES.index(FIRST), np.where(lab < 0, _OUTCOMES.index(UNKNOWN_LAB), 0))
    new = np.where(cases.known[right], 0, _RELEASES.index(NEW))
    labs = [cases.names.labs[i] for i in first]
    of_right = [name for name, own in zip(labs, right, strict=True) if own]
    return {
        **_logistic(features, code, share, labs, _OUTCOMES, config),
        **_logistic(features[right], new, share[right], of_right, _RELEASES, config),
    }


def _logistic(
    features: Floats, code: Ints, share: Floats, labs: Sequence[str], names: tuple[str, ...], config: CalibrationConfig
) -> dict[str, dict[str, float]]:
    """Fit a logistic regression on standardised features and the name of the first lab.

    The name has a Gaussian prior of little spread, so that a lab that was seldom first keeps to the mean of all.
    Returns the weights of CALIBRATION_FEATURES, the bias and the weights of labs of each class against class 0; none
    where only one class, or no case of class 0, occurs.
    """
    if len(np.unique(code)) < 2 or 0 not in code:
        return {}
    mean, deviation = features.mean(axis=0), features.std(axis=0) + config.ridge
    known = sorted(set(labs))
    own = config.lab_spread * (np.array(labs, object)[:, None] == np.array(known, object)).astype(float)
    regression = LogisticRegression(solver="newton-cholesky", max_iter=_REGRESSION_ITERATIONS)
    regression.fit(np.hstack([(features - mean) / deviation, own]), code, sample_weight=share / share.mean())
    # Of two classes scikit-learn keeps the logit of the second against the first.
    two = len(regression.classes_) == 2
    coef, bias = (np.concatenate([-v, v]) / 2 if two else v for v in (regression.coef_, regression.intercept_))
    coef, bias = coef - coef[0], bias - bias[0]
    width = len(CALIBRATION_FEATURES)
    weights = coef[:, :width] / deviation
    bias = bias - weights @ mean
    return {
        names[c]: {
            **dict(zip(CALIBRATION_FEATURES, weights[i].tolist(), strict=True)),
            "bias": float(bias[i]),
            **{f"{LAB}{lab}": config.lab_spread * float(v) for lab, v in zip(known, coef[i, width:], strict=True)},
        }
        for i, c in enumerate(regression.classes_)
        if c
    }


class _Fit:
    """The penalised log-loss of the posterior over some cases."""

    def __init__(self, cases: CalibrationCases, terms: Terms, config: CalibrationConfig):
        self._terms = terms.map(torch.from_numpy)
        self._lab, self._release = torch.from_numpy(cases.lab), torch.from_numpy(cases.known_release)
        self._config = config

    def minimum(self, start: Floats, weight: Floats) -> Floats:
        """Return the (50,) parameters at their best; weight: (S,) what each case counts."""
        begin, counts = torch.from_numpy(start), torch.from_numpy(weight)

        def loss(values: Floats) -> tuple[float, Floats]:
            parameters = torch.from_numpy(values.copy()).requires_grad_()
            out = (self._nats(parameters) * counts).sum() / counts.sum()
            out = out + self._config.ridge * (parameters - begin).pow(2).sum()
            out.backward()
            return float(out.detach()), parameters.grad.numpy().astype(float)

        options = {"maxiter": self._config.iterations}
        return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)

    def _nats(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return the (S,) losses."""
        lab, release, config = self._lab, self._release, self._config
        rows, known_lab, known_release = torch.arange(len(lab)), lab.clamp(min=0), release.clamp(min=0)
        found = logits(parameters, self._terms, torch)
        # Code -1 is the last column: the unknown lab.
        of_lab = torch.log_softmax(torch.hstack([found.labs, found.unknown]), dim=1)[rows, lab].clamp(
            min=config.least_lab
        )
        own = torch.where(release >= 0, found.known[rows, known_release], found.new[rows, known_lab])
        within = torch.where(lab >= 0, own - found.total[rows, known_lab], torch.zeros_like(own))
        return -(of_lab + config.release_weight * within.clamp(min=config.least_within))
