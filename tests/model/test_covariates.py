from __future__ import annotations

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig, PldaConfig
from fingerprint.model.covariates import COVARIATES, Covariates, read_cases
from fingerprint.model.likelihood import Evidence, Likelihood, LinearClassifiers
from fingerprint.model.plda import Cells, Floats, Plda

RELEASES = 4
LAB = np.array([0, 0, 1, 2])


@pytest.fixture(scope="module")
def likelihood() -> Likelihood:
    """Four releases, each along its own axis; the classifier reads the axes."""
    rng = np.random.default_rng(0)
    release = np.repeat(np.arange(RELEASES), 60)
    rows = (np.eye(RELEASES)[release] + 0.1 * rng.standard_normal((len(release), RELEASES))).astype(np.float32)
    plda = Plda.fit(Cells.of(rows, release, np.tile([0, 1], 120)), LAB, PldaConfig())
    # Logits in the space itself: what `project` does is undone.
    weight: Floats = np.linalg.pinv(plda.basis).astype(float) * 10
    bias = plda.centre * 10
    lab = weight[:, [0, 2, 3]]
    return Likelihood(plda, LinearClassifiers(weight, bias, lab, bias[[0, 2, 3]]), PldaConfig())


def responses(*release: int) -> np.ndarray:
    return np.eye(RELEASES, dtype=np.float32)[list(release)]


def read(likelihood: Likelihood, *cases: np.ndarray) -> Covariates:
    return both(likelihood, *cases)[1]


def both(likelihood: Likelihood, *cases: np.ndarray) -> tuple[Evidence, Covariates]:
    return read_cases(likelihood, cases, [np.full(len(s), 1000) for s in cases])


def test_two_labs_are_told_from_one_and_from_two_releases_of_one(likelihood: Likelihood) -> None:
    found = read(likelihood, responses(2, 2, 2, 2), responses(2, 2, 3, 3), responses(0, 0, 1, 1))
    alone, mixed, same_lab = found.two_source_llr
    assert alone == pytest.approx(0, abs=1e-3)
    assert mixed > 3
    # A release of the same lab is no second source, and a release of another lab explains the second half no better.
    assert same_lab == pytest.approx(0, abs=1e-3)


def test_a_case_is_in_a_known_script_if_half_of_its_responses_are(likelihood: Likelihood) -> None:
    cases = [responses(0, 1), responses(0, 1), responses(2)]
    sizes = [np.full(len(case), 9) for case in cases]
    known = [np.array([True, False]), np.array([False, False]), np.array([True])]
    assert read_cases(likelihood, cases, sizes, known)[1].known_script.tolist() == [True, False, True]
    assert read_cases(likelihood, cases, sizes)[1].known_script.all()


def test_one_response_cannot_be_split(likelihood: Likelihood) -> None:
    assert read(likelihood, responses(3)).two_source_llr[0] == 0


def test_the_log_probability_is_that_of_the_best_release(likelihood: Likelihood) -> None:
    clear, unclear = read(likelihood, responses(2, 2), np.zeros((2, RELEASES), np.float32)).log_probability
    assert -0.01 < clear <= 0
    assert unclear == pytest.approx(-np.log(RELEASES))


def test_columns_are_finite_for_the_shortest_and_the_longest(likelihood: Likelihood) -> None:
    cases = [responses(1), np.zeros((1, RELEASES), np.float32)]
    evidence, found = read_cases(likelihood, cases, [np.array([10**7]), np.array([0])])
    columns = found.columns(evidence, CalibrationConfig())
    assert columns.shape == (2, len(COVARIATES))
    assert np.isfinite(columns).all()
    assert np.abs(columns).max() < 30


def test_beyond_what_was_calibrated_the_number_of_responses_says_no_more(likelihood: Likelihood) -> None:
    number, most = COVARIATES.index("_by_responses"), CalibrationConfig().covariate_responses

    def of(count: int) -> float:
        evidence, found = both(likelihood, responses(*[1] * count))
        return float(found.columns(evidence, CalibrationConfig())[0, number])

    assert of(most) > of(most - 1)
    assert of(40 * most) == of(most)


def test_a_lab_that_each_response_favours_a_little_wins_the_votes_though_the_mean_points_elsewhere(
    likelihood: Likelihood,
) -> None:
    # Ten responses lean to the release of lab 1; one is far out in the direction of lab 2.
    rows = np.vstack([np.tile([0, 0, 1, 0.8], (10, 1)), [[0, 0, 0, 8]]]).astype(np.float32)
    evidence, _ = both(likelihood, rows)
    for by_mean in (evidence.known, evidence.release_score):
        assert LAB[by_mean[0].argmax()] == 2
    assert evidence.lab_score[0].argmax() == 2
    assert evidence.votes[0].argmax() == 1
    assert evidence.votes[0, 1] == 0


def test_a_response_is_heard_no_louder_than_a_bound(likelihood: Likelihood) -> None:
    loudest = 2 * np.log(1e-6)
    for far in (100.0, 1e4):
        evidence, _ = both(likelihood, np.array([[0, 0, far, 0]], np.float32))
        np.testing.assert_allclose(evidence.votes[0], [loudest, 0, loudest], rtol=1e-6)
    # Beside nine that say nothing it counts a tenth.
    evidence, _ = both(likelihood, np.vstack([np.zeros((9, RELEASES)), [[0, 0, 100.0, 0]]]).astype(np.float32))
    shares = np.array([2 / 4, 1 / 4, 1 / 4])
    nothing = np.log(shares) + np.log(1 / 3)
    expected = 0.9 * nothing + 0.1 * np.array([loudest, 0, loudest])
    np.testing.assert_allclose(evidence.votes[0], expected - expected.max(), atol=0.02)


def test_votes_are_those_of_both_classifiers_for_all_releases_of_a_lab(likelihood: Likelihood) -> None:
    evidence, found = read_cases(likelihood, [responses(1, 3), responses(2)], [np.array([9, 9]), np.array([9])])
    assert found.count.tolist() == [2, 1]
    assert likelihood.classifiers is not None
    release, lab = likelihood.classifiers.log_probabilities(likelihood.plda.project(responses(1, 3)))
    by_release = np.column_stack([np.exp(release[:, code == LAB]).sum(axis=1) for code in range(3)])
    expected = (np.log(by_release) + lab).mean(axis=0)
    np.testing.assert_allclose(evidence.votes[0], expected - expected.max(), atol=0.05)
    assert evidence.votes[1].argmax() == 1
    bare = Likelihood(likelihood.plda, None, PldaConfig())
    assert not both(bare, responses(1, 3))[0].votes.any()
