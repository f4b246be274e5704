"""What was learned on held-out cases: the parameters of the posterior, and for each expectation what follows from it.

A user expects something: a stealth model is probably new, an audited one is known. The expectation is a case mixture.
It decides how probable a lab is once it is first, and which kinds of cases the stated error rates hold in.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
    Geifman, Y. and El-Yaniv, R. (2017). Selective classification for deep neural networks. NeurIPS 2017 (a threshold
    on the confidence that holds an error rate).
    Neyman, J. and Pearson, E. S. (1933). On the problem of the most efficient tests of statistical hypotheses.
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer (conformal sets).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from fingerprint.config import CalibrationConfig
from fingerprint.errors import ModelError
from fingerprint.metrics import Level
from fingerprint.model.confidence import Weights, calibration_features, outcome, recalibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import PARAMETERS, Posterior, inverse_temperature, posterior

NEVER = 1.01
"""A threshold that no probability reaches."""

LEVELS = tuple(str(level) for level in Level)
"""What can be named, the coarsest first."""


class Expect(StrEnum):
    """What the user expects of the case; the fields of `ExpectationsConfig`, in their order."""

    ANY = "any"
    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True)
class Limits:
    """Limits on a probability, for stated rates.

    Attributes:
        rates: Ascending.
        limits: By number of responses, the limit for each of `rates`; never rises.
    """

    rates: tuple[float, ...]
    limits: Mapping[str, Sequence[float]]

    def limit(self, count: int, rate: float) -> float:
        """Return the limit for `count` responses at the largest rate that is not above `rate`; NEVER without one."""
        at = rate_index(self.rates, rate)
        return float(self.limits[nearest(self.limits, count)][at]) if at >= 0 and self.limits else NEVER


@dataclass(frozen=True)
class KindFigures:
    """What the thresholds did on the held-out cases of one kind and number of responses.

    Attributes:
        cases: How many there were.
        lab_error: Share whose first lab is wrong.
        coverage: For each of the rates, the share at or above the threshold.
        error: For each of the rates, the share of these whose first lab is wrong; 0 where there are none.
        listed: For each of the rates, the share below the threshold that gets a short list. Empty in a question about
            candidates, and in a model that was trained before there were such lists.
        list_error: For each of the rates, the share of these lists that lack the right lab; 0 where there are none.
    """

    cases: int
    lab_error: float
    coverage: Sequence[float]
    error: Sequence[float]
    listed: Sequence[float] = ()
    list_error: Sequence[float] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; without those of short lists where there are none."""
        lists = () if self.listed else ("listed", "list_error")
        return {name: value for name, value in vars(self).items() if name not in lists}

    def at(self, rates: Sequence[float], rate: float) -> tuple[float, float]:
        """Return coverage and error at the largest of `rates` that is not above `rate`; 0 without one."""
        i = rate_index(rates, rate)
        return (float(self.coverage[i]), float(self.error[i])) if i >= 0 else (0.0, 0.0)

    def lists_at(self, rates: Sequence[float], rate: float) -> tuple[float, float]:
        """Return the same of short lists."""
        i = rate_index(rates, rate)
        return (float(self.listed[i]), float(self.list_error[i])) if i >= 0 and self.listed else (0.0, 0.0)


