from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig, PldaConfig
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Cells, Plda
from fingerprint.model.posterior import PARAMETERS, START, posterior

LABS, EACH, CORPORA, ROWS, DIM = 12, 6, 3, 30, 8


def columns_of(evidence: Evidence, count: np.ndarray) -> np.ndarray:
    return Covariates.unread(count).columns(evidence, CalibrationConfig())


class World:
    """Draws from the very hierarchy that is fitted."""

    def __init__(self) -> None:
        rng = self.rng = np.random.default_rng(4)
        self.lab = np.repeat(np.arange(LABS), EACH)
        self.labs = 2 * rng.normal(size=(LABS, DIM))
        self.release = self.labs[self.lab] + rng.normal(size=(len(self.lab), DIM))
        self.corpus = 0.7 * rng.normal(size=(CORPORA, DIM))
        r = np.repeat(np.arange(len(self.lab)), CORPORA * ROWS)
        c = np.tile(np.repeat(np.arange(CORPORA), ROWS), len(self.lab))
        session = 0.4 * rng.normal(size=(len(self.lab), CORPORA, DIM))
        rows = self.release[r] + self.corpus[c] + session[r, c] + 1.5 * rng.normal(size=(len(r), DIM))
        self.cells = Cells.of(rows.astype(np.float32), r, c)
        self.fitted = Plda.fit(self.cells, self.lab, PldaConfig())

    def cases(self, means: np.ndarray, n: int) -> Evidence:
        noise = 0.4 * self.rng.normal(size=means.shape) + 1.5 / np.sqrt(n) * self.rng.normal(size=means.shape)
        return Likelihood(self.fitted, None, PldaConfig()).evidence(
            (means + self.corpus[0] + noise).astype(np.float32), np.full(len(means), n)
        )


WORLD = World()


def test_cells_are_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    rows, release, corpus = rng.normal(2, 1, (200, 4)).astype(np.float32), rng.integers(0, 5, 200), np.arange(200) % 3
    at = rng.permutation(200)[:150]
    monkeypatch.setattr("fingerprint.model.plda._BLOCK", 7)
    found = Cells.of(rows, release[at], corpus[at], at)
    within, freedom = np.zeros((4, 4)), 0.0
    for mean, count, r, c in zip(found.mean, found.count, found.release, found.corpus, strict=True):
        own = rows[at][(release[at] == r) & (corpus[at] == c)].astype(float)
        assert (len(own), *mean) == pytest.approx((count, *own.mean(axis=0)))
        within += (own - own.mean(axis=0)).T @ (own - own.mean(axis=0)) / np.sqrt(count)
        freedom += np.sqrt(count) - 1 / np.sqrt(count)
    assert found.count.sum() == 150
    assert found.within == pytest.approx(within / freedom)


def ratio(name: str) -> float:
    """A variance relative to the spread within, averaged over dimensions, which the basis cancels from."""
    return float(np.mean(getattr(WORLD.fitted, name) / WORLD.fitted.within))


def test_spreads_are_those_that_it_was_drawn_with() -> None:
    assert 0.5 < ratio("between_releases") / (1 / 1.5**2) < 2
    assert 0.5 < ratio("between_labs") / (4 / 1.5**2) < 2
    assert 0.3 < ratio("session") / (0.4**2 / 1.5**2) < 2.5


def test_known_releases_are_found() -> None:
    found = WORLD.cases(WORLD.release, 25)
    assert (found.known.argmax(axis=1) == np.arange(len(WORLD.lab))).mean() > 0.8


def test_new_releases_and_unknown_labs_are_more_likely_than_the_known() -> None:
    rng = np.random.default_rng(9)
    new = WORLD.labs + 1.6 * np.sign(rng.normal(size=WORLD.labs.shape))
    found = WORLD.cases(new, 25)
    assert (found.new.max(axis=1) > found.known.max(axis=1)).mean() > 0.6
    assert (found.new.argmax(axis=1) == np.arange(LABS)).mean() > 0.8
    nobody = WORLD.cases(9 * rng.normal(size=(20, DIM)), 25)
    assert (nobody.unknown > np.maximum(nobody.new.max(axis=1), nobody.known.max(axis=1))).mean() > 0.7


