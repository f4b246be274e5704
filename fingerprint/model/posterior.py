"""From evidence to the probabilities of known releases, new releases and an unknown lab: a nested logit.

Within a lab, its known releases and its new one compete at one inverse temperature. Labs compete by the logarithm of
their sums at another one, because releases of one lab resemble each other. Both inverse temperatures, the weights of
the linear classifiers and of the votes, and the constants of a new release and of an unknown lab depend on the
covariates.

References:
    McFadden, D. (1978). Modelling the choice of residential location. In Spatial Interaction Theory and Planning
    Models (the nested logit).
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20 (calibration and fusion by logistic regression).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.covariates import COVARIATES
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints

GROUPS = {
    # Sums over dimensions are far too confident; exp(-1.5), a fifth of them, is a fair first guess.
    "scale": (-1.5, 0.0),
    "nest": (-0.5, 0.0),
    "release_classifier": (-1.0, 0.5),
    "lab_classifier": (-1.0, 0.5),
    "votes": (-1.0, 0.5),
    "new": (0.0, 0.0),
    "unknown": (0.0, 0.0),
}
"""The groups of parameters, and where the fit of each starts: its constant, and its slope by log responses."""

_WIDTH = len(COVARIATES)
PARAMETERS = (*(group + covariate for group in GROUPS for covariate in COVARIATES), "class_size_penalty")
"""The names of the parameters, in their order."""

START = np.array([*(value for begin in GROUPS.values() for value in (*begin, *[0.0] * (_WIDTH - 2))), 0.5])
"""(50,) where the fit of the parameters starts."""

# A lab whose scores all underflow has this in place of 0, of which there is no logarithm.
_TINY = 1e-280


@dataclass(frozen=True)
class Posterior:
    """Probabilities of S cases; each row of `release`, `new` and `unknown` together sums to 1.

    Attributes:
        release: (S, R) of each known release.
        new: (S, L) of a new release of each lab.
        unknown: (S,) of an unknown lab.
        lab: (R,) code of the lab of each release.
    """

    release: Floats
    new: Floats
    unknown: Floats
    lab: Ints

    def of(self, at: NDArray[np.bool_] | Ints) -> Posterior:
        """Return the probabilities of some of the cases."""
        return Posterior(self.release[at], self.new[at], self.unknown[at], self.lab)

    def labs(self) -> Floats:
        """Return the (S, L) probabilities of labs: the sums over known releases and the new one."""
        return np.asarray(self.new + self.release @ np.eye(self.new.shape[1])[self.lab])

    def families(self, family: Ints) -> Floats:
        """Return the (S, F) probabilities of families: the sums over known releases; family: (R,) codes from 0."""
        return np.asarray(self.release @ np.eye(int(family.max()) + 1)[family])

    def first(self) -> tuple[Ints, Floats, Floats]:
        """Return (S,) each: the first lab, its probability, and what part of this falls on a new release."""
        labs = self.labs()
        first, rows = labs.argmax(axis=1), np.arange(len(labs))
        top = labs[rows, first]
        return first, top, self.new[rows, first] / np.maximum(top, np.finfo(float).tiny)


@dataclass(frozen=True)
class Terms:
    """What the parameters act on, as NumPy arrays or as PyTorch tensors.

    Attributes:
        known: (S, R) log-likelihoods, relative to the best known or new release.
        release_score: (S, R).
        new: (S, L) log-likelihoods, likewise.
        lab_score: (S, L).
        votes: (S, L).
        unknown: (S, 1) log-likelihoods, likewise.
        covariates: (S, 7), as `Covariates.columns`.
        class_size: (R,) logarithm of the number of releases of the release's lab.
        member: (R, L) 1 where a release is of a lab.
    """

    known: Any
    release_score: Any
    new: Any
    lab_score: Any
    votes: Any
    unknown: Any
    covariates: Any
    class_size: Any
    member: Any

    @classmethod
    def of(cls, evidence: Evidence, covariates: Floats, lab: Ints) -> Terms:
        """Return the terms of S cases, as NumPy arrays; covariates: (S, 7); lab: (R,)."""
        # Relative to the best of both: a new release far above the best known one would overflow.
        best = np.maximum(evidence.known.max(axis=1), evidence.new.max(axis=1))[:, None]
        return cls(
            known=evidence.known - best,
            release_score=evidence.release_score,
            new=evidence.new - best,
            lab_score=evidence.lab_score,
            votes=evidence.votes,
            unknown=evidence.unknown[:, None] - best,
            covariates=covariates,
            class_size=np.log(np.bincount(lab)[lab]),
            member=np.eye(evidence.new.shape[1])[lab],
        )

    def map(self, change: Any) -> Terms:
        """Return the terms with `change` applied to each array."""
        return Terms(*(change(getattr(self, field.name)) for field in fields(self)))


@dataclass(frozen=True)
class Logits:
    """What the nested logit gives S cases, as NumPy arrays or as PyTorch tensors.

    Attributes:
        labs: (S, L) of the labs.
        unknown: (S, 1) of the unknown lab.
        known: (S, R) of the known releases, to compare within a lab.
        new: (S, L) of the new release of each lab, likewise.
        total: (S, L) the logarithm of the sum of both over a lab.
    """

    labs: Any
    unknown: Any
    known: Any
    new: Any
    total: Any


def logits(parameters: Any, terms: Terms, xp: Any) -> Logits:
    """Compute the nested logit with NumPy or PyTorch.

    Args:
        parameters: (50,) in the order of PARAMETERS.
        terms: Of S cases.
        xp: The module, `numpy` or `torch`.

    Returns:
        The logits of the S cases.

    References:
        McFadden (1978).
    """
    of = {group: terms.covariates @ parameters[_WIDTH * i : _WIDTH * (i + 1)] for i, group in enumerate(GROUPS)}
    scale, nest, release_weight, lab_weight, vote_weight = (xp.exp(of[group])[:, None] for group in list(GROUPS)[:5])
    known = scale * terms.known + release_weight * terms.release_score - parameters[-1] * terms.class_size
    new = scale * terms.new + of["new"][:, None]
    unknown = scale * terms.unknown + of["unknown"][:, None]
    total = xp.log(xp.exp(known) @ terms.member + xp.exp(new) + _TINY)
    labs = nest * total + lab_weight * terms.lab_score + vote_weight * terms.votes
    return Logits(labs, nest * unknown, known, new, total)


def posterior(parameters: Floats, evidence: Evidence, covariates: Floats, lab: Ints) -> Posterior:
    """Combine the evidence into probabilities.

    Args:
        parameters: (50,) in the order of PARAMETERS.
        evidence: On S cases.
        covariates: (S, 7), as `Covariates.columns`.
        lab: (R,) code of the lab of each release.

    Returns:
        The probabilities before recalibration.
    """
    found = logits(parameters, Terms.of(evidence, covariates, lab), np)
    both = np.hstack([found.labs, found.unknown])
    share = np.exp(both - both.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    within_known, within_new = np.exp(found.known - found.total[:, lab]), np.exp(found.new - found.total)
    return Posterior(share[:, lab] * within_known, share[:, :-1] * within_new, share[:, -1], lab)


def inverse_temperature(parameters: Floats, covariates: Floats) -> Floats:
    """Return (S,) the factor on a log-likelihood between two labs; covariates: (S, 7)."""
    return np.asarray(np.exp(covariates @ (parameters[:_WIDTH] + parameters[_WIDTH : 2 * _WIDTH])))
