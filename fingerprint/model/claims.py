"""Verification: whether the claimed model wrote a case, as a calibrated log-likelihood ratio.

A claim names a release, a family or line (a set of releases) or a lab (its known releases and any new one). A logistic
regression on held-out trials weighs what the evidence says about the claim against everybody else. In-domain and
out-of-domain cases have regressions and limits of their own: what tells two releases apart in a known domain tells
little in another one.

References:
    Brümmer, N. and Du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20 (calibration of likelihood ratios by logistic regression).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.metrics import Level
from fingerprint.model.calibration import nearest, rate_index
from fingerprint.model.covariates import COVARIATES
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior

DOCUMENT = "claims"
"""The document of a model folder that holds a `ClaimCalibration`."""

FEATURES = ("share", "lab_share", "within", "lead", "score_lead", "vote_lead", "new", "unknown")
"""What the evidence says about a claim; `claim_features` defines them."""

BY = ("", "_by_responses", "_by_domain_distance", "_by_in_domain_llr", "_by_log_probability")
"""The covariates that each feature is multiplied by, as endings of its name; the first is constant."""

COLUMNS = (*(feature + by for feature in FEATURES for by in BY), *(by.removeprefix("_by_") for by in BY[1:]))
"""The names of the columns of `claim_columns`, in their order."""

IN_DOMAIN, OUT_OF_DOMAIN = "in_domain", "out_of_domain"

TARGET = "target"
"""The kind of trials whose claim is true."""

NEVER = 100.0
"""A limit that no log-likelihood ratio reaches, and its negative one that none falls below."""

# Beyond these a feature, or a log-likelihood ratio, says no more.
_FARTHEST = 30.0
_LEAST = 1e-12


class Impostor(StrEnum):
    """Who wrote the case of a false claim, from the claimed one's point of view."""

    VARIANT = "variant"
    SIBLING = "sibling"
    SAME_LAB = "same lab"
    CLOSEST = "closest other lab"
    OTHER_LAB = "other lab"
    UNKNOWN_LAB = "unknown lab"


PROMISED = frozenset(set(Impostor) - {Impostor.CLOSEST})
"""The impostor kinds in which the false-accept rate holds. Whoever claims what looked most alike has chosen by the very
responses that are to confirm it; what happens then is measured, not promised."""


@dataclass(frozen=True)
class Claims:
    """S claims, one about each of S cases.

    Attributes:
        level: What all of them name.
        member: (S, R) the known releases that each covers.
        lab: (S,) code of the lab of each.
    """

    level: Level
    member: NDArray[np.bool_]
    lab: Ints


def claim_columns(claims: Claims, found: Posterior, evidence: Evidence, covariates: Floats) -> Floats:
    """Compute what the regressions read.

    The features are, in nats: the log-odds of the claim; those of its lab; those of the claim within its lab; by how
    much its best release leads every other one, in the posterior and by the release classifier; by how much its lab
    leads in the votes; and how much better its best release explains the case than a new one of the lab, and than an
    unknown lab.

    Args:
        claims: About S cases.
        found: The posterior of the cases before recalibration.
        evidence: On the cases.
        covariates: (S, 7), as `Covariates.columns`.

    Returns:
        (S, 44), in the order of COLUMNS.
    """
    rows, member = np.arange(len(claims.lab)), claims.member
    labs = found.labs()
    of_lab = labs[rows, claims.lab]
    of_claim = np.where(member, found.release, 0.0).sum(axis=1)
    if claims.level is Level.LAB:
        of_claim = of_lab
    known = np.where(member, evidence.known, -np.inf).max(axis=1)
    logs = np.log(found.release + _LEAST)
    others = np.arange(labs.shape[1]) != claims.lab[:, None]
    features = np.column_stack(
        [
            _log_odds(of_claim),
            _log_odds(of_lab),
            _log_odds(of_claim / np.maximum(of_lab, _LEAST)),
            _lead(logs, member),
            _lead(evidence.release_score, member),
            evidence.votes[rows, claims.lab] - np.where(others, evidence.votes, -np.inf).max(axis=1),
            known - evidence.new[rows, claims.lab],
            known - evidence.unknown,
        ]
    )
    features = np.clip(features, -_FARTHEST, _FARTHEST)
    by = covariates[:, [COVARIATES.index(name) for name in BY]]
    return np.hstack([(features[:, :, None] * by[:, None, :]).reshape(len(features), -1), by[:, 1:]])


def _lead(values: Floats, member: NDArray[np.bool_]) -> Floats:
    """(S,) by how much the best of the (S, R) values of members exceeds the best of the others."""
    return np.where(member, values, -np.inf).max(axis=1) - np.where(member, -np.inf, values).max(
        axis=1, initial=-_FARTHEST
    )


