"""Contrastive training of the static encoder: separate the releases that answered the same prompts.

A batch is a few prompts of one corpus with all that answered them. The softmax is over the releases of that corpus
alone, so that to know the corpus or the topic gains nothing; single responses and the mean of a release's responses are
both classified. The lab loss asks for the lab with the release itself taken out: a new release poses that question, and
only what it shares with the lab's other releases answers it. It asks twice: among the releases of the corpus, and among
the releases of all corpora, which a lab with one release in a corpus needs. The prompt-invariance penalty is on the
spread of prompt means, for a style must survive other prompts. Training starts at the between-release directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch.nn.functional import cross_entropy, normalize

from fingerprint.config import EmbeddingConfig
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.embedding.weighted_sum import features, weighted_sum
from fingerprint.features.ngrams import Vocabulary
from fingerprint.features.weights import Rows

Ints = NDArray[np.int64]

# Keeps the logarithm of a probability that is 0 finite.
_FLOOR = 1e-9
# The mean of a release's responses varies less than one response: the inverse temperature is higher by this factor.
_MEAN_FACTOR = 2


@dataclass(frozen=True)
class EncoderData:
    """What the encoder is trained on.

    Attributes:
        rows: (n, V) weighted rows of length 1.
        at: (m,) the rows to use.
        release: (m,) codes from 0.
        prompt: (m,) codes from 0, -1 where it is not known.
        corpus: (m,) codes from 0.
        lab: (releases,) code of the lab of each release.
        vocabulary: The V features.
    """

    rows: Rows
    at: Ints
    release: Ints
    prompt: Ints
    corpus: Ints
    lab: Ints
    vocabulary: Vocabulary


class _Corpus:
    """The rows of one corpus by their prompts."""

    def __init__(self, rows: Ints, prompt: Ints, release: Ints):
        order = np.argsort(prompt[rows], kind="stable")
        cuts = np.flatnonzero(np.diff(prompt[rows][order])) + 1
        self.prompts = np.split(rows[order], cuts)
        self.releases = np.unique(release[rows])
        self.size = len(rows)

    def batch(self, wanted: int, rng: np.random.Generator) -> Ints:
        """About `wanted` rows, of two prompts at least."""
        picked: list[Ints] = []
        for at in rng.permutation(len(self.prompts)):
            responses = self.prompts[at]
            if len(responses) > wanted // 2:
                responses = rng.choice(responses, wanted // 2, replace=False)
            picked.append(responses)
            if sum(map(len, picked)) >= wanted:
                break
        return np.concatenate(picked)[:wanted]


@dataclass(frozen=True)
class _Everyone:
    """All releases that have rows, of whatever corpus.

    releases: (E,) their codes, ascending; labs: (E,) codes of their labs, from 0; lab: (releases,) of every code.
    """

    releases: Ints
    labs: torch.Tensor
    lab: Ints

    @classmethod
    def of(cls, data: EncoderData) -> _Everyone:
        releases = np.unique(data.release)
        return cls(releases, torch.from_numpy(np.unique(data.lab[releases], return_inverse=True)[1]), data.lab)


def train_encoder(
    data: EncoderData,
    start: NDArray[np.float32],
    config: EmbeddingConfig,
    seed: int,
    progress: Callable[[int, int], None],
) -> StaticEncoder:
    """Train the encoder by Adam (Kingma & Ba 2015), with a linear warmup and a cosine decay.

    Args:
        data: Rows, their labels and the vocabulary.
        start: (V, D) between-release directions; training starts at the first `config.size`.
        config: How long and how hard.
        seed: Of batches, dropout and the start of the release vectors.
        progress: Receives (steps done, all steps).

    Returns:
        The encoder with four bits a number.

    References:
        Wang, F. et al. (2017). NormFace: L2 hypersphere embedding for face verification, section 3 (the softmax over
        class vectors of length 1).
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    start = start[:, : config.size]
    scale = config.start_spread / np.sqrt(np.square(start).mean())
    vectors = torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(start * scale, np.float32)))
    size = vectors.shape[1]
    centres = torch.nn.Parameter(torch.randn(int(data.release.max()) + 1, size, generator=generator))
    optimiser = torch.optim.Adam([vectors, centres], lr=config.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / config.warmup) * 0.5 * (1 + np.cos(np.pi * s / config.steps))
    )
    mean = torch.zeros(size)
    everyone = _Everyone.of(data)
    for step, (corpus, picked) in enumerate(_batches(data, config, rng)):
        found = weighted_sum(vectors, _dropped_out(data.rows[data.at[picked]], config.feature_keep, rng))
        loss = _classification_loss(found, data.release[picked], corpus, everyone, centres, config)
        with torch.no_grad():
            mean = config.mean_decay * mean + (1 - config.mean_decay) * found.mean(0)
        centre = mean / (1 - config.mean_decay ** (step + 1))
        penalty = _prompt_spread(found, data.prompt[picked], centre, config.prompt_answers)
        loss = loss + config.prompt_invariance * penalty
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        progress(step + 1, config.steps)
    return StaticEncoder(data.vocabulary, QuantisedTable.quantise(vectors.detach().numpy(), config.clip))


