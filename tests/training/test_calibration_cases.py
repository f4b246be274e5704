from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fingerprint.base.parallel import ONE_THREAD
from fingerprint.config import CalibrationConfig, Config, calibration_config
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.training.calibration_cases import FitSplit, SplitCases, calibration_cases, learn_information, scores
from fingerprint.training.cases import CaseSet, class_names
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.splits import CaseKind, calibration_splits
from tests import worlds
from tests.model import calibrated


@dataclass(frozen=True)
class Fitted:
    fit: FitSplit
    found: SplitCases


@pytest.fixture(scope="module")
def fitted(world: Path) -> Fitted:
    """The first model to calibrate on of the small world, and what it says about what it was not shown."""
    config = worlds.config(probing=msgspec.structs.replace(Config().probing, responses=5))
    registry = Registry.load(world / "registry.csv")
    corpus = read_corpora([world / "corpora"], registry)
    data = Data.prepare(corpus, world / "cache" / "counts", 1, config.features, lambda *_: None)
    context = TrainingContext.of(data.labels.releases, registry, config)
    fit = FitSplit(
        context=replace(context, config=calibration_config(config)),
        data=data,
        external=None,
        use=data.filled,
        names=class_names(registry, data.labels.releases),
        splits=calibration_splits(data, context, {}),
        kinds=np.zeros(len(data.full), np.int64),
    )
    with ONE_THREAD:
        return Fitted(fit, fit(0))


def test_a_model_is_asked_about_what_it_was_not_shown(fitted: Fitted) -> None:
    fit, split = fitted.fit, fitted.fit.splits[0]
    assert {kind for cases in fitted.found.cases for kind in cases.kind} == set(CaseKind) - {CaseKind.LATER}
    for cases in fitted.found.cases:
        (kind,) = set(cases.kind)
        for rows, release in zip(cases.rows, cases.release, strict=True):
            assert (split.kind[rows] == kind).all()
            assert (fit.data.labels.release[rows] == release).all()
            assert not split.train[rows].any()
        new = kind in (CaseKind.UNSEEN, CaseKind.BOTH, CaseKind.UNKNOWN)
        assert (cases.known != new).all()
        assert (cases.lab_known == (kind != CaseKind.UNKNOWN)).all()
        assert max(Counter(cases.covariates.count.tolist()).values()) <= worlds.SPLITS.cases
        assert set(cases.covariates.count.tolist()) <= set(worlds.SPLITS.sizes)


def test_releases_and_labs_that_the_model_does_not_know_have_no_evidence(fitted: Fitted) -> None:
    names, split = fitted.fit.names, fitted.fit.splits[0]
    shown = np.unique(fitted.fit.data.labels.release[split.train])
    release, lab = np.isin(np.arange(18), shown), np.isin(np.arange(6), names.lab[shown])
    assert 0 < (~release).sum() < 9
    assert (~lab).sum() == 1
    for cases in fitted.found.cases:
        evidence = cases.evidence
        for values, there in (
            (evidence.known, release), (evidence.release_score, release), (evidence.new, lab),
            (evidence.lab_score, lab), (evidence.votes, lab),
        ):  # fmt: skip
            assert (values[:, ~there] < values[:, there].min(axis=1, keepdims=True) - 1_000).all()
        assert (evidence.votes.max(axis=1) == 0).all()


def test_the_model_knows_the_world(fitted: Fitted) -> None:
    names = fitted.fit.names
    for cases in fitted.found.cases:
        if cases.known.all():
            assert np.mean(cases.evidence.known.argmax(axis=1) == cases.release) > 0.8
        if cases.lab_known.all():
            assert np.mean(cases.evidence.votes.argmax(axis=1) == names.lab[cases.release]) > 0.8


