"""What the models are trained on that a period of the temporal split is calibrated on."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.config import Config, FeatureConfig
from fingerprint.evaluation.config import FULL
from fingerprint.evaluation.fits import Basis
from fingerprint.evaluation.protocols.temporal_split import month_name, to_calibrate
from fingerprint.metrics.predictions import ClassNames
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Domain, Labels
from fingerprint.training.splits import CaseKind

RELEASES, CORPORA, PROMPTS = 60, 6, 10


@pytest.fixture
def basis() -> Basis:
    """Sixty releases of ten labs, a release a month, in six corpora; the last corpus has releases from month 50 on."""
    grid = [(r, c, p) for r in range(RELEASES) for c in range(CORPORA) for p in range(PROMPTS) if c < 5 or r >= 50]
    release, corpus, prompt = (np.array(v) for v in zip(*grid, strict=True))
    names = [f"lab{r % 10}-{r:02}" for r in range(RELEASES)]
    labels = Labels(release, prompt + PROMPTS * corpus, corpus, names, [Domain(c) for c in "abcdef"])
    rows = np.ones(len(release), bool)
    data = Data(labels, rows, rows, np.full(len(rows), "", object), (None, None), FeatureConfig())  # type: ignore[arg-type]
    lab_of = {name: name.split("-")[0] for name in names}
    groups = {name: frozenset({name}) for name in names}
    context = TrainingContext(lab_of, groups, np.ones(RELEASES, bool), np.arange(RELEASES), Config())
    return Basis(context, data, ClassNames.of(lab_of), FULL)


def test_nothing_of_the_period_or_later_is_used(basis: Basis) -> None:
    release = basis.data.labels.release
    folds = to_calibrate(basis, {}, 40)
    # Two models leave out something at random, one what came in the seven months before the period.
    assert len(folds) == 3
    for fold in folds:
        tested = np.logical_or.reduce(list(fold.tested.values()))
        assert release[fold.train].max() < 40
        assert release[tested].max() < 40
        assert not (fold.train & tested).any()
    later = folds[-1]
    assert set(release[later.train]) == set(range(33))
    assert set(release[later.tested[CaseKind.LATER]]) == set(range(33, 40))
    assert all(fold.tested[kind].any() for fold in folds[:2] for kind in CaseKind if kind is not CaseKind.LATER)


def test_a_corpus_that_nobody_had_answered_by_then_is_not_left_out(basis: Basis) -> None:
    corpus = basis.data.labels.corpus
    for fold in to_calibrate(basis, {}, 40)[:2]:
        left_out = set(range(5)) - set(corpus[fold.train])
        assert len(left_out) == 1
        assert set(corpus[fold.tested[CaseKind.OTHER]]) == left_out


def test_related_corpora_are_left_out_together(basis: Basis) -> None:
    related = dict(zip("abcdef", "aabbcc", strict=True))
    corpus = basis.data.labels.corpus
    left_out = [set(range(6)) - set(corpus[fold.train]) for fold in to_calibrate(basis, related, RELEASES)[:2]]
    assert all(one in ({0, 1}, {2, 3}, {4, 5}, set()) for one in left_out)


def test_months_have_names() -> None:
    assert [month_name(n) for n in (2025 * 12, 2025 * 12 + 11)] == ["2025-01", "2025-12"]
