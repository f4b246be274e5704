from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint.config import Config, UpdateConfig
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Cells, Floats, Ints, Plda
from fingerprint.training.update import added_classes
from fingerprint.training.update.added_cells import NewResponses, add_cells
from fingerprint.training.update.added_classes import add_classes

LAB = np.array([0, 0, 1, 1, 2, 2])
# Whether new corpora are in-domain.
NONE, OUT, IN = np.zeros(0, bool), np.zeros(1, bool), np.ones(1, bool)
CONFIG = Config()


def world(seed: int = 0) -> tuple[Floats, Ints, Ints]:
    """(n, 6) rows of seven releases (the last is the third of lab 2) in seven corpora, 40 a cell."""
    rng = np.random.default_rng(seed)
    lab, own, domain = rng.normal(0, 2, (3, 6)), rng.normal(0, 1, (7, 6)), rng.normal(0, 1, (7, 6))
    release, corpus = np.divmod(np.repeat(np.arange(49), 40), 7)
    rows = lab[np.append(LAB, 2)][release] + own[release] + domain[corpus] + rng.normal(0, 0.5, (len(release), 6))
    return rows.astype(np.float32), release, corpus


def new(rows: Floats, release: Ints, corpus: Ints, at: NDArray[Any]) -> NewResponses:
    """The rows that `at` marks or numbers."""
    some = np.arange(len(rows))[at]
    return NewResponses(rows.astype(np.float32), some, release[some], corpus[some])


@pytest.fixture
def fitted() -> Plda:
    rows, release, corpus = world()
    at = (release < 6) & (corpus < 6)
    return Plda.fit(Cells.of(rows[at], release[at], corpus[at]), LAB, CONFIG.plda)


def test_more_responses_are_added_to_the_sums(fitted: Plda) -> None:
    rows, release, corpus = world(1)
    at = (release < 6) & (corpus < 6)
    point = fitted.project(rows[at])
    updated = add_cells(fitted, new(rows, release, corpus, at), LAB, NONE, CONFIG)
    assert (updated.cell_count == 80).all()
    order = np.lexsort((updated.cell_corpus, updated.cell_release))
    for i, cell in enumerate(order):
        own = (release[at] == updated.cell_release[cell]) & (corpus[at] == updated.cell_corpus[cell])
        np.testing.assert_allclose(updated.cell_mean[cell], (fitted.cell_mean[i] + point[own].mean(axis=0)) / 2)
    np.testing.assert_array_equal(updated.basis, fitted.basis)
    np.testing.assert_array_equal(updated.corpus_mean, fitted.corpus_mean)


def test_a_new_corpus_is_estimated_from_what_its_releases_write_elsewhere(fitted: Plda) -> None:
    rows, release, corpus = world()
    at = (release < 6) & (corpus == 6)
    updated = add_cells(fitted, new(rows, release, corpus, at), LAB, OUT, CONFIG)
    whole = Plda.fit(Cells.of(rows[release < 6], release[release < 6], corpus[release < 6]), LAB, CONFIG.plda)
    there = (whole.corpus_mean[6] - whole.corpus_mean[0]) @ np.linalg.pinv(whole.basis) @ fitted.basis
    np.testing.assert_allclose(updated.corpus_mean[6] - updated.corpus_mean[0], there, atol=0.35 * np.abs(there).max())


