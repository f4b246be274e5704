from __future__ import annotations

import numpy as np
import pytest

from fingerprint.model.calibration import RATES, Calibration, Curve, FalseAlarmLimits
from fingerprint.model.confidence import CALIBRATION_FEATURES
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import Facts, decide
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import PARAMETERS, START

CONFIDENCE = {"first": dict.fromkeys((*CALIBRATION_FEATURES, "bias"), 0.25)}
NEVER = FalseAlarmLimits({"1": [0.5] * len(RATES), "3": [0.2] * len(RATES)})


def calibration(limits: dict[str, float], **curves: Curve) -> Calibration:
    curves = {"all": curve(), **curves}
    return Calibration(
        dict.fromkeys(PARAMETERS, 0.5), CONFIDENCE, curves, {"3": 2.0, "10": 1.0}, 0.4, limits, NEVER, NEVER
    )


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
    one = calibration({"10": 1.5}, **{"1": curve(), "10": curve()})
    again = Calibration.from_dict(one.to_dict())
    assert again == one
    assert [one.nearest(n) for n in (1, 9, 10, 99)] == ["1", "1", "10", "10"]
    assert [one.two_source_limit(n) for n in (1, 9, 10, 99)] == [np.inf, np.inf, 1.5, 1.5]
    assert [one.domain_limit(n) for n in (1, 9, 10, 99)] == [2.0, 2.0, 1.0, 1.0]


def test_alarms_keep_their_rate() -> None:
    rng = np.random.default_rng(1)
    share, weight, count = rng.random(4000), rng.random(4000), rng.choice([1, 10], 4000)
    alarms = FalseAlarmLimits.of(share, weight, count)
    for n in (1, 10):
        at = count == n
        for rate in RATES:
            false = weight[at & (share > alarms.limit(n, rate))].sum() / weight[at].sum()
            assert rate - 0.005 < false <= rate
    assert alarms.limit(7, 0.05) == alarms.limit(1, 0.05) == alarms.limit(1, 0.09)
    assert alarms.limit(1, 0.0001) == np.inf


def test_alarms_of_equal_shares_are_none() -> None:
    alarms = FalseAlarmLimits.of(np.full(100, 0.3), np.ones(100), np.full(100, 5))
    assert alarms.limit(5, 0.5) == 0.3


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (Facts(0, 0.99, 0, 0, 1, 5, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 1, 5, 1), "attributed"),
        (Facts(9, 0.99, 0, 0.2, 1, 5, 1), "attributed"),
        (Facts(9, 0.99, 0, 0.21, 1, 5, 1), "new-release"),
        (Facts(2, 0.99, 0, 0.21, 1, 5, 1), "attributed"),
        (Facts(9, 0.2, 0.21, 0.9, 1, 5, 1), "unknown"),
        (Facts(9, 0.2, 0.2, 0.9, 1, 5, 1), "inconclusive"),
        (Facts(9, 0.2, 0.7, 0.9, 1, 0, 1), "inconclusive"),
        (Facts(9, 0.5, 0.1, 0.1, 1, 5, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 2.1, 5, 1), "inconclusive"),
        (Facts(10, 0.99, 0, 0.1, 1.1, 5, 1), "inconclusive"),
        (Facts(9, 0.99, 0, 0.1, 1, 5, 3), "inconclusive"),
    ],
)
def test_words(facts: Facts, verdict: str) -> None:
    word, reason = decide(facts, calibration({"3": 2.0}, **{"3": curve()}), 0.05)
    assert word == verdict
    assert reason.endswith(".")


def test_off_the_ground_nothing_is_surer_than_the_farthest_were() -> None:
    lab, row = np.array([0, 1]), np.array([[0.0, -60.0]])
    sure = Calibration(
        dict(zip(PARAMETERS, START.tolist(), strict=True)),
        {}, {"all": curve()}, {"1": 2.0}, 0.4, {}, NEVER, NEVER,
    )  # fmt: skip
    shares = []
    for ground in (1.0, 3.0):
        evidence = Evidence(row, row, np.full(1, -60.0), np.full(1, ground), np.zeros(1), row, row)
        found = sure.predict(evidence, Covariates.unread(np.array([5])), lab)
        assert found.labs().sum() + found.unknown.sum() == pytest.approx(1)
        shares.append(float(found.labs()[0, 0]))
    assert shares[0] > 0.9
    # It stays first, and so has half of what the other known lab and it share at least.
    assert shares[1] == pytest.approx(0.4, abs=0.11)
