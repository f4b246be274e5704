"""Which probe to ask next, and when no other one is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import ProbingConfig
from fingerprint.model.plda import Floats
from fingerprint.model.probe_information import InformationGain, expected_claim_gain, expected_gain

Kind = tuple[str, str]
"""Domain and language of a probe."""


@dataclass(frozen=True, slots=True)
class Left:
    """What may still be asked.

    Attributes:
        kinds: The kind of each probe of style that is left.
        answered: Answers of each kind so far.
        side: Whether a probe of side evidence comes next.
        worth: What each of these probes is worth: how much more than another of its kind an answer to it tells, for
            what it costs. Empty where nobody knows: then the first of a kind is asked first.
    """

    kinds: Sequence[Kind]
    answered: Counter[Kind]
    side: bool = False
    worth: Sequence[float] = ()


class Choice:
    """Chooses probes by their expected information gain; without a table of it, every kind in turn.

    Args:
        information: The model's table, None if it has none.
    """

    def __init__(self, information: InformationGain | None):
        self._information = information
        self._gains: dict[Kind, NDArray[np.float32]] = {}

    def next(self, left: Left, probabilities: Floats, claimed: int | None = None) -> int:
        """Choose a probe.

        Args:
            left: What may still be asked.
            probabilities: (L,) of the model's labs, 0 for those that are not candidates.
            claimed: The index of a lab, if the question is only whether it is this one.

        Returns:
            The index among the probes that are left of the one whose expected gain times its worth is the largest, the
            first of equals. Without a table: of the kind with the fewest answers so far.
        """
        kinds, answered = set(left.kinds), left.answered
        if self._information is None:
            value = {kind: 1 / (1 + answered[kind]) for kind in kinds}
        else:
            value = {
                kind: self._nats(self._information, kind, answered[kind], probabilities, claimed) for kind in kinds
            }
        worth = left.worth or [1.0] * len(left.kinds)
        return max(range(len(left.kinds)), key=lambda i: value[left.kinds[i]] * worth[i])

    def nats(self, kind: Kind, probabilities: Floats) -> float:
        """Return what a first answer to a kind of probe is expected to tell, in nats; 1 without a table."""
        return 1.0 if self._information is None else self._nats(self._information, kind, 0, probabilities, None)

    def left_to_learn(self, left: Left, probabilities: Floats) -> float:
        """Return the largest expected gain of a further probe, in nats.

        All answers so far count as correlated with it, whatever their kind. Infinite without a table.

        Args:
            left: What may still be asked.
            probabilities: (L,) of the model's labs.
        """
        if self._information is None:
            return np.inf
        information, new = self._information, self._information.new_share(left.answered.total())
        gains = (expected_gain(probabilities, self._gain(information, kind), new) for kind in set(left.kinds))
        return max(gains, default=0.0)

    def _nats(
        self, information: InformationGain, kind: Kind, answered: int, probabilities: Floats, claimed: int | None
    ) -> float:
        gain, new = self._gain(information, kind), information.new_share(answered)
        if claimed is None:
            return expected_gain(probabilities, gain, new)
        return expected_claim_gain(probabilities, claimed, gain, new)

    def _gain(self, information: InformationGain, kind: Kind) -> NDArray[np.float32]:
        if kind not in self._gains:
            self._gains[kind] = information.of(*kind)
        return self._gains[kind]


def firm(attributed: Sequence[str | None], used: int, config: ProbingConfig) -> bool:
    """Return whether an attribution is firm.

    One verdict above the threshold is not enough: a look after every response gives chance many occasions.

    Args:
        attributed: The lab that the verdict attributed the case to after each further response. None where it did not:
            for an abstention, and for `likely`, which only leans to a lab.
        used: Responses that the last verdict used.
        config: How many responses, and how many verdicts in a row that agree, it takes.
    """
    last = attributed[-config.verdict_looks :]
    enough = used >= config.verdict_after and len(last) == config.verdict_looks
    return enough and last[-1] is not None and len(set(last)) == 1