@dataclass(frozen=True)
class DecisionLimits:
    """What probabilities have to reach in one kind of question.

    Attributes:
        thresholds: By level, on the probability of the first of it: from there on, at most a rate is wrong in each
            kind of case.
        new: On P(new release | first lab), by cases of known releases.
        known: On 1 - P(new release | first lab), by cases of new releases.
        unknown: On P(unknown lab), by cases of known labs. In a question about candidates: on P(none of these), by
            cases of candidates.
        distances: By number of responses, where the classes of the domain distance end.
        sets: By number of responses, for each class of the domain distance the probability that a lab needs to be in
            the set. In a question about candidates: the probability if it is one of them.
        figures: By number of responses and kind.
    """

    thresholds: Mapping[str, Limits]
    new: Limits
    known: Limits
    unknown: Limits
    distances: Mapping[str, Sequence[float]]
    sets: Mapping[str, Sequence[float]]
    figures: Mapping[str, Mapping[str, KindFigures]]

    def set_limit(self, count: int, distance: float) -> float:
        """Return the probability that a lab needs to be in the set."""
        size = nearest(self.sets, count)
        return float(self.sets[size][int(np.searchsorted(self.distances[size], distance))])

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "thresholds": {level: _plain(of) for level, of in self.thresholds.items()},
            "new": _plain(self.new),
            "known": _plain(self.known),
            "unknown": _plain(self.unknown),
            "distances": {size: list(values) for size, values in self.distances.items()},
            "sets": {size: list(values) for size, values in self.sets.items()},
            "figures": {size: {k: of.to_dict() for k, of in kinds.items()} for size, kinds in self.figures.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], rates: tuple[float, ...]) -> DecisionLimits:
        """Return what `to_dict` wrote."""
        return cls(
            thresholds={level: Limits(rates, dict(of)) for level, of in data["thresholds"].items()},
            new=Limits(rates, dict(data["new"])),
            known=Limits(rates, dict(data["known"])),
            unknown=Limits(rates, dict(data["unknown"])),
            distances=dict(data["distances"]),
            sets=dict(data["sets"]),
            figures={
                size: {kind: KindFigures(**of) for kind, of in kinds.items()} for size, kinds in data["figures"].items()
            },
        )