def test_counts_may_differ_within_a_call() -> None:
    likelihood, means = Likelihood(WORLD.fitted, None, PldaConfig()), WORLD.release[:4].astype(np.float32)
    together = likelihood.evidence(means, np.array([3, 1, 3, 25]))
    alone = likelihood.evidence(means[1:2], np.array([1]))
    np.testing.assert_allclose(together.known[1], alone.known[0])
    assert not together.votes.any()


def test_votes_stay_with_their_cases() -> None:
    votes = np.arange(4.0 * LABS).reshape(4, LABS)
    likelihood, means = Likelihood(WORLD.fitted, None, PldaConfig()), WORLD.release[:4].astype(np.float32)
    np.testing.assert_array_equal(likelihood.evidence(means, np.array([3, 1, 3, 25]), votes).votes, votes)


def test_votes_move_labs_by_their_weight_and_leave_what_is_within_a_lab() -> None:
    evidence = WORLD.cases(WORLD.release, 5)
    columns = columns_of(evidence, np.full(len(WORLD.lab), 5))
    votes = np.zeros((len(WORLD.lab), LABS))
    votes[:, 1:] = -3.0
    before = posterior(START, evidence, columns, WORLD.lab)
    after = posterior(START, replace(evidence, votes=votes), columns, WORLD.lab)
    # The group starts at the weight exp(-1 + 0.5 ln n) of a nat.
    weight = np.exp(-1.0 + 0.5 * np.log(5))
    was, now = (np.log(of.labs()[:, 0] / of.labs()[:, 1]) for of in (before, after))
    np.testing.assert_allclose(now - was, 3 * weight)
    np.testing.assert_allclose(np.log(after.labs()[:, 0] / after.unknown), np.log(before.labs()[:, 0] / before.unknown))
    own = WORLD.lab == 0
    np.testing.assert_allclose(
        after.release[:, own] / after.labs()[:, :1], before.release[:, own] / before.labs()[:, :1]
    )
    mute = np.where([name.startswith("votes") for name in PARAMETERS], -50.0, START)
    one, other = (posterior(mute, of, columns, WORLD.lab) for of in (evidence, replace(evidence, votes=votes)))
    np.testing.assert_allclose(one.labs(), other.labs())


def test_cases_are_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    likelihood, means = Likelihood(WORLD.fitted, None, PldaConfig()), WORLD.release.astype(np.float32)
    count = 1 + np.arange(len(means)) % 3
    whole = likelihood.evidence(means, count)
    monkeypatch.setattr("fingerprint.model.likelihood._BLOCK", 5)
    found = likelihood.evidence(means, count)
    for name in (field.name for field in fields(Evidence)):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name))


def test_posterior_sums_to_one() -> None:
    assert len(START) == len(PARAMETERS)
    evidence = WORLD.cases(WORLD.release, 5)
    count = np.full(len(WORLD.lab), 5)
    everything = posterior(START, evidence, columns_of(evidence, count), WORLD.lab)
    total = everything.labs().sum(axis=1) + everything.unknown
    np.testing.assert_allclose(total, 1)


def test_a_new_release_far_above_all_known_ones_does_not_overflow() -> None:
    count = np.array([25])
    nothing = np.zeros(1)
    labs, releases = int(WORLD.lab.max()) + 1, len(WORLD.lab)
    new = np.full((1, labs), -5_000.0)
    new[0, 1] = 0.0
    evidence = Evidence(
        np.full((1, releases), -5_000.0), new, nothing - 4_000, nothing + 1, nothing, np.zeros((1, releases)),
        np.zeros((1, labs)), np.zeros((1, labs)),
    )  # fmt: skip
    found = posterior(START, evidence, columns_of(evidence, count), WORLD.lab)
    assert found.labs()[0, 1] == pytest.approx(1.0)
    assert np.isfinite(found.release).all()
