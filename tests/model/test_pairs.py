from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from fingerprint.config import PldaConfig
from fingerprint.metrics.trials import equal_error_rate
from fingerprint.model import pairs_fit
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.pair_calibration import (
    BIAS,
    IMPOSTORS,
    TARGETS,
    PairCalibration,
    PairKind,
    PairVerdict,
)
from fingerprint.model.pairs import (
    FEATURES,
    SHARED_FEATURES,
    Sides,
    pair_features,
    shared_domain,
    shared_pair_features,
    verification_llr,
)
from fingerprint.model.pairs_fit import Trials, fit_pairs
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS
from tests.model import made_pairs

COUNTS = [1, 3, 10, 25]
FIRST, SECOND = np.array([0, 0, 1, 2]), np.array([1, 3, 2, 3])


def test_features_do_not_change_when_the_cases_change_places() -> None:
    of = made_pairs.likelihood()
    sides = made_pairs.sides(of, COUNTS)
    one, other = pair_features(of, sides, FIRST, SECOND), pair_features(of, sides, SECOND, FIRST)
    assert one.shape == (4, len(FEATURES))
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert len(np.unique(one.round(6), axis=0)) == 4


def test_shared_prompts_are_taken_out_of_what_their_answers_differ_in() -> None:
    of, rng = made_pairs.likelihood(), np.random.default_rng(0)
    prompt = rng.normal(size=(40, made_pairs.WIDTH)) * 5
    one, other = rng.normal(size=(2, 40, made_pairs.WIDTH))
    release = np.full(made_pairs.WIDTH, 2.0)
    first, same, different = prompt + one, prompt + other, prompt + other + release
    sides = Sides.read(of, [rows.astype(np.float32) for rows in (first, same, different)], [np.full(40, 300)] * 3)
    at = np.array([0, 0])
    found = shared_pair_features(of, sides, at, np.array([1, 2]), [first - same, first - different])
    turned = shared_pair_features(of, sides, np.array([1, 2]), at, [same - first, different - first])
    np.testing.assert_allclose(found, turned, rtol=1e-9)
    np.testing.assert_array_equal(found[:, : len(FEATURES)], pair_features(of, sides, at, np.array([1, 2])))
    agreement = dict(zip(SHARED_FEATURES, found.T, strict=True))["difference"]
    # Answers of one release differ by chance, those of two in one direction.
    assert abs(agreement[0]) < 0.1
    assert 0.4 < agreement[1] < 1
    alike = shared_pair_features(of, sides, at[:1], at[:1], [np.ones((5, made_pairs.WIDTH))])
    assert alike[0, len(FEATURES)] == pytest.approx(1)
    nothing = shared_pair_features(of, sides, at[:1], at[:1], [np.zeros((5, made_pairs.WIDTH))])
    assert nothing[0, len(FEATURES)] == 0


@pytest.mark.parametrize("one_domain", [True, False])
def test_the_llr_is_that_of_gaussians_of_both_cases_together(one_domain: bool) -> None:
    of = made_pairs.likelihood()
    plda, sides = of.plda, made_pairs.sides(of, COUNTS)
    release = plda.between_labs + plda.between_releases
    # One release in one domain has one session.
    common = release + plda.session + plda.domain if one_domain else release
    otherwise = plda.domain if one_domain else np.zeros_like(release)
    expected = []
    for i, j in zip(FIRST, SECOND, strict=True):
        var = [release + plda.session + plda.domain + plda.within * (0.15 + 0.85 / COUNTS[k]) for k in (i, j)]
        stacked = np.concatenate([sides.point[i], sides.point[j]])
        densities = []
        for both in (common, otherwise):
            covariance = np.block([[np.diag(var[0]), np.diag(both)], [np.diag(both), np.diag(var[1])]])
            densities.append(multivariate_normal(np.zeros(len(stacked)), covariance).logpdf(stacked))
        expected.append(densities[0] - densities[1])
    np.testing.assert_allclose(verification_llr(plda, sides, FIRST, SECOND, one_domain), expected, rtol=1e-9)