@dataclass(frozen=True)
class Expectation(DecisionLimits):
    """What was fitted to one case mixture; the limits are those of the question which of all labs it is.

    Attributes:
        confidence: The weights that `confidence.outcome` takes.
        candidates: By number of candidates, the limits of the question which of these it is, if any. Empty in a model
            that was trained before there was such a question.
        shortlist: On the probability of the labs on a short list together. Nothing reaches it in a model that was
            trained before there were such lists.
    """

    confidence: Weights
    candidates: Mapping[str, DecisionLimits]
    shortlist: Limits

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "confidence": {name: dict(of) for name, of in self.confidence.items()},
            **super().to_dict(),
            "shortlist": _plain(self.shortlist),
            "candidates": {number: of.to_dict() for number, of in self.candidates.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], rates: tuple[float, ...]) -> Expectation:
        """Return what `to_dict` wrote."""
        return cls(
            **vars(DecisionLimits.from_dict(data, rates)),
            confidence={name: dict(of) for name, of in data["confidence"].items()},
            candidates={n: DecisionLimits.from_dict(of, rates) for n, of in data.get("candidates", {}).items()},
            shortlist=Limits(rates, dict(data.get("shortlist", {}))),
        )


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration.

    Attributes:
        parameters: Of the posterior, by the names of `posterior.PARAMETERS`.
        expectations: What was fitted to each case mixture, by the names of `Expect`.
        domain_limits: By number of responses, the domain distance that cases of known corpora stay within.
        far_limits: By number of responses, the domain distance that cases of other corpora stay within.
        two_source_limits: By number of responses, the two-source LLR that cases of one model stay within.
        labs: (L,) names of the labs, in the order of their codes.
        config: What it was fitted with.
    """

    parameters: Mapping[str, float]
    expectations: Mapping[str, Expectation]
    domain_limits: Mapping[str, float]
    far_limits: Mapping[str, float]
    two_source_limits: Mapping[str, float]
    labs: Sequence[str]
    config: CalibrationConfig

    def values(self) -> Floats:
        """Return the (50,) parameters in their order."""
        return np.array([self.parameters[name] for name in PARAMETERS])

    def predict(
        self,
        evidence: Evidence,
        covariates: Covariates,
        lab: Ints,
        expect: Expect = Expect.ANY,
    ) -> Posterior:
        """Compute calibrated probabilities.

        Args:
            evidence: On S cases.
            covariates: Of the same cases.
            lab: (R,) code of the lab of each release.
            expect: The case mixture.

        Returns:
            The recalibrated posterior of the S cases.
        """
        columns = covariates.columns(evidence, self.config)
        found = posterior(self.values(), evidence, columns, lab)
        features = calibration_features(found, evidence, columns)
        return recalibrate(found, outcome(self.expectations[expect].confidence, features, found, self.labs))

    def inverse_temperature(self, evidence: Evidence, covariates: Covariates) -> Floats:
        """Return (S,) the factor on a log-likelihood between two labs."""
        return inverse_temperature(self.values(), covariates.columns(evidence, self.config))

    def threshold(self, count: int, rate: float, expect: Expect = Expect.ANY, level: str = Level.LAB) -> float:
        """Return the probability of the first of a level from which on at most `rate` is wrong in each kind."""
        return self.expectations[expect].thresholds[level].limit(count, rate)

    def limits(self, expect: Expect, candidates: int | None) -> DecisionLimits:
        """Return what the probabilities of a question have to reach.

        Args:
            expect: The case mixture.
            candidates: How many labs are in question: the largest calibrated number not above it applies. None where
                it is any lab.

        Raises:
            ModelError: For candidates, of a model that has no thresholds for them.
        """
        expectation = self.expectations[expect]
        if candidates is None:
            return expectation
        if not expectation.candidates:
            raise ModelError("this model has no thresholds for candidates; train it anew")
        return expectation.candidates[nearest(expectation.candidates, candidates)]

    def for_labs(self, labs: Sequence[str]) -> Calibration:
        """Return the calibration for labs that have other codes; a lab that it does not know gets no term."""
        return replace(self, labs=list(labs))

    def nearest(self, count: int) -> str:
        """Return the number of responses whose figures apply to `count`: the largest calibrated one not above it."""
        return nearest(self.domain_limits, count)

    def two_source_limit(self, count: int) -> float:
        """Return the limit; infinite where there are too few responses to separate two models."""
        return self.two_source_limits.get(self.nearest(count), np.inf)

    def domain_limit(self, count: int) -> float:
        """Return the domain distance that cases of known corpora stay within."""
        return self.domain_limits[self.nearest(count)]

    def far_limit(self, count: int) -> float:
        """Return the domain distance that cases of other corpora stay within; infinite where none was measured."""
        return self.far_limits[nearest(self.far_limits, count)] if self.far_limits else np.inf

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration without its config and labs as JSON values, `calibration.json` of a model folder."""
        return {
            "parameters": dict(self.parameters),
            "expectations": {name: of.to_dict() for name, of in self.expectations.items()},
            "domain_limits": dict(self.domain_limits),
            "far_limits": dict(self.far_limits),
            "two_source_limits": dict(self.two_source_limits),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], labs: Sequence[str], config: CalibrationConfig) -> Calibration:
        """Return the calibration that `to_dict` wrote.

        Args:
            data: The JSON values.
            labs: (L,) names of the labs, in the order of their codes.
            config: What it was fitted with, from the same model.

        Raises:
            KeyError: For a name that is missing.
            TypeError: For a value of a wrong type.
        """
        return cls(
            parameters=dict(data["parameters"]),
            expectations={n: Expectation.from_dict(of, config.rates) for n, of in data["expectations"].items()},
            domain_limits=dict(data["domain_limits"]),
            far_limits=dict(data["far_limits"]),
            two_source_limits=dict(data["two_source_limits"]),
            labs=list(labs),
            config=config,
        )


def rate_index(rates: Sequence[float], rate: float) -> int:
    """Return the number of the largest of ascending `rates` that is not above `rate`; -1 without one."""
    return bisect_right(rates, rate) - 1


def nearest(known: Iterable[str], count: int) -> str:
    """Return the largest of some numbers of responses that is not above `count`, or the least of them."""
    sizes = sorted(int(k) for k in known)
    return str(max([k for k in sizes if k <= count], default=sizes[0]))


def _plain(limits: Limits) -> dict[str, list[float]]:
    return {size: list(values) for size, values in limits.limits.items()}
