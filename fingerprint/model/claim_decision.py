"""From the log-likelihood ratio of a claim to one of three verdicts, and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass

from fingerprint.model.calibration import Calibration, nearest
from fingerprint.model.claim_verdict import ClaimReason, ClaimWord, TrialRates, TrialSize
from fingerprint.model.claims import NEVER, PROMISED, TARGET, ClaimTable, Impostor
from fingerprint.model.decision import UNKNOWN_SCRIPT, percent, stated, why_unjudged

VERDICT_OF: dict[ClaimReason, ClaimWord] = {
    ClaimReason.ABOVE_LIMIT: ClaimWord.CONSISTENT,
    ClaimReason.BELOW_LIMIT: ClaimWord.INCONSISTENT,
    ClaimReason.BETWEEN_LIMITS: ClaimWord.INCONCLUSIVE,
    ClaimReason.BETWEEN_LOOKS: ClaimWord.INCONCLUSIVE,
    ClaimReason.NO_LIMIT: ClaimWord.INCONCLUSIVE,
    ClaimReason.NO_RESPONSES: ClaimWord.INCONCLUSIVE,
    ClaimReason.UNKNOWN_SCRIPT: ClaimWord.INCONCLUSIVE,
    ClaimReason.OUT_OF_DOMAIN: ClaimWord.INCONCLUSIVE,
    ClaimReason.TWO_SOURCES: ClaimWord.INCONCLUSIVE,
}

SENTENCES: dict[ClaimReason, str] = {
    ClaimReason.ABOVE_LIMIT: "The log-likelihood ratio is {llr}. It reaches {accept} in at most {false_accepts} of "
    "false claims, of each kind that was measured.",
    ClaimReason.BELOW_LIMIT: "The log-likelihood ratio is {llr}. It falls below {reject} in at most {false_alarms} of "
    "true claims.",
    ClaimReason.BETWEEN_LIMITS: "The log-likelihood ratio is {llr}. From {accept} on, the claim would be called "
    "consistent, and below {reject} inconsistent; between them both would be wrong too often.",
    ClaimReason.BETWEEN_LOOKS: "The log-likelihood ratio is {llr}. The claim can be settled after {looks} responses "
    "only: whoever looks more often is wrong more often.",
    ClaimReason.NO_LIMIT: "With so few responses, of this kind, no log-likelihood ratio tells true claims from false "
    "ones at the stated rates.",
    ClaimReason.NO_RESPONSES: "No usable response is left.",
    ClaimReason.UNKNOWN_SCRIPT: UNKNOWN_SCRIPT,
    ClaimReason.OUT_OF_DOMAIN: "The responses are far out of domain. Their domain distance is {distance}, and "
    "{domain_share} of files from corpora that the model had not seen stay within {far_limit}.",
    ClaimReason.TWO_SOURCES: "Several models may have written these responses. Two releases of different labs explain "
    "them better than one release.",
}

# The share of true claims, or of false ones, that a number of responses has to settle so that it is worth naming.
_WORTH = 0.5
_NONE = "no value"

OTHER_PROMPTS = (
    "More responses to such prompts will hardly settle it. Give responses to other prompts (everyday questions and "
    "tasks), or compare with responses of the claimed model to the same prompts: --reference FILE."
)
"""What to do where the number of responses is not what is missing."""

OTHER_RESPONSES = frozenset({ClaimReason.UNKNOWN_SCRIPT, ClaimReason.OUT_OF_DOMAIN})
"""The reasons for which more of the same responses settle nothing."""


@dataclass(frozen=True)
class ClaimCase:
    """What the decision on a claim rests on.

    Attributes:
        responses: Number of usable responses.
        log_likelihood_ratio: In nats.
        domain_distance: As in `Evidence`.
        two_source_llr, known_script: As in `Covariates`.
    """

    responses: int
    log_likelihood_ratio: float
    domain_distance: float
    two_source_llr: float
    known_script: bool = True


@dataclass(frozen=True)
class ClaimDecision:
    """The verdict on a claim.

    Attributes:
        verdict, reason, explanation: As in `ClaimVerdict`.
        accept, reject: The limits; None where no ratio reaches one.
    """

    verdict: ClaimWord
    reason: ClaimReason
    explanation: str
    accept: float | None
    reject: float | None


def decide_claim(
    case: ClaimCase, calibration: Calibration, table: ClaimTable, false_alarms: float, false_accepts: float
) -> ClaimDecision:
    """Decide on a claim.

    Args:
        case: What the decision rests on.
        calibration: The limits of the domain and of two sources.
        table: The limits of the log-likelihood ratio.
        false_alarms: The share of true claims that may be called inconsistent.
        false_accepts: The share of false claims, of each kind, that may be called consistent.

    Returns:
        The verdict with its reason.
    """
    rates = calibration.config.rates
    accept, reject = table.limits(rates, max(case.responses, 1), false_alarms, false_accepts)
    reason = _reason(case, calibration, accept, reject)
    fields = {
        "llr": f"{case.log_likelihood_ratio:.1f}",
        "accept": f"{accept:.1f}" if accept < NEVER else _NONE,
        "reject": f"{reject:.1f}" if reject > -NEVER else _NONE,
        "false_accepts": stated(false_accepts),
        "false_alarms": stated(false_alarms),
        "distance": f"{case.domain_distance:.2f}",
        "far_limit": f"{calibration.far_limit(max(case.responses, 1)):.2f}",
        "domain_share": stated(calibration.config.domain_quantile),
        "script_share": stated(calibration.config.script_share),
    }
    return ClaimDecision(
        VERDICT_OF[reason],
        reason,
        SENTENCES[reason].format(**fields),
        accept if accept < NEVER else None,
        reject if reject > -NEVER else None,
    )


def _reason(case: ClaimCase, calibration: Calibration, accept: float, reject: float) -> ClaimReason:
    if unjudged := why_unjudged(case, calibration):
        return ClaimReason(unjudged)
    if case.log_likelihood_ratio >= accept:
        return ClaimReason.ABOVE_LIMIT
    if case.log_likelihood_ratio < reject:
        return ClaimReason.BELOW_LIMIT
    return ClaimReason.NO_LIMIT if accept >= NEVER and reject <= -NEVER else ClaimReason.BETWEEN_LIMITS


def trial_rates(table: ClaimTable, count: int) -> tuple[int, tuple[TrialRates, ...]]:
    """Return what was measured on held-out claims, and the number of responses that it is for; 0 without any."""
    if not table.figures:
        return 0, ()
    size = nearest(table.figures, count)
    found = table.figures[size]
    rates = (
        TrialRates(kind, kind == TARGET or kind in PROMISED, of.trials, of.consistent, of.inconsistent, of.eer)
        for kind in (TARGET, *map(str, Impostor))
        if (of := found.get(kind))
    )
    return int(size), tuple(rates)


def trial_sizes(table: ClaimTable) -> tuple[TrialSize, ...]:
    """Return what more or fewer responses settle."""
    out = []
    for size in sorted(table.figures, key=int):
        kinds = table.figures[size]
        false = [of.inconsistent for kind, of in kinds.items() if kind in PROMISED]
        if TARGET in kinds and false:
            out.append(TrialSize(int(size), kinds[TARGET].consistent, round(sum(false) / len(false), 4)))
    return tuple(out)


def what_would_settle(decision: ClaimDecision, case: ClaimCase, sizes: tuple[TrialSize, ...]) -> str | None:
    """Return a sentence that says what the user can do; None for a verdict that settles the claim."""
    if decision.verdict is not ClaimWord.INCONCLUSIVE:
        return None
    if decision.reason is ClaimReason.TWO_SOURCES:
        return "Put the responses of each model into a file of its own, and verify the files one by one."
    more = [one for one in sizes if one.responses > case.responses]
    worth = next((one for one in more if max(one.consistent, one.inconsistent) >= _WORTH), None)
    if decision.reason not in OTHER_RESPONSES and worth is not None:
        return (
            f"Give {worth.responses} responses or more: with so many, {percent(worth.consistent, 0)} of true claims "
            f"are called consistent and {percent(worth.inconsistent, 0)} of false ones inconsistent."
        )
    return OTHER_PROMPTS
