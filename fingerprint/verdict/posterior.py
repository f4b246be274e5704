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
    "scale_by_familiarity",
    "crowd",
    "new",
    "new_by_responses",
    "new_by_ground",
    "new_by_familiarity",
    "unknown",
    "unknown_by_responses",
    "unknown_by_ground",
    "unknown_by_familiarity",
)
# Sums over dimensions are far too sure of themselves; a tenth is where the fit begins.
START = np.array([-1.5, 0.0, -0.5, 0.0, 0.5, *(0.0,) * 8])
_GROUND = (np.log(0.05), np.log(50.0))


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
    crowd = parameters[4]
    around = _circumstances(evidence, count)
    scale = temper(parameters, evidence, count)
    siblings = np.log(np.bincount(lab))
    best = evidence.known.max(axis=1, keepdims=True)
    known_logit = scale * (evidence.known - best) - crowd * siblings[lab]
    new_logit = scale * (evidence.new - best) + (around @ parameters[5:9])[:, None]
    none_logit = scale * (evidence.unknown[:, None] - best) + (around @ parameters[9:13])[:, None]
    if allowed is not None:
        known_logit = np.where(allowed[lab], known_logit, -np.inf)
        new_logit = np.where(allowed, new_logit, -np.inf)
    logits = np.hstack([known_logit, new_logit, none_logit])
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    releases, labs = known_logit.shape[1], new_logit.shape[1]
    return Posterior(weight[:, :releases], weight[:, releases : releases + labs], weight[:, -1], lab)


def temper(parameters: Floats, evidence: Evidence, count: Ints) -> Floats:
    """(S, 1) how much of a log-likelihood counts: by number of responses, ground and familiarity."""
    return np.asarray(np.exp(_circumstances(evidence, count) @ parameters[:4])[:, None])


def _circumstances(evidence: Evidence, count: Ints) -> Floats:
    """(S, 4) one, and the logarithms of the number of responses, of the ground and of the familiarity."""
    ground = np.clip(np.log(evidence.ground), *_GROUND)
    return np.column_stack([np.ones(len(count)), np.log(count), ground, np.log1p(np.maximum(evidence.familiar, 0))])
