"""How much a response to a kind of prompt is expected to separate the labs: measured once, used before asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, ProbingConfig
from fingerprint.model.plda import Floats, Ints

DOCUMENT = "probing"
"""The document of a model folder with the kinds of prompts."""

ARRAY = "probe_gain"
"""The array of a model folder with the information gain."""

# The name that corpora have for the kind of prompt of a probe, where it is another one.
_CORPUS_DOMAIN = {
    "everyday": "chat",
    "explanation": "chat",
    "advice": "chat",
    "opinion": "chat",
    "format": "chat",
    "reasoning": "math",
    "refusal-edge": "contested-speech",
    "tool-use": "tool-calls",
}
# Probabilities below this have no part in a sum, and sums below it no logarithm.
_TINY = 1e-12


@dataclass(frozen=True)
class InformationGain:
    """What responses to N kinds of prompts tell about L labs.

    Attributes:
        kinds: (N,) domain and language of each kind.
        labs: (L,) names.
        gain: (N, L, L), at [k, a, b] the expected LLR in nats of lab a against lab b of one response by lab a to such a
            prompt.
        correlation: Of the responses of one model, as in PLDA: further responses tell less.
    """

    kinds: tuple[tuple[str, str], ...]
    labs: tuple[str, ...]
    gain: NDArray[np.float32]
    correlation: float

    @classmethod
    def measure(
        cls, shares: Floats, lab: Ints, kind: Sequence[tuple[str, str]], labs: Sequence[str], config: Config
    ) -> InformationGain:
        """Measure the gain on held-out responses.

        A pair of labs of which one has no response of a kind gets the mean gain of the kind: without it, the absence
        of a lab would pass for its style.

        Args:
            shares: (n, L) probabilities of labs, by one response each.
            lab: (n,) code of the true lab.
            kind: (n,) domain and language of the prompt.
            labs: (L,) names.
            config: Of the model.
        """
        names = sorted(set(kind))
        code = np.array([names.index(k) for k in kind], np.int64)
        log = np.log(np.maximum(shares, config.probing.least_probability))
        gain = np.zeros((len(names), shares.shape[1], shares.shape[1]), np.float32)
        for k in range(len(names)):
            gain[k] = _gain(log[code == k], lab[code == k], config.probing)
        return cls(tuple(names), tuple(labs), gain, config.plda.correlation)

    def for_labs(self, labs: Sequence[str]) -> InformationGain:
        """Return the gain for other labs; a lab that was not measured gets the mean gain of each kind."""
        at = np.array([self.labs.index(lab) if lab in self.labs else -1 for lab in labs])
        both = (at[:, None] >= 0) & (at >= 0)
        pairs = ~np.eye(len(self.labs), dtype=bool)
        mean = self.gain[:, pairs].mean(axis=1) if pairs.any() else np.zeros(len(self.kinds))
        gain = np.where(both, self.gain[:, at[:, None], at], mean[:, None, None])
        gain[:, np.arange(len(at)), np.arange(len(at))] = 0.0
        return InformationGain(self.kinds, tuple(labs), gain.astype(np.float32), self.correlation)

    def of(self, domain: str, language: str) -> NDArray[np.float32]:
        """Return the (L, L) gain of a kind of prompt.

        A kind that was not measured gets the gain of a similar one in the same language, or else the mean over that
        language. A language that was not measured gets 0: style does not carry over to it.
        """
        for wanted in (domain, _CORPUS_DOMAIN.get(domain, domain)):
            if (wanted, language) in self._index:
                return np.asarray(self.gain[self._index[wanted, language]])
        same = [k for k, (_, other) in enumerate(self.kinds) if other == language]
        return np.asarray(self.gain[same].mean(axis=0)) if same else np.zeros_like(self.gain[0])

    def new_share(self, answered: int) -> float:
        """Return which share of a response's information is new after `answered` similar ones."""
        return effective_responses(answered + 1, self.correlation) - effective_responses(answered, self.correlation)

    def to_document(self) -> dict[str, Any]:
        """Return the kinds as JSON values, `probing.json` of a model folder."""
        return {"kinds": [list(kind) for kind in self.kinds]}

    @classmethod
    def from_parts(
        cls, document: Any, gain: NDArray[np.float16], labs: Sequence[str], correlation: float
    ) -> InformationGain:
        """Return what a model folder holds.

        Raises:
            KeyError, TypeError, ValueError: For a document that `to_document` did not write, or that does not fit.
        """
        kinds = tuple((str(domain), str(language)) for domain, language in document["kinds"])
        if len(kinds) != len(gain) or (gain < 0).any():
            raise ValueError(f"{DOCUMENT}.json does not fit {ARRAY}")
        return cls(kinds, tuple(labs), gain.astype(np.float32), correlation)

    @cached_property
    def _index(self) -> dict[tuple[str, str], int]:
        return {kind: k for k, kind in enumerate(self.kinds)}


def effective_responses(count: int, correlation: float) -> float:
    """Return how many independent responses `count` correlated ones are worth."""
    return count / (1 + correlation * (count - 1)) if count else 0.0


def expected_gain(share: Floats, gain: NDArray[np.float32], fraction: float) -> float:
    """Return the nats that a response is expected to tell about the lab.

    The mutual information of lab and response is estimated by the pairwise distances of the labs' distributions.

    Args:
        share: (L,) probabilities of the labs.
        gain: (L, L), as `InformationGain.of`.
        fraction: Which share of the gain is new.

    References:
        Kolchinsky, A. and Tracey, B. D. (2017). Estimating mixture entropy with pairwise distances. Entropy 19.
    """
    at = np.flatnonzero(share > _TINY)
    own = share[at] / share[at].sum()
    mixed = np.exp(-fraction * gain[np.ix_(at, at)]) @ own
    return float(-(own * np.log(np.maximum(mixed, _TINY))).sum())


def expected_claim_gain(share: Floats, claimed: int, gain: NDArray[np.float32], fraction: float) -> float:
    """Return the nats that a response is expected to tell about whether one lab is the right one.

    The other labs count as one: what tells them from each other says nothing about the claim.

    Args:
        share: (L,) probabilities of the labs.
        claimed: The index of the one lab.
        gain: (L, L), as `InformationGain.of`.
        fraction: Which share of the gain is new.
    """
    apart = np.zeros_like(gain)
    apart[claimed], apart[:, claimed] = gain[claimed], gain[:, claimed]
    return expected_gain(share, apart, fraction)


def _gain(log: Floats, lab: Ints, config: ProbingConfig) -> Floats:
    """Return the (L, L) gain of one kind; log: (n, L) log-probabilities; lab: (n,) true ones."""
    present, count = np.unique(lab, return_counts=True)
    apart = [log[lab == a][:, [a]] - log[lab == a] for a in present]
    others = [rows[:, present[present != a]] for a, rows in zip(present, apart, strict=True)]
    mean = float(np.concatenate([rows.ravel() for rows in others]).mean()) if len(present) > 1 else 0.0
    out = np.full((log.shape[1], log.shape[1]), mean)
    prior = config.prior_responses
    for a, rows, n in zip(present, apart, count, strict=True):
        out[a, present] = (rows[:, present].sum(axis=0) + prior * mean) / (n + prior)
    np.fill_diagonal(out, 0.0)
    return np.maximum(out, 0.0)
