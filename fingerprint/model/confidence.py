"""Recalibration: how often the first lab is the right one, and what the case was where it is not.

The posterior alone is too confident for some cases and not confident enough for others. Logistic regressions on the
calibration features correct this; they are fitted on held-out cases after the posterior's parameters. Labs whose style
others have learned are named wrongly more often than others: the name of the first lab is a feature too. One regression
has three outcomes (the first lab, another known lab, an unknown lab); one says, where the first lab is right, whether
the release is a new one. The other known labs keep their proportions, so that no ranking of known labs changes.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20 (calibration by logistic regression).
    Platt, J. (1999). Probabilistic outputs for support vector machines. In Advances in Large Margin Classifiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior

CALIBRATION_FEATURES = (
    "first",
    "second",
    "unknown",
    "entropy",
    "release",
    "lead",
    "responses",
    "domain_distance",
    "in_domain_llr",
    "log_probability",
    "margin",
    "agreement",
    "vote_lead",
    "lab_releases",
)
"""The names of the calibration features, in their order."""

LAB = "lab:"
"""What the weight of the first lab's own name begins with: "lab:anthropic"."""

FIRST, UNKNOWN_LAB, NEW = "first", "unknown", "new"
"""The outcomes that have weights: the first lab is right, the lab is unknown, the release is a new one."""

# Least distance of a probability from 0 and 1, so that its logit is finite; the square of it bounds sums.
_LEAST = 1e-6
# Nats beyond which a score difference or a logit says no more; exp(50) is far from overflow.
_FARTHEST = 50.0

Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Outcome:
    """Recalibrated probabilities of S cases.

    Attributes:
        first: (S,) that the first lab is right.
        unknown: (S,) that the lab is an unknown one.
        new: (S,) that the release is a new one, if the first lab is right.
    """

    first: Floats
    unknown: Floats
    new: Floats


def calibration_features(found: Posterior, evidence: Evidence, covariates: Floats) -> Floats:
    """Compute what the regressions read.

    Args:
        found: The posterior of S cases.
        evidence: On the same cases.
        covariates: (S, 7), as `Covariates.columns`.

    Returns:
        (S, 14), in the order of CALIBRATION_FEATURES.
    """
    labs = found.labs()
    first, top, second = _leaders(labs)
    rows = np.arange(len(labs))
    shares = np.hstack([labs, found.unknown[:, None]])
    own = found.lab == first[:, None]
    score, votes = evidence.release_score, evidence.votes
    best_own = score.max(axis=1, where=own, initial=-np.inf)
    best_other = score.max(axis=1, where=~own, initial=-np.inf)
    # For a lab without a known release, or without another lab, the lead has no bound.
    lead = np.where(np.isfinite(best_own) & np.isfinite(best_other), best_own - best_other, _FARTHEST)
    readings = (
        found.lab[evidence.known.argmax(axis=1)],
        found.lab[score.argmax(axis=1)],
        evidence.lab_score.argmax(axis=1),
        votes.argmax(axis=1),
    )
    best_vote = votes.max(axis=1, where=np.arange(votes.shape[1]) != first[:, None], initial=-np.inf)
    vote_lead = np.where(np.isfinite(best_vote), votes[rows, first] - best_vote, _FARTHEST)
    _, responses, domain_distance, in_domain_llr, _, log_probability, margin = covariates.T
    return np.column_stack(
        [
            _logit(top),
            _logit(second),
            _logit(found.unknown),
            -(shares * np.log(np.maximum(shares, _LEAST**2))).sum(axis=1),
            found.release.max(axis=1) / np.maximum(top, _LEAST),
            np.clip(lead, -_FARTHEST, _FARTHEST),
            responses,
            domain_distance,
            in_domain_llr,
            log_probability,
            margin,
            np.mean([reading == first for reading in readings], axis=0),
            np.clip(vote_lead, -_FARTHEST, _FARTHEST),
            np.log1p(np.bincount(found.lab, minlength=labs.shape[1])[first]),
        ]
    )


