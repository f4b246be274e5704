from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fingerprint.config import Config, FeatureConfig
from fingerprint.evaluation.config import FULL
from fingerprint.evaluation.folds import Fold, earlier, leave_out
from fingerprint.features.text_forms import TextForm
from fingerprint.metrics.predictions import Bools
from fingerprint.training.cases import subsample
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Domain, Labels
from fingerprint.training.splits import CaseKind


@pytest.fixture
def data() -> Data:
    """Twelve releases of six labs, three corpora of ten prompts, with every second row plain."""
    grid = [(r, p, c) for c in range(3) for r in range(12) for p in range(10)]
    release, prompt, corpus = (np.array(v) for v in zip(*grid, strict=True))
    prompt = prompt + 10 * corpus
    corpora = [Domain(name, form) for name in "abc" for form in TextForm]
    labels = Labels(
        np.concatenate([release, release[::2]]),
        np.concatenate([prompt, prompt[::2]]),
        np.concatenate([2 * corpus, 2 * corpus[::2] + 1]),
        [f"lab{r // 2}-{r}" for r in range(12)],
        corpora,
    )
    n = len(labels.release)
    full, script = np.arange(n) < len(release), np.full(n, "", object)
    return Data(labels, full, np.ones(n, bool), script, (None, None), FeatureConfig())  # type: ignore[arg-type]


def _context(data: Data) -> TrainingContext:
    """The first two releases are a group; a release a month."""
    names = data.labels.releases
    groups = {name: frozenset({name}) for name in names}
    groups["lab0-0"] = groups["lab0-1"] = frozenset({"lab0-0", "lab0-1"})
    lab_of = {name: name.split("-")[0] for name in names}
    return TrainingContext(lab_of, groups, np.ones(len(names), bool), np.arange(len(names)), Config())


def _folds(data: Data, related: Mapping[str, str] | None = None) -> list[Fold]:
    return leave_out(_context(data), data, related or {}, msgspec.structs.replace(FULL, folds=3))


def _tested(fold: Fold) -> Bools:
    return np.logical_or.reduce(list(fold.tested.values()))


def test_each_corpus_lab_and_group_is_left_out_once(data: Data) -> None:
    folds = _folds(data)
    for kind in (CaseKind.UNKNOWN, CaseKind.UNSEEN):
        left = [set(np.unique(data.labels.release[fold.tested[kind]])) for fold in folds]
        together = [release for some in left for release in some]
        assert len(together) == len(set(together))
        if kind is CaseKind.UNKNOWN:
            assert set(together) == set(range(12))
    corpora = [set(np.unique(data.labels.corpus[fold.tested[CaseKind.OTHER]])) for fold in folds]
    assert sorted(c for some in corpora for c in some) == [0, 2, 4]


def test_a_row_is_trained_on_or_tested_in_one_kind(data: Data) -> None:
    for fold in _folds(data):
        assert (fold.train.astype(int) + sum(of.astype(int) for of in fold.tested.values())).max() == 1


def test_nothing_that_is_tested_is_trained_on(data: Data) -> None:
    labels = data.labels
    for fold in _folds(data):
        for kind in (CaseKind.UNSEEN, CaseKind.UNKNOWN):
            assert not np.isin(labels.release[fold.train], labels.release[fold.tested[kind]]).any()
        assert not np.isin(labels.prompt[fold.train], labels.prompt[fold.tested[CaseKind.SAME]]).any()
        # The plain copy of a corpus goes with it.
        other = np.unique(labels.corpus[fold.tested[CaseKind.OTHER]])
        assert not np.isin(labels.corpus[fold.train], [*other, *(other + 1)]).any()
        # Plain rows are never tested, because no model wrote them.
        assert not _tested(fold)[~data.full].any()


def test_a_left_out_release_in_a_left_out_corpus_is_both(data: Data) -> None:
    labels = data.labels
    some = 0
    for fold in _folds(data):
        other = np.unique(labels.corpus[fold.tested[CaseKind.OTHER]])
        unseen = np.unique(labels.release[fold.tested[CaseKind.UNSEEN]])
        in_both = np.isin(labels.release, unseen) & np.isin(labels.corpus, other) & data.full
        assert (fold.tested[CaseKind.BOTH] == in_both).all()
        some += in_both.sum()
        # A left-out lab is unknown wherever it answers, and nothing that may be tested is lost.
        unknown = np.unique(labels.release[fold.tested[CaseKind.UNKNOWN]])
        assert (fold.tested[CaseKind.UNKNOWN] == (np.isin(labels.release, unknown) & data.full)).all()
        assert (fold.train | _tested(fold))[data.full].all()
    assert some == 120


def test_no_release_is_left_out_with_its_lab_alone(data: Data) -> None:
    labels = data.labels
    tested = [set(labels.release[fold.tested[CaseKind.UNSEEN]]) for fold in _folds(data)]
    assert set().union(*tested) == set(range(12))


def test_related_corpora_are_left_out_together(data: Data) -> None:
    folds = _folds(data, {"a": "a", "b": "b", "c": "a"})
    # Of two folds, each release is left out of the one and its lab of the other.
    corpora = [set(np.unique(data.labels.corpus[fold.tested[CaseKind.BOTH]])) for fold in folds]
    assert sorted(map(sorted, corpora)) == [[0, 4], [2]]


def test_a_model_of_an_earlier_time_is_asked_about_later_releases() -> None:
    grid = [(r, p) for r in range(40) for p in range(3)]
    release, prompt = (np.array(v) for v in zip(*grid, strict=True))
    labels = Labels(release, prompt, np.zeros(len(release), int), [f"lab{r % 4}-{r}" for r in range(40)], [Domain("a")])
    rows = np.ones(len(release), bool)
    data = Data(labels, rows, rows, np.full(len(rows), "", object), (None, None), FeatureConfig())  # type: ignore[arg-type]
    names = labels.releases
    lab_of = {name: name.split("-")[0] for name in names}
    groups = {name: frozenset({name}) for name in names}
    candidate = np.arange(40) != 3
    context = TrainingContext(lab_of, groups, candidate, np.arange(40), Config())
    (fold,) = earlier(context, data, {})
    # Seven months before the newest, which is of month 39.
    assert set(release[fold.train]) == set(range(33)) - {3}
    assert set(release[fold.tested[CaseKind.LATER]]) == set(range(33, 40))
    assert not any(of.any() for kind, of in fold.tested.items() if kind is not CaseKind.LATER)
    assert earlier(replace(context, released=np.full(40, 7)), data, {}) == []


def test_a_group_is_left_out_together(data: Data) -> None:
    for fold in _folds(data):
        assert ("lab0-0" in fold.releases) == ("lab0-1" in fold.releases)


def test_a_subsample_takes_so_many_of_each_release_and_corpus(data: Data) -> None:
    of = np.ones(len(data.full), bool)
    of[:10] = False
    some = subsample(data.labels, of, 4, 1)
    assert not some[:10].any()
    key = data.labels.release[some] * 10 + data.labels.corpus[some]
    assert np.bincount(key).max() == 4
    assert (subsample(data.labels, of, 4, 1) == some).all()
    assert subsample(data.labels, of, 1_000, 1).sum() == of.sum()
