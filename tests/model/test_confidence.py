from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig
from fingerprint.model.confidence import (
    CALIBRATION_FEATURES,
    LAB,
    NEW,
    Outcome,
    calibration_features,
    outcome,
    recalibrate,
)
from fingerprint.model.covariates import COVARIATES, Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import Posterior

LAB_OF = np.array([0, 0, 1, 2])
LABS = ["ash", "birch", "cedar"]
COUNT = np.array([1, 10])


def found() -> Posterior:
    """Two cases: a clear one, and one that may be of an unknown lab."""
    return Posterior(
        np.array([[0.6, 0.1, 0.1, 0.0], [0.2, 0.0, 0.15, 0.05]]),
        np.array([[0.1, 0.05, 0.0], [0.0, 0.0, 0.1]]),
        np.array([0.05, 0.5]),
        LAB_OF,
    )


def evidence() -> Evidence:
    score = np.array([[0.0, -1.0, -3.0, -9.0], [-2.0, -4.0, 0.0, -5.0]])
    nothing = np.zeros(2)
    lab_score, votes = (
        np.array([[0.0, -1.0, -2.0], [-1.0, 0.0, -5.0]]),
        np.array([[0.0, -4.0, -1.5], [-2.5, 0.0, -8.0]]),
    )
    return Evidence(score, np.zeros((2, 3)), nothing, nothing + 1, nothing, score, lab_score, votes)


def columns() -> np.ndarray:
    return Covariates.unread(COUNT).columns(evidence(), CalibrationConfig())


def total(one: Posterior) -> np.ndarray:
    return np.asarray(one.labs().sum(axis=1) + one.unknown)


def features_of() -> np.ndarray:
    return calibration_features(found(), evidence(), columns())


def outcome_of(first: float, unknown: float, new: float) -> Outcome:
    return Outcome(*(np.full(2, v) for v in (first, unknown, new)))


def test_features_say_what_they_are_named_after() -> None:
    seen = dict(zip(CALIBRATION_FEATURES, features_of().T, strict=True))
    np.testing.assert_allclose(seen["first"], np.log([0.8 / 0.2, 0.2 / 0.8]), atol=1e-4)
    np.testing.assert_allclose(seen["second"], np.log([0.15 / 0.85, 0.15 / 0.85]), atol=1e-4)
    np.testing.assert_allclose(seen["release"], [0.6 / 0.8, 1.0])
    np.testing.assert_allclose(seen["lead"], [3.0, -2.0])
    np.testing.assert_allclose(seen["responses"], [0.0, np.log(10)])
    assert seen["entropy"][1] > seen["entropy"][0] > 0
    # Releases, the release classifier, the lab classifier and the votes: of the second case all say the second lab.
    np.testing.assert_allclose(seen["agreement"], [1, 0])
    np.testing.assert_allclose(seen["vote_lead"], [1.5, -2.5])
    np.testing.assert_allclose(seen["lab_releases"], np.log([3, 3]))
    around = columns()
    for name, side in (
        ("domain_distance", "_by_domain_distance"),
        ("in_domain_llr", "_by_in_domain_llr"),
        ("margin", "_by_margin"),
    ):
        np.testing.assert_array_equal(seen[name], around[:, COVARIATES.index(side)])


@pytest.mark.parametrize("first", [0.0, 0.3, 0.79, 1.0])
def test_the_first_lab_gets_its_share_and_rankings_stay(first: float) -> None:
    before, after = found(), recalibrate(found(), outcome_of(first, 0.2, 0.6))
    np.testing.assert_allclose(total(after), total(before))
    assert min(after.release.min(), after.new.min(), after.unknown.min()) >= 0
    was, now = before.labs(), after.labs()
    np.testing.assert_array_equal(now.argmax(axis=1), was.argmax(axis=1))
    np.testing.assert_allclose(now[:, 1] * was[:, 2], now[:, 2] * was[:, 1], atol=1e-9)
    np.testing.assert_allclose(after.release[:, 0] * before.release[:, 1], after.release[:, 1] * before.release[:, 0])
    if first == 0.79:
        np.testing.assert_allclose(after.unknown, 0.2)
        np.testing.assert_allclose(now[:, 0], 0.79)
        np.testing.assert_allclose(after.new[:, 0], 0.6 * 0.79)


@pytest.mark.parametrize("small", [1e-3, 1e-9, 1e-13, 1e-20, 1e-30])
def test_shares_next_to_nothing_still_sum_to_one(small: float) -> None:
    tiny = np.array([[0.5, 0, small, 2 * small], [small, 0, 0.4, small / 3]])
    before = Posterior(
        tiny, np.array([[0.2, 0, small], [0, 0.3, 0]]), 1 - tiny.sum(axis=1) - [0.2 + small, 0.3], LAB_OF
    )
    np.testing.assert_allclose(total(recalibrate(before, outcome_of(0.5, 0.3, 0.6))), 1, atol=1e-9)


