"""A verdict as one sentence in plain words, and how often such a sentence is wrong.

Pages, notebooks and whoever quotes a verdict take both from here, so that they never say different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fingerprint.metrics import Level
from fingerprint.model.claim_verdict import ClaimWord, TrialRates
from fingerprint.model.decision import percent, stated
from fingerprint.model.pair_calibration import PairVerdict
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    OUTSIDE,
    UNKNOWN,
    AllowedRates,
    Calibration,
    KindRates,
    Novelty,
    Verdict,
    VerdictWord,
)

SENTENCES: dict[VerdictWord, str] = {
    VerdictWord.ATTRIBUTED: "A model of {lab} wrote these responses{named}.",
    VerdictWord.NEW_RELEASE: "A model of {lab} wrote these responses, and it is none of the known releases of {lab}.",
    VerdictWord.LIKELY: "A model of {lab} probably wrote these responses{named}.",
    VerdictWord.UNKNOWN: "None of the known labs seems to have made the model that wrote these responses.",
    VerdictWord.NONE_OF_THESE: "None of the candidates seems to have made the model that wrote these responses.",
    VerdictWord.INCONCLUSIVE: "These responses do not show which lab's model wrote them.",
}
"""The sentence of each verdict; a test holds it complete."""

CLAIMS: dict[ClaimWord, str] = {
    ClaimWord.CONSISTENT: "These responses fit the claim: {claim} may have written them.",
    ClaimWord.INCONSISTENT: "These responses do not fit the claim: {claim} did not write them.",
    ClaimWord.INCONCLUSIVE: "These responses do not show whether {claim} wrote them.",
}
"""The sentence of each verdict on a claim; a test holds it complete."""

PAIRS: dict[PairVerdict, str] = {
    PairVerdict.SAME: "One model wrote both files.",
    PairVerdict.DIFFERENT: "Two different models wrote the two files.",
    PairVerdict.INCONCLUSIVE: "These responses do not show whether one model or two wrote the two files.",
}
"""The sentence of each verdict on a pair; a test holds it complete."""

# The kind of case that a stealth model is, and the expectation under which nobody asks for one.
_LATER, _AUDIT = "later", "known"
# Named cases from which on the share of wrong ones says something.
_TELLING = 20

_NO_ANSWER = "This answer names nobody, so it accuses nobody wrongly. More or other responses may settle it."


@dataclass(frozen=True, slots=True)
class PlainWords:
    """What a reader who stops after two sentences has to know.

    Attributes:
        headline: The verdict as one sentence.
        how_often_wrong: How often such a sentence is wrong, with its condition.
    """

    headline: str
    how_often_wrong: str


def verdict_in_words(verdict: Verdict, name: Callable[[str], str] = str) -> PlainWords:
    """Say a verdict in plain words.

    Args:
        verdict: The verdict.
        name: Returns the display name of a lab by its key.

    Returns:
        Its two sentences. Names of releases are those of the model; escape what is shown.
    """
    headline = SENTENCES[verdict.verdict].format(lab=name(verdict.labs[0].lab), named=_named(verdict))
    match verdict.verdict:
        case VerdictWord.ATTRIBUTED | VerdictWord.NEW_RELEASE:
            wrong = _wrong(verdict.calibration, verdict.calibration.false_attributions, is_likely=False)
        case VerdictWord.LIKELY:
            wrong = _wrong(verdict.calibration, verdict.calibration.likely_errors, is_likely=True)
        case VerdictWord.UNKNOWN | VerdictWord.NONE_OF_THESE:
            rest = next(row.probability for row in verdict.labs if row.lab in (UNKNOWN, NONE_OF_THESE))
            whom = "known lab" if verdict.verdict is VerdictWord.UNKNOWN else "candidate"
            wrong = f"The probability that no {whom} did is {percent(rest, 0)}; each {whom} has less."
        case VerdictWord.INCONCLUSIVE if verdict.shortlist:
            *labs, last = (name(row.lab) for row in verdict.shortlist)
            headline += f" The lab is probably one of {', '.join(labs)} and {last}."
            wrong = lists_wrong(verdict.calibration)
        case VerdictWord.INCONCLUSIVE:
            wrong = _NO_ANSWER
    return PlainWords(headline, wrong)


def claim_in_words(word: ClaimWord, claim: str, allowed: AllowedRates, rates: Iterable[TrialRates]) -> PlainWords:
    """Say a verdict on a claim in plain words.

    Args:
        word: The verdict.
        claim: What is claimed, such as "gpt-4o (release of OpenAI)".
        allowed: The error rates that were allowed.
        rates: What was measured on held-out claims; empty where nothing was.
    """
    measured = [(row.consistent, row.inconsistent) for row in rates if row.promised and row.kind != "target"]
    target = [row.inconsistent for row in rates if row.kind == "target"]
    match word:
        case ClaimWord.CONSISTENT:
            found = _held_out([share for share, _ in measured], "of false claims, by kind,")
            wrong = f"At most {stated(allowed.false_accepts)} of false claims of each kind get this answer.{found}"
        case ClaimWord.INCONSISTENT:
            found = _held_out(target, "of true claims")
            wrong = f"At most {stated(allowed.false_alarms)} of true claims get this answer.{found}"
        case ClaimWord.INCONCLUSIVE:
            wrong = _NO_ANSWER
    return PlainWords(CLAIMS[word].format(claim=claim), wrong)


def pair_in_words(word: PairVerdict, allowed: AllowedRates) -> PlainWords:
    """Say a verdict on a pair in plain words."""
    match word:
        case PairVerdict.SAME:
            wrong = f"At most {stated(allowed.false_accepts)} of pairs of two releases, of each kind, get this answer."
        case PairVerdict.DIFFERENT:
            wrong = f"At most {stated(allowed.false_alarms)} of pairs of one release get this answer."
        case PairVerdict.INCONCLUSIVE:
            wrong = _NO_ANSWER
    return PlainWords(PAIRS[word], wrong)


def _named(verdict: Verdict) -> str:
    """What the verdict names within the lab, as the end of a sentence."""
    lab = verdict.labs[0].lab
    releases = [row.release for row in verdict.releases if row.lab == lab]
    families = [row.family for row in verdict.families if row.lab == lab]
    if verdict.novelty is Novelty.NEW:
        return ", and it is probably none of its known releases"
    if verdict.level is Level.RELEASE and releases:
        return f": {releases[0]}"
    if verdict.level is Level.FAMILY and families:
        return f", of the {families[0]} family"
    return ""


def _wrong(rates: Calibration, allowed: float, is_likely: bool) -> str:
    known, unknown = [], []
    for row in (row for row in rates.kinds if row.kind.removeprefix(OUTSIDE) in rates.promised):
        coverage, error = _measured(row, is_likely)
        if row.kind == UNKNOWN or row.kind.startswith(OUTSIDE):
            unknown.append(coverage)
        elif coverage:
            known.append(error)
    found = ""
    if known:
        found = f" On held-out cases with {rates.responses} responses, {_between(known)} were wrong, by kind of case"
        found += f"; {_between(unknown)} of cases of other labs got such a sentence." if unknown else "."
    later = of_later_releases(rates, is_likely)
    return (
        f"At most {stated(allowed)} of such sentences name a wrong lab, in each kind of case that is expected.{found}"
        f"{' ' if later else ''}{later}"
    )


def of_later_releases(rates: Calibration, is_likely: bool) -> str:
    """Say how often a named lab is wrong if the release came after all that the model knows.

    A stealth model is such a release, and a user who did not say so cannot see that the rates do not hold for it.

    Args:
        rates: Of the verdict.
        is_likely: Whether the verdict is `likely`, not an attribution.

    Returns:
        A sentence; empty where the rates hold for such releases too, or where nobody asks for a stealth model.
    """
    expected = {one.kind for one in rates.mixture}
    if _LATER not in expected - rates.promised or rates.expect == _AUDIT:
        return ""
    for row in rates.kinds:
        coverage, error = _measured(row, is_likely)
        if row.kind == _LATER and coverage * row.cases >= _TELLING:
            return f"Of releases that came after all that the model knows, {percent(error, 0)} got a wrong lab."
    return "Nothing is promised for releases that came after all that the model knows."


def lists_wrong(rates: Calibration) -> str:
    """Say how often a short list lacks the right lab."""
    promised = rates.promised - {UNKNOWN}
    known = [row.list_error for row in rates.kinds if row.kind in promised and row.list_coverage]
    found = (
        f" On held-out cases with {rates.responses} responses, {_between(known)} did, by kind of case." if known else ""
    )
    return (
        f"At most {stated(rates.likely_errors)} of such lists lack the right lab, in each kind of case that is "
        f"expected.{found}"
    )


def _measured(row: KindRates, is_likely: bool) -> tuple[float, float]:
    return (row.likely_coverage, row.likely_error) if is_likely else (row.coverage, row.attribution_error)


def _held_out(shares: list[float], of_what: str) -> str:
    return f" On held-out claims it was {_between(shares)} {of_what} at the default rates." if shares else ""


def _between(shares: list[float]) -> str:
    low, high = percent(min(shares), 1), percent(max(shares), 1)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"
