from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
    roc_curve,
)

from fingerprint.metrics import metrics
from fingerprint.metrics.bootstrap import Resamples, interval

CASES = settings(max_examples=40, deadline=None, derandomize=True)
SEED = st.integers(0, 2**32 - 1)


class Case:
    """Random probabilities of five classes, of which perhaps not all occur, with weights as a bootstrap draws them."""

    def __init__(self, seed: int):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(5, 60))
        # Rounded, so that there are ties.
        self.share = np.round(rng.dirichlet(np.full(5, 0.7), size), 1)
        self.share[:, 0] += 1 - self.share.sum(axis=1)
        self.share = np.abs(self.share) / np.abs(self.share).sum(axis=1, keepdims=True)
        self.name = rng.integers(int(rng.integers(1, 5)) + 1, size=size)
        self.weight = rng.integers(0, 4, size).astype(float)
        self.weight[: self.name.max() + 2] += 1
        self.first = self.share.argmax(axis=1)
        self.top = self.share.max(axis=1)
        self.true = self.share[np.arange(size), self.name]
        self.samples = Resamples.weighted(np.vstack([np.ones(size), self.weight]))

    def same(self, found: np.ndarray, of: Callable[[np.ndarray], float]) -> None:
        for value, weight in zip(found, self.samples.each(), strict=True):
            assert value == pytest.approx(of(weight), abs=1e-9)


@CASES
@given(SEED)
@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning")
def test_naming_is_scikit_learns(seed: int) -> None:
    case = Case(seed)

    def f1(weight: np.ndarray) -> float:
        occur = np.unique(case.name[weight > 0])
        options = {"labels": occur, "average": "macro", "zero_division": 0}
        return float(f1_score(case.name, case.first, sample_weight=weight, **options))

    def recall(weight: np.ndarray) -> float:
        use = weight > 0
        return balanced_accuracy_score(case.name[use], case.first[use], sample_weight=weight[use])

    case.same(metrics.macro_f1(case.name, case.first, 5, case.samples), f1)
    case.same(metrics.macro_recall(case.name, case.first, 5, case.samples), recall)


@CASES
@given(SEED)
def test_probabilities_are_scored_as_by_scikit_learn(seed: int) -> None:
    case = Case(seed)
    mixed = 0.98 * case.share + 0.004
    true = mixed[np.arange(len(mixed)), case.name]

    case.same(
        metrics.log_loss(true, case.samples),
        lambda weight: log_loss(case.name, mixed, labels=range(5), sample_weight=weight),
    )
    case.same(
        metrics.brier(case.true, (case.share**2).sum(axis=1), case.samples),
        lambda weight: brier_score_loss(
            case.name, case.share, labels=range(5), sample_weight=weight, scale_by_half=False
        ),
    )
    each = np.bincount(case.name, minlength=5)[case.name]
    occur = len(np.unique(case.name))
    flat = log_loss(case.name, mixed, labels=range(5), sample_weight=1 / each) / np.log(2)
    found = metrics.c_llr(true, case.name, 5, case.samples)[0]
    assert found == pytest.approx(flat)
    assert metrics.c_llr(np.full(len(true), 1 / occur), case.name, 5, case.samples)[0] == pytest.approx(np.log2(occur))


@CASES
@given(SEED)
def test_open_set_curves_are_scikit_learns(seed: int) -> None:
    case = Case(seed)
    unknown = case.name == 0
    unknown[:2] = True, False
    score = case.share[:, 1]

    def false_alarms(weight: np.ndarray) -> float:
        fpr, tpr, _ = roc_curve(unknown, score, sample_weight=weight, drop_intermediate=False)
        # The same division as there, for 19 of 20 is 95 %.
        return fpr[np.argmax(tpr >= 0.95)]

    def oscr(weight: np.ndarray) -> float:
        right = ~unknown & (case.first == case.name)
        use = right | unknown
        if not weight[right].sum():
            return 0.0
        area = roc_auc_score(right[use], case.top[use], sample_weight=weight[use])
        return area * weight[right].sum() / weight[~unknown].sum()

    case.same(
        metrics.auroc(score, unknown, case.samples),
        lambda weight: roc_auc_score(unknown, score, sample_weight=weight),
    )
    case.same(metrics.fpr_at_recall(score, unknown, case.samples), false_alarms)
    case.same(metrics.oscr(case.top, case.first == case.name, ~unknown, case.samples), oscr)


@CASES
@given(SEED)
def test_the_half_with_the_highest_probabilities_is_taken_one_by_one(seed: int) -> None:
    case = Case(seed)
    right = case.first == case.name

    def one_by_one(weight: np.ndarray) -> float:
        # Twice, so that there is a half.
        sure, ok = (np.repeat(values, 2 * weight.astype(int)) for values in (case.top, right))
        half = len(sure) // 2
        last = np.sort(sure)[::-1][half - 1]
        certain = sure > last
        return ((~ok[certain]).sum() + (half - certain.sum()) * (~ok[sure == last]).mean()) / half

    case.same(metrics.selective_risk(case.top, right, case.samples), one_by_one)


