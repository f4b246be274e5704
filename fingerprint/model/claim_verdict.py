"""The verdict on a claim: what both the text and the JSON output of `fingerprint verify` are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from fingerprint.metrics import Level
from fingerprint.model.verdict import Domain, InputInfo, ModelInfo, StyleMarker, Support

SCHEMA = 1
"""The version of the JSON form; it rises when a key changes its meaning or goes."""


class ClaimWord(StrEnum):
    """The three verdicts on a claim."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    INCONCLUSIVE = "inconclusive"


class ClaimReason(StrEnum):
    """Why a verdict on a claim is what it is. `fingerprint.model.claim_decision` has the sentence of each."""

    ABOVE_LIMIT = "above-limit"
    BELOW_LIMIT = "below-limit"
    BETWEEN_LIMITS = "between-limits"
    BETWEEN_LOOKS = "between-looks"
    NO_LIMIT = "no-limit"
    NO_RESPONSES = "no-responses"
    UNKNOWN_SCRIPT = "unknown-script"
    OUT_OF_DOMAIN = "out-of-domain"
    TWO_SOURCES = "two-sources"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is claimed to have written the responses.

    Attributes:
        name: As the model knows it.
        level: What it names: "release", "line", "family" or "lab".
        lab: Key of its lab.
        releases: The known releases that it covers.
    """

    name: str
    level: str
    lab: str
    releases: tuple[str, ...]

    @property
    def table(self) -> Level:
        """The level whose trials apply: a line is a set of releases as a family is."""
        return Level.FAMILY if self.level == "line" else Level(self.level)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another explanation of the responses.

    Attributes:
        kind: "release of the same family", "release of the same lab", "new release of the same lab", "other lab",
            "unknown lab".
        name: The most probable of the kind; empty for an unknown lab.
        log_likelihood_ratio: Of the claim against it, in nats, before calibration: below 0 where it explains the
            responses better.
    """

    kind: str
    name: str
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class TrialRates:
    """What the limits did on held-out trials of one kind, at the default rates.

    Attributes:
        kind: "target" for true claims, or the impostor kind.
        promised: Whether the false-accept rate holds in this kind.
        trials: How many there were.
        consistent: Share that was called consistent.
        inconsistent: Share that was called inconsistent.
        eer: The equal error rate against true claims; null for these themselves.
    """

    kind: str
    promised: bool
    trials: int
    consistent: float
    inconsistent: float
    eer: float | None


@dataclass(frozen=True, slots=True)
class TrialSize:
    """How many held-out claims a number of responses settles, at the default rates.

    Attributes:
        responses: Number of responses.
        consistent: Share of the true claims that were called consistent.
        inconsistent: Share of the false claims that were called inconsistent, the impostor kinds alike.
    """

    responses: int
    consistent: float
    inconsistent: float


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """The verdict on one claim. Only style counts.

    Attributes:
        file: The file that holds the responses; "-" for standard input.
        read: What was read from it.
        n_responses: Number of responses in the file.
        n_used: Number of responses that the verdict is based on.
        claimed: What is claimed.
        verdict: The decision.
        reason: Why the decision is what it is, as a code.
        explanation: The reason as a sentence, with its figures.
        log_likelihood_ratio: "The claimed one wrote them" against "another model did", calibrated, in nats.
        consistent_from: The least log-likelihood ratio of the verdict `consistent`; null where none is.
        inconsistent_below: Below it the verdict is `inconsistent`; null where none is.
        false_alarms: The share of true claims that may be called inconsistent.
        false_accepts: The share of false claims, of each promised kind, that may be called consistent.
        support: How much the responses support one of both, in words.
        supports_claim: Whether that is the claim.
        alternatives: Other explanations, the best first.
        style_markers: The style markers that speak most against the claim, and for the best known alternative.
        domain: Distance from the training corpora; null without a usable response.
        in_domain: Whether a known domain explains the responses better than an unknown one.
        responses: The number of responses that `rates` are for; 0 without any.
        rates: What was measured on held-out claims; empty where nothing was.
        sizes: What more or fewer responses do; empty where that was not measured.
        warnings: What the reader has to know.
        advice: What would settle it; null if there is nothing to say.
        model: The model that gave the verdict.
    """

    file: str
    read: InputInfo
    n_responses: int
    n_used: int
    claimed: Claimed
    verdict: ClaimWord
    reason: ClaimReason
    explanation: str
    log_likelihood_ratio: float
    consistent_from: float | None
    inconsistent_below: float | None
    false_alarms: float
    false_accepts: float
    support: Support
    supports_claim: bool
    alternatives: tuple[Alternative, ...]
    style_markers: tuple[StyleMarker, ...]
    domain: Domain | None
    in_domain: bool
    responses: int
    rates: tuple[TrialRates, ...]
    sizes: tuple[TrialSize, ...]
    warnings: tuple[str, ...]
    advice: str | None
    model: ModelInfo

    def to_dict(self) -> dict[str, object]:
        """Return the verdict as JSON values."""
        return {"schema": SCHEMA, **asdict(self)}
