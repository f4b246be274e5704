"""From probabilities to one of four verdicts, and the reason for it.

Each reason has one verdict (`VERDICT_OF`) and one sentence (`SENTENCES`). A test holds both tables complete.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerprint.model.calibration import NEVER, Calibration
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import Posterior
from fingerprint.model.verdict import Reason, VerdictWord

VERDICT_OF: dict[Reason, VerdictWord] = {
    Reason.KNOWN_RELEASE: VerdictWord.ATTRIBUTED,
    Reason.NEW_RELEASE: VerdictWord.NEW_RELEASE,
    Reason.UNKNOWN_LAB: VerdictWord.UNKNOWN,
    Reason.NO_RESPONSES: VerdictWord.INCONCLUSIVE,
    Reason.OUT_OF_DOMAIN: VerdictWord.INCONCLUSIVE,
    Reason.TWO_SOURCES: VerdictWord.INCONCLUSIVE,
    Reason.NO_THRESHOLD: VerdictWord.INCONCLUSIVE,
    Reason.BELOW_THRESHOLD: VerdictWord.INCONCLUSIVE,
    Reason.BELOW_UNKNOWN: VerdictWord.INCONCLUSIVE,
}

_ABOVE = (
    "P(first lab) = {confidence} is above the threshold of {threshold}. "
    "Above this threshold, at most {rate} of attributions are wrong. "
)
SENTENCES: dict[Reason, str] = {
    Reason.KNOWN_RELEASE: _ABOVE + "A known release of the lab, or one close to it, explains the responses.",
    Reason.NEW_RELEASE: _ABOVE
    + "P(new release, if the lab is right) = {new}, higher than for {others} of files from known releases.",
    Reason.UNKNOWN_LAB: "No known lab fits well. P(unknown lab) = {unknown}, higher than for {others} of files from "
    "known labs.",
    Reason.NO_RESPONSES: "No usable response is left.",
    Reason.OUT_OF_DOMAIN: "The responses are out of domain. Their domain distance is {distance}, and {domain_share} of "
    "files from known releases stay within {domain_limit}. Their language, domain or length is not that of the "
    "training corpora. Out of domain, most attributions were wrong.",
    Reason.TWO_SOURCES: "Several models may have written these responses. Two releases of different labs explain them "
    "better than one release, by {two_source_llr} nats a response, and {two_source_share} of files from one model stay "
    "within {two_source_limit}.",
    Reason.NO_THRESHOLD: "No threshold keeps the share of wrong attributions at {rate} or below.",
    Reason.BELOW_THRESHOLD: "P(first lab) = {confidence} is below the threshold of {threshold}. Above this threshold, "
    "at most {rate} of attributions are wrong.",
    Reason.BELOW_UNKNOWN: "P(first lab) = {confidence} is not higher than P(unknown lab) = {unknown}.",
}


@dataclass(frozen=True)
class CaseSummary:
    """What the decision on one case rests on.

    Attributes:
        responses: Number of usable responses.
        confidence: Probability of the first lab.
        unknown: Probability of an unknown lab.
        new: Probability of a new release, if the first lab is right.
        domain_distance: As in `Evidence`.
        in_domain_llr: As in `Evidence`.
        two_source_llr: As in `Covariates`.
    """

    responses: int
    confidence: float
    unknown: float
    new: float
    domain_distance: float
    in_domain_llr: float
    two_source_llr: float


@dataclass(frozen=True)
class Decision:
    """The verdict on one case.

    Attributes:
        verdict: The word.
        reason: Its code.
        explanation: The reason as a sentence.
    """

    verdict: VerdictWord
    reason: Reason
    explanation: str


def summaries(found: Posterior, evidence: Evidence, covariates: Covariates) -> list[CaseSummary]:
    """Return what the decisions on S cases rest on."""
    _, top, new = found.first()
    columns = (
        covariates.count,
        top,
        found.unknown,
        new,
        evidence.domain_distance,
        evidence.in_domain_llr,
        covariates.two_source_llr,
    )
    return [CaseSummary(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def verdict_words(
    found: Posterior, evidence: Evidence, covariates: Covariates, calibration: Calibration, false_attributions: float
) -> list[VerdictWord]:
    """Return the verdicts on S cases."""
    cases = summaries(found, evidence, covariates)
    return [VERDICT_OF[_reason(case, calibration, false_attributions)] for case in cases]


def decide(case: CaseSummary, calibration: Calibration, false_attributions: float) -> Decision:
    """Decide on one case.

    Args:
        case: What the decision rests on.
        calibration: The thresholds and limits.
        false_attributions: The share of attributions that may name a wrong lab.

    Returns:
        The verdict with its reason.

    References:
        Chow, C. K. (1970). On optimum recognition error and reject tradeoff. IEEE Transactions on Information Theory
        16 (abstention below a threshold).
    """
    reason = _reason(case, calibration, false_attributions)
    threshold = calibration.threshold(false_attributions)
    explanation = SENTENCES[reason].format(
        confidence=percent(case.confidence, 1),
        threshold=percent(threshold, 1),
        rate=_rate(false_attributions),
        others=_rate(1 - false_attributions),
        new=percent(case.new, 0),
        unknown=percent(case.unknown, 0),
        distance=f"{case.domain_distance:.2f}",
        domain_limit=f"{calibration.domain_limit(case.responses):.2f}",
        domain_share=_rate(calibration.config.domain_quantile),
        two_source_llr=f"{case.two_source_llr:.1f}",
        two_source_limit=f"{calibration.two_source_limit(case.responses):.1f}",
        two_source_share=_rate(calibration.config.two_source_quantile),
    )
    return Decision(VERDICT_OF[reason], reason, explanation)


def percent(share: float, digits: int) -> str:
    """Return a share as text, such as "20 %"."""
    return f"{100 * share:.{digits}f} %"


def _rate(share: float) -> str:
    """Return a share that somebody chose as text, with the digits that it has."""
    return f"{100 * share:.4g} %"


def _reason(case: CaseSummary, calibration: Calibration, false_attributions: float) -> Reason:
    if not case.responses:
        return Reason.NO_RESPONSES
    if case.domain_distance > calibration.domain_limit(case.responses):
        return Reason.OUT_OF_DOMAIN
    if case.two_source_llr > calibration.two_source_limit(case.responses):
        return Reason.TWO_SOURCES
    threshold = calibration.threshold(false_attributions)
    if case.confidence >= threshold and case.confidence > case.unknown:
        new = case.new > calibration.new.limit(case.responses, false_attributions)
        return Reason.NEW_RELEASE if new else Reason.KNOWN_RELEASE
    # Where an unknown domain explains the responses better than the known ones, it looks like an unknown lab.
    unknown_limit = calibration.unknown.limit(case.responses, false_attributions)
    if case.in_domain_llr > 0 and case.unknown > unknown_limit:
        return Reason.UNKNOWN_LAB
    if threshold == NEVER:
        return Reason.NO_THRESHOLD
    return Reason.BELOW_THRESHOLD if case.confidence < threshold else Reason.BELOW_UNKNOWN
