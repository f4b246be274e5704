from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from fingerprint.base.parallel import ONE_THREAD
from fingerprint.config import CalibrationConfig, MixtureConfig
from fingerprint.model import calibration_fit
from fingerprint.model.calibration import NEVER, Calibration, Expect
from fingerprint.model.calibration_fit import CalibrationCases, _logistic, calibrate
from fingerprint.model.confidence import CALIBRATION_FEATURES, FIRST, LAB, NEW, UNKNOWN_LAB
from fingerprint.model.shortlist import Lists
from tests.model.calibrated import KINDS, NAMES, cases

CONFIG = CalibrationConfig(iterations=40)
MIXTURE = MixtureConfig(same=0.5, other=0.2, unseen=0.1, both=0.1, later=0.05, unknown=0.05)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    with ONE_THREAD:
        return calibrate(cases(100, 0), CONFIG)


@pytest.fixture(scope="module")
def fresh() -> CalibrationCases:
    return cases(300, 1)


def test_kinds_weigh_as_the_mixture_says_whatever_their_number() -> None:
    some = cases(40, 0)
    some = some.of((some.kind != "same") | (np.arange(len(some.kind)) % 7 == 0))
    count = some.covariates.count
    share = some.shares(MIXTURE)
    for kind, wanted in msgspec.structs.asdict(MIXTURE).items():
        of_number = [share[(some.kind == kind) & (count == n)].sum() for n in (5, 10)]
        assert of_number == pytest.approx([wanted / 2] * 2)
    # In the fit of the posterior kinds weigh the same, and a case of a lab with many cases weighs less.
    even, lab = some.even(), some.lab
    size = np.bincount(lab + 1)[lab + 1]
    for kind in KINDS:
        at = (some.kind == kind) & (count == 5)
        assert even[at].sum() == pytest.approx(1 / 12)
        assert np.ptp(even[at] * np.sqrt(size[at])) == pytest.approx(0, abs=1e-12)
    assert len(set(even[(some.kind == "both") & (count == 5)].round(9))) > 1


def test_what_a_model_does_not_know_has_no_code() -> None:
    some = cases(10, 0)
    assert ((some.lab < 0) == (some.kind == "unknown")).all()
    known = np.isin(some.kind.astype(str), ["same", "other"])
    assert ((some.known_release >= 0) == known).all()
    assert (some.known_release[known] == some.release[known]).all()


def test_a_lab_that_is_often_wrongly_first_gets_a_lower_confidence(
    fitted: Calibration, fresh: CalibrationCases
) -> None:
    terms = {
        lab: fitted.expectations["any"].confidence[FIRST][f"{LAB}{lab}"] for lab in ("ash", "birch", "cedar", "dusk")
    }
    assert terms["dusk"] < min(terms["ash"], terms["birch"], terms["cedar"]) - 0.3
    # New releases whose first lab is dusk are wrong more often, and are said to be.
    new = np.isin(fresh.kind.astype(str), ["unseen", "both", "later"])
    found = fitted.predict(fresh.evidence, fresh.covariates, NAMES.lab)
    first, confidence, _ = found.first()
    dusk = new & (first == NAMES.labs.index("dusk"))
    right = first == fresh.lab
    assert right[dusk].mean() < right[new & ~dusk].mean() - 0.3
    assert confidence[dusk].mean() < confidence[new & ~dusk].mean() - 0.15


def test_a_lab_that_was_seldom_first_keeps_to_the_mean_of_all() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (601, len(CALIBRATION_FEATURES)))
    labs = ["often"] * 200 + ["good"] * 400 + ["once"]
    right = np.r_[rng.random(200) < 0.5, rng.random(400) < 0.9, False]
    weights = _logistic(features, right.astype(int), np.ones(601), labs, ("another", FIRST), CONFIG)
    assert weights.keys() == {FIRST}
    often, good, once = (weights[FIRST][f"{LAB}{lab}"] for lab in ("often", "good", "once"))
    assert often < -0.5
    assert abs(once) < 0.25 * abs(often)
    # As little as it moves, the one error moves it down.
    assert once < 0 < good


def test_probabilities_follow_what_is_expected(fitted: Calibration, fresh: CalibrationCases) -> None:
    found = {expect: fitted.predict(fresh.evidence, fresh.covariates, NAMES.lab, expect) for expect in Expect}
    new = {expect: of.first()[2] for expect, of in found.items()}
    known = np.isin(fresh.kind.astype(str), ["same", "other"])
    for at in (known, (fresh.kind == "both")):
        assert new[Expect.KNOWN][at].mean() < new[Expect.ANY][at].mean() < new[Expect.NEW][at].mean()
    unknown = fresh.kind == "unknown"
    for of in found.values():
        assert of.labs().sum(axis=1) + of.unknown == pytest.approx(np.ones(len(unknown)))
        assert of.unknown[unknown].mean() > 0.5 > of.unknown[~unknown].mean() + 0.3


