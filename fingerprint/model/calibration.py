"""What was learned on suspects that the classifier never saw: the posterior's parameters and the claim thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.confidence import calibration_features, outcome, recalibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, Posterior, posterior

GRID = np.linspace(0, 1, 201)
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_FEWEST_CLAIMS = 20


@dataclass(frozen=True)
class Curve:
    """At each threshold of GRID on the first lab's probability: share claimed, and share of claims that is wrong."""

    coverage: list[float]
    error: list[float]
    lab_error: float
    cases: int

    @classmethod
    def of(cls, confidence: Floats, right: NDArray[np.bool_], weight: Floats) -> Curve:
        """confidence, right, weight: (S,) of held-out suspects; those of an unknown lab are never right."""
        coverage, error = [], []
        for threshold in GRID:
            attributed = confidence >= threshold
            mass = weight[attributed].sum()
            coverage.append(float(mass / weight.sum()))
            wrong = weight[attributed & ~right].sum()
            error.append(float(wrong / mass) if attributed.sum() >= _FEWEST_CLAIMS else 0.0)
        return cls(coverage, error, float(np.average(~right, weights=weight)), len(right))

    def threshold(self, rate: float) -> float:
        """The least threshold from which on no more than `rate` of claims is wrong; above 1 where there is none."""
        bad = [i for i, e in enumerate(self.error) if e > rate]
        if not bad:
            return float(GRID[0])
        return float(GRID[bad[-1] + 1]) if bad[-1] + 1 < len(GRID) else 1.01

    def at(self, threshold: float) -> tuple[float, float]:
        """(coverage, error) of claims at `threshold`."""
        i = min(int(np.searchsorted(GRID, threshold - 1e-9)), len(GRID) - 1)
        return self.coverage[i], self.error[i]


@dataclass(frozen=True)
class FalseAlarmLimits:
    """By number of responses, above what a share lies of no more than each of RATES of the suspects of which the alarm
    would be false (the threshold of a Neyman-Pearson test at that level)."""

    limits: dict[str, list[float]]

    @classmethod
    def of(cls, share: Floats, weight: Floats, count: Ints) -> FalseAlarmLimits:
        """share, weight, count: (S,) of held-out suspects of which the alarm is false."""
        out = {}
        for n in np.unique(count):
            at = np.flatnonzero(count == n)
            order = at[np.argsort(-share[at], kind="stable")]
            above = np.cumsum(weight[order]) / weight[order].sum()
            # The first that would make it more than the rate is the one to stay above.
            first = np.minimum(np.searchsorted(above, np.array(RATES), side="right"), len(order) - 1)
            out[str(n)] = [float(v) for v in share[order[first]]]
        return cls(out)

    def limit(self, count: int, rate: float) -> float:
        """What to exceed with `count` responses for at most `rate` false alarms; infinite below all of RATES."""
        allowed = [i for i, one in enumerate(RATES) if one <= rate]
        return self.limits[_nearest(self.limits, count)][allowed[-1]] if allowed and self.limits else np.inf


@dataclass(frozen=True)
class Calibration:
    """parameters: as posterior.PARAMETERS. confidence: as confidence.outcome takes it. curves: by number of responses,
    "all" over all of them.

    ground_limits: by number of responses, the distance from the training ground that held-out responses from that
    ground hardly ever exceed. farthest: how often the first lab was right beyond it, where nothing is surer.
    split_limits: by number of responses, what `Circumstances.split` of one model's responses hardly ever exceeds.
    unknown: of the unknown lab's share, false where the lab is known; new: of the new release's share in the first
    lab, false where that lab's known release wrote the responses.
    """

    parameters: dict[str, float]
    confidence: dict[str, dict[str, float]]
    curves: dict[str, Curve]
    domain_limits: dict[str, float]
    out_of_domain_accuracy: float
    two_source_limits: dict[str, float]
    unknown: FalseAlarmLimits
    new: FalseAlarmLimits

    def values(self) -> Floats:
        """(43,) parameters in their order."""
        return np.array([self.parameters[name] for name in PARAMETERS])

    def predict(
        self, evidence: Evidence, covariates: Covariates, lab: Ints, allowed: NDArray[np.bool_] | None = None
    ) -> Posterior:
        """Calibrated probabilities of S suspects; lab: (R,) the lab of each release; allowed: (L,) labs in question,
        None for all."""
        found = posterior(self.values(), evidence, covariates, lab, allowed)
        sure = outcome(self.confidence, calibration_features(found, evidence, covariates, allowed), found)
        off = out_of_domain(self.domain_limits, evidence, covariates)
        return recalibrate(
            found, replace(sure, first=np.where(off, np.minimum(sure.first, self.out_of_domain_accuracy), sure.first))
        )

    def nearest(self, count: int) -> str:
        """The number of responses, among those calibrated at, whose figures hold for `count`: the next below."""
        return _nearest([k for k in self.curves if k != "all"], count)

    def two_source_limit(self, count: int) -> float:
        """Infinite where there are too few responses to tell one model from two."""
        return self.two_source_limits.get(self.nearest(count), np.inf)

    def domain_limit(self, count: int) -> float:
        """Infinite where none was measured."""
        return _limit(self.domain_limits, count)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Raises KeyError or TypeError where `data` is not what `to_dict` wrote."""
        curves = {k: Curve(**v) for k, v in data["curves"].items()}
        return cls(
            dict(data["parameters"]),
            {name: dict(of) for name, of in data["confidence"].items()},
            curves,
            dict(data["domain_limits"]),
            float(data["out_of_domain_accuracy"]),
            dict(data["two_source_limits"]),
            FalseAlarmLimits(dict(data["unknown"]["limits"])),
            FalseAlarmLimits(dict(data["new"]["limits"])),
        )


def out_of_domain(limits: Mapping[str, float], evidence: Evidence, covariates: Covariates) -> NDArray[np.bool_]:
    """(S,) whether suspects lie beyond `Calibration.ground_limits`."""
    limit = {int(n): _limit(limits, int(n)) for n in np.unique(covariates.count)}
    return np.asarray(evidence.domain_distance > np.array([limit[int(n)] for n in covariates.count]))


def _limit(limits: Mapping[str, float], count: int) -> float:
    return limits[_nearest(limits, count)] if limits else np.inf


def _nearest(known: Iterable[str], count: int) -> str:
    sizes = sorted(int(k) for k in known)
    return str(max([k for k in sizes if k <= count], default=sizes[0]))
