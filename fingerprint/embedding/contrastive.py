"""Trains the static encoder: tell the releases that answered the same prompts apart, and nothing else.

A batch is a few prompts of one corpus with all that answered them. The softmax is over the releases of that
corpus alone, so that to know the corpus or the topic gains nothing; single responses and the mean of a release's
responses are both classified. The lab is asked for as well, with the release itself taken out: that is the question
that a new release poses, and only what it shares with its siblings answers it. The spread of prompt means is
penalised, for a style must survive other prompts. Training starts at the directions that `between` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sentence_transformers import SentenceTransformer
from torch.nn.functional import cross_entropy, normalize

from fingerprint.embedding.static_encoder import StaticEncoder
from fingerprint.embedding.torch_encoder import NgramEncoder, features
from fingerprint.features.vocabulary import Vocabulary
from fingerprint.features.weights import Rows

Ints = NDArray[np.int64]

_NEVER = 1e-9


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train; rate is Adam's, keep the share of a row's features that a batch sees."""

    size: int
    steps: int
    rows: int
    rate: float = 2e-3
    keep: float = 0.2
    spread: float = 0.05
    sharpness: float = 16.0
    siblings: float = 2.0
    invariance: float = 5.0


class _Corpus:
    def __init__(self, rows: Ints, prompt: Ints, release: Ints):
        order = np.argsort(prompt[rows], kind="stable")
        cuts = np.flatnonzero(np.diff(prompt[rows][order])) + 1
        self.prompts = np.split(rows[order], cuts)
        self.releases = np.unique(release[rows])
        self.size = len(rows)

    def batch(self, wanted: int, rng: np.random.Generator) -> Ints:
        picked: list[Ints] = []
        for at in rng.permutation(len(self.prompts)):
            answers = self.prompts[at]
            if len(answers) > wanted // 2:
                answers = rng.choice(answers, wanted // 2, replace=False)
            picked.append(answers)
            if sum(map(len, picked)) >= wanted:
                break
        return np.concatenate(picked)[:wanted]


def train_encoder(
    rows: Rows,
    at: Ints,
    release: Ints,
    prompt: Ints,
    corpus: Ints,
    lab: Ints,
    vocabulary: Vocabulary,
    start: NDArray[np.float32],
    plan: Plan,
    seed: int,
    progress: Callable[[int, int], None],
) -> StaticEncoder:
    """rows: (n, V) weighted unit rows; at: (m,) those to use; release, prompt, corpus: (m,) codes, prompt -1 where
    it is not known; lab: (releases,) code of each release's; start: (V, D) directions, of which the first
    plan.size are begun with."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    start = start[:, : plan.size]
    scale = plan.spread / np.sqrt(np.square(start).mean())
    encoder = NgramEncoder(vocabulary, np.ascontiguousarray(start * scale, np.float32))
    size = encoder.get_embedding_dimension()
    model = SentenceTransformer(modules=[encoder], device="cpu")
    centres = torch.nn.Parameter(torch.randn(int(release.max()) + 1, size, generator=generator))
    optimiser = torch.optim.Adam([encoder.vectors, centres], lr=plan.rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / 100) * 0.5 * (1 + np.cos(np.pi * s / plan.steps))
    )
    mean = torch.zeros(size)
    for step, (of, picked) in enumerate(_batches(release, prompt, corpus, plan, rng)):
        found = model(_thinned(rows[at[picked]], plan.keep, rng))["sentence_embedding"]
        target = torch.from_numpy(np.searchsorted(of.releases, release[picked]))
        among = normalize(centres[torch.from_numpy(of.releases)], dim=1)
        labs = torch.from_numpy(np.unique(lab[of.releases], return_inverse=True)[1])
        seen, group = torch.unique(target, return_inverse=True)
        together = normalize(torch.zeros(len(seen), size).index_add(0, group, found), dim=1)
        loss = torch.zeros(())
        for logits, true in (
            (plan.sharpness * found @ among.T, target),
            (2 * plan.sharpness * together @ among.T, seen),
        ):
            loss = loss + cross_entropy(logits, true) + plan.siblings * _by_siblings(logits, true, labs)
        with torch.no_grad():
            mean = 0.98 * mean + 0.02 * found.mean(0)
        centre = mean / (1 - 0.98 ** (step + 1))
        loss = loss + plan.invariance * _wander(found, prompt[picked], centre)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        progress(step + 1, plan.steps)
    return encoder.static()


def _batches(
    release: Ints, prompt: Ints, corpus: Ints, plan: Plan, rng: np.random.Generator
) -> Iterator[tuple[_Corpus, Ints]]:
    known = np.where(prompt >= 0, prompt, prompt.max() + 1 + np.arange(len(prompt)))
    corpora = [_Corpus(np.flatnonzero(corpus == c), known, release) for c in np.unique(corpus)]
    corpora = [c for c in corpora if len(c.releases) > 1]
    share = np.sqrt([c.size for c in corpora])
    share /= share.sum()
    for _ in range(plan.steps if corpora else 0):
        of = corpora[rng.choice(len(corpora), p=share)]
        yield of, of.batch(plan.rows, rng)


def _thinned(rows: sparse.csr_matrix, keep: float, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    kept = np.flatnonzero(rng.random(rows.nnz, dtype=np.float32) < keep)
    return features(rows.indices[kept], rows.data[kept] / np.float32(keep), np.searchsorted(kept, rows.indptr))


def _by_siblings(logits: torch.Tensor, true: torch.Tensor, labs: torch.Tensor) -> torch.Tensor:
    """Mean negative log-probability of the lab by its other releases; of those that have siblings.

    logits: (n, releases); true: (n,) the release; labs: (releases,) codes from 0.
    """
    member = torch.nn.functional.one_hot(labs).to(logits.dtype)
    others = torch.exp(logits - logits.max(dim=1, keepdim=True).values.detach()).scatter(1, true[:, None], 0.0)
    log_share = torch.log(others @ member + _NEVER) - torch.log(others.sum(dim=1, keepdim=True) + _NEVER)
    has = (member.sum(dim=0) > 1)[labs[true]]
    nats = -log_share[torch.arange(len(true)), labs[true]]
    return (nats * has).sum() / has.sum().clamp(min=1)


def _wander(found: torch.Tensor, prompt: Ints, centre: torch.Tensor) -> torch.Tensor:
    """How far the means of prompts with six answers or more, and of the batch, lie from the running mean."""
    _, group, size = np.unique(prompt, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(size), found.shape[1]).index_add(0, torch.from_numpy(group), found)
    many = torch.from_numpy(size >= 6)
    away = (found.mean(0) - centre).pow(2).sum()
    if many.any():
        means = sums[many] / torch.from_numpy(size.astype(np.float32))[many][:, None]
        away = away + (means - centre).pow(2).sum(1).mean()
    return away
