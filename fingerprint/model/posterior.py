"""From evidence to calibrated probabilities of releases, new releases, labs and "none of these".

A nested logit (McFadden 1978): within a lab its known releases and its new one compete at one sharpness, and labs
compete by the logarithm of their sums at another, for releases of one lab resemble each other. Both sharpnesses,
the weight of the linear heads, and what speaks beforehand for a new release and an unknown lab depend on the
circumstances (calibration with side information: Brummer 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.covariates import COVARIATES, Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints

# Where the fit of each begins: its constant, and what it gains with the logarithm of the number of responses.
GROUPS = {
    # Sums over dimensions are far too sure of themselves; a fifth of them is a fair first guess.
    "scale": (-1.5, 0.0),
    "nest": (-0.5, 0.0),
    "release_classifier": (-1.0, 0.5),
    "lab_classifier": (-1.0, 0.5),
    "new": (0.0, 0.0),
    "unknown": (0.0, 0.0),
}
_WIDTH = len(COVARIATES)
PARAMETERS = (*(group + side for group in GROUPS for side in COVARIATES), "class_size_penalty")
START = np.array([*(value for begin in GROUPS.values() for value in (*begin, *[0.0] * (_WIDTH - 2))), 0.5])
_NEVER = 1e-280


@dataclass(frozen=True)
class Posterior:
    """Probabilities of S suspects: release (S, R), new (S, L), unknown (S,); each row of all three sums to 1."""

    release: Floats
    new: Floats
    unknown: Floats
    lab: Ints

    def of(self, at: NDArray[np.bool_] | Ints) -> Posterior:
        """Those of some suspects."""
        return Posterior(self.release[at], self.new[at], self.unknown[at], self.lab)

    def labs(self) -> Floats:
        """(S, L) a lab's known releases and its new one together."""
        out = self.new.copy()
        np.add.at(out.T, self.lab, self.release.T)
        return out

    def first(self) -> tuple[Ints, Floats, Floats]:
        """(S,) each: the first lab, its share, and what part of that falls on a new release of it."""
        labs = self.labs()
        first, rows = labs.argmax(axis=1), np.arange(len(labs))
        top = labs[rows, first]
        return first, top, self.new[rows, first] / np.maximum(top, np.finfo(float).tiny)


@dataclass(frozen=True)
class Terms:
    """What the parameters act on, as NumPy arrays or as tensors of PyTorch alike.

    known, release_score: (S, R); new, lab_score: (S, L); unknown: (S, 1), relative to the best known or new release;
    around: (S, 7) side information; siblings: (R,) logarithm of how many releases a lab has; member: (R, L).
    """

    known: Any
    release_score: Any
    new: Any
    lab_score: Any
    unknown: Any
    around: Any
    siblings: Any
    member: Any

    @classmethod
    def of(cls, evidence: Evidence, covariates: Covariates, lab: Ints) -> Terms:
        # Of both: what is far above the best known release would overflow.
        best = np.maximum(evidence.known.max(axis=1), evidence.new.max(axis=1))[:, None]
        member = np.zeros((len(lab), evidence.new.shape[1]))
        member[np.arange(len(lab)), lab] = 1
        return cls(
            evidence.known - best,
            evidence.release_score,
            evidence.new - best,
            evidence.lab_score,
            evidence.unknown[:, None] - best,
            covariates.columns(evidence),
            np.log(np.bincount(lab))[lab],
            member,
        )

    def map(self, change: Any) -> Terms:
        return Terms(*(change(getattr(self, field.name)) for field in fields(self)))


def log_shares(parameters: Any, terms: Terms, xp: Any) -> tuple[Any, Any, Any, Any]:
    """Of NumPy or PyTorch (xp): logits (S, L) of the labs and (S, 1) of the unknown one, and within each lab the
    log-shares (S, R) of its known releases and (S, L) of its new one."""
    around = terms.around
    of = {group: around @ parameters[_WIDTH * i : _WIDTH * (i + 1)] for i, group in enumerate(GROUPS)}
    scale, nest, release_head, lab_head = (xp.exp(of[g])[:, None] for g in list(GROUPS)[:4])
    known = scale * terms.known + release_head * terms.release_score - parameters[-1] * terms.siblings
    new = scale * terms.new + of["new"][:, None]
    unknown = scale * terms.unknown + of["unknown"][:, None]
    total = xp.log(xp.exp(known) @ terms.member + xp.exp(new) + _NEVER)
    labs = nest * total + lab_head * terms.lab_score
    return labs, nest * unknown, known - total @ terms.member.T, new - total


def posterior(
    parameters: Floats,
    evidence: Evidence,
    covariates: Covariates,
    lab: Ints,
    allowed: NDArray[np.bool_] | None = None,
) -> Posterior:
    """lab: (R,) the lab of each release; allowed: (L,) labs in question, None for all."""
    labs, unknown, within_known, within_new = log_shares(parameters, Terms.of(evidence, covariates, lab), np)
    if allowed is not None:
        labs = np.where(allowed, labs, -np.inf)
    logits = np.hstack([labs, unknown])
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return Posterior(share[:, lab] * np.exp(within_known), share[:, :-1] * np.exp(within_new), share[:, -1], lab)


def inverse_temperature(parameters: Floats, evidence: Evidence, covariates: Covariates) -> Floats:
    """(S, 1) how much of a log-likelihood counts between two labs."""
    around = covariates.columns(evidence)
    return np.asarray(np.exp(around @ (parameters[:_WIDTH] + parameters[_WIDTH : 2 * _WIDTH]))[:, None])
