from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fingerprint.config import FeatureConfig
from fingerprint.evaluation.folds import OTHER, SAME, UNKNOWN, UNSEEN, leave_out, subsample
from fingerprint.features.text_forms import TextForm
from fingerprint.training.data import Data, Domain, Labels


@pytest.fixture
def data() -> Any:
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


def _folds(data: Any) -> Any:
    lab_of = {name: name.split("-")[0] for name in data.labels.releases}
    groups = {name: frozenset({name}) for name in data.labels.releases}
    groups["lab0-0"] = groups["lab0-1"] = frozenset({"lab0-0", "lab0-1"})
    return leave_out(data, lab_of, groups, np.ones(12, bool), 3, 0)


def test_each_corpus_lab_and_group_is_left_out_once(data: Any) -> None:
    folds = _folds(data)
    left = {kind: [set(np.unique(data.labels.release[f.kind == kind])) for f in folds] for kind in (UNSEEN, UNKNOWN)}
    for kind in (UNKNOWN, UNSEEN):
        together = [release for some in left[kind] for release in some]
        assert len(together) == len(set(together))
    assert set().union(*left[UNKNOWN]) == set(range(12))
    corpora = [set(np.unique(data.labels.corpus[f.kind == OTHER])) for f in folds]
    assert sorted(c for some in corpora for c in some) == [0, 2, 4]


def test_nothing_that_is_asked_is_shown(data: Any) -> None:
    labels = data.labels
    for fold in _folds(data):
        assert not (fold.train & (fold.kind != "")).any()
        for kind in (UNSEEN, UNKNOWN):
            assert not np.isin(labels.release[fold.train], labels.release[fold.kind == kind]).any()
        asked = fold.kind == SAME
        assert not np.isin(labels.prompt[fold.train], labels.prompt[asked]).any()
        # The plain forms of a corpus go with it.
        other = np.unique(labels.corpus[fold.kind == OTHER])
        assert not np.isin(labels.corpus[fold.train], [*other, *(other + 1)]).any()
        # Plain rows are never asked about, for they are no responses.
        assert not (fold.kind[~data.full] != "").any()


def test_what_is_asked_about_a_release_is_no_second_question(data: Any) -> None:
    labels, folds = data.labels, _folds(data)
    for fold in folds:
        own = np.isin(labels.release, labels.release[np.isin(fold.kind, [UNSEEN, UNKNOWN])])
        other = np.unique(labels.corpus[fold.kind == OTHER])
        assert not (own & np.isin(labels.corpus, other) & (fold.kind != "")).any()
    # No release's only fold is its lab's, so that each is asked about.
    asked = [set(labels.release[fold.kind == UNSEEN]) for fold in folds]
    assert set().union(*asked) == set(range(12))


def test_a_release_is_left_out_where_its_corpus_is_not(data: Any) -> None:
    few = data.labels.corpus // 2 == data.labels.release % 3
    some = replace(data, labels=data.labels.of(few), full=data.full[few], filled=data.filled[few])
    # But for the two that go together: they, their corpora and their lab want three folds of three.
    single = some.labels.release > 1
    asked = sum((single & (fold.kind == UNSEEN)).sum() for fold in _folds(some))
    assert asked == (single & some.full).sum()


def test_a_group_is_left_out_together(data: Any) -> None:
    for fold in _folds(data):
        assert ("lab0-0" in fold.groups) == ("lab0-1" in fold.groups)


def test_thinned_takes_so_many_of_each_release_and_corpus(data: Any) -> None:
    of = np.ones(len(data.full), bool)
    of[:10] = False
    kept = subsample(data.labels, of, 4, 1)
    assert not kept[:10].any()
    key = data.labels.release[kept] * 10 + data.labels.corpus[kept]
    assert np.bincount(key).max() == 4
    assert (subsample(data.labels, of, 4, 1) == kept).all()
    assert subsample(data.labels, of, 1_000, 1).sum() == of.sum()
