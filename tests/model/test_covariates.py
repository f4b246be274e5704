from __future__ import annotations

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig, PldaConfig
from fingerprint.model.covariates import COVARIATES, Covariates
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
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
    return Covariates.read(likelihood, cases, [np.full(len(s), 1000) for s in cases])


def test_two_labs_are_told_from_one_and_from_two_releases_of_one(likelihood: Likelihood) -> None:
    found = read(likelihood, responses(2, 2, 2, 2), responses(2, 2, 3, 3), responses(0, 0, 1, 1))
    alone, mixed, same_lab = found.two_source_llr
    assert alone == pytest.approx(0, abs=1e-3)
    assert mixed > 3
    # A release of the same lab is no second source, and a release of another lab explains the second half no better.
    assert same_lab == pytest.approx(0, abs=1e-3)


def test_one_response_cannot_be_split(likelihood: Likelihood) -> None:
    assert read(likelihood, responses(3)).two_source_llr[0] == 0


def test_the_log_probability_is_that_of_the_best_release(likelihood: Likelihood) -> None:
    clear, unclear = read(likelihood, responses(2, 2), np.zeros((2, RELEASES), np.float32)).log_probability
    assert -0.01 < clear <= 0
    assert unclear == pytest.approx(-np.log(RELEASES))


def test_columns_are_finite_for_the_shortest_and_the_longest(likelihood: Likelihood) -> None:
    cases = [responses(1), np.zeros((1, RELEASES), np.float32)]
    found = Covariates.read(likelihood, cases, [np.array([10**7]), np.array([0])])
    evidence = likelihood.evidence(np.concatenate(cases), found.count)
    columns = found.columns(evidence, CalibrationConfig())
    assert columns.shape == (2, len(COVARIATES))
    assert np.isfinite(columns).all()
    assert np.abs(columns).max() < 30


def test_beyond_what_was_calibrated_the_number_of_responses_says_no_more(likelihood: Likelihood) -> None:
    number, most = COVARIATES.index("_by_responses"), CalibrationConfig().covariate_responses

    def of(count: int) -> float:
        found = read(likelihood, responses(*[1] * count))
        return float(found.columns(likelihood.evidence(responses(1), found.count), CalibrationConfig())[0, number])

    assert of(most) > of(most - 1)
    assert of(40 * most) == of(most)
