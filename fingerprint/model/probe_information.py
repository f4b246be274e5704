"""How much a response to a kind of prompt is expected to tell the labs apart: learned once, used before asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.likelihood import CORRELATION
from fingerprint.model.plda import Floats, Ints

DOCUMENT = "probing"
ARRAY = "probe_gain"
# What the corpora call the kind of prompt that a probe is of, where they call it otherwise.
_LIKE = {
    "everyday": "chat",
    "explanation": "chat",
    "advice": "chat",
    "opinion": "chat",
    "format": "chat",
    "reasoning": "math",
    "refusal-edge": "contested-speech",
}
_LEAST = 1e-4
# So many responses' worth of what is usual for the kind stands behind what is measured for one lab.
_PULL = 10.0
_NEVER = 1e-12


@dataclass(frozen=True)
class InformationGain:
    """Of K kinds of prompts, (domain, language) each, over L labs. gain: (K, L, L), at [k, a, b] how many nats one
    response to such a prompt by lab a is expected to speak for a and against b."""

    kinds: tuple[tuple[str, str], ...]
    labs: tuple[str, ...]
    gain: NDArray[np.float32]

    @classmethod
    def measure(
        cls, shares: Floats, lab: Ints, kind: Sequence[tuple[str, str]], labs: Sequence[str]
    ) -> InformationGain:
        """shares: (n, L) labs' probabilities given single responses that the model had not seen; lab: (n,) true ones.

        A pair of labs of which one has no response of a kind is taken to be as far apart as others are there: where
        a lab was never seen, its absence would pass for its style.
        """
        names = sorted(set(kind))
        code = np.array([names.index(k) for k in kind], np.int64)
        log = np.log(np.maximum(shares, _LEAST))
        gain = np.zeros((len(names), shares.shape[1], shares.shape[1]), np.float32)
        for k in range(len(names)):
            gain[k] = _gain(log[code == k], lab[code == k])
        return cls(tuple(names), tuple(labs), gain)

    def for_labs(self, labs: Sequence[str]) -> InformationGain:
        """The same over other labs; those that it lacks are as far from the others as is usual for each kind."""
        at = np.array([self.labs.index(lab) if lab in self.labs else -1 for lab in labs])
        both = (at[:, None] >= 0) & (at >= 0)
        pairs = ~np.eye(len(self.labs), dtype=bool)
        usual = self.gain[:, pairs].mean(axis=1) if pairs.any() else np.zeros(len(self.kinds))
        gain = np.where(both, self.gain[:, at[:, None], at], usual[:, None, None])
        gain[:, np.arange(len(at)), np.arange(len(at))] = 0.0
        return InformationGain(self.kinds, tuple(labs), gain.astype(np.float32))

    def of(self, domain: str, language: str) -> NDArray[np.float32]:
        """(L, L) for a kind of prompt: its own, else of prompts like it in that language, else of all in that language.

        Nothing where no corpus has the language: style does not carry over to it.
        """
        for wanted in (domain, _LIKE.get(domain, domain)):
            if (wanted, language) in self._at:
                return np.asarray(self.gain[self._at[wanted, language]])
        same = [k for k, (_, other) in enumerate(self.kinds) if other == language]
        return np.asarray(self.gain[same].mean(axis=0)) if same else np.zeros_like(self.gain[0])

    def new_share(self, answered: int) -> float:
        """How much of a response's information is new after `answered` others like it: they are correlated."""
        return _effective(answered + 1) - _effective(answered)

    def to_document(self) -> dict[str, Any]:
        return {"kinds": [list(kind) for kind in self.kinds]}

    @classmethod
    def from_parts(cls, document: Any, gain: NDArray[np.float16], labs: Sequence[str]) -> InformationGain:
        """Raises KeyError, TypeError or ValueError where these are not what `to_document` and `gain` were."""
        kinds = tuple((str(domain), str(language)) for domain, language in document["kinds"])
        if len(kinds) != len(gain) or (gain < 0).any():
            raise ValueError(f"{DOCUMENT}.json does not fit {ARRAY}")
        return cls(kinds, tuple(labs), gain.astype(np.float32))

    @cached_property
    def _at(self) -> dict[tuple[str, str], int]:
        return {kind: k for k, kind in enumerate(self.kinds)}


def expected_gain(share: Floats, gain: NDArray[np.float32], fraction: float) -> float:
    """Nats that a probe is expected to tell of the lab: of `gain` (L, L), the fraction that is still new.

    share: (L,) of the labs in question. The mutual information of lab and response is bounded by what mixtures of
    distributions that lie `gain` apart have (Kolchinsky & Tracey 2017, "Estimating mixture entropy with pairwise
    distances").
    """
    at = np.flatnonzero(share > _NEVER)
    own = share[at] / share[at].sum()
    mixed = np.exp(-fraction * gain[np.ix_(at, at)]) @ own
    return float(-(own * np.log(np.maximum(mixed, _NEVER))).sum())


def _effective(count: int) -> float:
    return count / (1 + CORRELATION * (count - 1)) if count else 0.0


def _gain(log: Floats, lab: Ints) -> Floats:
    present, count = np.unique(lab, return_counts=True)
    apart = [log[lab == a][:, [a]] - log[lab == a] for a in present]
    others = [rows[:, present[present != a]] for a, rows in zip(present, apart, strict=True)]
    usual = float(np.concatenate([rows.ravel() for rows in others]).mean()) if len(present) > 1 else 0.0
    out = np.full((log.shape[1], log.shape[1]), usual)
    for a, rows, n in zip(present, apart, count, strict=True):
        out[a, present] = (rows[:, present].sum(axis=0) + _PULL * usual) / (n + _PULL)
    np.fill_diagonal(out, 0.0)
    return np.maximum(out, 0.0)
