"""From log-likelihoods to calibrated probabilities of releases, new releases, labs and "none of these"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.verdict.evidence import Evidence
from fingerprint.verdict.hierarchy import Floats, Ints

PARAMETERS = (
    "scale",
    "scale_by_responses",
    "scale_by_ground",
    "crowd",
    "new",
    "new_by_responses",
    "new_by_ground",
    "unknown",
    "unknown_by_responses",
    "unknown_by_ground",
)
# Sums over dimensions are far too sure of themselves; a tenth is where the fit begins.
START = np.array([-1.5, 0.0, -0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
_GROUND = (np.log(0.5), np.log(50.0))


@dataclass(frozen=True)
class Posterior:
    """Probabilities of S suspects: release (S, R), new (S, L), unknown (S,); each row of all three sums to 1."""

    release: Floats
    new: Floats
    unknown: Floats
    lab: Ints

    def labs(self) -> Floats:
        """(S, L) a lab's known releases and its new one together."""
        out = self.new.copy()
        np.add.at(out.T, self.lab, self.release.T)
        return out


def posterior(
    parameters: Floats,
    evidence: Evidence,
    count: Ints,
    lab: Ints,
    allowed: NDArray[np.bool_] | None = None,
) -> Posterior:
    """Tempered evidence with calibrated priors (after Brummer 2010, with n and ground as side information).

    count: (S,) responses of each suspect; lab: (R,); allowed: (L,) labs in question, None for all.
    """
    crowd, new, new_n, new_g, unknown, unknown_n, unknown_g = parameters[3:]
    n, ground = _circumstances(evidence, count)
    scale = temper(parameters, evidence, count)
    siblings = np.log(np.bincount(lab))
    best = evidence.known.max(axis=1, keepdims=True)
    known_logit = scale * (evidence.known - best) - crowd * siblings[lab]
    new_logit = scale * (evidence.new - best) + new + new_n * n + new_g * ground
    none_logit = scale * (evidence.unknown[:, None] - best) + unknown + unknown_n * n + unknown_g * ground
    if allowed is not None:
        known_logit = np.where(allowed[lab], known_logit, -np.inf)
        new_logit = np.where(allowed, new_logit, -np.inf)
    logits = np.hstack([known_logit, new_logit, none_logit])
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    releases, labs = known_logit.shape[1], new_logit.shape[1]
    return Posterior(weight[:, :releases], weight[:, releases : releases + labs], weight[:, -1], lab)


def temper(parameters: Floats, evidence: Evidence, count: Ints) -> Floats:
    """(S, 1) how much of a log-likelihood counts, by number of responses and distance from the training ground."""
    n, ground = _circumstances(evidence, count)
    return np.asarray(np.exp(parameters[0] + parameters[1] * n + parameters[2] * ground))


def _circumstances(evidence: Evidence, count: Ints) -> tuple[Floats, Floats]:
    return np.log(count)[:, None], np.clip(np.log(evidence.ground), *_GROUND)[:, None]