@pytest.mark.parametrize("expect", Expect)
def test_on_other_cases_of_the_same_kinds_the_rates_and_sets_hold(
    fitted: Calibration, fresh: CalibrationCases, expect: Expect
) -> None:
    config, count = fitted.config, fresh.covariates.count
    mixture = msgspec.structs.asdict(getattr(config.expectations, expect))
    found = fitted.predict(fresh.evidence, fresh.covariates, NAMES.lab, expect)
    first, confidence, _ = found.first()
    wrong, rows = first != fresh.lab, np.arange(len(first))
    named = 0
    for rate in (0.1, 0.25):
        above = confidence >= np.array([fitted.threshold(n, rate, expect) for n in count.tolist()])
        named += above.sum()
        for kind in (name for name, share in mixture.items() if share >= config.least_share):
            at = fresh.kind == kind
            share = np.mean(wrong[at & above]) if kind != "unknown" else np.mean((above & wrong)[at])
            # 300 cases say a share to within 0.03.
            assert share <= rate + 0.06
    assert named > 0.2 * len(first)
    lists = Lists.of(found.labs(), fresh.lab, config.shortlist)
    limits = fitted.expectations[expect].shortlist
    named_from = np.array([fitted.threshold(n, 0.25, expect) for n in count.tolist()])
    shown = (confidence < named_from) & (lists.together >= [limits.limit(n, 0.25) for n in count.tolist()])
    for kind in (name for name, share in mixture.items() if share >= config.least_share and name != "unknown"):
        at = shown & (fresh.kind == kind)
        # Of few lists a share says little.
        assert np.sum(~lists.right[at]) <= 0.25 * at.sum() + 3 * np.sqrt(at.sum() / 5)
    own = found.labs()[rows, NAMES.lab[fresh.release]]
    least = [
        fitted.expectations[expect].set_limit(n, d)
        for n, d in zip(count.tolist(), fresh.evidence.domain_distance.tolist(), strict=True)
    ]
    for kind in KINDS[:-1]:
        at = fresh.kind == kind
        assert np.mean((own >= least)[at]) > 0.86


def test_figures_are_by_kind_and_number_of_responses(fitted: Calibration) -> None:
    for expectation in fitted.expectations.values():
        assert expectation.figures.keys() == {"5", "10"}
        for kinds in expectation.figures.values():
            assert set(kinds) == set(KINDS)
            assert all(of.cases == 50 for of in kinds.values())
            assert kinds["unknown"].lab_error == 1
            assert kinds["same"].lab_error < 0.05 < kinds["both"].lab_error
            assert all(list(of.coverage) == sorted(of.coverage) for of in kinds.values())


def test_domain_limits_are_of_known_corpora_and_far_limits_of_others_too(fitted: Calibration) -> None:
    assert fitted.domain_limits.keys() == fitted.far_limits.keys() == fitted.two_source_limits.keys() == {"5", "10"}
    assert all(1 < limit <= 1.2 for limit in fitted.domain_limits.values())
    assert all(1.4 < limit <= 1.8 for limit in fitted.far_limits.values())


def only(keep: Callable[[CalibrationCases], np.ndarray]) -> Calibration:
    some = cases(24, 2)
    with ONE_THREAD:
        return calibrate(some.of(keep(some)), msgspec.structs.replace(CONFIG, iterations=5))


def test_small_corpora_give_a_calibration_all_the_same() -> None:
    # Known releases alone: no unknown lab, no new release, no other corpus.
    known = only(lambda some: some.kind == "same")
    weights = known.expectations["any"].confidence
    assert UNKNOWN_LAB not in weights
    assert NEW not in weights
    assert known.far_limits == known.domain_limits
    # Releases of one group, which nothing can be left out of.
    alone = only(lambda some: some.release == 0)
    assert alone.threshold(5, 0.05) == NEVER
    # No case of known corpora.
    far = only(lambda some: some.kind == "both")
    assert far.domain_limits == far.far_limits


def test_a_case_is_judged_by_weights_that_were_fitted_without_its_group_and_corpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = cases(24, 3)
    part = np.array([f"corpus {i % 3}" for i in range(len(some.release))], object)
    grouped = replace(some, names=replace(NAMES, group=NAMES.group // 2), part=part)
    learned: list[tuple[frozenset[int], frozenset[str]]] = []
    fit = calibration_fit._weights

    def watched(of: CalibrationCases, *rest: Any) -> Any:
        other = np.isin(of.kind.astype(str), ["other", "both"])
        learned.append((frozenset(of.group.tolist()), frozenset(of.part[other].tolist())))
        return fit(of, *rest)

    monkeypatch.setattr(calibration_fit, "_weights", watched)
    with ONE_THREAD:
        calibrate(grouped, msgspec.structs.replace(CONFIG, iterations=5))
    every = frozenset(grouped.group.tolist())
    of_expectation = len(learned) // len(Expect)
    for i in range(len(Expect)):
        *folds, last = learned[i * of_expectation :][:of_expectation]
        assert last == (every, frozenset(part))
        left_out = {every - groups for groups, _ in folds}
        assert len(left_out) == CONFIG.folds
        assert sum(map(len, left_out)) == len(every) == len(frozenset.union(*left_out))
        # Beside the releases, other corpora one by one where there are cases of both; known corpora never.
        corpora = [frozenset(part) - own for _, own in folds]
        assert all(len(gone) <= 1 for gone in corpora)
        assert corpora.count(frozenset()) == CONFIG.folds
        assert frozenset.union(*corpora) == frozenset(part)
