from __future__ import annotations

import numpy as np
import pytest

from fingerprint.verdict.calibration import Calibration, Curve
from fingerprint.verdict.decide import Facts, decide
from fingerprint.verdict.posterior import PARAMETERS


def curve() -> Curve:
    rng = np.random.default_rng(0)
    confidence = rng.random(5000)
    return Curve.of(confidence, rng.random(5000) < confidence, np.ones(5000))


def test_threshold_keeps_the_rate_and_is_monotone() -> None:
    found = curve()
    strict, loose = found.threshold(0.05), found.threshold(0.2)
    assert strict > loose
    assert found.at(strict)[1] <= 0.05
    assert 0.85 < strict < 0.95


def test_no_claim_where_no_threshold_holds() -> None:
    wrong = Curve.of(np.linspace(0, 1, 500), np.zeros(500, bool), np.ones(500))
    assert wrong.threshold(0.05) > 1 or wrong.at(wrong.threshold(0.05))[0] < 0.05


def test_round_trip_and_buckets() -> None:
    one = Calibration(dict.fromkeys(PARAMETERS, 0.5), {"all": curve(), "1": curve(), "10": curve()}, 2.0, {"10": 1.5})
    again = Calibration.from_dict(one.to_dict())
    assert again == one
    assert [one.nearest(n) for n in (1, 9, 10, 99)] == ["1", "1", "10", "10"]
    assert [one.split_limit(n) for n in (1, 9, 10, 99)] == [np.inf, np.inf, 1.5, 1.5]


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (Facts(0, 0.99, 0, 0, 1, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 1, 1), "attributed"),
        (Facts(9, 0.99, 0, 0.9, 1, 1), "new-release"),
        (Facts(9, 0.2, 0.7, 0.9, 1, 1), "unknown"),
        (Facts(9, 0.5, 0.3, 0.1, 1, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 9, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 1, 3), "inconclusive"),
    ],
)
def test_words(facts: Facts, verdict: str) -> None:
    calibration = Calibration(dict.fromkeys(PARAMETERS, 0.0), {"all": curve(), "3": curve()}, 2.0, {"3": 2.0})
    word, reason = decide(facts, calibration, 0.05)
    assert word == verdict
    assert reason.endswith(".")