def _batches(data: EncoderData, config: EmbeddingConfig, rng: np.random.Generator) -> Iterator[tuple[_Corpus, Ints]]:
    """The corpus of each batch and its positions among the m rows; corpora are drawn by the root of their size."""
    prompt = np.where(data.prompt >= 0, data.prompt, data.prompt.max() + 1 + np.arange(len(data.prompt)))
    corpora = [_Corpus(np.flatnonzero(data.corpus == c), prompt, data.release) for c in np.unique(data.corpus)]
    corpora = [c for c in corpora if len(c.releases) > 1]
    share = np.sqrt([c.size for c in corpora])
    share /= share.sum()
    for _ in range(config.steps if corpora else 0):
        corpus = corpora[rng.choice(len(corpora), p=share)]
        yield corpus, corpus.batch(config.batch, rng)


def _dropped_out(rows: sparse.csr_matrix, keep: float, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Rows with a random share `keep` of their features, as large as before in the mean."""
    kept = np.flatnonzero(rng.random(rows.nnz, dtype=np.float32) < keep)
    return features(rows.indices[kept], rows.data[kept] / np.float32(keep), np.searchsorted(kept, rows.indptr))


def _classification_loss(
    found: torch.Tensor,
    release: Ints,
    corpus: _Corpus,
    everyone: _Everyone,
    centres: torch.Tensor,
    config: EmbeddingConfig,
) -> torch.Tensor:
    """Of single responses and of the means of releases: the cross-entropy of the release, and both lab losses."""
    target = torch.from_numpy(np.searchsorted(corpus.releases, release))
    among_all = torch.from_numpy(np.searchsorted(everyone.releases, corpus.releases))
    centre = normalize(centres[torch.from_numpy(everyone.releases)], dim=1)
    labs = torch.from_numpy(np.unique(everyone.lab[corpus.releases], return_inverse=True)[1])
    seen, group = torch.unique(target, return_inverse=True)
    means = normalize(torch.zeros(len(seen), found.shape[1]).index_add(0, group, found), dim=1)
    loss = torch.zeros(())
    for factor, points, true in ((1, found, target), (_MEAN_FACTOR, means, seen)):
        logits = factor * config.inverse_temperature * points @ centre.T
        own = logits[:, among_all]
        loss = loss + cross_entropy(own, true) + config.lab_loss * _lab_loss(own, true, labs)
        loss = loss + config.lab_loss_of_all * _lab_loss(logits, among_all[true], everyone.labs)
    return loss


def _lab_loss(logits: torch.Tensor, true: torch.Tensor, labs: torch.Tensor) -> torch.Tensor:
    """Mean negative log-probability of the lab by its other releases; over those whose lab has others.

    logits: (n, releases); true: (n,) the release; labs: (releases,) codes from 0.
    """
    member = torch.nn.functional.one_hot(labs).to(logits.dtype)
    others = torch.exp(logits - logits.max(dim=1, keepdim=True).values.detach()).scatter(1, true[:, None], 0.0)
    log_share = torch.log(others @ member + _FLOOR) - torch.log(others.sum(dim=1, keepdim=True) + _FLOOR)
    has = (member.sum(dim=0) > 1)[labs[true]]
    nats = -log_share[torch.arange(len(true)), labs[true]]
    return (nats * has).sum() / has.sum().clamp(min=1)


def _prompt_spread(found: torch.Tensor, prompt: Ints, centre: torch.Tensor, least: int) -> torch.Tensor:
    """Mean squared distance to the running mean, of the means of prompts with `least` responses, and of the batch."""
    _, group, size = np.unique(prompt, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(size), found.shape[1]).index_add(0, torch.from_numpy(group), found)
    many = torch.from_numpy(size >= least)
    away = (found.mean(0) - centre).pow(2).sum()
    if many.any():
        means = sums[many] / torch.from_numpy(size.astype(np.float32))[many][:, None]
        away = away + (means - centre).pow(2).sum(1).mean()
    return away
