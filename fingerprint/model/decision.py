"""From probabilities to one of six verdicts, and the reason for it.

Each reason has one verdict (`VERDICT_OF`) and one sentence (`SENTENCES`). A test holds both tables complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log10
from typing import Protocol

import numpy as np

from fingerprint.metrics import Level
from fingerprint.model.calibration import NEVER, Calibration, DecisionLimits, Expect
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS, Novelty, Reason, Support, VerdictWord

VERDICT_OF: dict[Reason, VerdictWord] = {
    Reason.ABOVE_THRESHOLD: VerdictWord.ATTRIBUTED,
    Reason.NEW_RELEASE: VerdictWord.NEW_RELEASE,
    Reason.ABOVE_LIKELY: VerdictWord.LIKELY,
    Reason.UNKNOWN_LAB: VerdictWord.UNKNOWN,
    Reason.NO_CANDIDATE: VerdictWord.NONE_OF_THESE,
    Reason.NO_RESPONSES: VerdictWord.INCONCLUSIVE,
    Reason.UNKNOWN_SCRIPT: VerdictWord.INCONCLUSIVE,
    Reason.OUT_OF_DOMAIN: VerdictWord.INCONCLUSIVE,
    Reason.TWO_SOURCES: VerdictWord.INCONCLUSIVE,
    Reason.NO_THRESHOLD: VerdictWord.INCONCLUSIVE,
    Reason.BELOW_THRESHOLD: VerdictWord.INCONCLUSIVE,
    Reason.BELOW_UNKNOWN: VerdictWord.INCONCLUSIVE,
    Reason.BELOW_NONE: VerdictWord.INCONCLUSIVE,
}

UNJUDGED = frozenset({Reason.NO_RESPONSES, Reason.UNKNOWN_SCRIPT, Reason.OUT_OF_DOMAIN, Reason.TWO_SOURCES})
"""The reasons for which a case is not judged, so that its rankings say nothing by themselves."""

# The reasons for which several labs may be named together: the case was judged, and no lab is probable enough.
_UNNAMED = frozenset({Reason.NO_THRESHOLD, Reason.BELOW_THRESHOLD, Reason.BELOW_UNKNOWN})

_ABOVE = (
    "P(first lab) = {confidence} is above the threshold of {threshold}. "
    "Above it, at most {rate} of attributions are wrong, in each kind of case that is expected. "
)
UNKNOWN_SCRIPT = (
    "Most responses are in a script in which the model knows fewer than {script_share} of its releases. What it knows "
    "of them in other scripts does not hold here."
)
SENTENCES: dict[Reason, str] = {
    Reason.ABOVE_THRESHOLD: _ABOVE + "{novelty}",
    Reason.NEW_RELEASE: _ABOVE
    + "P(new release, if the lab is right) = {new}, higher than for {others} of files from known releases.",
    Reason.ABOVE_LIKELY: "P(first lab) = {confidence} is above the threshold of {likely} for a likely lab. Above it, "
    "at most {likely_rate} are wrong, in each kind of case that is expected. An attribution needs {threshold}. "
    "{novelty}",
    Reason.UNKNOWN_LAB: "No known lab fits well. P(unknown lab) = {unknown}, higher than for {known_labs} of files "
    "from known labs.",
    Reason.NO_CANDIDATE: "No candidate fits well. P(none of these) = {unknown}, higher than for {known_labs} of files "
    "from candidates.",
    Reason.NO_RESPONSES: "No usable response is left.",
    Reason.UNKNOWN_SCRIPT: UNKNOWN_SCRIPT,
    Reason.OUT_OF_DOMAIN: "The responses are far out of domain. Their domain distance is {distance}, and "
    "{domain_share} of files from corpora that the model had not seen stay within {far_limit}. Their language, domain "
    "or length is not that of the training corpora.",
    Reason.TWO_SOURCES: "Several models may have written these responses. Two releases of different labs explain them "
    "better than one release, by {two_source_llr} nats a response, and {two_source_share} of files from one model stay "
    "within {two_source_limit}.",
    Reason.NO_THRESHOLD: "With so few responses no threshold keeps the share of wrong ones at {likely_rate} or below, "
    "in each kind of case that is expected.",
    Reason.BELOW_THRESHOLD: "P(first lab) = {confidence} is below the threshold of {likely}. Above it, at most "
    "{likely_rate} are wrong, in each kind of case that is expected.",
    Reason.BELOW_UNKNOWN: "P(first lab) = {confidence} is not higher than P(unknown lab) = {unknown}.",
    Reason.BELOW_NONE: "P(first lab) = {confidence} is not higher than P(none of these) = {unknown}.",
}

_NOVELTY = {
    Novelty.KNOWN: "A known release of the lab explains the responses.",
    Novelty.NEW: "P(new release, if the lab is right) = {new}, higher than for {others} of files from known releases.",
    Novelty.UNDECIDED: "Whether the release is known or new cannot be told.",
}
_NEVER_SHOWN = "more than any probability"
# Above this, one digit after the point says too little.
_CLOSE = 0.99
# The least sum of probabilities that something is a share of.
_LEAST = 1e-300

# The likelihood ratios from which on each word holds (ENFSI 2015, section 3), as decimal logarithms.
_SUPPORT = (
    (4.0, Support.VERY_STRONG),
    (3.0, Support.STRONG),
    (2.0, Support.MODERATELY_STRONG),
    (1.0, Support.MODERATE),
    (log10(2), Support.WEAK),
)


@dataclass(frozen=True)
class CaseSummary:
    """What the decision on one case rests on.

    Attributes:
        responses: Number of usable responses.
        confidence: Probability of the first lab.
        unknown: Probability of an unknown lab; in a question about candidates, of none of these.
        new: Probability of a new release, if the first lab is right.
        family: Probability of the first family; 0 where it is another lab's.
        release: Probability of the first release; 0 where it is another lab's.
        labs: (L,) probabilities of the labs; 0 for those that are no candidates.
        domain_distance: As in `Evidence`.
        in_domain_llr: As in `Evidence`.
        two_source_llr: As in `Covariates`.
        known_script: As in `Covariates`.
    """

    responses: int
    confidence: float
    unknown: float
    new: float
    family: float
    release: float
    labs: Floats
    domain_distance: float
    in_domain_llr: float
    two_source_llr: float
    known_script: bool = True


class Judgeable(Protocol):
    """What tells whether a case is judged, whatever is asked about it."""

    @property
    def responses(self) -> int: ...
    @property
    def domain_distance(self) -> float: ...
    @property
    def two_source_llr(self) -> float: ...
    @property
    def known_script(self) -> bool: ...


@dataclass(frozen=True)
class Question:
    """What is asked of a case beside whose it is.

    Attributes:
        expect: The kinds of cases that are expected.
        false_attributions: The share of attributions that may name a wrong lab, in each kind of case that is expected.
        candidates: How many labs are in question, beside "none of these"; None for all labs.
    """

    expect: Expect = Expect.ANY
    false_attributions: float = FALSE_ATTRIBUTIONS
    candidates: int | None = None


@dataclass(frozen=True)
class Decision:
    """The verdict on one case.

    Attributes:
        verdict: The word.
        reason: Its code.
        explanation: The reason as a sentence.
        level: What is named; None where no lab is.
        novelty: Whether the release is known; None where no lab is named.
        support: For the first lab.
        set: Codes of the labs in the set, the most probable first.
        shortlist: Codes of the labs on the short list, the most probable first; empty where there is none.
    """

    verdict: VerdictWord
    reason: Reason
    explanation: str
    level: Level | None
    novelty: Novelty | None
    support: Support
    set: tuple[int, ...]
    shortlist: tuple[int, ...]


def summaries(found: Posterior, evidence: Evidence, covariates: Covariates, family: Ints) -> list[CaseSummary]:
    """Return what the decisions on S cases rest on.

    Args:
        found: The recalibrated posterior; in a question about candidates, that `candidates.among` them.
        evidence: On the same cases.
        covariates: Of the same cases.
        family: (R,) code of the family of each release, from 0.
    """
    first, top, new = found.first()
    rows = np.arange(len(first))
    families = found.families(family)
    lab_of_family = np.zeros(families.shape[1], np.int64)
    lab_of_family[family] = found.lab
    first_family, first_release = families.argmax(axis=1), found.release.argmax(axis=1)
    columns = (
        covariates.count.tolist(),
        top.tolist(),
        found.unknown.tolist(),
        new.tolist(),
        np.where(lab_of_family[first_family] == first, families[rows, first_family], 0.0).tolist(),
        np.where(found.lab[first_release] == first, found.release[rows, first_release], 0.0).tolist(),
        list(found.labs()),
        evidence.domain_distance.tolist(),
        evidence.in_domain_llr.tolist(),
        covariates.two_source_llr.tolist(),
        covariates.known_script.tolist(),
    )
    return [CaseSummary(*one) for one in zip(*columns, strict=True)]


def decide(case: CaseSummary, calibration: Calibration, question: Question) -> Decision:
    """Decide on one case.

    Args:
        case: What the decision rests on.
        calibration: The thresholds and limits.
        question: Which of them.

    Returns:
        The verdict with its reason.

    References:
        Chow, C. K. (1970). On optimum recognition error and reject tradeoff. IEEE Transactions on Information Theory
        16 (abstention below a threshold).
    """
    count, config, rate = case.responses, calibration.config, question.false_attributions
    limits = calibration.limits(question.expect, question.candidates)
    likely_rate = max(config.likely, rate)
    threshold, likely = (limits.thresholds[Level.LAB].limit(count, one) for one in (rate, likely_rate))
    reason = _reason(case, calibration, question, threshold, likely)
    novelty = _novelty(case, limits, rate)
    if reason is Reason.ABOVE_THRESHOLD and novelty is Novelty.NEW:
        reason = Reason.NEW_RELEASE
    word = VERDICT_OF[reason]
    named = word.is_attribution or word is VerdictWord.LIKELY
    fields = {
        "confidence": _precise(case.confidence),
        "threshold": _shown(threshold),
        "likely": _shown(likely),
        "rate": stated(rate),
        "likely_rate": stated(likely_rate),
        "others": stated(1 - rate),
        "new": percent(case.new, 0),
        "unknown": percent(case.unknown, 0),
        "known_labs": stated(1 - config.known_as_unknown),
        "distance": f"{case.domain_distance:.2f}",
        "far_limit": f"{calibration.far_limit(count):.2f}",
        "domain_share": stated(config.domain_quantile),
        "script_share": stated(config.script_share),
        "two_source_llr": f"{case.two_source_llr:.1f}",
        "two_source_limit": f"{calibration.two_source_limit(count):.1f}",
        "two_source_share": stated(config.two_source_quantile),
    }
    fields["novelty"] = _NOVELTY[novelty].format(**fields)
    # Without a response, or in a script that the model hardly knows, no lab is ruled out.
    limit = limits.set_limit(count, case.domain_distance) if count and case.known_script else 0.0
    # A set holds the right lab if it is one of the candidates; without candidates, unknown labs count too.
    shares = case.labs if question.candidates is None else case.labs / max(float(case.labs.sum()), _LEAST)
    order = [int(i) for i in np.argsort(-shares, kind="stable")]
    members = [i for i in order if shares[i] > 0 and (shares[i] >= limit or i == order[0])]
    return Decision(
        word,
        reason,
        SENTENCES[reason].format(**fields),
        _level(case, limits, novelty, rate if word.is_attribution else likely_rate) if named else None,
        novelty if named else None,
        support(case, calibration, question),
        tuple(members),
        _shortlist(case, calibration, question, likely_rate) if reason in _UNNAMED else (),
    )


def decisions(
    found: Posterior,
    evidence: Evidence,
    covariates: Covariates,
    family: Ints,
    calibration: Calibration,
    question: Question,
) -> list[Decision]:
    """Decide on S cases; arguments as of `summaries` and `decide`."""
    return [decide(case, calibration, question) for case in summaries(found, evidence, covariates, family)]


def support(case: CaseSummary, calibration: Calibration, question: Question) -> Support:
    """Return how much the responses support the first lab, on the verbal scale.

    The likelihood ratio is that of the odds after and before the responses were read. Before, all labs in question are
    alike.
    """
    if not case.responses:
        return Support.NONE
    config = calibration.config
    if question.candidates is None:
        prior = (1 - config.mixture(question.expect)["unknown"]) / len(case.labs)
    else:
        prior = config.candidate_prior / question.candidates
    return verbal(_log_odds(case.confidence) - _log_odds(prior))


def why_unjudged(case: Judgeable, calibration: Calibration) -> Reason | None:
    """Return why a case is not judged, whatever is asked about it; None for one that is.

    Args:
        case: What tells.
        calibration: The limits of the domain and of two sources.
    """
    if not case.responses:
        return Reason.NO_RESPONSES
    if not case.known_script:
        return Reason.UNKNOWN_SCRIPT
    if case.domain_distance > calibration.far_limit(case.responses):
        return Reason.OUT_OF_DOMAIN
    return Reason.TWO_SOURCES if case.two_source_llr > calibration.two_source_limit(case.responses) else None


def support_of(log_likelihood_ratio: float) -> Support:
    """Return how much a log-likelihood ratio in nats supports whichever side it is on, on the verbal scale."""
    return verbal(abs(log_likelihood_ratio) / log(10))


def verbal(ratio: float) -> Support:
    """Return the word of the verbal scale for a likelihood ratio.

    Args:
        ratio: Its decimal logarithm.

    References:
        ENFSI (2015), section 3.
    """
    return next((word for least, word in _SUPPORT if ratio >= least), Support.NONE)


def most_probable(labs: Floats, size: int) -> Ints:
    """Return (S, size) codes of the labs on a short list, the first of them first; (S, 0) if there are no more labs.

    Args:
        labs: (S, L) probabilities of the labs.
        size: Labs on a list.
    """
    size = size if labs.shape[1] > size else 0
    return np.argsort(-labs, axis=1, kind="stable")[:, :size]


def percent(share: float, digits: int) -> str:
    """Return a share as text, such as "20 %".

    Args:
        share: From 0 to 1.
        digits: After the point. What is not 0 and would read as 0 is "<0.1 %" with one digit; what is not 1 and would
            read as 100 % is ">99.9 %".
    """
    least = 10.0**-digits
    text = f"{100 * share:.{digits}f}"
    if share > 0 and not float(text):
        return f"<{least:.{digits}f} %"
    return f">{100 - least:.{digits}f} %" if share < 1 and float(text) == 100 else f"{text} %"


def _log_odds(probability: float) -> float:
    """The decimal logarithm of the odds; a certainty is one in a billion short of it."""
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return log(inside / (1 - inside)) / log(10)


def stated(share: float) -> str:
    """Return a share that somebody chose as text, with the digits that it has."""
    return f"{100 * share:.4g} %"


def _shown(threshold: float) -> str:
    return _NEVER_SHOWN if threshold >= NEVER else _precise(threshold)


def _precise(probability: float) -> str:
    """With more digits close to 1, where thresholds of few candidates lie."""
    return percent(probability, 1 if probability <= _CLOSE else 2)


def _reason(case: CaseSummary, calibration: Calibration, question: Question, threshold: float, likely: float) -> Reason:
    """threshold, likely: what the confidence has to reach for an attribution, and for a likely lab."""
    count, config = case.responses, calibration.config
    if unjudged := why_unjudged(case, calibration):
        return unjudged
    if case.confidence > case.unknown:
        if case.confidence >= threshold:
            return Reason.ABOVE_THRESHOLD
        if case.confidence >= likely:
            return Reason.ABOVE_LIKELY
    # Where an unknown domain explains the responses better than the known ones, it looks like an unknown lab.
    in_domain = case.in_domain_llr > 0 and case.domain_distance <= calibration.domain_limit(count)
    limits, of_all = calibration.limits(question.expect, question.candidates), question.candidates is None
    unknown_limit = limits.unknown.limit(count, config.known_as_unknown)
    if in_domain and case.unknown > max(unknown_limit, case.confidence):
        return Reason.UNKNOWN_LAB if of_all else Reason.NO_CANDIDATE
    if case.confidence <= case.unknown:
        return Reason.BELOW_UNKNOWN if of_all else Reason.BELOW_NONE
    return Reason.NO_THRESHOLD if likely >= NEVER else Reason.BELOW_THRESHOLD


def _shortlist(case: CaseSummary, calibration: Calibration, question: Question, rate: float) -> tuple[int, ...]:
    """The most probable labs, if their probability together holds the rate; a question about candidates has none."""
    if question.candidates is not None:
        return ()
    first = most_probable(case.labs[None], calibration.config.shortlist)[0].tolist()
    together = float(case.labs[first].sum())
    limit = calibration.expectations[question.expect].shortlist.limit(case.responses, rate)
    return tuple(first) if first and together >= limit and together > case.unknown else ()


def _novelty(case: CaseSummary, limits: DecisionLimits, rate: float) -> Novelty:
    """Whether the other answer would be a false alarm at the allowed rate."""
    if case.new > limits.new.limit(case.responses, rate):
        return Novelty.NEW
    return Novelty.KNOWN if 1 - case.new > limits.known.limit(case.responses, rate) else Novelty.UNDECIDED


def _level(case: CaseSummary, limits: DecisionLimits, novelty: Novelty, rate: float) -> Level:
    """The finest level whose probability holds the rate; no known release wrote what a new one did."""
    for level, probability in ((Level.RELEASE, case.release), (Level.FAMILY, case.family)):
        if level is Level.RELEASE and novelty is Novelty.NEW:
            continue
        if probability >= limits.thresholds[level].limit(case.responses, rate):
            return level
    return Level.LAB
