"""A claim that is verified by comparison: with responses that the claimed model is known to have written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fingerprint.data.response import Case
from fingerprint.loading import Loaded
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.decision import percent, stated
from fingerprint.model.pair_calibration import IMPOSTORS, PairCalibration, PairFigures, PairKind, PairVerdict
from fingerprint.model.verdict import AllowedRates, ModelInfo
from fingerprint.verification.comparison import ComparedCase, ComparedPair
from fingerprint.verification.pairs import compare_cases

SCHEMA = 1
"""The version of the JSON form; it rises when a key changes its meaning or goes."""

WORD_OF: dict[PairVerdict, ClaimWord] = {
    PairVerdict.SAME: ClaimWord.CONSISTENT,
    PairVerdict.DIFFERENT: ClaimWord.INCONSISTENT,
    PairVerdict.INCONCLUSIVE: ClaimWord.INCONCLUSIVE,
}
"""What a verdict on the responses and the reference says about the claim; a test holds it complete."""

SENTENCES: dict[PairVerdict, str] = {
    PairVerdict.SAME: "By style, one release wrote the responses and the reference. At most {false_accepts} of pairs "
    "of two releases are called so, of each kind that was measured.",
    PairVerdict.DIFFERENT: "By style, two releases wrote the responses and the reference. At most {false_alarms} of "
    "pairs of one release are called so.",
    PairVerdict.INCONCLUSIVE: "At these error rates, style does not tell whether one release wrote the responses and "
    "the reference.",
}
"""What each verdict rests on; a test holds it complete."""

# The share of pairs of one release, or of two, that a number of responses has to settle so that it is worth naming.
_WORTH = 0.5
_MORE = "Give {size} responses or more to each side"
_SAME_PROMPTS = "Let both answer the same {size} prompts or more"


@dataclass(frozen=True, slots=True)
class ReferenceVerdict:
    """The verdict on a claim by comparison.

    Attributes:
        verdict: Whether the model of the reference wrote the responses.
        explanation: What the verdict rests on, as a sentence.
        case: The responses that are verified.
        reference: Those that the claimed model is known to have written.
        pair: How the two compare; the case is the first, the reference the second.
        advice: What would settle it; None for a verdict that does.
        model: The model that compared them.
    """

    verdict: ClaimWord
    explanation: str
    case: ComparedCase
    reference: ComparedCase
    pair: ComparedPair
    advice: str | None
    model: ModelInfo

    @property
    def file(self) -> str:
        """The file that holds the responses."""
        return self.case.file

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, with the schema and the file first."""
        return {"schema": SCHEMA, "file": self.file, **asdict(self)}


def verify_against(model: Loaded, case: Case, reference: Case, allowed: AllowedRates) -> ReferenceVerdict:
    """Say whether the model that wrote the reference wrote the responses too. The model may not know its release.

    Args:
        model: With a calibration of pairs.
        case: The responses, all by one model.
        reference: Responses that the claimed model is known to have written.
        allowed: The error rates.

    Returns:
        The verdict of their comparison, as one on the claim.

    Raises:
        FingerprintError: For a model without a calibration of pairs.
        InputError: For responses or a reference of which none can be judged.
    """
    found = compare_cases(model, [case, reference], allowed)
    (pair,), (questioned, known) = found.pairs, found.cases
    rates = {"false_alarms": stated(allowed.false_alarms), "false_accepts": stated(allowed.false_accepts)}
    advice = None
    if pair.verdict is PairVerdict.INCONCLUSIVE and model.pairs is not None:
        advice = _advice(model.pairs, pair, min(questioned.n_used, known.n_used))
    return ReferenceVerdict(
        verdict=WORD_OF[pair.verdict],
        explanation=SENTENCES[pair.verdict].format(**rates),
        case=questioned,
        reference=known,
        pair=pair,
        advice=advice,
        model=found.model,
    )


def _advice(calibration: PairCalibration, pair: ComparedPair, count: int) -> str:
    """What would settle a pair with `count` responses on its smaller side."""
    tries = [(calibration, count, _MORE)]
    if calibration.shared is not None:
        # Answers to the same prompts tell far more.
        tries = [(calibration.shared, count if pair.rates.shared_prompts else 0, _SAME_PROMPTS)]
        tries += [] if pair.rates.shared_prompts else [(calibration, count, _MORE)]
    for own, least, what in tries:
        for size in sorted(own.figures, key=int):
            same, different = _settled(own, own.figures[size][pair.rates.domain], pair)
            if int(size) > least and max(same, different) >= _WORTH:
                return (
                    f"{what.format(size=size)}: with so many, {percent(same, 0)} of pairs of one release are called "
                    f"the same and {percent(different, 0)} of pairs of two releases different."
                )
    if pair.model_free.test.n_prompts:
        return "More responses will hardly settle it. Let both answer prompts of other kinds too."
    return "More responses will hardly settle it. Let both answer the same prompts: a test of these needs no model."


def _settled(
    calibration: PairCalibration, figures: Mapping[str, PairFigures], pair: ComparedPair
) -> tuple[float, float]:
    """The shares of pairs of one release that are called the same, and of two releases that are called different."""
    target, rates = figures.get(PairKind.TARGET), pair.rates
    same = calibration.at(target.same, rates.false_accepts) if target else None
    others = [calibration.at(figures[kind].different, rates.false_alarms) for kind in IMPOSTORS if kind in figures]
    different = [share for share in others if share is not None]
    return same or 0.0, sum(different) / len(different) if different else 0.0
