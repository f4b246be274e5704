"""Trains the linear classifiers by softmax regression on single responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from fingerprint.base.disk_arrays import DiskArray, folder_of
from fingerprint.config import ClassifierConfig
from fingerprint.model.likelihood import LinearClassifiers
from fingerprint.model.plda import Floats, Ints, Plda

# Rows that are projected at once.
_BLOCK = 10_000


@dataclass(frozen=True)
class NoiseAugmentation:
    """Random shifts of training rows, so that a classifier does not depend on what another domain would change.

    A row is shifted each time it is seen: by offsets of corpora, and by the variation of a release between corpora.

    Attributes:
        centre: (K,) subtracted from points of the basis of PLDA.
        spread: (K,) by which these are divided.
        by: (M, K) the shifts of scaled points, of which a row gets normal proportions.
    """

    centre: Floats
    spread: Floats
    by: Floats

    @classmethod
    def of(cls, plda: Plda, domain_noise: float) -> NoiseAugmentation:
        """Read the shifts from PLDA.

        Args:
            plda: Its in-domain corpora and its session variance.
            domain_noise: How far other domains are taken to lie, in spreads of the known ones.

        Returns:
            The augmentation.
        """
        centre, spread = plda.domain_mean, np.sqrt(plda.within + plda.session)
        corpora = plda.corpus_mean[plda.in_domain]
        domains = domain_noise / np.sqrt(len(corpora)) * (corpora - centre)
        return cls(centre, spread, np.vstack([domains, np.diag(np.sqrt(plda.session))]) / spread)

    def scaled(self, point: Floats) -> Floats:
        """Scale (n, K) points of the basis of PLDA."""
        return (point - self.centre) / self.spread

    def into(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Turn weights (K, classes) and biases for points of the basis into those for scaled points."""
        return weight * self.spread[:, None], bias + self.centre @ weight

    def back(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Do the reverse of `into`."""
        weight = weight / self.spread[:, None]
        return weight, bias - self.centre @ weight


def fit_classifiers(
    plda: Plda,
    rows: NDArray[np.float32] | DiskArray,
    release: Ints,
    config: ClassifierConfig,
    seed: int,
    at: Ints | None = None,
) -> LinearClassifiers:
    """Train the classifiers over releases and over labs; large classes count by the root of their size.

    Args:
        plda: Of the same rows.
        rows: (N, D) embeddings.
        release: (n,) codes.
        config: How long and how hard.
        seed: Of batches and noise.
        at: (n,) which of the N rows to use; None for all.

    Returns:
        Weights and biases in the basis of PLDA.

    References:
        Loshchilov, I. & Hutter, F. (2019). Decoupled weight decay regularization (AdamW).
    """
    augmentation = NoiseAugmentation.of(plda, config.domain_noise)
    at = np.arange(len(release)) if at is None else at
    point = DiskArray(folder_of(rows), len(augmentation.spread))
    for start in range(0, len(at), _BLOCK):
        point.add(augmentation.scaled(plda.project(rows[at[start : start + _BLOCK]])))
    classifiers: list[Floats] = []
    shifts = torch.from_numpy(augmentation.by.astype(np.float32))
    for code in (release, plda.lab[release]):
        classifiers += augmentation.back(*_softmax_regression(point, shifts, code, config, seed))
    return LinearClassifiers(*classifiers)


def _softmax_regression(
    point: DiskArray, shifts: torch.Tensor, code: Ints, config: ClassifierConfig, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(K, classes) weights and (classes,) biases. shifts: (M, K) of the noise augmentation."""
    size = np.bincount(code)
    share = 1 / np.sqrt(size[code])
    share, target = torch.from_numpy((share / share.mean()).astype(np.float32)), torch.from_numpy(code)
    layer = torch.nn.Linear(point.shape[1], len(size))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    # Few rows are seen more often: the rate has to reach its highest, and fall for as long.
    steps = max(config.epochs * len(code) // config.batch, 2 * config.warmup)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda k: min(1.0, (k + 1) / config.warmup) * (1 - k / steps)
    )
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        at = torch.randint(0, len(code), (config.batch,), generator=generator)
        noise = torch.randn((config.batch, len(shifts)), generator=generator) @ shifts
        loss = (
            cross_entropy(layer(torch.from_numpy(point[at.numpy()]) + noise), target[at], reduction="none") * share[at]
        ).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return layer.weight.detach().numpy().T.astype(float), layer.bias.detach().numpy().astype(float)