def test_single_responses_are_a_few_of_each_known_lab_to_prompts_that_were_not_shown(fitted: Fitted) -> None:
    fit, singles = fitted.fit, fitted.found.singles
    assert singles is not None
    assert all(len(rows) == 1 for rows in singles.rows)
    rows = np.concatenate(singles.rows)
    assert (fit.splits[0].kind[rows] == CaseKind.SAME).all()
    assert len(set(rows.tolist())) == len(rows)
    assert singles.lab_known.all()
    of_lab = Counter(fit.names.lab[singles.release].tolist())
    assert len(of_lab) == 5
    assert set(of_lab.values()) == {5}


def case_set() -> CaseSet:
    """Made-up cases of which some are of the only release that the model could know of their lab."""
    some = calibrated.cases(12, 0)
    kind = np.array([CaseKind(one) for one in some.kind], object)
    rows = [np.arange(n) for n in some.covariates.count]
    return CaseSet(
        rows, kind, some.part, some.release, some.known, some.lab_known, some.evidence, some.covariates
    )  # fmt: skip


def test_what_has_no_known_lab_is_of_an_unknown_one_and_what_is_new_is_not_known() -> None:
    given = case_set()
    alone = (given.kind == CaseKind.UNSEEN) & (np.arange(len(given)) % 2 == 0)
    # By then the releases of later months may be among what the evidence is about.
    given = replace(given, lab_known=given.lab_known & ~alone, known=given.known | (given.kind == CaseKind.LATER))
    found = calibration_cases(given, calibrated.NAMES)
    assert (found.kind[alone] == "unknown").all()
    assert (found.lab[alone] == -1).all()
    assert (found.kind[~alone] == given.kind[~alone]).all()
    assert not found.known[found.kind == "later"].any()
    assert found.known[found.kind == "same"].all()
    assert found.names is calibrated.NAMES


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    with ONE_THREAD:
        return calibrate(calibrated.cases(40, 0), CalibrationConfig(iterations=10))


def test_scores_are_of_each_kind_and_number_of_responses(calibration: Calibration) -> None:
    cases = calibrated.cases(40, 0)
    found = {(row["held out"], row["responses"]): row for row in scores(cases, calibration)}
    assert found.keys() == {(kind, n) for kind in calibrated.KINDS for n in (5, 10)}
    posterior = calibration.predict(cases.evidence, cases.covariates, cases.names.lab)
    at = (cases.kind == "both") & (cases.covariates.count == 5)
    right = (posterior.labs().argmax(axis=1) == cases.lab)[at]
    row = found["both", 5]
    assert (row["cases"], row["lab top-1"]) == (20, round(float(right.mean()), 4))
    by_lab = [right[cases.lab[at] == lab].mean() for lab in np.unique(cases.lab[at])]
    assert row["lab macro"] == round(float(np.mean(by_lab)), 4)
    assert row["release top-1"] is None
    assert found["same", 5]["release top-1"] > 0.8
    assert found["unknown", 10]["lab top-1"] is None
    assert found["unknown", 10]["mean P(unknown)"] > found["same", 10]["mean P(unknown)"]
    for (kind, n), row in found.items():
        of, rates = calibration.expectations["any"].figures[str(n)][kind], calibration.config.rates
        for name, wrong, rate in (("attributed", "false attributions", 0.05), ("likely", "false likely", 0.25)):
            assert row[name] == round(of.coverage[rates.index(rate)], 4)
            assert row[wrong] == (round(of.error[rates.index(rate)], 4) if row[name] else None)
    assert found["same", 10]["likely"] > 0


def test_the_information_gain_is_measured_on_single_responses(fitted: Fitted, calibration: Calibration) -> None:
    names, singles = fitted.fit.names, fitted.found.singles
    assert singles is not None
    prompts = [("code" if i % 2 else "chat", "en") for i in range(len(fitted.fit.data.full))]
    known = replace(calibration, labs=names.labs)
    found = learn_information(singles, names, known, prompts, Config())
    assert list(found.labs) == names.labs
    assert set(found.kinds) == {("chat", "en"), ("code", "en")}
    assert found.gain.max() > 0.1
    nothing = learn_information(None, names, known, prompts, Config())
    assert not nothing.kinds
