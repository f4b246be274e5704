"""From probabilities to one of four words, and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass

from fingerprint.verdict.calibration import Calibration

_HALF = 0.5


@dataclass(frozen=True)
class Facts:
    """What the decision rests on. confidence: of the first lab; new: the share of it on a new release; ground: as
    in `Evidence`; split: as in `Circumstances`."""

    used: int
    confidence: float
    unknown: float
    new: float
    ground: float
    split: float


def decide(facts: Facts, calibration: Calibration, false_claims: float) -> tuple[str, str]:
    """(verdict, reason)."""
    if not facts.used:
        return "inconclusive", "No response is left to judge."
    threshold = calibration.curves["all"].threshold(false_claims)
    if facts.ground > calibration.ground_limit:
        return (
            "inconclusive",
            f"The responses lie {facts.ground:.1f} times as far from the training corpora as usual, farther than "
            "any on which the error rates were measured: another language, domain or length.",
        )
    split_limit = calibration.split_limit(facts.used)
    if facts.split > split_limit:
        return (
            "inconclusive",
            "Perhaps several models wrote these: two of different labs explain the responses better than any one "
            f"does, by {facts.split:.1f} nats a response, where those of one model hardly ever exceed "
            f"{split_limit:.1f}.",
        )
    if facts.confidence >= threshold and facts.confidence > facts.unknown:
        limit = f"{min(threshold, 1):.1%} from which at most {false_claims:.0%} of all claims are wrong"
        sure = f"{facts.confidence:.1%} is above the {limit}"
        if facts.new > _HALF:
            return (
                "new-release",
                f"The first lab's {sure}, and no known release of it explains the responses.",
            )
        return (
            "attributed",
            f"The first lab's {sure}, and a known release or its siblings explain the responses.",
        )
    if facts.unknown > max(_HALF, facts.confidence):
        return "unknown", f"No known lab explains the responses: {facts.unknown:.0%} is left for others."
    return (
        "inconclusive",
        f"The first lab's {facts.confidence:.0%} is below the {min(threshold, 1):.1%} from which at most "
        f"{false_claims:.0%} of all claims are wrong.",
    )
