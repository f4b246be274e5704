from __future__ import annotations

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig
from fingerprint.model.calibration import Calibration, Expect
from fingerprint.model.calibration_fit import CalibrationCases, calibrate
from fingerprint.model.candidate_cases import Shares, draw
from fingerprint.model.candidates import CandidatePrior, among, with_candidates
from fingerprint.model.posterior import Posterior
from tests.model.calibrated import NAMES, cases

CONFIG = CalibrationConfig(iterations=40, candidates=(2,))
LAB = np.array([0, 0, 1, 2])
FOUND = Posterior(
    np.array([[0.5, 0.1, 0.1, 0.05], [0.02, 0.02, 0.03, 0.7]]),
    np.array([[0.1, 0.05, 0.0], [0.01, 0.02, 0.1]]),
    np.array([0.1, 0.1]),
    LAB,
)
FIRST_TWO = np.array([True, True, False])


def total(one: Posterior) -> np.ndarray:
    return np.asarray(one.labs().sum(axis=1) + one.unknown)


def test_the_prior_of_the_candidates_is_exchanged_and_nothing_else() -> None:
    prior = CandidatePrior(0.5, 0.1)
    found = with_candidates(FOUND, np.tile(FIRST_TWO, (2, 1)), prior)
    np.testing.assert_allclose(total(found), 1)
    # Before: 0.6 for two of three labs by the mixture, 0.5 by the question.
    odds = (0.5 / 0.5) / (0.6 / 0.4)
    inside, was = found.labs()[:, :2].sum(axis=1), FOUND.labs()[:, :2].sum(axis=1)
    np.testing.assert_allclose(inside / (1 - inside), odds * was / (1 - was))
    np.testing.assert_allclose(found.release[:, 0] / found.release[:, 2], FOUND.release[:, 0] / FOUND.release[:, 2])
    np.testing.assert_allclose(found.labs()[:, 2] / found.unknown, FOUND.labs()[:, 2] / FOUND.unknown)


def test_none_of_these_has_all_that_is_no_candidate() -> None:
    few = among(FOUND, FIRST_TWO)
    np.testing.assert_allclose(total(few), 1)
    np.testing.assert_allclose(few.unknown, [0.15, 0.9])
    assert (few.labs()[:, 2] == 0).all()
    np.testing.assert_allclose(few.labs()[:, :2], FOUND.labs()[:, :2])


def test_where_every_lab_is_a_candidate_and_none_is_unknown_the_posterior_stands() -> None:
    found = with_candidates(FOUND, np.ones((2, 3), bool), CandidatePrior(0.5, 0.0))
    np.testing.assert_allclose(found.labs(), FOUND.labs())


def test_candidates_are_drawn_with_and_without_the_right_lab() -> None:
    some = cases(40, 0)
    rng = np.random.default_rng(0)
    shares = Shares.of(_posterior(len(some.release), rng), NAMES)
    rows = np.flatnonzero(some.lab >= 0)
    for (inside, _), allowed in draw(shares, some.lab, 2, rng).items():
        assert (allowed.sum(axis=1)[rows] == 2).all()
        assert (allowed[rows, some.lab[rows]] == inside).all()
    hard = draw(shares, some.lab, 2, rng)[False, "/alike"]
    for row in rows[:20]:
        others = [lab for lab in np.argsort(-shares.lab[row]) if lab != some.lab[row]]
        assert set(np.flatnonzero(hard[row])) == set(others[:2])


def _posterior(size: int, rng: np.random.Generator) -> Posterior:
    share = rng.dirichlet(np.ones(21), size)
    return Posterior(share[:, :15], share[:, 15:20], share[:, 20], NAMES.lab)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return calibrate(cases(100, 0), CONFIG)


@pytest.fixture(scope="module")
def fresh() -> CalibrationCases:
    return cases(300, 1)


@pytest.mark.parametrize("others", ["", "/alike"])
def test_rates_hold_with_and_without_the_right_lab_among_the_candidates(
    fitted: Calibration, fresh: CalibrationCases, others: str
) -> None:
    found = fitted.predict(fresh.evidence, fresh.covariates, NAMES.lab)
    prior = CandidatePrior(CONFIG.candidate_prior, CONFIG.mixture("any")["unknown"])
    limits = fitted.limits(Expect.ANY, 2)
    threshold = np.array([limits.thresholds["lab"].limit(n, 0.25) for n in fresh.covariates.count.tolist()])
    named = 0
    for inside in (True, False):
        allowed = draw(Shares.of(found, NAMES), fresh.lab, 2, np.random.default_rng(5))[inside, others]
        asked = with_candidates(found, allowed, prior)
        labs = np.where(allowed, asked.labs(), 0.0)
        above, wrong = labs.max(axis=1) >= threshold, labs.argmax(axis=1) != fresh.lab
        for kind in CONFIG.promised("any"):
            at = fresh.kind == kind
            if inside and kind != "unknown":
                named += int((at & above).sum())
                # 300 cases say a share to within 0.03.
                assert np.mean(wrong[at & above]) <= 0.25 + 0.06
            elif not inside:
                assert np.mean(above[at]) <= 0.25 + 0.06
    assert named > 300


def test_a_case_of_a_lab_that_is_no_candidate_is_none_of_these(fitted: Calibration, fresh: CalibrationCases) -> None:
    own = np.flatnonzero((fresh.kind == "same") & (fresh.lab >= 2))
    some = fresh.of(own)
    found = fitted.predict(some.evidence, some.covariates, NAMES.lab)
    allowed = np.arange(5) < 2
    few = among(with_candidates(found, np.tile(allowed, (len(own), 1)), CandidatePrior(0.5, 0.1)), allowed)
    assert np.mean(few.unknown > 0.9) > 0.95
    assert np.mean(few.labs().max(axis=1) > 0.5) < 0.02


def test_figures_say_both_what_is_wrong_inside_and_what_is_named_outside(fitted: Calibration) -> None:
    for expectation in fitted.expectations.values():
        assert expectation.candidates.keys() == {"2"}
        for kinds in expectation.candidates["2"].figures.values():
            assert {"same", "outside:same", "both", "outside:both", "unknown"} <= kinds.keys()
            assert kinds["outside:same"].lab_error == kinds["unknown"].lab_error == 1
            assert kinds["same"].coverage[-1] > kinds["outside:same"].coverage[-1]
