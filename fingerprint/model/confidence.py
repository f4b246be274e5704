"""How often the first lab is the right one, and what else it was where it is not: what the posterior alone is too
sure or too unsure of.

Logistic regressions on how the posterior looks (its shares, how many others are in play, whether one release carries
it, how far the release head prefers it to other labs) and on how well anything known explains the responses, fitted on
the held-out suspects after the posterior's parameters: calibration by fusion of scores (Brummer & du Preez 2006). One
of three outcomes: the first lab, another known lab, or an unknown one; and where it is the first lab, whether its
release is a new one. What other known labs share stays in proportion, so that no ranking of known labs changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior

CALIBRATION_FEATURES = (
    "first", "second", "unknown", "entropy", "release", "lead", "responses", "domain_distance", "in_domain_llr", "log_probability", "margin",
)  # fmt: skip
NEW = "new"
_LEAST = 1e-6
_FARTHEST = 50.0

Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Outcome:
    """Of S suspects, (S,) each: probability that the first lab is right, that the lab is an unknown one, and, were the
    first lab right, that the release is none of its known ones."""

    first: Floats
    unknown: Floats
    new: Floats


def calibration_features(
    found: Posterior, evidence: Evidence, covariates: Covariates, allowed: NDArray[np.bool_] | None = None
) -> Floats:
    """(S, len(SIGNS)) of S suspects, in the order of SIGNS; allowed: (L,) labs in question, None for all."""
    labs = found.labs()
    first, top, second = _leaders(labs)
    shares = np.hstack([labs, found.unknown[:, None]])
    own = found.lab == first[:, None]
    asked = np.ones(labs.shape[1], bool) if allowed is None else allowed
    score = np.where(asked[found.lab], evidence.release_score, -np.inf)
    best_own = score.max(axis=1, where=own, initial=-np.inf)
    best_other = score.max(axis=1, where=~own, initial=-np.inf)
    # A lab without a release, or no other lab in question: as far as can be told.
    lead = np.where(np.isfinite(best_own) & np.isfinite(best_other), best_own - best_other, _FARTHEST)
    _, responses, ground, familiarity, _, level, margin = covariates.columns(evidence).T
    return np.column_stack(
        [
            _logit(top),
            _logit(second),
            _logit(found.unknown),
            -(shares * np.log(np.maximum(shares, _LEAST**2))).sum(axis=1),
            found.release.max(axis=1) / np.maximum(top, _LEAST),
            np.clip(lead, -_FARTHEST, _FARTHEST),
            responses,
            ground,
            familiarity,
            level,
            margin,
        ]
    )


def outcome(weights: Weights, seen: Floats, found: Posterior) -> Outcome:
    """weights: by "first", "unknown" and NEW, of each of SIGNS and "bias", as logits against another known lab and
    against a known release; where there are none, the posterior's own word stands. seen: (S, len(SIGNS)) as `signs`."""
    _, top, own_new = found.first()
    odds = {name: np.exp(np.clip(_linear(of, seen), -_FARTHEST, _FARTHEST)) for name, of in weights.items()}
    new = odds[NEW] / (1 + odds[NEW]) if NEW in odds else own_new
    if "first" not in odds:
        return Outcome(top, found.unknown, new)
    if "unknown" not in odds:
        right = odds["first"] / (1 + odds["first"])
        return Outcome(right, (1 - right) * found.unknown / np.maximum(1 - top, _LEAST**2), new)
    total = 1 + odds["first"] + odds["unknown"]
    return Outcome(odds["first"] / total, odds["unknown"] / total, new)


def recalibrate(found: Posterior, sure: Outcome) -> Posterior:
    """The posterior with the shares of `sure`, the first lab's no less than what keeps it first among known labs."""
    labs = found.labs()
    first, top, second = _leaders(labs)
    rows = np.arange(len(labs))
    # Sums of what is small, not differences of what is large: these lose all digits.
    others = np.where(np.arange(labs.shape[1]) == first[:, None], 0.0, labs).sum(axis=1)
    # Where no other known lab has any share, what is not the first's is the unknown one's.
    alone = others < _LEAST**2
    ratio = np.where(alone, 0, second / np.maximum(others, _LEAST**2))
    unknown = np.where(alone, 1 - sure.first, np.clip(sure.unknown, 0, 1 - _LEAST))
    least = (1 + _LEAST) * ratio * (1 - unknown) / (1 + ratio)
    right = np.where(top > 0, np.clip(sure.first, least, np.maximum(1 - unknown, least)), 0)
    unknown = np.where(alone | (top <= 0), 1 - right, unknown)
    rest = np.maximum(1 - right - unknown, 0)
    factor = np.tile((rest / np.maximum(others, np.finfo(float).tiny))[:, None], labs.shape[1])
    release, new = found.release * factor[:, found.lab], found.new * factor
    own = found.lab == first[:, None]
    known = np.where(own, found.release, 0.0).sum(axis=1)
    # A lab without a known release in play has nothing but new ones.
    share = np.where(known > _LEAST**2, np.clip(sure.new, _LEAST, 1 - _LEAST), 1)
    within = found.release * (right * (1 - share) / np.maximum(known, np.finfo(float).tiny))[:, None]
    release = np.where(own, within, release)
    new[rows, first] = right * share
    return replace(found, release=release, new=new, unknown=unknown)


def _linear(weights: Mapping[str, float], seen: Floats) -> Floats:
    return np.asarray(seen @ np.array([weights[name] for name in CALIBRATION_FEATURES]) + weights["bias"])


def _leaders(labs: Floats) -> tuple[Ints, Floats, Floats]:
    """(S,) each: the first lab of (S, L) shares, its share, and that of the second."""
    first = labs.argmax(axis=1)
    second = np.where(np.arange(labs.shape[1]) == first[:, None], 0.0, labs).max(axis=1)
    return first, labs[np.arange(len(labs)), first], second


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log((share + _LEAST) / (1 - share + _LEAST)))
