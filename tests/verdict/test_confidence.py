from __future__ import annotations

import numpy as np
import pytest

from fingerprint.verdict.confidence import SIGNS, confidence, settle, signs
from fingerprint.verdict.evidence import Evidence
from fingerprint.verdict.posterior import Posterior

LAB = np.array([0, 0, 1, 2])
COUNT = np.array([1, 10])


def found() -> Posterior:
    """Two suspects: a clear one, and one that may be of an unknown lab."""
    return Posterior(
        np.array([[0.6, 0.1, 0.1, 0.0], [0.2, 0.0, 0.15, 0.05]]),
        np.array([[0.1, 0.05, 0.0], [0.0, 0.0, 0.1]]),
        np.array([0.05, 0.5]),
        LAB,
    )


def evidence() -> Evidence:
    score = np.array([[0.0, -1.0, -3.0, -9.0], [-2.0, -4.0, 0.0, -5.0]])
    nothing = np.zeros(2)
    return Evidence(score, np.zeros((2, 3)), nothing, nothing + 1, nothing, score, np.zeros((2, 3)))


def total(one: Posterior) -> np.ndarray:
    return one.labs().sum(axis=1) + one.unknown


def test_signs_say_what_they_are_named_after() -> None:
    seen = dict(zip(SIGNS, signs(found(), evidence(), COUNT).T, strict=True))
    np.testing.assert_allclose(seen["first"], np.log([0.8 / 0.2, 0.2 / 0.8]), atol=1e-4)
    np.testing.assert_allclose(seen["second"], np.log([0.15 / 0.85, 0.15 / 0.85]), atol=1e-4)
    np.testing.assert_allclose(seen["release"], [0.6 / 0.8, 1.0])
    np.testing.assert_allclose(seen["lead"], [3.0, -2.0])
    np.testing.assert_allclose(seen["responses"], [0.0, np.log(10)])
    assert seen["entropy"][1] > seen["entropy"][0] > 0


def test_labs_that_are_not_asked_about_have_no_part_in_the_lead() -> None:
    seen = signs(found(), evidence(), COUNT, np.array([True, False, True]))
    np.testing.assert_allclose(seen[:, SIGNS.index("lead")], [9.0, 3.0])
    alone = signs(found(), evidence(), COUNT, np.array([True, False, False]))
    assert np.isfinite(alone).all()


@pytest.mark.parametrize("sure", [0.0, 0.3, 0.99, 1.0])
def test_the_first_lab_gets_its_share_and_rankings_stay(sure: float) -> None:
    before, after = found(), settle(found(), np.full(2, sure))
    np.testing.assert_allclose(total(after), total(before))
    was, now = before.labs(), after.labs()
    np.testing.assert_array_equal(now.argmax(axis=1), was.argmax(axis=1))
    np.testing.assert_allclose(now[:, 1] * was[:, 2], now[:, 2] * was[:, 1], atol=1e-9)
    np.testing.assert_allclose(after.release[:, 0] * before.release[:, 1], after.release[:, 1] * before.release[:, 0])
    if sure in (0.3, 0.99):
        assert now[1, 0] == pytest.approx(sure)


def test_weights_of_the_share_alone_leave_it_as_it_is() -> None:
    weights = {**dict.fromkeys(SIGNS, 0.0), "first": 1.0, "bias": 0.0}
    sure = confidence(weights, signs(found(), evidence(), COUNT))
    np.testing.assert_allclose(sure, [0.8, 0.2], atol=1e-5)
    np.testing.assert_allclose(settle(found(), sure).release, found().release, atol=1e-5)


@pytest.mark.filterwarnings("error")
def test_nothing_for_any_known_lab_stays_nothing() -> None:
    nothing = Posterior(np.zeros((1, 4)), np.zeros((1, 3)), np.ones(1), LAB)
    after = settle(nothing, np.array([0.4]))
    assert after.unknown == pytest.approx(1)
    assert not after.labs().any()