def test_of_four_cases_the_two_with_the_highest_probabilities_are_taken() -> None:
    sure, right = np.array([0.9, 0.4, 0.8, 0.7]), np.array([True, False, False, True])
    samples = Resamples.weighted(np.ones(4))
    assert metrics.selective_risk(sure, right, samples) == pytest.approx([0.5])
    assert metrics.selective_risk(sure, right, samples, 0.25) == pytest.approx([0])
    assert metrics.selective_risk(sure, right, samples, 0.75) == pytest.approx([1 / 3])


def test_oscr_is_the_area_under_the_curve_of_the_paper() -> None:
    known = np.array([True, True, True, True, False, False])
    right = np.array([True, True, False, True, False, False])
    probability = np.array([0.9, 0.6, 0.8, 0.3, 0.7, 0.3])
    # Above 0.7 one of four is right, and one unknown; at 0.6 two; at 0.3 three of four against the second, tied.
    area = 0.5 * (0.25) + 0.5 * (0.5 + 0.75) / 2
    assert metrics.oscr(probability, right, known, Resamples.weighted(np.ones(6)))[0] == pytest.approx(area)


def test_nineteen_of_twenty_are_95_percent() -> None:
    score = np.array([0.1, *[0.5] * 19, 0.3, 0.6])
    positive = np.arange(22) < 20
    assert metrics.fpr_at_recall(score, positive, Resamples.weighted(np.ones(22)))[0] == 0.5


def test_calibration_error_by_hand() -> None:
    probability = np.array([0.95, 1.0, 0.92, 0.5, 0.50001, 0.1])
    right = np.array([True, True, False, False, True, False])
    # The bins from 14/15, 13/15, 7/15 and 1/15 on.
    by_hand = (0.05 + 0.92 + abs(0.5 + 0.50001 - 1) + 0.1) / 6
    samples = Resamples.weighted(np.array([[1, 1, 1, 1, 1, 1], [0, 0, 2, 0, 0, 6]]))
    found = metrics.calibration_error(probability, right, samples)
    np.testing.assert_allclose(found, [by_hand, (2 * 0.92 + 6 * 0.1) / 8])


def test_attributions_by_hand() -> None:
    right = np.array([True, True, True, False, False])
    attributed = np.array([True, True, False, True, False])
    samples = Resamples.weighted(np.ones(5))
    assert metrics.c_at_1(right, attributed, samples)[0] == pytest.approx((2 + 2 * 2 / 5) / 5)
    assert metrics.false_attributions(right, attributed, samples)[0] == pytest.approx(1 / 3)
    none = np.zeros(5, bool)
    assert metrics.c_at_1(right, none, samples)[0] == 0
    assert np.isnan(metrics.false_attributions(right, none, samples)[0])


def test_a_confident_error_costs_no_more_than_the_floor() -> None:
    samples = Resamples.weighted(np.ones(2))
    assert metrics.log_loss(np.array([0.0, 1.0]), samples)[0] == pytest.approx(-np.log(1e-12) / 2)


def test_no_first_name_is_no_false_positive() -> None:
    name, first = np.array([0, 0, 1]), np.array([0, -1, -1])
    samples = Resamples.weighted(np.ones(3))
    assert metrics.macro_recall(name, first, 2, samples)[0] == pytest.approx(0.25)
    assert metrics.macro_f1(name, first, 2, samples)[0] == pytest.approx((2 / 3) / 2)


@pytest.mark.filterwarnings("error")
def test_without_one_of_the_kinds_there_is_no_curve() -> None:
    samples = Resamples.weighted([[1, 1, 0], [0, 0, 1], [1, 0, 1]])
    score, positive = np.array([0.2, 0.4, 0.6]), np.array([False, False, True])
    for found in (metrics.auroc(score, positive, samples), metrics.fpr_at_recall(score, positive, samples)):
        np.testing.assert_array_equal(np.isnan(found), [True, True, False])
    found = metrics.oscr(score, ~positive, ~positive, samples)
    np.testing.assert_array_equal(np.isnan(found), [True, True, False])


def test_a_group_is_drawn_as_a_whole() -> None:
    group = np.array([7, 7, 3, 9, 3])
    samples = Resamples.draw(group, 50, np.random.default_rng(0))
    each = samples.each()
    np.testing.assert_array_equal(each[0], 1)
    np.testing.assert_array_equal(each[:, 0], each[:, 1])
    np.testing.assert_array_equal(each[:, 2], each[:, 4])
    np.testing.assert_array_equal(samples.weight.sum(axis=1), 3)
    assert (each[:, 0] != each[:, 2]).any()


def test_the_interval_leaves_out_where_nothing_is_defined() -> None:
    assert interval(np.array([0.5, *np.linspace(0, 1, 41), np.nan])) == pytest.approx(
        {"value": 0.5, "low": 0.025, "high": 0.975}
    )
    assert interval(np.array([np.nan, 0.1])) == {"value": None, "low": None, "high": None}
    assert interval(np.array([0.5])) == {"value": 0.5, "low": None, "high": None}
