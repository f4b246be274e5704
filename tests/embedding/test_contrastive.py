from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from fingerprint.config import EmbeddingConfig, FeatureConfig
from fingerprint.embedding.contrastive import EncoderData, _lab_loss, _prompt_spread, train_encoder
from fingerprint.features.ngrams import Vocabulary


def test_the_lab_is_asked_for_without_the_release_itself() -> None:
    labs = torch.tensor([0, 0, 1, 2])
    logits = torch.tensor([[9.0, 1.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]])
    # Of the first, its sibling stands for the lab; the second has no sibling and does not count.
    sibling = math.exp(1.0) / (math.exp(1.0) + 2)
    assert float(_lab_loss(logits, torch.tensor([0, 2]), labs)) == pytest.approx(-math.log(sibling), abs=1e-4)
    assert float(_lab_loss(logits[1:], torch.tensor([2]), labs)) == 0


def test_it_learns_the_release_and_forgets_the_prompt() -> None:
    rng = np.random.default_rng(0)
    release, prompt = (part.ravel() for part in np.meshgrid(np.arange(4), np.arange(40), indexing="ij"))
    rows = 0.2 * rng.standard_normal((160, 30)) + 0.01
    rows[np.arange(160), release] += 1
    rows[np.arange(160), 4 + prompt % 10] += 1.5
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    vocabulary = Vocabulary(np.arange(30, dtype=np.int32), np.ones(30, np.float32), FeatureConfig())
    start = rng.standard_normal((30, 8)).astype(np.float32)
    data = EncoderData(
        sparse.csr_matrix(rows), np.arange(160), release, prompt, np.zeros(160, int), np.array([0, 0, 1, 1]), vocabulary
    )
    config = EmbeddingConfig(size=8, steps=400, batch=64, feature_keep=0.8, learning_rate=0.05)
    encoder = train_encoder(data, start, config, 0, lambda done, total: None)

    def style_over_topic(vectors: np.ndarray) -> float:
        embeddings = rows @ vectors
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        spread = []
        for code in (release, prompt):
            means = np.stack([embeddings[code == c].mean(axis=0) for c in np.unique(code)])
            spread.append(np.square(means - embeddings.mean(axis=0)).sum(axis=1).mean())
        return float(spread[0] / spread[1])

    assert style_over_topic(encoder.table.vectors()) > 2 * style_over_topic(start)


def test_the_penalty_is_on_prompts_with_enough_responses_and_on_the_batch() -> None:
    found = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
    centre = torch.zeros(2)
    batch = (4 / 3) ** 2 + (5 / 3) ** 2
    assert float(_prompt_spread(found, np.array([0, 0, 1]), centre, 3)) == pytest.approx(batch)
    assert float(_prompt_spread(found, np.array([0, 0, 1]), centre, 2)) == pytest.approx(batch + 4)
    assert float(_prompt_spread(found, np.array([0, 0, 1]), centre, 1)) == pytest.approx(batch + (4 + 25) / 2)