def outcome(weights: Weights, features: Floats, found: Posterior, labs: Sequence[str]) -> Outcome:
    """Apply the regressions.

    Args:
        weights: For FIRST and UNKNOWN_LAB the logits against another known lab, for NEW those against a known release:
            a weight for each of CALIBRATION_FEATURES, a "bias", and one for the name of the first lab where that was
            first often enough to tell. Where an outcome has none, the posterior stands.
        features: (S, 14), as `calibration_features`.
        found: The posterior of the S cases.
        labs: (L,) names of the labs.

    Returns:
        The recalibrated probabilities.
    """
    first, top, own_new = found.first()
    odds = {}
    for name, of in weights.items():
        own = np.array([of.get(f"{LAB}{lab}", 0.0) for lab in labs])[first]
        odds[name] = np.exp(np.clip(_linear(of, features) + own, -_FARTHEST, _FARTHEST))
    new = odds[NEW] / (1 + odds[NEW]) if NEW in odds else own_new
    if FIRST not in odds:
        return Outcome(top, found.unknown, new)
    if UNKNOWN_LAB not in odds:
        right = odds[FIRST] / (1 + odds[FIRST])
        return Outcome(right, (1 - right) * found.unknown / np.maximum(1 - top, _LEAST**2), new)
    total = 1 + odds[FIRST] + odds[UNKNOWN_LAB]
    return Outcome(odds[FIRST] / total, odds[UNKNOWN_LAB] / total, new)


def recalibrate(found: Posterior, outcome: Outcome) -> Posterior:
    """Replace the probabilities of the first lab, of the unknown lab and of a new release of the first lab.

    Args:
        found: The posterior of S cases.
        outcome: Of the same cases. The first lab gets more than its probability there if it needs that to stay first
            among the known labs.

    Returns:
        The recalibrated posterior; other known labs keep their proportions.
    """
    labs = found.labs()
    first, top, second = _leaders(labs)
    rows = np.arange(len(labs))
    # Sums of small numbers, not differences of large ones: these lose all digits.
    others = np.where(np.arange(labs.shape[1]) == first[:, None], 0.0, labs).sum(axis=1)
    # Where no other known lab has any share, the rest is the unknown lab's.
    alone = others < _LEAST**2
    ratio = np.where(alone, 0, second / np.maximum(others, _LEAST**2))
    unknown = np.where(alone, 1 - outcome.first, np.clip(outcome.unknown, 0, 1 - _LEAST))
    least = (1 + _LEAST) * ratio * (1 - unknown) / (1 + ratio)
    right = np.where(top > 0, np.clip(outcome.first, least, np.maximum(1 - unknown, least)), 0)
    unknown = np.where(alone | (top <= 0), 1 - right, unknown)
    rest = np.maximum(1 - right - unknown, 0)
    factor = np.tile((rest / np.maximum(others, np.finfo(float).tiny))[:, None], labs.shape[1])
    release, new = found.release * factor[:, found.lab], found.new * factor
    own = found.lab == first[:, None]
    known = np.where(own, found.release, 0.0).sum(axis=1)
    # A lab whose known releases have no share has only new ones.
    share = np.where(known > _LEAST**2, np.clip(outcome.new, _LEAST, 1 - _LEAST), 1)
    within = found.release * (right * (1 - share) / np.maximum(known, np.finfo(float).tiny))[:, None]
    release = np.where(own, within, release)
    new[rows, first] = right * share
    return replace(found, release=release, new=new, unknown=unknown)


def _linear(weights: Mapping[str, float], features: Floats) -> Floats:
    return np.asarray(features @ np.array([weights[name] for name in CALIBRATION_FEATURES]) + weights["bias"])


def _leaders(labs: Floats) -> tuple[Ints, Floats, Floats]:
    """Return (S,) each: the first lab of (S, L) probabilities, its probability, and that of the second."""
    first = labs.argmax(axis=1)
    second = np.where(np.arange(labs.shape[1]) == first[:, None], 0.0, labs).max(axis=1)
    return first, labs[np.arange(len(labs)), first], second


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log((share + _LEAST) / (1 - share + _LEAST)))
