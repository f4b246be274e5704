from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Cells, Floats, Ints, Plda
from fingerprint.training.update import added_classes
from fingerprint.training.update.added_classes import widen
from fingerprint.training.update.grow import grow

LAB = np.array([0, 0, 1, 1, 2, 2])
# Of new corpora, whether they lie on the training ground.
NONE, OFF, ON = np.zeros(0, bool), np.zeros(1, bool), np.ones(1, bool)


def world(seed: int = 0) -> tuple[Floats, Ints, Ints]:
    """(n, 6) rows of seven releases (the last is the third of lab 2) in seven corpora, 40 a cell."""
    rng = np.random.default_rng(seed)
    lab, own, domain = rng.normal(0, 2, (3, 6)), rng.normal(0, 1, (7, 6)), rng.normal(0, 1, (7, 6))
    release, corpus = np.divmod(np.repeat(np.arange(49), 40), 7)
    rows = lab[np.append(LAB, 2)][release] + own[release] + domain[corpus] + rng.normal(0, 0.5, (len(release), 6))
    return rows.astype(np.float32), release, corpus


@pytest.fixture
def fitted() -> Plda:
    rows, release, corpus = world()
    at = (release < 6) & (corpus < 6)
    return Plda.fit(Cells.of(rows[at], release[at], corpus[at]), LAB)


def test_more_responses_are_added_to_the_sums(fitted: Plda) -> None:
    rows, release, corpus = world(1)
    at = (release < 6) & (corpus < 6)
    point = fitted.project(rows[at])
    grown = grow(fitted, rows, np.flatnonzero(at), release[at], corpus[at], LAB, NONE)
    assert (grown.cell_count == 80).all()
    order = np.lexsort((grown.cell_corpus, grown.cell_release))
    for i, cell in enumerate(order):
        own = (release[at] == grown.cell_release[cell]) & (corpus[at] == grown.cell_corpus[cell])
        np.testing.assert_allclose(grown.cell_mean[cell], (fitted.cell_mean[i] + point[own].mean(axis=0)) / 2)
    np.testing.assert_array_equal(grown.basis, fitted.basis)
    np.testing.assert_array_equal(grown.corpus_mean, fitted.corpus_mean)


def test_a_new_corpus_is_told_by_what_its_releases_write_elsewhere(fitted: Plda) -> None:
    rows, release, corpus = world()
    at = (release < 6) & (corpus == 6)
    grown = grow(fitted, rows, np.flatnonzero(at), release[at], corpus[at], LAB, OFF)
    whole = Plda.fit(Cells.of(rows[release < 6], release[release < 6], corpus[release < 6]), LAB)
    there = (whole.corpus_mean[6] - whole.corpus_mean[0]) @ np.linalg.pinv(whole.basis) @ fitted.basis
    np.testing.assert_allclose(grown.corpus_mean[6] - grown.corpus_mean[0], there, atol=0.35 * np.abs(there).max())


