from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from fingerprint.embedding.directions import between_release
from fingerprint.embedding.quantised import QuantisedTable
from fingerprint.embedding.static_encoder import StaticEncoder
from fingerprint.features.ngrams import count


def test_four_bits_keep_the_direction_of_a_sum() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 64)).astype(np.float32)
    vectors[3] = 0
    kept = QuantisedTable.quantise(vectors).vectors()
    assert not kept[3].any()
    error = np.square(kept - vectors).mean() / np.square(vectors).mean()
    assert error < 0.02
    one, other = (v.sum(axis=0) for v in (vectors, kept))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.99


def test_an_odd_dimension_gets_one_of_zeros() -> None:
    vectors = np.array([[7.0, -7.0, 3.0], [1.0, 1.0, -1.0]], np.float32)
    table = QuantisedTable.quantise(vectors)
    assert table.size == 4
    np.testing.assert_allclose(table.vectors(), np.pad(vectors, ((0, 0), (0, 1))), atol=0.02)


def test_corpora_are_no_direction() -> None:
    rng = np.random.default_rng(1)
    release, corpus = np.repeat(np.arange(4), 50), np.tile(np.repeat([0, 1], 25), 4)
    rows = rng.normal(scale=0.1, size=(200, 5))
    rows[:, 0] += 5 * corpus
    rows[:, 1] += release
    code, cell = np.unique(release * 2 + corpus, return_inverse=True)
    found = between_release(sparse.csr_matrix(rows.astype(np.float32)), np.arange(200), cell, code % 2, 1)
    assert abs(found[1, 0]) > 0.99
    assert abs(found[0, 0]) < 0.05


def test_directions_are_those_of_the_cells_however_few_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    rows = sparse.random(300, 30, 0.5, "csr", np.float32, random_state=rng)
    at = rng.permutation(300)[:260]
    cell = np.unique(rng.integers(0, 40, 260), return_inverse=True)[1]
    corpus = np.arange(cell.max() + 1) % 3
    found = []
    for block, cells in ((4_000, 250), (7, 4)):
        monkeypatch.setattr("fingerprint.embedding.directions._BLOCK", block)
        monkeypatch.setattr("fingerprint.embedding.directions._CELLS", cells)
        found.append(between_release(rows, at, cell, corpus, 5))
    dense, count = rows.toarray()[at].astype(float), np.bincount(cell)
    means = np.stack([dense[cell == c].mean(axis=0) for c in range(len(count))])
    for c in range(3):
        means[corpus == c] -= np.average(means[corpus == c], axis=0, weights=count[corpus == c])
    true = np.linalg.svd(means * np.sqrt(count / 100)[:, None])[2][:5].T
    for directions in found:
        assert directions.shape == (30, 5)
        np.testing.assert_allclose(np.abs((directions * true).sum(axis=0)), 1, atol=1e-3)


def test_sentence_transformers_and_numpy_agree(model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["Time people work.", "- Water!\n- House", ""]
    mine = StaticEncoder.load(model / "encoder").encode(texts)
    theirs = SentenceTransformer(str(model / "encoder"), device="cpu", trust_remote_code=True).encode(texts)
    np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert count(texts).starts[-1] > 0
