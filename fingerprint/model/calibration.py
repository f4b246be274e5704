"""What was learned on held-out cases: the parameters of the posterior, its recalibration, and the thresholds.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
    Geifman, Y. and El-Yaniv, R. (2017). Selective classification for deep neural networks. NeurIPS 2017 (a threshold
    on the confidence that holds an error rate).
    Neyman, J. and Pearson, E. S. (1933). On the problem of the most efficient tests of statistical hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import CalibrationConfig
from fingerprint.model.confidence import calibration_features, outcome, recalibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, Posterior, inverse_temperature, posterior

GRID = np.linspace(0, 1, 201)
"""The thresholds of a curve. The step of 0.005 is the standard error of a rate of 5 % on 2,000 cases."""

NEVER = 1.01
"""A threshold that no probability reaches."""

ALL = "all"
"""The curve over all numbers of responses, from which the threshold comes."""


@dataclass(frozen=True)
class Curve:
    """Coverage and error of attributions at each threshold of GRID, on held-out cases.

    Attributes:
        coverage: (201,) share of the cases that are attributed.
        error: (201,) share of these attributions that are wrong; 0 where too few are made to state it.
        lab_error: Share of all cases whose first lab is wrong.
        cases: Number of cases.
    """

    coverage: list[float]
    error: list[float]
    lab_error: float
    cases: int

    @classmethod
    def of(cls, confidence: Floats, right: NDArray[np.bool_], weight: Floats, least: int) -> Curve:
        """Measure the curve.

        Args:
            confidence: (S,) probability of the first lab.
            right: (S,) whether the first lab is right; never for an unknown lab.
            weight: (S,) what each case counts.
            least: Attributions that it takes to state their error.
        """
        coverage, error = [], []
        for threshold in GRID:
            attributed = confidence >= threshold
            mass = weight[attributed].sum()
            coverage.append(float(mass / weight.sum()))
            wrong = weight[attributed & ~right].sum()
            error.append(float(wrong / mass) if attributed.sum() >= least else 0.0)
        return cls(coverage, error, float(np.average(~right, weights=weight)), len(right))

    def threshold(self, rate: float) -> float:
        """Return the least threshold from which on at most `rate` of the attributions is wrong, or NEVER."""
        bad = [i for i, error in enumerate(self.error) if error > rate]
        if not bad:
            return float(GRID[0])
        return float(GRID[bad[-1] + 1]) if bad[-1] + 1 < len(GRID) else NEVER

    def at(self, threshold: float) -> tuple[float, float]:
        """Return (coverage, error) of attributions at a threshold."""
        # The tolerance keeps a threshold of the grid in its own place.
        i = min(int(np.searchsorted(GRID, threshold - 1e-9)), len(GRID) - 1)
        return self.coverage[i], self.error[i]


@dataclass(frozen=True)
class FalseAlarmLimits:
    """Limits on a probability that at most a stated share of cases exceeds, where exceeding it is a false alarm.

    Attributes:
        rates: The shares, ascending.
        limits: By number of responses, the limit for each of `rates`.

    References:
        Neyman & Pearson (1933).
    """

    rates: tuple[float, ...]
    limits: dict[str, list[float]]

    @classmethod
    def of(cls, probability: Floats, weight: Floats, count: Ints, rates: Sequence[float]) -> FalseAlarmLimits:
        """Measure the limits on (S,) held-out cases for which the alarm is false."""
        limits = {}
        for n in np.unique(count):
            at = np.flatnonzero(count == n)
            order = at[np.argsort(-probability[at], kind="stable")]
            above = np.cumsum(weight[order]) / weight[order].sum()
            # The first case that would make it more than the rate is the one to stay above.
            first = np.minimum(np.searchsorted(above, np.array(rates), side="right"), len(order) - 1)
            limits[str(n)] = [float(v) for v in probability[order[first]]]
        return cls(tuple(rates), limits)

    def limit(self, count: int, rate: float) -> float:
        """Return what `count` responses must exceed for at most `rate` false alarms; infinite below all rates."""
        allowed = [i for i, one in enumerate(self.rates) if one <= rate]
        return self.limits[_nearest(self.limits, count)][allowed[-1]] if allowed and self.limits else np.inf


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration.

    Attributes:
        parameters: Of the posterior, by the names of `posterior.PARAMETERS`.
        confidence: The weights that `confidence.outcome` takes.
        curves: By number of responses, and ALL over all of them.
        domain_limits: By number of responses, the domain distance that in-domain cases of known releases stay within.
        out_of_domain_accuracy: How often the first lab was right beyond that limit; no probability there is higher.
        two_source_limits: By number of responses, the two-source LLR that cases of one model stay within.
        unknown: Limits on P(unknown lab) by cases of known labs.
        new: Limits on P(new release | first lab) by cases of known releases.
        config: What it was fitted with.
    """

    parameters: dict[str, float]
    confidence: dict[str, dict[str, float]]
    curves: dict[str, Curve]
    domain_limits: dict[str, float]
    out_of_domain_accuracy: float
    two_source_limits: dict[str, float]
    unknown: FalseAlarmLimits
    new: FalseAlarmLimits
    config: CalibrationConfig

    def values(self) -> Floats:
        """Return the (43,) parameters in their order."""
        return np.array([self.parameters[name] for name in PARAMETERS])

    def predict(
        self, evidence: Evidence, covariates: Covariates, lab: Ints, allowed: NDArray[np.bool_] | None = None
    ) -> Posterior:
        """Compute calibrated probabilities.

        Args:
            evidence: On S cases.
            covariates: Of the same cases.
            lab: (R,) code of the lab of each release.
            allowed: (L,) candidate labs; None for all.

        Returns:
            The recalibrated posterior of the S cases.
        """
        columns = covariates.columns(evidence, self.config)
        found = posterior(self.values(), evidence, columns, lab, allowed)
        fitted = outcome(self.confidence, calibration_features(found, evidence, columns, allowed), found)
        off = out_of_domain(self.domain_limits, evidence, covariates)
        first = np.where(off, np.minimum(fitted.first, self.out_of_domain_accuracy), fitted.first)
        return recalibrate(found, replace(fitted, first=first))

    def inverse_temperature(self, evidence: Evidence, covariates: Covariates) -> Floats:
        """Return (S,) the factor on a log-likelihood between two labs."""
        return inverse_temperature(self.values(), covariates.columns(evidence, self.config))

    def threshold(self, rate: float) -> float:
        """Return the threshold on P(first lab) from which on at most `rate` of the attributions is wrong."""
        return self.curves[ALL].threshold(rate)

    def nearest(self, count: int) -> str:
        """Return the number of responses whose figures apply to `count`: the largest calibrated one not above it."""
        return _nearest([k for k in self.curves if k != ALL], count)

    def two_source_limit(self, count: int) -> float:
        """Return the limit; infinite where there are too few responses to separate two models."""
        return self.two_source_limits.get(self.nearest(count), np.inf)

    def domain_limit(self, count: int) -> float:
        """Return the limit; infinite where none was measured."""
        return _limit(self.domain_limits, count)

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration without its config as JSON values, `calibration.json` of a model folder."""
        return {
            "parameters": dict(self.parameters),
            "confidence": {name: dict(of) for name, of in self.confidence.items()},
            "curves": {n: {**vars(curve)} for n, curve in self.curves.items()},
            "domain_limits": dict(self.domain_limits),
            "out_of_domain_accuracy": self.out_of_domain_accuracy,
            "two_source_limits": dict(self.two_source_limits),
            "unknown": {"limits": dict(self.unknown.limits)},
            "new": {"limits": dict(self.new.limits)},
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], config: CalibrationConfig) -> Calibration:
        """Return the calibration that `to_dict` wrote.

        Args:
            data: The JSON values.
            config: What it was fitted with, from the same model.

        Raises:
            KeyError: For a name that is missing.
            TypeError: For a value of a wrong type.
        """
        return cls(
            parameters=dict(data["parameters"]),
            confidence={name: dict(of) for name, of in data["confidence"].items()},
            curves={n: Curve(**curve) for n, curve in data["curves"].items()},
            domain_limits=dict(data["domain_limits"]),
            out_of_domain_accuracy=float(data["out_of_domain_accuracy"]),
            two_source_limits=dict(data["two_source_limits"]),
            unknown=FalseAlarmLimits(config.rates, dict(data["unknown"]["limits"])),
            new=FalseAlarmLimits(config.rates, dict(data["new"]["limits"])),
            config=config,
        )


def out_of_domain(limits: Mapping[str, float], evidence: Evidence, covariates: Covariates) -> NDArray[np.bool_]:
    """Return (S,) whether the domain distance of cases is beyond `Calibration.domain_limits`."""
    limit = {int(n): _limit(limits, int(n)) for n in np.unique(covariates.count)}
    return np.asarray(evidence.domain_distance > np.array([limit[int(n)] for n in covariates.count]))


def _limit(limits: Mapping[str, float], count: int) -> float:
    return limits[_nearest(limits, count)] if limits else np.inf


def _nearest(known: Iterable[str], count: int) -> str:
    sizes = sorted(int(k) for k in known)
    return str(max([k for k in sizes if k <= count], default=sizes[0]))