def test_without_another_known_lab_the_rest_is_the_unknown_one() -> None:
    alone = Posterior(np.array([[0.7, 0.1, 0, 0]]), np.array([[0.1, 0, 0]]), np.array([0.1]), LAB_OF)
    after = recalibrate(alone, Outcome(np.array([0.6]), np.array([0.1]), np.array([0.25])))
    np.testing.assert_allclose(after.labs(), [[0.6, 0, 0]])
    np.testing.assert_allclose(after.unknown, [0.4])
    np.testing.assert_allclose(after.release[0, :2], [0.6 * 0.75 * 7 / 8, 0.6 * 0.75 / 8])


def test_a_lab_without_known_releases_has_only_new_ones() -> None:
    bare = Posterior(np.zeros((1, 4)), np.array([[0.6, 0.2, 0]]), np.array([0.2]), LAB_OF)
    after = recalibrate(bare, Outcome(np.array([0.5]), np.array([0.3]), np.array([0.1])))
    np.testing.assert_allclose(after.new, [[0.5, 0.2, 0]])


def test_without_weights_the_posterior_stands() -> None:
    after = recalibrate(found(), outcome({}, features_of(), found(), LABS))
    for name in ("release", "new", "unknown"):
        np.testing.assert_allclose(getattr(after, name), getattr(found(), name), atol=1e-5)


def test_weights_are_logits_against_another_lab_and_a_known_release() -> None:
    nothing = dict.fromkeys(CALIBRATION_FEATURES, 0.0)
    weights = {
        "first": {**nothing, "bias": np.log(3)},
        "unknown": {**nothing, "responses": 1.0, "bias": 0.0},
        NEW: {**nothing, "bias": np.log(4)},
    }
    said = outcome(weights, features_of(), found(), LABS)
    np.testing.assert_allclose(said.first, [3 / 5, 3 / 14])
    np.testing.assert_allclose(said.unknown, [1 / 5, 10 / 14])
    np.testing.assert_allclose(said.new, 0.8)
    two = outcome({"first": weights["first"]}, features_of(), found(), LABS)
    np.testing.assert_allclose(two.first, 0.75)
    # What is not the first lab's is shared as the posterior shares it.
    np.testing.assert_allclose(two.unknown, [0.25 * 0.05 / 0.2, 0.25 * 0.5 / 0.8])


def test_each_reading_of_the_evidence_counts_a_quarter_of_the_agreement() -> None:
    one, at = evidence(), CALIBRATION_FEATURES.index("agreement")
    for name in ("known", "release_score", "lab_score", "votes"):
        values = getattr(one, name).copy()
        # Of the first case the reading turns to another lab, of the second to the first one.
        own = LAB_OF == 0 if values.shape[1] == len(LAB_OF) else np.arange(3) == 0
        values[0, own], values[1, own] = -99.0, 99.0
        seen = calibration_features(found(), replace(one, **{name: values}), columns())[:, at]
        np.testing.assert_allclose(seen, [0.75, 0.25])


def test_more_releases_of_the_first_lab_are_a_feature() -> None:
    one = replace(found(), lab=np.array([0, 0, 0, 1]))
    seen = calibration_features(one, evidence(), columns())[:, CALIBRATION_FEATURES.index("lab_releases")]
    np.testing.assert_allclose(seen, np.log(4))


def test_the_name_of_the_first_lab_moves_its_logits_and_those_of_no_other_lab() -> None:
    nothing = {**dict.fromkeys(CALIBRATION_FEATURES, 0.0), "bias": 0.0}
    weights = {
        "first": {**nothing, f"{LAB}ash": -np.log(2), f"{LAB}birch": 5.0},
        "unknown": {**nothing, f"{LAB}ash": np.log(3)},
        NEW: {**nothing, f"{LAB}ash": np.log(4)},
    }
    said = outcome(weights, features_of(), found(), LABS)
    np.testing.assert_allclose(said.first, 0.5 / 4.5)
    np.testing.assert_allclose(said.unknown, 3 / 4.5)
    np.testing.assert_allclose(said.new, 0.8)
    other = outcome(weights, features_of(), found(), ["oak", "birch", "ash"])
    np.testing.assert_allclose([other.first, other.unknown], 1 / 3)
    np.testing.assert_allclose(other.new, 0.5)


@pytest.mark.filterwarnings("error")
def test_nothing_for_any_known_lab_stays_nothing() -> None:
    nothing = Posterior(np.zeros((1, 4)), np.zeros((1, 3)), np.ones(1), LAB_OF)
    after = recalibrate(nothing, Outcome(np.array([0.4]), np.array([0.3]), np.array([0.5])))
    assert after.unknown == pytest.approx(1)
    assert not after.labs().any()