@pytest.mark.parametrize("most", [1_200, 30])
def test_new_classes_know_the_new_release_and_leave_the_old_ones(
    fitted: Plda, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    fits: list[tuple[Ints, Floats]] = []
    fit = added_classes._fit

    def watched(rows: added_classes._Rows, *rest: Any) -> Floats:
        fits.append((rows.code, rows.share))
        return fit(rows, *rest)

    monkeypatch.setattr(added_classes, "_fit", watched)
    config = Config(update=UpdateConfig(release_responses=most))
    rows, release, corpus = world()
    at = (release == 6) & (corpus < 6)
    mean = np.vstack([fitted.cell_mean[fitted.cell_release == r].mean(axis=0) for r in range(6)])
    lab_mean = np.vstack([mean[code == LAB].mean(axis=0) for code in range(3)])
    classifiers = LinearClassifiers(
        (mean / fitted.within).T, -(mean**2 / fitted.within).sum(axis=1) / 2,
        (lab_mean / fitted.within).T, -(lab_mean**2 / fitted.within).sum(axis=1) / 2,
    )  # fmt: skip
    larger = add_cells(fitted, new(rows, release, corpus, at), np.append(LAB, 2), NONE, CONFIG)
    updated = add_classes(classifiers, fitted, larger, new(rows, release, corpus, at), config)
    code, share = fits[0]
    assert (code == 6).sum() == 4 * min(at.sum(), most)
    # By the root of its 240 responses, however many of them stand for all.
    of_release = np.bincount(code, share)
    assert of_release[6] / of_release[0] == pytest.approx(1)
    np.testing.assert_allclose(updated.release[:, :6], classifiers.release)
    np.testing.assert_allclose(updated.lab[:, :2], classifiers.lab[:, :2])
    fresh, of, there = world()
    shown = there < 6
    first = updated.scores(fitted.project(fresh[shown]))[0].argmax(axis=1)
    assert (first[of[shown] == 6] == 6).mean() > 0.8
    assert (first[of[shown] < 6] == 6).mean() < 0.1


def test_classes_do_not_depend_on_how_many_rows_are_summed_at_a_time(
    fitted: Plda, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, release, corpus = world()
    at = np.flatnonzero(release == 6)
    larger = add_cells(fitted, new(rows, release, corpus, at), np.append(LAB, 2), IN, CONFIG)
    rng = np.random.default_rng(0)
    classifiers = LinearClassifiers(rng.normal(0, 1, (6, 6)), np.zeros(6), rng.normal(0, 1, (6, 3)), np.zeros(3))
    config = Config(update=UpdateConfig(rehearsed=500, release_responses=60, iterations=30))
    found = []
    for block in (37, 100_000):
        monkeypatch.setattr(added_classes, "_BLOCK", block)
        found.append(add_classes(classifiers, fitted, larger, new(rows, release, corpus, at), config))
    for name in ("release", "release_bias", "lab", "lab_bias"):
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), atol=1e-3)
    assert np.abs(found[0].release[:, 6]).max() > 0.1


def test_what_a_later_corpus_does_is_not_learned_as_what_its_only_release_does(fitted: Plda) -> None:
    rows, release, corpus = world()
    mean = np.vstack([fitted.cell_mean[fitted.cell_release == r].mean(axis=0) for r in range(6)])
    middle = fitted.corpus_mean.mean(axis=0)
    classifiers = LinearClassifiers(
        (mean / fitted.within).T, -(mean**2 / fitted.within).sum(axis=1) / 2,
        np.zeros((6, 3)), np.zeros(3),
    )  # fmt: skip
    far = (rows + np.eye(6)[0]).astype(np.float32)
    at = np.flatnonzero((release == 0) & (corpus == 6))
    updated = add_cells(fitted, new(far, release, corpus, at), LAB, OUT, CONFIG)
    assert updated.in_domain.tolist() == [True] * 6 + [False]
    np.testing.assert_allclose(updated.domain_mean, middle)
    wide = add_classes(classifiers, fitted, updated, new(far, release, corpus, at), CONFIG)
    there = fitted.project(far[corpus == 6])
    before, after = (of.scores(there)[0].argmax(axis=1) for of in (classifiers, wide))
    others = np.isin(release[corpus == 6], range(1, 6))
    assert (after == 0)[others].mean() <= (before == 0)[others].mean() + 0.05


def test_a_later_corpus_is_in_domain_for_the_releases_that_were_seen_there_alone(fitted: Plda) -> None:
    rows, release, corpus = world()
    far = (rows + np.eye(6)[0]).astype(np.float32)
    at = (release == 0) & (corpus == 6)
    # In this world a release writes the same in all corpora but for what these do to all.
    varied = replace(fitted, session=fitted.within)
    updated = add_cells(varied, new(far, release, corpus, at), LAB, OUT, CONFIG)
    means = np.stack([far[(release == r) & (corpus == 6)].mean(axis=0) for r in range(6)])
    count = np.full(6, 25)
    before, after = (Likelihood(h, None, CONFIG.plda).evidence(means, count) for h in (varied, updated))
    assert after.domain_distance[0] < 0.5 < before.domain_distance[0]
    np.testing.assert_allclose(after.domain_distance[1:], before.domain_distance[1:])
    assert after.in_domain_llr[0] > before.in_domain_llr[0]
    np.testing.assert_allclose(after.in_domain_llr[1:], before.in_domain_llr[1:])


def later(fitted: Plda, name: int, seed: int = 0) -> tuple[Plda, Floats, Ints, Ints]:
    """The world with one more corpus far away, brought later with 40 responses of release `name` alone."""
    rows, release, corpus = world(seed)
    far = (rows + 3 * np.eye(6)[0]).astype(np.float32)
    at = np.flatnonzero((release == name) & (corpus == 6))
    lab = np.append(LAB, 2) if name == 6 else LAB
    return add_cells(fitted, new(far, release, corpus, at), lab, OUT, CONFIG), far, release, corpus


