from __future__ import annotations

import string
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fingerprint.metrics import Level
from fingerprint.model.calibration import NEVER, Calibration, Expect
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import (
    SENTENCES,
    VERDICT_OF,
    CaseSummary,
    Question,
    decide,
    decisions,
    summaries,
    support,
)
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import Posterior
from fingerprint.model.verdict import ATTRIBUTIONS, VERDICTS, Novelty, Reason, Support, VerdictWord
from tests.model.calibrated import CONFIG, calibration, expectation, limits

LAB = np.array([0, 0, 1, 2])


def summary(confidence: float, unknown: float = 0.01, **changes: float) -> CaseSummary:
    """A case in-domain, of one known release of the second lab."""
    labs = np.full(50, (1 - confidence - unknown) / 49)
    labs[1] = confidence
    one = CaseSummary(
        responses=12,
        confidence=confidence,
        unknown=unknown,
        new=0.1,
        family=0.7,
        release=0.65,
        labs=labs,
        domain_distance=0.5,
        in_domain_llr=5.0,
        two_source_llr=1.0,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


CLEAR, LEANING, DOUBTFUL = summary(0.95), summary(0.7), summary(0.2, 0.45)
NEW = replace(CLEAR, new=0.71)


def test_every_reason_has_a_verdict_and_a_sentence_and_every_verdict_a_reason() -> None:
    assert set(VERDICT_OF) == set(SENTENCES) == set(Reason)
    assert set(VERDICT_OF.values()) == set(VERDICTS) == set(VerdictWord)
    assert ATTRIBUTIONS == (VerdictWord.ATTRIBUTED, VerdictWord.NEW_RELEASE)


CASES = [
    (replace(CLEAR, responses=0), Reason.NO_RESPONSES),
    (replace(CLEAR, known_script=False), Reason.UNKNOWN_SCRIPT),
    # The script is named as the reason first: it is why such a case is far out of domain.
    (replace(CLEAR, known_script=False, domain_distance=3.01), Reason.UNKNOWN_SCRIPT),
    (CLEAR, Reason.ABOVE_THRESHOLD),
    (summary(0.9), Reason.ABOVE_THRESHOLD),
    (summary(0.89), Reason.ABOVE_LIKELY),
    (summary(0.6), Reason.ABOVE_LIKELY),
    (summary(0.59), Reason.BELOW_THRESHOLD),
    (replace(CLEAR, new=0.7), Reason.ABOVE_THRESHOLD),
    (NEW, Reason.NEW_RELEASE),
    # Novelty makes no attribution of a likely lab.
    (replace(LEANING, new=0.71), Reason.ABOVE_LIKELY),
    (DOUBTFUL, Reason.BELOW_UNKNOWN),
    (summary(0.2, 0.51), Reason.UNKNOWN_LAB),
    (summary(0.2, 0.5), Reason.BELOW_UNKNOWN),
    # In no known domain, or beyond the domain limit, the domain may explain what fits no lab.
    (summary(0.2, 0.7, in_domain_llr=0.0), Reason.BELOW_UNKNOWN),
    (summary(0.2, 0.7, domain_distance=1.01), Reason.BELOW_UNKNOWN),
    # Out of domain, but not far, the same thresholds hold.
    (replace(CLEAR, domain_distance=2.9), Reason.ABOVE_THRESHOLD),
    (replace(CLEAR, domain_distance=3.01), Reason.OUT_OF_DOMAIN),
    (replace(CLEAR, domain_distance=3.01, responses=9), Reason.ABOVE_THRESHOLD),
    (replace(CLEAR, two_source_llr=1.51), Reason.TWO_SOURCES),
    (replace(CLEAR, two_source_llr=1.5), Reason.ABOVE_THRESHOLD),
]


@pytest.mark.parametrize(("case", "reason"), CASES)
def test_decisions(case: CaseSummary, reason: Reason) -> None:
    found = decide(case, calibration(), Question())
    assert found.reason is reason
    assert found.verdict is VERDICT_OF[reason]
    named = found.verdict in (*ATTRIBUTIONS, VerdictWord.LIKELY)
    assert (found.level is not None) == (found.novelty is not None) == named
    assert found.explanation.endswith(".")
    assert "{" not in found.explanation


def test_the_cases_have_every_reason_of_all_labs_but_one_and_every_sentence_is_filled() -> None:
    assert {reason for _, reason in CASES} == set(Reason) - {
        Reason.NO_THRESHOLD,
        Reason.NO_CANDIDATE,
        Reason.BELOW_NONE,
    }
    assert any(field for text in SENTENCES.values() for _, field, _, _ in string.Formatter().parse(text))


LISTED = calibration(
    expectations=dict.fromkeys(map(str, Expect), expectation(shortlist=limits(NEVER, NEVER, 0.62))),
    config=msgspec.structs.replace(CONFIG, shortlist=5),
)


def test_where_no_lab_is_named_a_few_may_be_listed() -> None:
    # 0.59 and four times 0.4 / 49.
    found = decide(summary(0.59), LISTED, Question())
    assert found.verdict is VerdictWord.INCONCLUSIVE
    assert found.shortlist == (1, 0, 2, 3, 4)
    assert found.level is None
    # Together below the limit; a lab is named; nothing was judged; an unknown lab is more probable.
    assert decide(summary(0.55), LISTED, Question()).shortlist == ()
    assert decide(LEANING, LISTED, Question()).shortlist == ()
    assert decide(summary(0.59, domain_distance=3.01), LISTED, Question()).shortlist == ()
    assert decide(summary(0.59), calibration(), Question()).shortlist == ()
    low = calibration(expectations=dict.fromkeys(map(str, Expect), expectation(shortlist=limits(NEVER, NEVER, 0.1))))
    assert decide(summary(0.2, 0.49, in_domain_llr=-1.0), low, Question()).shortlist == ()
    assert decide(summary(0.2, 0.21), low, Question()).shortlist == (1, 0, 2, 3, 4)
    # An allowed rate below that of lists gives none where no limit holds it; one above takes the limit of the largest.
    assert decide(summary(0.59), LISTED, Question(false_attributions=0.01)).shortlist == (1, 0, 2, 3, 4)
    # A question about candidates has none.
    asked = replace(summary(0.59), labs=np.array([0.41, 0.59]))
    assert decide(asked, LISTED, Question(candidates=2)).shortlist == ()


def never() -> Calibration:
    return calibration(
        expectations=dict.fromkeys(
            Expect, expectation(thresholds=dict.fromkeys(("lab", "family", "release"), limits()))
        )
    )


def test_where_no_threshold_holds_the_rate_the_sentence_says_so() -> None:
    decision = decide(CLEAR, never(), Question())
    assert decision.reason is Reason.NO_THRESHOLD
    assert decision.explanation == (
        "With so few responses no threshold keeps the share of wrong ones at 25 % or below, in each kind of case that "
        "is expected."
    )


def test_a_probability_of_the_unknown_lab_that_is_as_high_is_higher_than_any_threshold() -> None:
    low = calibration(expectations=dict.fromkeys(Expect, expectation(thresholds={"lab": limits(0.1, 0.1, 0.1)})))
    decision = decide(summary(0.4, 0.4), low, Question())
    assert decision.reason is Reason.BELOW_UNKNOWN
    assert decision.explanation == "P(first lab) = 40.0 % is not higher than P(unknown lab) = 40 %."


def test_the_rate_and_the_expectation_choose_the_thresholds() -> None:
    other = expectation(thresholds=dict.fromkeys(("lab", "family", "release"), limits(0.99, 0.98, 0.97)))
    fitted = calibration(expectations={"any": expectation(), "new": other, "known": expectation()})

    def word(rate: float, expect: Expect = Expect.ANY, case: CaseSummary = CLEAR) -> VerdictWord:
        return decide(case, fitted, Question(expect, rate)).verdict

    assert word(0.05) is VerdictWord.ATTRIBUTED
    assert word(0.05, Expect.NEW) is VerdictWord.INCONCLUSIVE
    # No threshold for 4 %, and one of 0.6 for 25 %, which is then that of an attribution.
    assert word(0.04) is VerdictWord.LIKELY
    assert word(0.25, case=LEANING) is VerdictWord.ATTRIBUTED
    assert word(0.4, case=summary(0.55)) is VerdictWord.INCONCLUSIVE


@pytest.mark.parametrize(
    ("case", "level"),
    [
        (replace(CLEAR, family=0.85, release=0.85), Level.FAMILY),
        (replace(CLEAR, family=0.79, release=0.79), Level.LAB),
        (replace(LEANING, family=0.5, release=0.4), Level.FAMILY),
        (replace(LEANING, family=0.49, release=0.4), Level.LAB),
        (replace(NEW, family=0.9, release=0.9), Level.FAMILY),
        (DOUBTFUL, None),
    ],
)
def test_the_level_is_the_finest_that_holds_the_rate_of_its_word(case: CaseSummary, level: Level | None) -> None:
    assert decide(case, calibration(), Question()).level is level
    finer = expectation(thresholds={**expectation().thresholds, "release": limits(0.9, 0.8, 0.3)})
    by_release = calibration(expectations=dict.fromkeys(Expect, finer))
    if level is Level.FAMILY:
        # No known release wrote what a new one did.
        told = Level.FAMILY if case.new > 0.7 else Level.RELEASE
        assert decide(case, by_release, Question()).level is told


@pytest.mark.parametrize(
    ("new", "novelty"),
    [
        (0.1, Novelty.KNOWN),
        (0.19, Novelty.KNOWN),
        (0.21, Novelty.UNDECIDED),
        (0.7, Novelty.UNDECIDED),
        (0.71, Novelty.NEW),
    ],
)
def test_novelty_is_told_where_the_other_answer_is_ruled_out(new: float, novelty: Novelty) -> None:
    for case in (CLEAR, LEANING):
        assert decide(replace(case, new=new), calibration(), Question()).novelty is novelty
    assert decide(replace(DOUBTFUL, new=new), calibration(), Question()).novelty is None


def test_the_set_always_holds_the_first_lab_and_is_ranked() -> None:
    labs = np.zeros(50)
    labs[[7, 1, 30, 4]] = 0.09, 0.5, 0.2, 0.05
    case = replace(CLEAR, labs=labs, confidence=0.5)
    assert decide(case, calibration(), Question()).set == (1, 30)
    # Far away a lab needs less, and a lab without any probability is none of them.
    assert decide(replace(case, domain_distance=1.5), calibration(), Question()).set == (1, 30, 7, 4)
    every = calibration(expectations=dict.fromkeys(Expect, expectation(sets={"1": [0.0, 0.0]})))
    assert decide(case, every, Question()).set == (1, 30, 7, 4)
    none = calibration(expectations=dict.fromkeys(Expect, expectation(sets={"1": [0.9, 0.9]})))
    for one in (case, DOUBTFUL, replace(case, domain_distance=9.0)):
        assert decide(one, none, Question()).set == (1,)


def test_without_a_response_nothing_is_supported_and_no_lab_is_ruled_out() -> None:
    found = decide(replace(CLEAR, responses=0), calibration(), Question())
    assert found.support is Support.NONE
    assert set(found.set) == set(range(50))


def test_in_a_script_that_the_model_hardly_knows_no_lab_is_ruled_out() -> None:
    assert decide(CLEAR, calibration(), Question()).set == (1,)
    found = decide(replace(CLEAR, known_script=False), calibration(), Question())
    assert found.set[0] == 1
    assert set(found.set) == set(range(50))


def test_support_is_by_the_odds_after_and_before() -> None:
    # Before, each of 50 labs has 0.9 / 50: odds of 0.018 to 0.982.
    before = 0.018 / 0.982
    words = {
        1.9: Support.NONE, 2.1: Support.WEAK, 9.9: Support.WEAK, 10.1: Support.MODERATE, 99: Support.MODERATE,
        101: Support.MODERATELY_STRONG, 1_001: Support.STRONG, 10_001: Support.VERY_STRONG,
    }  # fmt: skip
    for ratio, word in words.items():
        odds = ratio * before
        assert support(summary(odds / (1 + odds), 0.0), calibration(), Question()) is word
    assert support(summary(1.0, 0.0), calibration(), Question()) is Support.VERY_STRONG
    # Under another expectation an unknown lab is more probable before.
    odds = 2.1 * before
    close = summary(odds / (1 + odds), 0.0)
    assert support(close, calibration(), Question(Expect.NEW)) is Support.WEAK
    assert support(close, calibration(), Question(Expect.KNOWN)) is Support.NONE


def test_of_few_candidates_each_has_more_before() -> None:
    # Before, each of two has a quarter: odds of 1 to 3.
    two = replace(summary(0.5), labs=np.r_[0.2, 0.5, np.zeros(48)], unknown=0.3)
    assert support(two, calibration(), Question(candidates=2)) is Support.WEAK
    assert support(replace(two, confidence=0.39), calibration(), Question(candidates=2)) is Support.NONE
    assert support(two, calibration(), Question()) is Support.MODERATE


@pytest.mark.parametrize(
    ("confidence", "none", "reason"),
    [
        (0.96, 0.02, Reason.ABOVE_THRESHOLD),
        (0.92, 0.05, Reason.ABOVE_LIKELY),
        (0.7, 0.2, Reason.BELOW_THRESHOLD),
        (0.3, 0.6, Reason.BELOW_NONE),
        (0.01, 0.985, Reason.NO_CANDIDATE),
    ],
)
def test_candidates_have_thresholds_of_their_own(confidence: float, none: float, reason: Reason) -> None:
    asked = replace(summary(confidence, none), labs=np.r_[1 - confidence - none, confidence, np.zeros(48)])
    found = decide(asked, calibration(), Question(candidates=2))
    assert found.reason is reason
    assert found.verdict is VERDICT_OF[reason]
    if reason is Reason.NO_CANDIDATE:
        assert "P(none of these) = 98 %, higher than for 99 % of files from candidates." in found.explanation
        # Out-of-domain, anybody's responses look like those of others.
        far = replace(asked, in_domain_llr=-1.0)
        assert decide(far, calibration(), Question(candidates=2)).reason is Reason.BELOW_NONE


def test_a_set_of_candidates_is_by_what_each_has_if_it_is_one_of_them() -> None:
    asked = replace(summary(0.2, 0.7), labs=np.r_[0.1, 0.2, np.zeros(48)])
    # A third of 0.3 is above the limit of 0.3 by a little; far away it is 0.2.
    assert decide(asked, calibration(), Question(candidates=2)).set == (1, 0)
    few = replace(asked, labs=np.r_[0.05, 0.2, np.zeros(48)])
    assert decide(few, calibration(), Question(candidates=2)).set == (1,)


def test_figures_stand_beside_their_condition() -> None:
    each, above = "in each kind of case that is expected.", "P(first lab) = 95.0 % is above the threshold of 90.0 %. "
    attributed = f"{above}Above it, at most 5 % of attributions are wrong, {each} "
    for case, said in (
        (CLEAR, f"{attributed}A known release of the lab explains the responses."),
        (
            NEW,
            f"{attributed}P(new release, if the lab is right) = 71 %, higher than for 95 % of files from known "
            "releases.",
        ),
        (
            replace(LEANING, new=0.5),
            "P(first lab) = 70.0 % is above the threshold of 60.0 % for a likely lab. Above it, at most 25 % are "
            f"wrong, {each} An attribution needs 90.0 %. Whether the release is known or new cannot be told.",
        ),
        (
            summary(0.2, 0.51),
            "No known lab fits well. P(unknown lab) = 51 %, higher than for 99 % of files from known labs.",
        ),
        (
            replace(CLEAR, domain_distance=3.01),
            "The responses are far out of domain. Their domain distance is 3.01, and 99.5 % of files from corpora that "
            "the model had not seen stay within 3.00. Their language, domain or length is not that of the training "
            "corpora.",
        ),
        (
            summary(0.5),
            f"P(first lab) = 50.0 % is below the threshold of 60.0 %. Above it, at most 25 % are wrong, {each}",
        ),
    ):
        assert decide(case, calibration(), Question()).explanation == said
    strict = decide(LEANING, calibration(), Question(Expect.ANY, 0.001)).explanation
    assert "An attribution needs more than any probability." in strict


def test_families_and_releases_of_another_lab_count_nothing_for_the_first() -> None:
    release = np.array([[0.3, 0.1, 0.35, 0.0], [0.3, 0.2, 0.1, 0.0]])
    found = Posterior(release, np.array([[0.1, 0.0, 0.05], [0.1, 0.0, 0.2]]), np.array([0.1, 0.1]), LAB)
    nothing = np.zeros((2, 3))
    evidence = Evidence(release, nothing, np.zeros(2), np.array([0.5, 3.5]), np.ones(2), release, nothing, nothing)
    family = np.array([0, 0, 1, 2])
    covariates = Covariates.unread(np.array([3, 12]))
    one, other = summaries(found, evidence, covariates, family)
    assert (one.confidence, one.new, one.unknown) == pytest.approx((0.5, 0.2, 0.1))
    assert (one.family, one.release) == pytest.approx((0.4, 0))
    assert (other.family, other.release, other.domain_distance) == pytest.approx((0.5, 0.3, 3.5))
    assert other.labs == pytest.approx(found.labs()[1])
    reasons = [one.reason for one in decisions(found, evidence, covariates, family, calibration(), Question())]
    assert reasons == [Reason.BELOW_THRESHOLD, Reason.OUT_OF_DOMAIN]
    assert CONFIG.likely == 0.25