@pytest.mark.parametrize("most", [1_200, 30])
def test_new_columns_know_the_new_release_and_leave_the_old_ones(
    fitted: Plda, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(added_classes, "_MOST", most)
    fits: list[tuple[Ints, Floats]] = []
    fit = added_classes._fit
    monkeypatch.setattr(added_classes, "_fit", lambda rows, code, share, *rest: fits.append((code, share)) or fit(
        rows, code, share, *rest
    ))  # fmt: skip
    rows, release, corpus = world()
    at = (release == 6) & (corpus < 6)
    mean = np.vstack([fitted.cell_mean[fitted.cell_release == r].mean(axis=0) for r in range(6)])
    lab_mean = np.vstack([mean[code == LAB].mean(axis=0) for code in range(3)])
    classifiers = LinearClassifiers(
        (mean / fitted.within).T, -(mean**2 / fitted.within).sum(axis=1) / 2,
        (lab_mean / fitted.within).T, -(lab_mean**2 / fitted.within).sum(axis=1) / 2,
    )  # fmt: skip
    larger = grow(fitted, rows, np.flatnonzero(at), release[at], corpus[at], np.append(LAB, 2), NONE)
    grown = widen(classifiers, fitted, larger, rows, np.flatnonzero(at), release[at], corpus[at], 0)
    code, share = fits[0]
    assert (code == 6).sum() == 4 * min(at.sum(), most)
    # By the root of its 240 responses, however many of them stand for all.
    of_release = np.bincount(code, share)
    assert of_release[6] / of_release[0] == pytest.approx(1)
    np.testing.assert_allclose(grown.release[:, :6], classifiers.release)
    np.testing.assert_allclose(grown.lab[:, :2], classifiers.lab[:, :2])
    fresh, of, there = world()
    shown = there < 6
    first = grown.scores(fitted.project(fresh[shown]))[0].argmax(axis=1)
    assert (first[of[shown] == 6] == 6).mean() > 0.8
    assert (first[of[shown] < 6] == 6).mean() < 0.1


def test_columns_do_not_depend_on_how_many_rows_are_summed_at_a_time(
    fitted: Plda, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, release, corpus = world()
    at = np.flatnonzero(release == 6)
    larger = grow(fitted, rows, at, release[at], corpus[at], np.append(LAB, 2), ON)
    rng = np.random.default_rng(0)
    classifiers = LinearClassifiers(rng.normal(0, 1, (6, 6)), np.zeros(6), rng.normal(0, 1, (6, 3)), np.zeros(3))
    found = []
    for block in (37, 100_000):
        monkeypatch.setattr(added_classes, "_BLOCK", block)
        found.append(widen(classifiers, fitted, larger, rows, at, release[at], corpus[at], 0))
    for name in ("release", "release_classifier_bias", "lab", "lab_classifier_bias"):
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
    grown = grow(fitted, far, at, release[at], corpus[at], LAB, OFF)
    assert grown.in_domain.tolist() == [True] * 6 + [False]
    np.testing.assert_allclose(grown.domain_mean, middle)
    wide = widen(classifiers, fitted, grown, far, at, release[at], corpus[at], 0)
    there = fitted.project(far[corpus == 6])
    before, after = (of.scores(there)[0].argmax(axis=1) for of in (classifiers, wide))
    others = np.isin(release[corpus == 6], range(1, 6))
    assert (after == 0)[others].mean() <= (before == 0)[others].mean() + 0.05


def test_a_later_corpus_is_ground_for_the_releases_that_were_seen_there_alone(fitted: Plda) -> None:
    rows, release, corpus = world()
    far = (rows + np.eye(6)[0]).astype(np.float32)
    at = (release == 0) & (corpus == 6)
    # In this world a release writes the same in all corpora but for what these do to all.
    wandering = replace(fitted, session=fitted.within)
    grown = grow(wandering, far, np.flatnonzero(at), release[at], corpus[at], LAB, OFF)
    means = np.stack([far[(release == r) & (corpus == 6)].mean(axis=0) for r in range(6)])
    count = np.full(6, 25)
    before, after = (Likelihood(h).evidence(means, count) for h in (wandering, grown))
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
    return grow(fitted, far, at, release[at], corpus[at], lab, OFF), far, release, corpus


def test_a_later_corpus_tells_nothing_of_its_releases_elsewhere(fitted: Plda) -> None:
    before, after = Likelihood(fitted), Likelihood(later(fitted, 0)[0])
    for name in ("mean", "var", "lab_mean", "lab_var"):
        np.testing.assert_allclose(getattr(before, name), getattr(after, name), atol=1e-12)


def test_a_release_that_a_later_corpus_alone_has_is_known_there_and_usual_of_its_lab_elsewhere(
    fitted: Plda,
) -> None:
    grown, far, release, corpus = later(fitted, 6)
    likelihood = Likelihood(grown)
    np.testing.assert_allclose(likelihood.mean[6], likelihood.lab_mean[2])
    np.testing.assert_allclose(likelihood.var[6], likelihood.lab_var[2] + grown.between_releases)
    weight = np.random.default_rng(0).normal(0, 1, (6, 6))
    classifiers = LinearClassifiers(weight, np.zeros(6), weight[:, :3], np.zeros(3))
    at = np.flatnonzero((release == 6) & (corpus == 6))
    wide = widen(classifiers, fitted, grown, far, at, release[at], corpus[at], 0)
    np.testing.assert_array_equal(wide.release[:, :6], weight)
    np.testing.assert_array_equal(wide.lab, weight[:, :3])
    np.testing.assert_allclose(wide.release[:, 6], weight[:, LAB == 2].mean(axis=1))
    told = Likelihood(grown, wide).evidence(far[at].mean(axis=0, keepdims=True), np.array([25]))
    assert told.known.argmax() == 6
    # The heads, which do not know the corpus, do not speak against it.
    assert (told.release_score[0, 6], told.lab_score[0, 2]) == (0, 0)


def test_the_column_of_a_new_lab_that_a_later_corpus_alone_has_is_the_mean_of_all(fitted: Plda) -> None:
    rows, release, corpus = world()
    at = np.flatnonzero((release == 6) & (corpus == 6))
    grown = grow(fitted, rows, at, release[at], corpus[at], np.append(LAB, 3), OFF)
    weight, bias = np.random.default_rng(0).normal(0, 1, (6, 6)), np.arange(6.0)
    wide = widen(
        LinearClassifiers(weight, bias, weight[:, :3], bias[:3]), fitted, grown, rows, at, release[at], corpus[at], 0
    )  # fmt: skip
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
        grown = grow(fitted, given, at, release[at], corpus[at], LAB, OFF)
        assert grown.corpus_spread[6] == pytest.approx(spread, rel=0.15)
    # One response of each does not tell.
    one = at[np.unique(release[at], return_index=True)[1]]
    assert grow(fitted, wide, one, release[one], corpus[one], LAB, OFF).corpus_spread[6] == 1


def test_more_responses_in_a_later_corpus_move_what_it_has_in_common(fitted: Plda) -> None:
    grown, far, release, corpus = later(fitted, 0)
    at = np.flatnonzero((release > 0) & (release < 6) & (corpus == 6))
    both = grow(grown, far, at, release[at], corpus[at], LAB, NONE)
    every = np.flatnonzero((release < 6) & (corpus == 6))
    once = grow(fitted, far, every, release[every], corpus[every], LAB, OFF)
    np.testing.assert_allclose(both.corpus_mean[6], once.corpus_mean[6], rtol=0.05, atol=0.05)
    assert both.in_domain.tolist() == [True] * 6 + [False]
