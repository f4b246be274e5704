"""The aim of a session that asks who wrote the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.config import ProbingConfig
from fingerprint.data.probes import Probe
from fingerprint.data.response import Case, Response
from fingerprint.model.plda import Floats
from fingerprint.model.verdict import CombinedShare, LabShare, Verdict
from fingerprint.probing.choice import Choice, Left, firm
from fingerprint.probing.side import SideChoice


@dataclass(frozen=True, slots=True)
class Identifier:
    """What is taken from the model.

    Attributes:
        identify: Returns the verdict on a case.
        choice: Chooses probes.
        candidates: The model's labs in its order, and whether each is a candidate.
        side: Chooses probes of side evidence; None to ask none.
        config: When to stop.
    """

    identify: Callable[[Case], Verdict]
    choice: Choice
    candidates: Mapping[str, bool]
    side: SideChoice | None
    config: ProbingConfig


class Identification:
    """Identifies until the verdict is firm, or no other probe would change it.

    Only attributions make a verdict firm. `likely` leans to a lab and is wrong more often, so the session goes on as
    after an abstention: with the probes that tell this lab from the others.

    Args:
        identifier: What is taken from the model.
    """

    def __init__(self, identifier: Identifier):
        self._identifier = identifier
        self._verdict: Verdict | None = None
        self._attributed: list[str | None] = []
        self._used = 0

    def choose_side(self, left: Sequence[Probe], answered: Sequence[Response]) -> int | None:
        """Return the index of the next probe of side evidence among those that are left; None if none is needed."""
        side = self._identifier.side
        return None if side is None else side.next(left, answered)

    def see(self, case: Case) -> Verdict:
        """Return the verdict on all answers so far."""
        verdict = self._identifier.identify(case)
        # An answer for side evidence adds no further look at the style.
        if verdict.n_used > self._used:
            self._used = verdict.n_used
            self._attributed.append(verdict.labs[0].lab if verdict.verdict.is_attribution else None)
        self._verdict = verdict
        return verdict

    def enough(self, left: Left) -> str:
        """Return why nothing more needs to be asked; empty if something does."""
        config, choice = self._identifier.config, self._identifier.choice
        if firm(self._attributed, self._used, config):
            return "the verdict is firm"
        if left.kinds and not left.side and self._used >= config.verdict_after and self._verdict:
            nats = choice.left_to_learn(left, self._shares(self._verdict.labs))
            if nats < config.least_nats:
                most = f"{max(nats, 0.0):.3f} nats"
                return f"no other probe would change the verdict (one is expected to give at most {most})"
        return ""

    def choose(self, left: Left) -> int:
        """Return the index of the next probe of style among those that are left."""
        return self._identifier.choice.next(left, self._probabilities())

    def _probabilities(self) -> Floats:
        """(L,) of the labs, by style and side evidence."""
        verdict = self._verdict
        if verdict is None:
            return np.array([float(candidate) for candidate in self._identifier.candidates.values()])
        return self._shares(verdict.combined.labs if verdict.combined else verdict.labs)

    def _shares(self, rows: Sequence[LabShare | CombinedShare]) -> Floats:
        share = {row.lab: row.probability for row in rows}
        return np.array([share.get(lab, 0.0) for lab in self._identifier.candidates])
