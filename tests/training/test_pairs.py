"""Pairs of cases that a model was not shown, drawn from rows with known labels."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fingerprint.config import Config, PairConfig
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.pair_calibration import PairKind
from fingerprint.training.data import Domain, Labels
from fingerprint.training.embedding import Embeddings
from fingerprint.training.fitted import Fitted
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.pairs import SideRows, collect_trials, draw_sides
from fingerprint.training.splits import CaseKind
from tests.model import made_pairs

RELEASES = ["ash-1", "ash-1-high", "ash-2", "birch-1", "elm-1"]
CONFIG = msgspec.structs.replace(Config(), pairs=PairConfig(sizes=(1, 4), cells=50, pairs=40))
NAMES = ClassNames(
    labs=["ash", "birch", "elm"],
    families=["ash-one", "birch-one", "elm-one"],
    releases=RELEASES,
    lab=np.array([0, 0, 0, 1, 2]),
    family=np.array([0, 0, 0, 1, 2]),
    group=np.array([0, 0, 1, 2, 3]),
)


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Ten rows of each release in each of two corpora: five prompts, each answered twice."""
    release, corpus, prompt, _ = np.unravel_index(np.arange(100), (5, 2, 5, 2))
    return Labels(release, 5 * corpus + prompt, corpus, RELEASES, [Domain("first"), Domain("second")])


@pytest.fixture(scope="module")
def sides(labels: Labels) -> list[SideRows]:
    return draw_sides(labels, np.ones(100, bool), np.full(100, CaseKind.SAME, object), CONFIG)


def test_a_side_is_of_one_release_and_its_other_side_answers_other_prompts(
    labels: Labels, sides: list[SideRows]
) -> None:
    assert {len(side.rows) for side in sides} == {1, 4}
    assert {side.corpus for side in sides} == {-1, 0, 1}
    halves: dict[tuple[int, int, int], list[set[int]]] = {}
    for side in sides:
        assert (labels.release[side.rows] == side.release).all()
        assert side.corpus < 0 or (labels.corpus[side.rows] == side.corpus).all()
        assert len(set(side.rows.tolist())) == len(side.rows)
        prompts = set(labels.prompt[side.rows].tolist())
        halves.setdefault((len(side.rows), side.release, side.corpus), []).append(prompts)
    assert all(len(found) == 2 and found[0].isdisjoint(found[1]) for found in halves.values())


def test_only_rows_that_may_be_used_are_drawn_and_of_one_kind_each(labels: Labels) -> None:
    use = labels.corpus == 0
    kind = np.where(labels.release < 2, CaseKind.SAME, CaseKind.UNSEEN).astype(object)
    few = msgspec.structs.replace(CONFIG, pairs=PairConfig(sizes=(4,), cells=1))
    found = draw_sides(labels, use, kind, few)
    assert all(use[side.rows].all() for side in found)
    assert sorted(kind[side.rows[0]] for side in found) == [CaseKind.SAME] * 2 + [CaseKind.UNSEEN] * 2
    assert draw_sides(labels, np.zeros(100, bool), kind, CONFIG) == []


def test_the_kind_of_a_pair_is_what_its_releases_have_to_do_with_each_other(
    labels: Labels, sides: list[SideRows]
) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, made_pairs.WIDTH)).astype(np.float32)
    fitted = Fitted(
        space=None,  # type: ignore[arg-type]
        embeddings=Embeddings(rows, np.full(100, 300)),
        likelihood=made_pairs.likelihood(),
        known=KnownReleases(RELEASES[:4], {name: name.partition("-")[0] for name in RELEASES}),
        rows=np.arange(100),
        scripts=(),
    )
    found = collect_trials(fitted, NAMES, labels, sides, CONFIG)
    assert set(found.kind.tolist()) == set(PairKind) - {PairKind.LAB}
    expected = {
        PairKind.TARGET: {(0, 0), (1, 1), (2, 2), (3, 3)},
        PairKind.ACROSS: {(0, 0), (1, 1), (2, 2), (3, 3)},
        PairKind.VARIANT: {(0, 0)},
        PairKind.SIBLING: {(0, 1)},
        PairKind.OTHER: {(0, 2), (1, 2)},
        PairKind.UNKNOWN: {(0, 3), (1, 3), (2, 3)},
    }
    for kind, groups in expected.items():
        at = found.kind == kind
        assert {tuple(pair) for pair in np.sort(found.group[at], axis=1).tolist()} <= groups
        assert max(np.bincount(found.count[at])) <= 40
    # Both halves of each of five releases in two corpora and in all, of both sizes.
    assert (found.kind == PairKind.TARGET).sum() == 30
    assert len(np.unique(found.cell[found.kind == PairKind.TARGET])) == 15
    assert np.isfinite(found.features).all()
