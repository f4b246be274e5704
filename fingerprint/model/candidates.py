"""A question about a few candidate labs: none of these stays among the answers.

The posterior is over all labs. Its prior is exchanged (Saerens et al. 2002): before the responses were read, the
candidates together have a stated share, alike, and all other labs and the unknown one have the rest in their
proportions. Nothing is left out, so a case of another lab is still recognised as one.

References:
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori
    probabilities: a simple procedure. Neural Computation 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import CalibrationConfig
from fingerprint.model.plda import Floats
from fingerprint.model.posterior import Posterior


@dataclass(frozen=True)
class CandidatePrior:
    """What is taken for granted before the responses are read.

    Attributes:
        candidates: Probability of all candidates together.
        unknown: Share of unknown labs in the case mixture; the known labs have the rest of it, alike.
    """

    candidates: float
    unknown: float

    @classmethod
    def of(cls, config: CalibrationConfig, expect: str) -> CandidatePrior:
        """Return the prior under an expectation."""
        return cls(config.candidate_prior, config.mixture(expect)["unknown"])

    def odds(self, allowed: NDArray[np.bool_]) -> Floats:
        """Return (S,) by how much the odds of the candidates rise with the exchange of the prior.

        Args:
            allowed: (S, L) whether a lab is a candidate.
        """
        before = (1 - self.unknown) * allowed.mean(axis=1)
        # With every lab a candidate, and none unknown, there is nothing beside the candidates.
        inside = np.where(before < 1, self.candidates * (1 - before), before)
        outside = np.where(before < 1, (1 - self.candidates) * before, before)
        return np.asarray(inside / outside)


def with_candidates(found: Posterior, allowed: NDArray[np.bool_], prior: CandidatePrior) -> Posterior:
    """Exchange the prior for that of a question about candidates.

    Args:
        found: The recalibrated posterior of S cases.
        allowed: (S, L) whether a lab is a candidate; at least one is.
        prior: The prior of the question.

    Returns:
        The posterior over all labs.

    References:
        Saerens, Latinne & Decaestecker (2002).
    """
    factor = np.where(allowed, prior.odds(allowed)[:, None], 1.0)
    total = (found.labs() * factor).sum(axis=1) + found.unknown
    factor /= total[:, None]
    return Posterior(found.release * factor[:, found.lab], found.new * factor, found.unknown / total, found.lab)


def among(found: Posterior, allowed: NDArray[np.bool_]) -> Posterior:
    """Put everything that is no candidate together.

    Args:
        found: The posterior of S cases over all labs.
        allowed: (L,) whether a lab is a candidate, or (S, L) of each case.

    Returns:
        The posterior of the candidates. Its `unknown` is the probability of "none of these".
    """
    release, new = np.where(allowed[..., found.lab], found.release, 0.0), np.where(allowed, found.new, 0.0)
    rest = np.where(allowed, 0.0, found.labs()).sum(axis=1) + found.unknown
    return Posterior(release, new, rest, found.lab)