def test_the_llr_tells_cases_of_one_release_from_those_of_two() -> None:
    of, rng = made_pairs.likelihood(), np.random.default_rng(0)
    plda, each = of.plda, 400
    release = rng.normal(size=(2, each, made_pairs.WIDTH)) * np.sqrt(plda.between_labs + plda.between_releases)
    noise = np.sqrt(plda.session + plda.domain + plda.within * 0.2)
    sides = made_pairs.sides(of, [17] * 3 * each)
    drawn = np.concatenate([release[0], release[0], release[1]])
    sides = dataclasses.replace(sides, point=drawn + rng.normal(size=drawn.shape) * noise)
    at = np.arange(each)
    same = verification_llr(plda, sides, at, at + each, one_domain=False)
    different = verification_llr(plda, sides, at, at + 2 * each, one_domain=False)
    assert equal_error_rate(same, different) < 0.25
    # Of calibrated LLRs the mean likelihood ratio of the other hypothesis is 1.
    assert np.exp(-same).mean() == pytest.approx(1, abs=0.3)


def test_cases_near_one_corpus_are_of_one_domain() -> None:
    of = made_pairs.likelihood()
    far = of.plda.corpus_mean.copy()
    far[0] += 20
    plda = dataclasses.replace(of.plda, corpus_mean=far)
    near = Likelihood(plda, of.classifiers, PldaConfig())
    rows = [np.tile(far[i], (5, 1)).astype(np.float32) for i in (0, 0, 1)]
    sides = Sides.read(near, rows, [np.full(5, 100)] * 3)
    one, two = shared_domain(sides, np.array([0, 0]), np.array([1, 2]))
    assert one > 0.9
    assert two < 0.01
    assert sides.in_domain.all()


@pytest.fixture(scope="module")
def calibration() -> PairCalibration:
    found = fit_pairs(made_pairs.trials(400, 3.0), made_pairs.CONFIG)
    assert found is not None
    return found


def test_the_limits_hold_on_pairs_that_were_not_fitted_to(calibration: PairCalibration) -> None:
    fresh = made_pairs.trials(2_000, 3.0, seed=5)
    score = calibration.score(fresh.features)
    for size in (5, 25):
        limits = calibration.limits[str(size)]["in"]
        at = (fresh.count == size) & fresh.in_domain

        def called(word: PairVerdict, rates: tuple[float, float], of: np.ndarray) -> float:
            return float(np.mean([calibration.verdict(one, limits, *rates) is word for one in score[of]]))  # noqa: B023

        for rates in ((FALSE_ALARMS, FALSE_ACCEPTS), (0.1, 0.2)):
            targets = at & np.isin(fresh.kind.astype(str), [str(kind) for kind in TARGETS])
            assert called(PairVerdict.DIFFERENT, rates, targets) <= 1.5 * rates[0] + 0.005
            assert called(PairVerdict.SAME, rates, targets) > 0.2
            for kind in IMPOSTORS:
                impostors = at & (fresh.kind == kind)
                assert called(PairVerdict.SAME, rates, impostors) <= 1.5 * rates[1]
            assert called(PairVerdict.DIFFERENT, rates, at & (fresh.kind == PairKind.OTHER)) > 0.3


def test_the_logit_is_a_calibrated_llr(calibration: PairCalibration) -> None:
    fresh = made_pairs.trials(2_000, 3.0, seed=6)
    fresh = fresh.of(fresh.is_fitted)
    probability = 1 / (1 + np.exp(-calibration.score(fresh.features)))
    # Kinds weigh the same within each class, and the classes too, as in a prior of 1/2.
    weight = np.where(fresh.is_target, 1 / fresh.is_target.sum(), 1 / (~fresh.is_target).sum())
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        at = (probability > low) & (probability < high)
        assert np.average(fresh.is_target[at], weights=weight[at]) == pytest.approx(
            np.average(probability[at], weights=weight[at]), abs=0.08
        )


def test_no_release_of_a_pair_is_among_those_that_it_is_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    given = made_pairs.trials(30, 2.0)
    marked = dataclasses.replace(given, features=np.hstack([given.features[:, 1:], np.arange(len(given))[:, None]]))
    seen: list[set[int]] = []
    tested: list[set[int]] = []

    def weights(trials: Trials, config: object) -> dict[str, float]:
        seen.append(set(trials.group.ravel().tolist()))
        return {**dict.fromkeys(FEATURES, 0.0), BIAS: 0.0}

    def score(of: dict[str, float], features: np.ndarray) -> np.ndarray:
        tested.append(set(marked.group[features[:, -1].astype(int)].ravel().tolist()))
        return np.zeros(len(features))

    monkeypatch.setattr(pairs_fit, "_weights", weights)
    monkeypatch.setattr(pairs_fit, "_score", score)
    found = pairs_fit._cross_validated(marked, made_pairs.CONFIG)
    assert found is not None
    assert np.isfinite(found).all()
    assert len(seen) == len(tested) == 15
    assert all(one.isdisjoint(other) for one, other in zip(seen, tested, strict=True))


