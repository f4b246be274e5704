from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig
from fingerprint.model.calibration import NEVER, Calibration, Curve, FalseAlarmLimits
from fingerprint.model.confidence import CALIBRATION_FEATURES
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import PARAMETERS, START

CONFIG = CalibrationConfig()
RATES = CONFIG.rates
CONFIDENCE = {"first": dict.fromkeys((*CALIBRATION_FEATURES, "bias"), 0.25)}
LIMITS = FalseAlarmLimits(RATES, {"1": [0.5] * len(RATES), "3": [0.2] * len(RATES)})


def calibration(two_source: dict[str, float], **curves: Curve) -> Calibration:
    return Calibration(
        parameters=dict.fromkeys(PARAMETERS, 0.5),
        confidence=CONFIDENCE,
        curves={"all": curve(), **curves},
        domain_limits={"3": 2.0, "10": 1.0},
        out_of_domain_accuracy=0.4,
        two_source_limits=two_source,
        unknown=LIMITS,
        new=LIMITS,
        config=CONFIG,
    )


def curve() -> Curve:
    rng = np.random.default_rng(0)
    confidence = rng.random(5000)
    return Curve.of(confidence, rng.random(5000) < confidence, np.ones(5000), CONFIG.least_attributions)


def test_threshold_keeps_the_rate_and_is_monotone() -> None:
    found = curve()
    strict, loose = found.threshold(0.05), found.threshold(0.2)
    assert strict > loose
    assert found.at(strict)[1] <= 0.05
    assert 0.85 < strict < 0.95


def test_no_attribution_where_no_threshold_holds_the_rate() -> None:
    wrong = Curve.of(np.linspace(0, 1, 500), np.zeros(500, bool), np.ones(500), 1)
    assert wrong.threshold(0.05) == NEVER
    few = Curve.of(np.linspace(0, 1, 500), np.zeros(500, bool), np.ones(500), CONFIG.least_attributions)
    assert few.at(few.threshold(0.05))[0] < 0.05


def test_round_trip_and_buckets() -> None:
    one = calibration({"10": 1.5}, **{"1": curve(), "10": curve()})
    again = Calibration.from_dict(json.loads(json.dumps(one.to_dict())), CONFIG)
    assert again == one
    assert [one.nearest(n) for n in (1, 9, 10, 99)] == ["1", "1", "10", "10"]
    assert [one.two_source_limit(n) for n in (1, 9, 10, 99)] == [np.inf, np.inf, 1.5, 1.5]
    assert [one.domain_limit(n) for n in (1, 9, 10, 99)] == [2.0, 2.0, 1.0, 1.0]


def test_alarms_keep_their_rate() -> None:
    rng = np.random.default_rng(1)
    share, weight, count = rng.random(4000), rng.random(4000), rng.choice([1, 10], 4000)
    alarms = FalseAlarmLimits.of(share, weight, count, RATES)
    for n in (1, 10):
        at = count == n
        for rate in RATES:
            false = weight[at & (share > alarms.limit(n, rate))].sum() / weight[at].sum()
            assert rate - 0.005 < false <= rate
    assert alarms.limit(7, 0.05) == alarms.limit(1, 0.05) == alarms.limit(1, 0.09)
    assert alarms.limit(1, 0.0001) == np.inf


def test_alarms_of_equal_shares_are_none() -> None:
    alarms = FalseAlarmLimits.of(np.full(100, 0.3), np.ones(100), np.full(100, 5), RATES)
    assert alarms.limit(5, 0.5) == 0.3


def test_out_of_domain_no_probability_is_higher_than_the_accuracy_there() -> None:
    lab, row = np.array([0, 1]), np.array([[0.0, -60.0]])
    start = dict(zip(PARAMETERS, START.tolist(), strict=True))
    fitted = replace(calibration({}), parameters=start, confidence={}, domain_limits={"1": 2.0})
    shares = []
    for distance in (1.0, 3.0):
        evidence = Evidence(row, row, np.full(1, -60.0), np.full(1, distance), np.zeros(1), row, row)
        found = fitted.predict(evidence, Covariates.unread(np.array([5])), lab)
        assert found.labs().sum() + found.unknown.sum() == pytest.approx(1)
        shares.append(float(found.labs()[0, 0]))
    assert shares[0] > 0.9
    # It stays first, and so has at least half of what it shares with the other known lab.
    assert shares[1] == pytest.approx(0.4, abs=0.11)
