from __future__ import annotations

from itertools import starmap

import numpy as np
import pytest
from scipy import sparse

from fingerprint.config import FeatureConfig
from fingerprint.features.ngrams import count
from fingerprint.features.weights import Variance, _between, group_sums, unit_rows

DEFAULT = FeatureConfig()


def test_what_tells_releases_apart_outweighs_what_tells_prompts_apart() -> None:
    rng = np.random.default_rng(0)
    release, prompt = np.repeat(np.arange(6), 20), np.tile(np.arange(20), 6)
    noise = rng.normal(size=(120, 3))
    style = noise[:, 0] + 3 * rng.normal(size=6)[release]
    topic = noise[:, 1] + 3 * rng.normal(size=20)[prompt]
    rows = sparse.csr_matrix(np.column_stack([style, topic, noise[:, 2]]))
    variance = Variance(np.array([10, 20, 30], np.int32), FeatureConfig(vocabulary=3))
    variance.add(rows, np.arange(120), release, prompt)
    found = variance.vocabulary()
    weights = dict(zip(found.buckets.tolist(), found.weights.tolist(), strict=True))
    assert weights[10] > 3 * max(weights.get(20, 0), weights.get(30, 0))
    variance.config = FeatureConfig(vocabulary=1)
    assert variance.vocabulary().buckets.tolist() == [10]


def test_group_sums() -> None:
    rows = sparse.csr_matrix(np.array([[1.0, 0], [3, 0], [0, 8]], np.float32))
    assert group_sums(rows, np.array([0, 1, 0])).toarray().tolist() == [[1, 8], [3, 0]]


def test_groups_that_blocks_cut_in_two_count_as_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows = sparse.random(90, 12, 0.4, "csr", np.float32, random_state=rng)
    # Of one row, of several blocks' rows, and groups that end where a block does.
    release = rng.permutation(np.repeat([0, 1, 2, 3, 4], [1, 40, 9, 30, 10]))
    at = rng.permutation(90)[:70]
    found = []
    for block in (1, 5, 10, 1_000):
        monkeypatch.setattr("fingerprint.features.weights._BLOCK", block)
        squares, groups, totals = _between(rows, at, release[at], starmap)
        found.append(squares)
        assert groups == len(np.unique(release[at]))
        assert totals == pytest.approx(np.stack([f(rows[at].toarray()) for f in (_sum, _squares, _seen)]))
    dense = rows.toarray().astype(float)
    true = sum(dense[at[release[at] == g]].sum(0) ** 2 / (release[at] == g).sum() for g in np.unique(release[at]))
    for squares in found:
        assert squares == pytest.approx(true)


def _sum(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows.sum(axis=0, dtype=float))


def _squares(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(rows, dtype=float).sum(axis=0))


def _seen(rows: np.ndarray) -> np.ndarray:
    return np.asarray((rows != 0).sum(axis=0))


def test_a_row_is_the_same_whatever_it_is_read_with() -> None:
    texts = [f"Some words, {i} of them. " * (1 + i % 7) for i in range(60)] + [""]
    whole = unit_rows(count(texts, DEFAULT), None, DEFAULT.buckets)
    alone = sparse.vstack([unit_rows(count([text], DEFAULT), None, DEFAULT.buckets) for text in texts])
    assert (whole != alone).nnz == 0
