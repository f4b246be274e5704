"""Target and impostor trials: error rates by hand and by formula, and costs that a change of scale leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fingerprint.metrics import metrics
from fingerprint.metrics.bootstrap import Resamples
from fingerprint.metrics.predictions import Bools, Floats
from fingerprint.metrics.trials import (
    equal_error_rate,
    equal_error_rates,
    error_rates,
    min_c_llr,
    misses,
    posterior_at_even_odds,
)

DISTANCE = 2.0


def normals(count: int, seed: int = 0) -> tuple[Floats, Bools]:
    """Scores of two normal distributions DISTANCE apart; a third of the trials are targets."""
    rng = np.random.default_rng(seed)
    target = np.arange(count) < count // 3
    return rng.normal(0, 1, count) + DISTANCE * target, target


def c_llr(llr: Floats, target: Bools) -> float:
    samples = Resamples.weighted(np.ones(len(llr)))
    return float(metrics.c_llr(posterior_at_even_odds(llr, target), target.astype(int), 2, samples)[0])


def test_errors_by_hand() -> None:
    score, target = np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True])
    miss, accept = error_rates(score, target, Resamples.weighted([[1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 1, 0]]))
    assert miss[:2].tolist() == [[0, 0, 0.5, 1], [0, 0, 0, 1]]
    assert accept[:2].tolist() == [[1, 0.5, 0, 0]] * 2
    assert np.isnan(miss[2]).all()
    rates = equal_error_rates(score, target, Resamples.weighted([[1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 1, 0]]))
    # Of the two trials with the same score, half of each counts: a quarter of the targets and of the impostors.
    assert rates[:2].tolist() == [0.25, 0]
    assert np.isnan(rates[2])


def test_the_equal_error_rate_of_one_sample() -> None:
    assert equal_error_rate(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 0
    assert equal_error_rate(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert equal_error_rate(np.array([0.0, 2.0, 3.0, 4.0]), np.array([-1.0, -2.0, -3.0, 1.0])) == 0.25
    assert equal_error_rate(np.zeros(5), np.zeros(3)) == 0.5


def test_the_equal_error_rate_of_two_normal_distributions() -> None:
    score, target = normals(60_000)
    # Three standard errors.
    assert equal_error_rate(score[target], score[~target]) == pytest.approx(norm.cdf(-DISTANCE / 2), abs=0.008)


def test_the_det_of_two_normal_distributions_is_a_line_on_probit_axes() -> None:
    score, target = normals(60_000)
    accepts = np.array([0.01, 0.05, 0.2, 0.5])
    assert norm.ppf(misses(score, target, accepts)) == pytest.approx(-norm.ppf(accepts) - DISTANCE, abs=0.06)
    assert misses(score, target, np.array([0.0, 1.0])) == pytest.approx(
        [(score[target] <= score[~target].max()).mean(), 0]
    )


def test_calibrated_ratios_cost_what_their_order_costs() -> None:
    score, target = normals(60_000)
    llr = DISTANCE * score - DISTANCE**2 / 2
    assert min_c_llr(llr, target) == pytest.approx(c_llr(llr, target), abs=0.003)
    # By numerical integration of the cost of a target; that of an impostor is the same, mirrored.
    x = np.linspace(-10, 14, 100_001)
    density = norm.pdf(x, DISTANCE**2 / 2, DISTANCE)
    assert c_llr(llr, target) == pytest.approx(np.trapezoid(density * np.log2(1 + np.exp(-x)), x), abs=0.01)
    for wrong in (3 * llr, llr + 2, llr / 3):
        assert c_llr(wrong, target) > c_llr(llr, target) + 0.02


def test_ratios_that_say_nothing_cost_one_bit() -> None:
    target = np.array([True, False, False])
    assert c_llr(np.zeros(3), target) == pytest.approx(1)
    assert min_c_llr(np.zeros(3), target) == pytest.approx(1)
    assert min_c_llr(np.array([2.0, 1.0, 0.0]), target) == pytest.approx(0, abs=1e-9)


scores = st.lists(st.tuples(st.integers(-8, 8), st.booleans()), min_size=2, max_size=40).filter(
    lambda trials: len({is_target for _, is_target in trials}) == 2
)


@settings(deadline=None, max_examples=50)
@given(scores)
def test_a_monotone_change_of_the_scores_changes_nothing(trials: list[tuple[int, bool]]) -> None:
    score, target = np.array([one for one, _ in trials], float), np.array([of for _, of in trials])
    least, rate = min_c_llr(score, target), equal_error_rate(score[target], score[~target])
    for changed in (np.exp(score), 5 * score - 3, np.arctan(score) * 1e-12):
        assert min_c_llr(changed, target) == pytest.approx(least)
        assert equal_error_rate(changed[target], changed[~target]) == pytest.approx(rate)
    assert 0 <= least <= 1 + 1e-9
    assert least <= c_llr(score, target) + 1e-9
    # With the signs turned round, targets are impostors.
    assert equal_error_rate(-score[~target], -score[target]) == pytest.approx(rate)


def test_repeated_trials_weigh_as_in_the_bootstrap() -> None:
    score, target = normals(60)
    weight = np.random.default_rng(1).integers(0, 3, 60)
    twice, is_target = np.repeat(score, weight), np.repeat(target, weight)
    (found,) = equal_error_rates(score, target, Resamples.weighted(weight))
    assert found == pytest.approx(equal_error_rate(twice[is_target], twice[~is_target]))