def test_a_later_corpus_tells_nothing_about_its_releases_elsewhere(fitted: Plda) -> None:
    before, after = Likelihood(fitted, None, CONFIG.plda), Likelihood(later(fitted, 0)[0], None, CONFIG.plda)
    for name in ("mean", "var", "lab_mean", "lab_var"):
        np.testing.assert_allclose(getattr(before, name), getattr(after, name), atol=1e-12)


def test_a_release_that_a_later_corpus_alone_has_is_known_there_and_expected_as_its_lab_elsewhere(
    fitted: Plda,
) -> None:
    updated, far, release, corpus = later(fitted, 6)
    likelihood = Likelihood(updated, None, CONFIG.plda)
    np.testing.assert_allclose(likelihood.mean[6], likelihood.lab_mean[2])
    np.testing.assert_allclose(likelihood.var[6], likelihood.lab_var[2] + updated.between_releases)
    weight = np.random.default_rng(0).normal(0, 1, (6, 6))
    classifiers = LinearClassifiers(weight, np.zeros(6), weight[:, :3], np.zeros(3))
    at = np.flatnonzero((release == 6) & (corpus == 6))
    wide = add_classes(classifiers, fitted, updated, new(far, release, corpus, at), CONFIG)
    np.testing.assert_array_equal(wide.release[:, :6], weight)
    np.testing.assert_array_equal(wide.lab, weight[:, :3])
    np.testing.assert_allclose(wide.release[:, 6], weight[:, LAB == 2].mean(axis=1))
    told = Likelihood(updated, wide, CONFIG.plda).evidence(far[at].mean(axis=0, keepdims=True), np.array([25]))
    assert told.known.argmax() == 6
    # The linear classifiers, which do not know the corpus, do not speak against it.
    assert (told.release_score[0, 6], told.lab_score[0, 2]) == (0, 0)


def test_the_class_of_a_new_lab_that_a_later_corpus_alone_has_is_the_mean_of_all(fitted: Plda) -> None:
    rows, release, corpus = world()
    at = np.flatnonzero((release == 6) & (corpus == 6))
    updated = add_cells(fitted, new(rows, release, corpus, at), np.append(LAB, 3), OUT, CONFIG)
    weight, bias = np.random.default_rng(0).normal(0, 1, (6, 6)), np.arange(6.0)
    classifiers = LinearClassifiers(weight, bias, weight[:, :3], bias[:3])
    wide = add_classes(classifiers, fitted, updated, new(rows, release, corpus, at), CONFIG)
    np.testing.assert_allclose(wide.release[:, 6], weight.mean(axis=1))
    np.testing.assert_allclose(wide.release_bias[6], bias.mean())
    np.testing.assert_allclose(wide.lab[:, 3], weight[:, :3].mean(axis=1))


def test_how_widely_responses_spread_in_a_later_corpus_is_read_off_them(fitted: Plda) -> None:
    rows, release, corpus = world()
    rng = np.random.default_rng(1)
    at = np.flatnonzero((release < 6) & (corpus == 6))
    means = np.stack([rows[at][release[at] == r].mean(axis=0) for r in range(6)])
    wide = rows.copy()
    wide[at] = means[release[at]] + rng.normal(0, 1, (len(at), 6))
    for given, spread in ((rows, 1), (wide, 4)):
        updated = add_cells(fitted, new(given, release, corpus, at), LAB, OUT, CONFIG)
        assert updated.corpus_spread[6] == pytest.approx(spread, rel=0.15)
    # One response of each does not tell.
    one = at[np.unique(release[at], return_index=True)[1]]
    assert add_cells(fitted, new(wide, release, corpus, one), LAB, OUT, CONFIG).corpus_spread[6] == 1


def test_more_responses_in_a_later_corpus_move_what_it_has_in_common(fitted: Plda) -> None:
    updated, far, release, corpus = later(fitted, 0)
    at = np.flatnonzero((release > 0) & (release < 6) & (corpus == 6))
    both = add_cells(updated, new(far, release, corpus, at), LAB, NONE, CONFIG)
    every = np.flatnonzero((release < 6) & (corpus == 6))
    once = add_cells(fitted, new(far, release, corpus, every), LAB, OUT, CONFIG)
    np.testing.assert_allclose(both.corpus_mean[6], once.corpus_mean[6], rtol=0.05, atol=0.05)
    assert both.in_domain.tolist() == [True] * 6 + [False]
