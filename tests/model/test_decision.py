from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pytest

from fingerprint.model.calibration import Curve
from fingerprint.model.decision import SENTENCES, VERDICT_OF, CaseSummary, decide
from fingerprint.model.verdict import ATTRIBUTIONS, VERDICTS, Reason, VerdictWord
from tests.model.test_calibration import calibration, curve

CLEAR = CaseSummary(
    responses=9, confidence=0.99, unknown=0.0, new=0.1, domain_distance=1.0, in_domain_llr=5.0, two_source_llr=1.0
)
DOUBTFUL = replace(CLEAR, confidence=0.2, unknown=0.21, new=0.9)


def test_every_reason_has_a_verdict_and_a_sentence_and_every_verdict_a_reason() -> None:
    assert set(VERDICT_OF) == set(SENTENCES) == set(Reason)
    assert set(VERDICT_OF.values()) == set(VERDICTS) == set(VerdictWord)
    assert ATTRIBUTIONS == (VerdictWord.ATTRIBUTED, VerdictWord.NEW_RELEASE)


def test_every_sentence_is_filled() -> None:
    filled = {
        field for text in SENTENCES.values() for _, field, _, _ in string.Formatter().parse(text) if field is not None
    }
    assert filled
    for summary in (CLEAR, DOUBTFUL, replace(CLEAR, responses=0), replace(CLEAR, domain_distance=9.0)):
        explanation = decide(summary, calibration({"3": 2.0}, **{"3": curve()}), 0.05).explanation
        assert "{" not in explanation
        assert explanation.endswith(".")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (replace(CLEAR, responses=0), Reason.NO_RESPONSES),
        (CLEAR, Reason.KNOWN_RELEASE),
        (replace(CLEAR, new=0.2), Reason.KNOWN_RELEASE),
        (replace(CLEAR, new=0.21), Reason.NEW_RELEASE),
        (replace(CLEAR, new=0.21, responses=2), Reason.KNOWN_RELEASE),
        (DOUBTFUL, Reason.UNKNOWN_LAB),
        (replace(DOUBTFUL, unknown=0.2), Reason.BELOW_THRESHOLD),
        (replace(DOUBTFUL, unknown=0.7, in_domain_llr=0.0), Reason.BELOW_THRESHOLD),
        (replace(CLEAR, confidence=0.5, unknown=0.1), Reason.BELOW_THRESHOLD),
        (replace(CLEAR, domain_distance=2.1), Reason.OUT_OF_DOMAIN),
        (replace(CLEAR, domain_distance=1.1, responses=10), Reason.OUT_OF_DOMAIN),
        (replace(CLEAR, two_source_llr=3.0), Reason.TWO_SOURCES),
    ],
)
def test_decisions(case: CaseSummary, reason: Reason) -> None:
    decision = decide(case, calibration({"3": 2.0}, **{"3": curve()}), 0.05)
    assert decision.reason is reason
    assert decision.verdict is VERDICT_OF[reason]


def test_a_first_lab_above_a_low_threshold_but_below_the_unknown_one() -> None:
    case = replace(CLEAR, confidence=0.3, unknown=0.6, in_domain_llr=0.0)
    decision = decide(case, calibration({}, **{"3": curve()}), 0.9)
    assert decision.reason is Reason.BELOW_UNKNOWN
    assert decision.explanation == "P(first lab) = 30.0 % is not higher than P(unknown lab) = 60 %."


def test_where_no_threshold_holds_the_rate_the_sentence_says_so() -> None:
    wrong = Curve.of(np.ones(500), np.zeros(500, bool), np.ones(500), 1)
    fitted = calibration({}, **{"3": wrong, "all": wrong})
    decision = decide(CLEAR, fitted, 0.05)
    assert decision.reason is Reason.NO_THRESHOLD
    assert decision.explanation == "No threshold keeps the share of wrong attributions at 5 % or below."


def test_figures_stand_beside_their_condition() -> None:
    decision = decide(DOUBTFUL, calibration({}, **{"3": curve()}), 0.05)
    assert decision.explanation == (
        "No known lab fits well. P(unknown lab) = 21 %, higher than for 95 % of files from known labs."
    )
    strict = decide(replace(CLEAR, confidence=0.5), calibration({}, **{"3": curve()}), 0.001)
    assert "at most 0.1 % of attributions are wrong" in strict.explanation
