"""How often the first lab is the right one: what the posterior alone is too sure or too unsure of.

A logistic regression on how the posterior looks (its shares, how many others are in play, whether one release
carries it, how far the release head prefers it to other labs), fitted on the held-out suspects after the posterior's
parameters: calibration by fusion of scores (Brummer & du Preez 2006). What it takes from the first lab goes to the
others and the unknown one in proportion, so that no ranking of known labs changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.verdict.evidence import Evidence
from fingerprint.verdict.hierarchy import Floats, Ints
from fingerprint.verdict.posterior import Posterior

SIGNS = ("first", "second", "unknown", "entropy", "release", "lead", "responses")
_LEAST = 1e-6
_FARTHEST = 50.0


def signs(found: Posterior, evidence: Evidence, count: Ints, allowed: NDArray[np.bool_] | None = None) -> Floats:
    """(S, len(SIGNS)) of S suspects, in the order of SIGNS; count: (S,) responses; allowed: (L,) labs in question."""
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
    return np.column_stack(
        [
            _logit(top),
            _logit(second),
            _logit(found.unknown),
            -(shares * np.log(np.maximum(shares, _LEAST**2))).sum(axis=1),
            found.release.max(axis=1) / np.maximum(top, _LEAST),
            np.clip(lead, -_FARTHEST, _FARTHEST),
            np.log(count),
        ]
    )


def confidence(weights: Mapping[str, float], seen: Floats) -> Floats:
    """(S,) probability that the first lab is right. weights: of each of SIGNS, and "bias"; seen: as `signs`."""
    logit = seen @ np.array([weights[name] for name in SIGNS]) + weights["bias"]
    return np.asarray(1 / (1 + np.exp(-logit)))


def settle(found: Posterior, sure: Floats) -> Posterior:
    """The posterior with `sure` (S,) as the first lab's share, or the least that keeps it first among known labs."""
    labs = found.labs()
    first, top, second = _leaders(labs)
    rest = np.maximum(1 - top, _LEAST**2)
    share = second / rest
    sure = np.clip(sure, share / (1 + share), 1 - _LEAST)
    factor = np.tile(((1 - sure) / rest)[:, None], labs.shape[1])
    # Where no known lab has any share, there is nothing to give or take.
    factor[np.arange(len(labs)), first] = sure / np.maximum(top, np.finfo(float).tiny)
    settled = found.release * factor[:, found.lab], found.new * factor, found.unknown * (1 - sure) / rest
    total = settled[0].sum(axis=1) + settled[1].sum(axis=1) + settled[2]
    release, new, unknown = (part.T / total for part in settled)
    return replace(found, release=release.T, new=new.T, unknown=unknown)


def _leaders(labs: Floats) -> tuple[Ints, Floats, Floats]:
    """(S,) each: the first lab of (S, L) shares, its share, and that of the second."""
    first = labs.argmax(axis=1)
    second = np.where(np.arange(labs.shape[1]) == first[:, None], 0.0, labs).max(axis=1)
    return first, labs[np.arange(len(labs)), first], second


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log((share + _LEAST) / (1 - share + _LEAST)))
