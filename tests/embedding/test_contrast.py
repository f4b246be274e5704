from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from fingerprint.embedding.contrastive import Plan, _by_siblings, train_encoder
from fingerprint.features.vocabulary import Vocabulary


def test_the_lab_is_asked_for_without_the_release_itself() -> None:
    labs = torch.tensor([0, 0, 1, 2])
    logits = torch.tensor([[9.0, 1.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]])
    # Of the first, its sibling stands for the lab; the second has no sibling and does not count.
    sibling = math.exp(1.0) / (math.exp(1.0) + 2)
    assert float(_by_siblings(logits, torch.tensor([0, 2]), labs)) == pytest.approx(-math.log(sibling), abs=1e-4)
    assert float(_by_siblings(logits[1:], torch.tensor([2]), labs)) == 0


def test_it_learns_the_release_and_forgets_the_prompt() -> None:
    rng = np.random.default_rng(0)
    release, prompt = (part.ravel() for part in np.meshgrid(np.arange(4), np.arange(40), indexing="ij"))
    rows = 0.2 * rng.standard_normal((160, 30)) + 0.01
    rows[np.arange(160), release] += 1
    rows[np.arange(160), 4 + prompt % 10] += 1.5
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    vocabulary = Vocabulary(np.arange(30, dtype=np.int32), np.ones(30, np.float32))
    start = rng.standard_normal((30, 8)).astype(np.float32)
    encoder = train_encoder(
        sparse.csr_matrix(rows), np.arange(160), release, prompt, np.zeros(160, int), np.array([0, 0, 1, 1]),
        vocabulary, start, Plan(size=8, steps=400, rows=64, keep=0.8, rate=0.05), 0, lambda done, total: None,
    )  # fmt: skip

    def style_over_topic(vectors: np.ndarray) -> float:
        embeddings = rows @ vectors
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        spread = []
        for code in (release, prompt):
            means = np.stack([embeddings[code == c].mean(axis=0) for c in np.unique(code)])
            spread.append(np.square(means - embeddings.mean(axis=0)).sum(axis=1).mean())
        return float(spread[0] / spread[1])

    assert style_over_topic(encoder.table.vectors()) > 2 * style_over_topic(start)