def _log_odds(share: Floats) -> Floats:
    inside = np.clip(share, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


@dataclass(frozen=True)
class TrialFigures:
    """What the limits did on held-out trials of one kind, at the default rates.

    Attributes:
        trials: How many there were.
        consistent: Share of the verdict `consistent`.
        inconsistent: Share of the verdict `inconsistent`.
        eer: The equal error rate against the target trials of the same table; None for these themselves.
    """

    trials: int
    consistent: float
    inconsistent: float
    eer: float | None


@dataclass(frozen=True)
class ClaimTable:
    """What was fitted to the trials of one level, in-domain or out-of-domain.

    Attributes:
        weights: Of COLUMNS, and "bias": they make a log-likelihood ratio in nats.
        bound: The largest log-likelihood ratio that so many trials can bear out.
        accept: By number of responses, for each rate the log-likelihood ratio that at most that share of the trials of
            each impostor kind reaches; never rises.
        reject: By number of responses, for each rate the log-likelihood ratio that at most that share of target trials
            falls below; never falls.
        figures: By number of responses and kind: "target", or an impostor kind.
    """

    weights: Mapping[str, float]
    bound: float
    accept: Mapping[str, Sequence[float]]
    reject: Mapping[str, Sequence[float]]
    figures: Mapping[str, Mapping[str, TrialFigures]]

    def log_likelihood_ratios(self, columns: Floats) -> Floats:
        """Return (S,) in nats for (S, 44) `claim_columns`; 0 where nothing was learned.

        References:
            Vergeer, P. et al. (2016). Numerical likelihood ratios outputted by LR systems are often based on
            extrapolation. Science & Justice 56 (the bound).
        """
        if not self.weights:
            return np.zeros(len(columns))
        llr = columns @ np.array([self.weights[name] for name in COLUMNS]) + self.weights["bias"]
        return np.clip(llr, -self.bound, self.bound)

    def limits(
        self, rates: Sequence[float], count: int, false_alarms: float, false_accepts: float
    ) -> tuple[float, float]:
        """Return the log-likelihood ratios from which on, and below which, there is a verdict.

        Where targets and impostors are so far apart that one threshold holds both rates, it is the one nearest to 0.

        Args:
            rates: Of the limits, ascending.
            count: Responses of the case.
            false_alarms: The share of true claims that may be called inconsistent.
            false_accepts: The share of false claims, of each impostor kind, that may be called consistent.

        Returns:
            What `consistent` needs at least, and below what the verdict is `inconsistent`.
        """
        accept = _limit(self.accept, rates, count, false_accepts, NEVER)
        reject = _limit(self.reject, rates, count, false_alarms, -NEVER)
        if accept <= reject:
            accept = reject = min(max(0.0, accept), reject)
        return accept, reject


def _limit(
    limits: Mapping[str, Sequence[float]], rates: Sequence[float], count: int, rate: float, none: float
) -> float:
    at = rate_index(rates, rate)
    return float(limits[nearest(limits, count)][at]) if limits and at >= 0 else none


@dataclass(frozen=True)
class ClaimCalibration:
    """What was fitted to held-out trials.

    Attributes:
        rates: The rates that limits are kept for, ascending.
        tables: By level, and by IN_DOMAIN or OUT_OF_DOMAIN.
    """

    rates: tuple[float, ...]
    tables: Mapping[str, Mapping[str, ClaimTable]]

    def table(self, level: Level, in_domain: bool) -> ClaimTable:
        """Return what applies to claims of a level about a case that is in-domain or not."""
        return self.tables[level][IN_DOMAIN if in_domain else OUT_OF_DOMAIN]

    def to_document(self) -> dict[str, Any]:
        """Return JSON values, `claims.json` of a model folder."""
        return {
            level: {
                domain: {
                    "weights": dict(table.weights),
                    "bound": table.bound,
                    "accept": {size: list(values) for size, values in table.accept.items()},
                    "reject": {size: list(values) for size, values in table.reject.items()},
                    "figures": {
                        size: {kind: asdict(of) for kind, of in kinds.items()} for size, kinds in table.figures.items()
                    },
                }
                for domain, table in tables.items()
            }
            for level, tables in self.tables.items()
        }

    @classmethod
    def from_document(cls, data: Mapping[str, Any], rates: tuple[float, ...]) -> ClaimCalibration:
        """Return what `to_document` wrote; rates: of the same model's config."""
        return cls(
            rates,
            {
                level: {
                    domain: ClaimTable(
                        weights=dict(of["weights"]),
                        bound=of["bound"],
                        accept=dict(of["accept"]),
                        reject=dict(of["reject"]),
                        figures={
                            size: {kind: TrialFigures(**values) for kind, values in kinds.items()}
                            for size, kinds in of["figures"].items()
                        },
                    )
                    for domain, of in tables.items()
                }
                for level, tables in data.items()
            },
        )
