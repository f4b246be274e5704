"""Trains the linear heads by softmax regression on single responses (AdamW: Loshchilov & Hutter 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from fingerprint.base.disk_arrays import DiskArray, folder_of
from fingerprint.model.likelihood import LinearClassifiers
from fingerprint.model.plda import Floats, Ints, Plda

_EPOCHS = 6
_BATCH = 1024
_BLOCK = 10_000
_RATE = 1e-2
_DECAY = 0.1
_WARM = 50
# How far foreign domains are taken to lie, in spreads of the known ones.
_DOMAINS = 3.0


@dataclass(frozen=True)
class NoiseAugmentation:
    """Where the heads are trained: points less `centre` (K,), in units of `spread` (K,).

    by: (M, K) there, in normal proportions of which a row is moved each time it is seen, as another domain would move
    it and as its release wanders between domains, so that the heads do not lean on what would not be there.
    """

    centre: Floats
    spread: Floats
    by: Floats

    @classmethod
    def of(cls, plda: Plda) -> NoiseAugmentation:
        centre, spread = plda.domain_mean, np.sqrt(plda.within + plda.session)
        corpora = plda.corpus_mean[plda.in_domain]
        domains = _DOMAINS / np.sqrt(len(corpora)) * (corpora - centre)
        return cls(centre, spread, np.vstack([domains, np.diag(np.sqrt(plda.session))]) / spread)

    def scaled(self, point: Floats) -> Floats:
        """(n, K) of the hierarchy's basis."""
        return (point - self.centre) / self.spread

    def into(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Weights (K, classes) and biases for points of the basis, as those for scaled points."""
        return weight * self.spread[:, None], bias + self.centre @ weight

    def back(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """The reverse of `into`."""
        weight = weight / self.spread[:, None]
        return weight, bias - self.centre @ weight


def fit_classifiers(
    plda: Plda, rows: NDArray[np.float32] | DiskArray, release: Ints, seed: int, at: Ints | None = None
) -> LinearClassifiers:
    """rows: in the fingerprint space, D wide; at: (n,) which of them, None for all; release: (n,) codes. Large releases
    and labs count by the root of their size."""
    augmentation = NoiseAugmentation.of(plda)
    at = np.arange(len(release)) if at is None else at
    point = DiskArray(folder_of(rows), len(augmentation.spread))
    for start in range(0, len(at), _BLOCK):
        point.add(augmentation.scaled(plda.project(rows[at[start : start + _BLOCK]])))
    classifiers: list[Floats] = []
    move = torch.from_numpy(augmentation.by.astype(np.float32))
    for code in (release, plda.lab[release]):
        classifiers += augmentation.back(*_softmax_regression(point, move, code, seed))
    return LinearClassifiers(*classifiers)


def _softmax_regression(
    point: DiskArray, move: torch.Tensor, code: Ints, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(K, classes) weights and (classes,) biases. move: (M, K), by which points are moved in normal proportions."""
    size = np.bincount(code)
    share = 1 / np.sqrt(size[code])
    share, target = torch.from_numpy((share / share.mean()).astype(np.float32)), torch.from_numpy(code)
    layer = torch.nn.Linear(point.shape[1], len(size))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = max(_EPOCHS * len(code) // _BATCH, 2 * _WARM)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: min(1.0, (k + 1) / _WARM) * (1 - k / steps))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        at = torch.randint(0, len(code), (_BATCH,), generator=generator)
        moved = torch.from_numpy(point[at.numpy()]) + torch.randn((_BATCH, len(move)), generator=generator) @ move
        loss = (cross_entropy(layer(moved), target[at], reduction="none") * share[at]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return layer.weight.detach().numpy().T.astype(float), layer.bias.detach().numpy().astype(float)
