"""What was learned on held-out pairs of cases: the weights of their LLR, and the limits that hold two error rates.

A pair of one release is a target trial, a pair of two releases an impostor trial. A false alarm calls a target trial
different. A false accept calls an impostor trial the same. Impostors are of several kinds, because a sibling of a
release is far harder to tell from it than a model of another lab.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20 (the logit of a logistic regression as a calibrated LLR).
    Vergeer, P. et al. (2016). Numerical likelihood ratios outputted by LR systems are often based on extrapolation:
    when to stop extrapolating? Science & Justice 56.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from fingerprint.model.calibration import nearest, rate_index
from fingerprint.model.pairs import SHARED_FEATURES
from fingerprint.model.plda import Floats

DOCUMENT = "pairs"
"""The name of its document in a model folder."""

BIAS = "bias"
"""The name of the constant among the weights."""


class PairKind(StrEnum):
    """What the two releases of a pair have to do with each other."""

    TARGET = "target"
    ACROSS = "target-across"
    VARIANT = "variant"
    SIBLING = "sibling"
    LAB = "lab"
    OTHER = "other"
    UNKNOWN = "unknown"


TARGETS = (PairKind.TARGET, PairKind.ACROSS)
"""One release on both sides: in one corpus, and in two."""

IMPOSTORS = (PairKind.SIBLING, PairKind.LAB, PairKind.OTHER, PairKind.UNKNOWN)
"""Two releases: of one family, of one lab, of two labs, of two labs one of which the model does not know.

A variant is none of these: a dated snapshot, an effort setting or a quantisation of the same release. It is measured,
but no rate holds in it, and the LLR is not fitted to it.
"""


class PairDomain(StrEnum):
    """Whether both cases of a pair are in-domain."""

    IN = "in"
    OUT = "out"


class PairVerdict(StrEnum):
    """The three verdicts on a pair."""

    SAME = "same"
    DIFFERENT = "different"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class PairLimits:
    """The limits on the LLR of pairs of one size and domain, for each rate that is kept; None where none can be told.

    Attributes:
        same: From here on the verdict is `same`: at most the rate of the impostor trials of each kind reaches it. At
            least 0, and never rises with the rate.
        different: Below this it is `different`: at most the rate of the target trials is there. At most 0, and never
            falls with the rate.
    """

    same: Sequence[float | None]
    different: Sequence[float | None]


@dataclass(frozen=True)
class PairFigures:
    """What was measured on held-out pairs of one size, domain and kind.

    Attributes:
        pairs: How many there were.
        cells: How many of them are independent: different releases, or another corpus.
        eer: For a kind of impostor trials, the equal error rate against the target trials; None for the others, and
            without target trials.
        same: For each rate of false accepts, the share that is called `same`.
        different: For each rate of false alarms, the share that is called `different`.
    """

    pairs: int
    cells: int
    eer: float | None
    same: Sequence[float]
    different: Sequence[float]


@dataclass(frozen=True)
class PairCalibration:
    """A fitted calibration of pairs.

    Attributes:
        weights: Of the LLR, by the names of `pairs.FEATURES`, and the bias; of pairs that share their prompts, by those
            of `pairs.SHARED_FEATURES`.
        least: The LLR below which held-out pairs cannot tell any more (negative).
        most: The LLR above which they cannot.
        limits: By number of responses on the smaller side, and by domain.
        figures: The same, and by kind.
        rates: At which limits are kept, ascending.
        shared: The same for pairs that share their prompts; None where it was not learned, and in itself.
    """

    weights: Mapping[str, float]
    least: float
    most: float
    limits: Mapping[str, Mapping[str, PairLimits]]
    figures: Mapping[str, Mapping[str, Mapping[str, PairFigures]]]
    rates: tuple[float, ...]
    shared: PairCalibration | None = None

    def score(self, features: Floats) -> Floats:
        """Return (P,) LLRs in nats of (P, F) features, as the regression extrapolates them."""
        weights = [self.weights[name] for name in SHARED_FEATURES if name in self.weights]
        return np.asarray(features @ np.array(weights) + self.weights[BIAS])

    def llr(self, score: float) -> float:
        """Return the LLR in nats, cut where there were too few held-out pairs to tell more.

        References:
            Vergeer et al. (2016) for the reason. The bound is the logarithm of the number of independent pairs plus
            one: with N of them, nobody can see an event that is rarer than one in N.
        """
        return min(max(score, self.least), self.most)

    def nearest(self, count: int) -> str:
        """Return the number of responses whose limits apply to a pair with `count` on its smaller side."""
        return nearest(self.limits, count)

    def verdict(self, score: float, limits: PairLimits, false_alarms: float, false_accepts: float) -> PairVerdict:
        """Decide on a pair.

        Args:
            score: Of the pair.
            limits: For its number of responses and domain.
            false_alarms: Share of target trials that may be called different.
            false_accepts: Share of the impostor trials of each kind that may be called the same.

        Returns:
            The verdict: inconclusive between the limits, and where there is no limit.
        """
        same, different = self.at(limits.same, false_accepts), self.at(limits.different, false_alarms)
        if same is not None and score >= same:
            return PairVerdict.SAME
        if different is not None and score < different:
            return PairVerdict.DIFFERENT
        return PairVerdict.INCONCLUSIVE

    def at(self, values: Sequence[float | None], rate: float) -> float | None:
        """Return the value of a table at the largest rate that is kept and not above `rate`; None without one."""
        at = rate_index(self.rates, rate)
        return values[at] if at >= 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration without its rates as JSON values, `pairs.json` of a model folder."""
        return {
            "weights": dict(self.weights),
            "least": self.least,
            "most": self.most,
            "limits": {size: {d: {**vars(of)} for d, of in domains.items()} for size, domains in self.limits.items()},
            "figures": {
                size: {d: {kind: {**vars(of)} for kind, of in kinds.items()} for d, kinds in domains.items()}
                for size, domains in self.figures.items()
            },
            **({} if self.shared is None else {"shared": self.shared.to_dict()}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], rates: tuple[float, ...]) -> PairCalibration:
        """Return the calibration that `to_dict` wrote; `rates` are those of the model's config."""
        return cls(
            weights=dict(data["weights"]),
            least=data["least"],
            most=data["most"],
            limits={
                size: {domain: PairLimits(**of) for domain, of in domains.items()}
                for size, domains in data["limits"].items()
            },
            figures={
                size: {d: {kind: PairFigures(**of) for kind, of in kinds.items()} for d, kinds in domains.items()}
                for size, domains in data["figures"].items()
            },
            rates=rates,
            shared=cls.from_dict(data["shared"], rates) if data.get("shared") else None,
        )
