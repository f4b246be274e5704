"""Which probe to ask next, and when no other is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.plda import Floats
from fingerprint.model.probe_information import InformationGain, expected_gain

Kind = tuple[str, str]
"""Domain and language of a probe."""

# Looking at a verdict after every response gives chance many occasions: one look above the threshold is not enough.
FIRM_AFTER, FIRM_LOOKS = 3, 2
LEAST_NATS = 0.03
"""A probe that is expected to tell less than this would not change the verdict."""


class Choice:
    """Chooses by what `information` expects; without it every kind in turn."""

    def __init__(self, information: InformationGain | None):
        self._information = information
        self._gains: dict[Kind, NDArray[np.float32]] = {}

    def next(self, left: Sequence[Kind], asked: Counter[Kind], share: Floats) -> int:
        """The place in `left` of the most telling probe, the first of equals. share: (L,) of the model's labs, 0 for
        those that are not in question; asked: how many were answered of each kind."""
        kinds = list(dict.fromkeys(left))
        if self._information is None:
            return left.index(min(kinds, key=lambda kind: asked[kind]))
        new_share = self._information.new_share
        nats = {kind: expected_gain(share, self._gain(kind), new_share(asked[kind])) for kind in kinds}
        return left.index(max(kinds, key=nats.__getitem__))

    def left_to_learn(self, left: Sequence[Kind], asked: Counter[Kind], share: Floats) -> float:
        """Nats that any of `left` may still tell, where all that were answered are like it; infinite where nothing
        is known of that."""
        if self._information is None:
            return np.inf
        new = self._information.new_share(asked.total())
        return max((expected_gain(share, self._gain(kind), new) for kind in set(left)), default=0.0)

    def _gain(self, kind: Kind) -> NDArray[np.float32]:
        if kind not in self._gains:
            assert self._information is not None
            self._gains[kind] = self._information.of(*kind)
        return self._gains[kind]


def firm(attributed: Sequence[str | None], used: int) -> bool:
    """Whether a claim stands on `used` responses: `claimed` is what the verdict named after each further one, None
    where it named no lab."""
    last = attributed[-FIRM_LOOKS:]
    return used >= FIRM_AFTER and len(last) == FIRM_LOOKS and last[-1] is not None and len(set(last)) == 1
