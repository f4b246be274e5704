"""The comparison of cases with each other: what both the text and the JSON output are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fingerprint.comparison.model_free import ModelFree
from fingerprint.model.pair_calibration import PairDomain, PairKind, PairVerdict
from fingerprint.model.verdict import ModelInfo, Support

SCHEMA = 1
"""The version of the JSON form; it rises when a key changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One of the cases that are compared.

    Attributes:
        file: Its name.
        n_responses: How many responses it has.
        n_used: How many of them count.
        in_domain: Whether a known domain explains it better than an unknown one.
        summary: What was read, in one line; empty for values that are no file.
        warnings: What was left out or mended, and whether it looks mixed.
    """

    file: str
    n_responses: int
    n_used: int
    in_domain: bool
    summary: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasuredKind:
    """What the verdict does on held-out pairs of one kind, as alike to the pair as were measured.

    Attributes:
        kind: What the two releases of these pairs have to do with each other.
        pairs: How many pairs there were.
        eer: For a kind of two releases, the equal error rate against pairs of one release; None for the others.
        same: Share that is called `same`.
        different: Share that is called `different`.
    """

    kind: PairKind
    pairs: int
    eer: float | None
    same: float
    different: float


@dataclass(frozen=True, slots=True)
class PairRates:
    """The error rates of the verdict on a pair.

    Attributes:
        false_alarms: The share of pairs of one release that may be called different.
        false_accepts: The share of pairs of two releases that may be called the same, in each kind.
        responses: The number of responses a side that was measured; the largest one that is not above the pair's.
        domain: Whether the measured pairs are in-domain on both sides.
        shared_prompts: Whether the measured pairs share their prompts.
        kinds: What was measured, by kind.
    """

    false_alarms: float
    false_accepts: float
    responses: int
    domain: PairDomain
    shared_prompts: bool
    kinds: tuple[MeasuredKind, ...]


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """What style says of two of the cases.

    Attributes:
        first: Number of one case, from 0.
        second: Number of the other.
        verdict: Whether one release wrote both, two did, or it cannot be told at the rates.
        log_likelihood_ratio: In nats; above 0 speaks for one release.
        support: How much that supports what it speaks for, on the verbal scale.
        rates: How often such a verdict is wrong.
        warnings: What makes the rates doubtful for this pair.
        model_free: What the two show without a model; the verdict does not rest on it.
    """

    first: int
    second: int
    verdict: PairVerdict
    log_likelihood_ratio: float
    support: Support
    rates: PairRates
    warnings: tuple[str, ...]
    model_free: ModelFree


@dataclass(frozen=True, slots=True)
class Comparison:
    """All pairs of two or more cases.

    Attributes:
        cases: The cases, in the order that they were given.
        pairs: Each pair once, in that order.
        model: The model that compared them.
    """

    cases: tuple[ComparedCase, ...]
    pairs: tuple[ComparedPair, ...]
    model: ModelInfo

    def names(self, pair: ComparedPair) -> Sequence[str]:
        """Return the names of the two cases of a pair."""
        return self.cases[pair.first].file, self.cases[pair.second].file

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, with the schema first."""
        return {"schema": SCHEMA, **asdict(self)}