def test_few_independent_pairs_tell_nothing() -> None:
    given = made_pairs.trials(200, 3.0)
    cell = np.where(given.kind == PairKind.SIBLING, 0, given.cell)
    found = fit_pairs(dataclasses.replace(given, cell=cell), made_pairs.CONFIG)
    assert found is not None
    assert all(limit is None for limit in found.limits["5"]["in"].same)
    assert found.limits["5"]["in"].different[-1] is not None
    # One wrong of a hundred cannot be seen in fifty.
    few = fit_pairs(made_pairs.trials(25, 3.0), made_pairs.CONFIG)
    assert few is not None
    assert few.limits["5"]["in"].same[0] is None
    assert few.limits["5"]["in"].same[-1] is not None


def test_pairs_of_too_few_releases_give_no_calibration() -> None:
    given = made_pairs.trials(20, 2.0)
    assert fit_pairs(given.of(given.is_target), made_pairs.CONFIG) is None
    assert fit_pairs(dataclasses.replace(given, group=given.group % 2), made_pairs.CONFIG) is None


def test_wide_separation_never_contradicts_the_llr() -> None:
    found = fit_pairs(made_pairs.trials(200, 12.0), made_pairs.CONFIG)
    assert found is not None
    limits = found.limits["25"]["in"]
    assert all(limit is not None and limit >= 0 for limit in limits.same)
    assert all(limit is not None and limit <= 0 for limit in limits.different)
    assert found.verdict(5.0, limits, 0.2, 0.2) is PairVerdict.SAME
    assert found.verdict(-5.0, limits, 0.2, 0.2) is PairVerdict.DIFFERENT
    assert found.figures["25"]["in"]["other"].eer == pytest.approx(0, abs=0.01)


def test_rates_between_those_that_are_kept_are_the_stricter_ones(calibration: PairCalibration) -> None:
    limits = calibration.limits["5"]["in"]
    assert calibration.at(limits.same, 0.07) == limits.same[2]
    assert calibration.at(limits.same, 0.005) is None
    assert calibration.verdict(1e3, limits, 0.05, 0.005) is PairVerdict.INCONCLUSIVE


def test_the_llr_is_cut_where_the_pairs_cannot_tell_more(calibration: PairCalibration) -> None:
    assert calibration.llr(1e9) == calibration.most < np.log(1e5)
    assert calibration.llr(-1e9) == calibration.least < 0
    assert calibration.llr(0.5) == 0.5


def test_a_calibration_is_the_same_after_it_was_written(calibration: PairCalibration) -> None:
    assert PairCalibration.from_dict(calibration.to_dict(), calibration.rates) == calibration
    both = dataclasses.replace(calibration, shared=calibration)
    assert PairCalibration.from_dict(both.to_dict(), calibration.rates) == both


def test_trials_of_several_models_keep_their_cells_apart() -> None:
    one = made_pairs.trials(3, 1.0)
    both = Trials.joined([one, one])
    assert len(both) == 2 * len(one)
    assert len(np.unique(both.cell)) == 2 * len(np.unique(one.cell))


def test_pairs_that_share_prompts_have_two_features_more() -> None:
    given = made_pairs.trials(60, 3.0)
    more = np.random.default_rng(0).normal(size=(len(given), 2)) + 3 * given.is_target[:, None]
    found = fit_pairs(dataclasses.replace(given, features=np.hstack([given.features, more])), made_pairs.CONFIG)
    assert found is not None
    assert found.weights.keys() == {*SHARED_FEATURES, BIAS}
    assert found.weights["difference"] > 0.1
    one = np.zeros((1, len(SHARED_FEATURES)))
    one[0, SHARED_FEATURES.index("difference")] = 1
    assert found.score(one)[0] == pytest.approx(found.weights[BIAS] + found.weights["difference"])
    assert fit_pairs(Trials.none(len(SHARED_FEATURES)), made_pairs.CONFIG) is None
