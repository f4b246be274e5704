from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import sparse

from fingerprint.config import EmbeddingConfig, FeatureConfig
from fingerprint.embedding.contrastive import (
    EncoderData,
    _classification_loss,
    _Corpus,
    _Everyone,
    _lab_loss,
    _prompt_spread,
    train_encoder,
)
from fingerprint.features.ngrams import Vocabulary


def test_the_lab_is_asked_for_without_the_release_itself() -> None:
    labs = torch.tensor([0, 0, 1, 2])
    logits = torch.tensor([[9.0, 1.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]])
    # Of the first, its sibling stands for the lab; the second has no sibling and does not count.
    sibling = math.exp(1.0) / (math.exp(1.0) + 2)
    assert float(_lab_loss(logits, torch.tensor([0, 2]), labs)) == pytest.approx(-math.log(sibling), abs=1e-4)
    assert float(_lab_loss(logits[1:], torch.tensor([2]), labs)) == 0


def everyone(release: np.ndarray, lab: np.ndarray) -> tuple[EncoderData, _Everyone]:
    """Rows of some releases, all in one corpus."""
    vocabulary = Vocabulary(np.arange(3, dtype=np.int32), np.ones(3, np.float32), FeatureConfig())
    at = np.arange(len(release))
    rows = sparse.csr_matrix(np.ones((len(release), 3), np.float32))
    data = EncoderData(rows, at, release, at, np.zeros(len(release), int), lab, vocabulary)
    return data, _Everyone.of(data)


def loss(weight: float, centres: torch.Tensor, among: np.ndarray, all_releases: np.ndarray, lab: np.ndarray) -> float:
    """Of one response of release 0, which is seen in a corpus with the releases `among`."""
    corpus = _Corpus(np.arange(len(among)), np.zeros(len(among), int), among)
    config = EmbeddingConfig(lab_loss_of_all=weight, inverse_temperature=1.0)
    point = torch.nn.functional.normalize(torch.tensor([[1.0, 0.2, 0.0]]), dim=1)
    return float(
        _classification_loss(point, np.array([0]), corpus, everyone(all_releases, lab)[1], centres, config).detach()
    )


def test_a_lab_with_one_release_in_the_corpus_is_asked_for_among_all_releases() -> None:
    # Release 0 has a sibling, 3, in another corpus alone: within its own corpus nobody asks for its lab.
    lab, among, every = np.array([0, 1, 2, 0]), np.array([0, 1, 2]), np.arange(4)
    near, far = (torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], sibling]) for sibling in ([1.0, 0, 0], [-1.0, 0, 0]))
    assert loss(0.0, near, among, every, lab) == pytest.approx(loss(0.0, far, among, every, lab))
    assert loss(1.0, near, among, every, lab) < loss(1.0, far, among, every, lab) - 1
    assert loss(2.0, far, among, every, lab) - loss(1.0, far, among, every, lab) == pytest.approx(
        loss(1.0, far, among, every, lab) - loss(0.0, far, among, every, lab), rel=1e-4
    )


def test_a_release_without_rows_is_no_class() -> None:
    # Code 1 has no row, and its lab 1 no other release.
    _, found = everyone(np.array([0, 2, 2, 3]), np.array([5, 1, 5, 7]))
    assert found.releases.tolist() == [0, 2, 3]
    assert found.labs.tolist() == [0, 0, 1]
    centres = torch.eye(4)[:, :3].contiguous()
    lab, among, every = np.array([5, 1, 5, 7]), np.array([0, 2]), np.array([0, 2, 3])
    moved = centres.clone()
    moved[1] = torch.tensor([1.0, 0.2, 0.0])
    assert loss(1.0, centres, among, every, lab) == loss(1.0, moved, among, every, lab)
    assert loss(1.0, centres, among, every, lab) != loss(1.0, moved, np.array([0, 1, 2]), np.arange(4), lab)


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


def test_a_training_does_not_wait_for_sentence_transformers() -> None:
    code = "import sys, fingerprint.embedding.contrastive; sys.exit('sentence_transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
