"""Pairs of cases that answer the same prompts, drawn from rows with known labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fingerprint.model.pair_calibration import PairKind
from fingerprint.model.pairs import SHARED_FEATURES
from fingerprint.training.data import Domain, Labels
from fingerprint.training.embedding import Embeddings
from fingerprint.training.fitted import Fitted
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.shared_pairs import SharedPair, collect_shared_trials, draw_shared_pairs
from fingerprint.training.splits import CaseKind
from tests.model import made_pairs
from tests.training.test_pairs import CONFIG, NAMES, RELEASES

KIND = np.full(100, CaseKind.SAME, object)


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Ten rows of each release in each of two corpora: five prompts, each answered twice; in the second corpus once."""
    release, corpus, prompt, draw = np.unravel_index(np.arange(100), (5, 2, 5, 2))
    codes = np.where(corpus == 0, prompt, 5 + 2 * prompt + draw)
    return Labels(release, codes, corpus, RELEASES, [Domain("first"), Domain("second")])


@pytest.fixture(scope="module")
def pairs(labels: Labels) -> list[SharedPair]:
    return draw_shared_pairs(labels, np.ones(100, bool), KIND, NAMES, CONFIG)


def test_both_sides_answer_the_same_prompts_with_other_rows(labels: Labels, pairs: list[SharedPair]) -> None:
    for pair in pairs:
        first, second = pair.first, pair.second
        # A single answer has no difference from which anything could be taken out.
        assert len(first.rows) == len(second.rows) == 4
        np.testing.assert_array_equal(labels.prompt[first.rows], labels.prompt[second.rows])
        assert len(set(labels.prompt[first.rows].tolist())) == 4
        assert not set(first.rows.tolist()) & set(second.rows.tolist())
        for side in (first, second):
            assert (labels.release[side.rows] == side.release).all()
            assert (labels.corpus[side.rows] == side.corpus).all()
    found = {(pair.first.release, pair.second.release, pair.first.corpus) for pair in pairs}
    assert {(r, r, 0) for r in range(5)} <= found
    # Where each prompt has one answer, there is no pair of one release.
    assert not [pair for pair in found if pair[0] == pair[1] and pair[2] == 1]
    assert {(r, q, c) for r in range(5) for q in range(r + 1, 5) for c in (0, 1)} == {
        (min(r, q), max(r, q), c) for r, q, c in found if r != q
    }


def test_rows_that_may_not_be_used_or_have_no_prompt_are_in_no_pair(labels: Labels) -> None:
    use = labels.release < 3
    without = dataclasses.replace(labels, prompt=np.where(labels.corpus == 1, -1, labels.prompt))
    for pair in draw_shared_pairs(without, use, KIND, NAMES, CONFIG):
        assert use[pair.first.rows].all()
        assert use[pair.second.rows].all()
        assert pair.first.corpus == 0
    nothing = dataclasses.replace(labels, prompt=np.full(100, -1))
    assert draw_shared_pairs(nothing, use, KIND, NAMES, CONFIG) == []


def test_both_sides_are_held_out_in_the_same_way(labels: Labels) -> None:
    kind = np.where(labels.release < 2, CaseKind.SAME, CaseKind.UNSEEN).astype(object)
    for pair in draw_shared_pairs(labels, np.ones(100, bool), kind, NAMES, CONFIG):
        assert len(set(kind[[*pair.first.rows, *pair.second.rows]])) == 1


def test_features_are_those_of_the_differences(labels: Labels, pairs: list[SharedPair]) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, made_pairs.WIDTH)) + 20 * rng.normal(size=(15, made_pairs.WIDTH))[labels.prompt]
    rows += 3 * rng.normal(size=(5, made_pairs.WIDTH))[labels.release]
    fitted = Fitted(
        space=None,  # type: ignore[arg-type]
        embeddings=Embeddings(rows.astype(np.float32), np.full(100, 300)),
        likelihood=made_pairs.likelihood(),
        known=KnownReleases(RELEASES[:4], {name: name.partition("-")[0] for name in RELEASES}),
        rows=np.arange(100),
        scripts=(),
    )
    found = collect_shared_trials(fitted, NAMES, labels, pairs, CONFIG)
    assert set(found.kind.tolist()) == {
        PairKind.TARGET, PairKind.VARIANT, PairKind.SIBLING, PairKind.OTHER, PairKind.UNKNOWN,
    }  # fmt: skip
    assert found.features.shape == (len(pairs), len(SHARED_FEATURES))
    agreement = found.features[:, SHARED_FEATURES.index("difference")]
    assert agreement[found.is_target].max() < 0.5 < np.median(agreement[~found.is_target])
    assert len(np.unique(found.cell)) == len(pairs)
    assert len(collect_shared_trials(fitted, NAMES, labels, [], CONFIG)) == 0
