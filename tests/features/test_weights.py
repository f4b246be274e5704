from __future__ import annotations

import numpy as np
from scipy import sparse

from fingerprint.features.weights import Variance, group_sums


def test_what_tells_releases_apart_outweighs_what_tells_prompts_apart() -> None:
    rng = np.random.default_rng(0)
    release, prompt = np.repeat(np.arange(6), 20), np.tile(np.arange(20), 6)
    noise = rng.normal(size=(120, 3))
    style = noise[:, 0] + 3 * rng.normal(size=6)[release]
    topic = noise[:, 1] + 3 * rng.normal(size=20)[prompt]
    rows = sparse.csr_matrix(np.column_stack([style, topic, noise[:, 2]]))
    variance = Variance(np.array([10, 20, 30], np.int32))
    variance.add(rows, np.arange(120), release, prompt)
    found = variance.vocabulary(3)
    weights = dict(zip(found.buckets.tolist(), found.weights.tolist(), strict=True))
    assert weights[10] > 3 * max(weights.get(20, 0), weights.get(30, 0))
    assert variance.vocabulary(1).buckets.tolist() == [10]


def test_group_sums() -> None:
    rows = sparse.csr_matrix(np.array([[1.0, 0], [3, 0], [0, 8]], np.float32))
    assert group_sums(rows, np.array([0, 1, 0])).toarray().tolist() == [[1, 8], [3, 0]]
