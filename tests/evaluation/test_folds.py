from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fingerprint.config import Config, FeatureConfig
from fingerprint.evaluation.cases import subsample
from fingerprint.evaluation.config import FULL
from fingerprint.evaluation.folds import Fold, leave_out
from fingerprint.features.text_forms import TextForm
from fingerprint.metrics.predictions import Bools
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
    return Data(labels, np.arange(n) < len(release), np.ones(n, bool), (None, None), FeatureConfig())  # type: ignore[arg-type]


def _folds(data: Data) -> list[Fold]:
    lab_of = {name: name.split("-")[0] for name in data.labels.releases}
    groups = {name: frozenset({name}) for name in data.labels.releases}
    groups["lab0-0"] = groups["lab0-1"] = frozenset({"lab0-0", "lab0-1"})
    context = TrainingContext(lab_of, groups, np.ones(12, bool), Config())
    return leave_out(context, data, msgspec.structs.replace(FULL, folds=3))


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


def test_a_test_case_asks_one_question(data: Data) -> None:
    labels, folds = data.labels, _folds(data)
    for fold in folds:
        own = np.isin(labels.release, labels.release[fold.tested[CaseKind.UNSEEN] | fold.tested[CaseKind.UNKNOWN]])
        other = np.unique(labels.corpus[fold.tested[CaseKind.OTHER]])
        assert not (own & np.isin(labels.corpus, other) & _tested(fold)).any()
    # No release is left out in the fold of its lab alone, so each is tested.
    tested = [set(labels.release[fold.tested[CaseKind.UNSEEN]]) for fold in folds]
    assert set().union(*tested) == set(range(12))


def test_a_release_is_left_out_where_its_corpus_is_not(data: Data) -> None:
    few = data.labels.corpus // 2 == data.labels.release % 3
    some = replace(data, labels=data.labels.of(few), full=data.full[few], filled=data.filled[few])
    # But for the two of one group: they, their corpora and their lab need three folds of three.
    single = some.labels.release > 1
    tested = sum((single & fold.tested[CaseKind.UNSEEN]).sum() for fold in _folds(some))
    assert tested == (single & some.full).sum()


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
