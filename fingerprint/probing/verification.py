"""The aim of a session that asks whether the claimed model wrote the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from fingerprint.data.probes import Probe
from fingerprint.data.response import Case, Response
from fingerprint.model.claim_sequence import ClaimSequence
from fingerprint.model.plda import Floats
from fingerprint.probing.choice import Choice, Left


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is taken from the model.

    Attributes:
        see: Returns what all responses so far say about the claim.
        lab_probabilities: Returns (L,) the probabilities of the labs on what was seen last, as `identify` gives them:
            they say which labs the claimed one has to be told from.
        choice: Chooses probes.
        labs: The model's labs in its order.
    """

    see: Callable[[Case], ClaimSequence]
    lab_probabilities: Callable[[], Floats]
    choice: Choice
    labs: Sequence[str]


class Verification:
    """Verifies a claim until it is settled. Only style counts.

    Args:
        verifier: What is taken from the model.
        lab: The key of the claimed lab, or of the lab of the claimed release.
    """

    def __init__(self, verifier: Verifier, lab: str):
        self._verifier, self._lab = verifier, list(verifier.labs).index(lab)
        self._found: ClaimSequence | None = None

    def choose_side(self, left: Sequence[Probe], answered: Sequence[Response]) -> int | None:
        """Return None: no evidence but style counts."""
        return None

    def see(self, case: Case) -> ClaimSequence:
        """Return what all answers so far say about the claim."""
        self._found = self._verifier.see(case)
        return self._found

    def enough(self, left: Left) -> str:
        """Return why nothing more needs to be asked; empty if something does."""
        if self._found is None:
            return ""
        if self._found.settled:
            return "the claim is settled"
        if self._found.exhausted:
            return f"the last look, after {self._found.looks[-1]} responses, did not settle the claim"
        return ""

    def choose(self, left: Left) -> int:
        """Return the index of the next probe of style among those that are left."""
        return self._verifier.choice.next(left, self._probabilities(), self._lab)

    def _probabilities(self) -> Floats:
        """(L,) of the labs: that of the claim by its likelihood ratio, those of the others as `identify` ranks them."""
        share, claim = np.ones(len(self._verifier.labs)), 0.5
        if self._found is not None:
            share = self._verifier.lab_probabilities()
            claim = 1 / (1 + exp(-self._found.verdict.log_likelihood_ratio))
        share[self._lab] = 0.0
        share *= (1 - claim) / max(share.sum(), np.finfo(float).tiny)
        share[self._lab] = claim
        return share
