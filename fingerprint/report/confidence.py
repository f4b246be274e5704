"""Why a verdict is what it is and how sure that is, in one or two sentences for the terminal."""

from __future__ import annotations

from fingerprint.model.decision import percent, stated
from fingerprint.model.plain_words import of_later_releases
from fingerprint.model.verdict import NONE_OF_THESE, UNKNOWN, Reason, Verdict, VerdictWord
from fingerprint.report.layout import Names, Tone, counted

TONES: dict[VerdictWord, Tone] = {
    VerdictWord.ATTRIBUTED: Tone.FIRM,
    VerdictWord.NEW_RELEASE: Tone.FIRM,
    VerdictWord.LIKELY: Tone.LEANING,
    VerdictWord.UNKNOWN: Tone.AGAINST,
    VerdictWord.NONE_OF_THESE: Tone.AGAINST,
    VerdictWord.INCONCLUSIVE: Tone.OPEN,
}
"""The tone of each verdict; a test holds it complete."""

_ATTRIBUTED = "P({lab}) = {first}. At most {rate} of attributions are wrong, in each kind of case that is expected."

CONFIDENCE: dict[Reason, str] = {
    Reason.ABOVE_THRESHOLD: _ATTRIBUTED,
    Reason.NEW_RELEASE: _ATTRIBUTED,
    Reason.ABOVE_LIKELY: "P({lab}) = {first}. At most {likely} of such answers and attributions are wrong, in each "
    "kind of case that is expected.",
    Reason.UNKNOWN_LAB: "P(unknown lab) = {rest}. No known lab fits well.",
    Reason.NO_CANDIDATE: "P(none of these) = {rest}. No candidate fits well.",
    Reason.NO_RESPONSES: "no usable response is left.",
    Reason.UNKNOWN_SCRIPT: "this is text in a script of which the model has learned too little.",
    Reason.OUT_OF_DOMAIN: "this is text of a kind, a language or a length that the model was not trained on.",
    Reason.TWO_SOURCES: "several models may have written it. Two models of different labs explain it better than one.",
    Reason.NO_THRESHOLD: "{count} cannot name a lab with at most {likely} wrong answers.",
    Reason.BELOW_THRESHOLD: "P({lab}) = {first} is too low to name a lab with at most {likely} wrong answers.",
    Reason.BELOW_UNKNOWN: "P({lab}) = {first} is not higher than P(unknown lab) = {rest}.",
    Reason.BELOW_NONE: "P({lab}) = {first} is not higher than P(none of these) = {rest}.",
}
"""The sentence of each reason; a test holds it complete."""


_STEALTH = "For a stealth model use --expect new."


def confidence(verdict: Verdict, name: Names) -> str:
    """Return the verdict's word with how sure it is, as sentences that are safe to show."""
    share = {row.lab: row.probability for row in verdict.labs}
    first = next(iter(verdict.leaders), "")
    said = CONFIDENCE[verdict.reason].format(
        lab=name(first),
        first=percent(share.get(first, 0.0), 1),
        rest=percent(share.get(UNKNOWN, share.get(NONE_OF_THESE, 0.0)), 1),
        rate=stated(verdict.calibration.false_attributions),
        likely=stated(verdict.calibration.likely_errors),
        count=counted(verdict.n_used, "response"),
    )
    word = f"{verdict.verdict.replace('-', ' ').capitalize()}: {said}"
    if verdict.level is None:
        return word
    later = of_later_releases(verdict.calibration, verdict.verdict is VerdictWord.LIKELY)
    return f"{word} {later} {_STEALTH}" if later else word
