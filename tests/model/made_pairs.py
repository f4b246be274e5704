"""A made-up PLDA with cases drawn from it, and trials that separate as they are told to."""

from __future__ import annotations

import numpy as np

from fingerprint.config import PairConfig, PldaConfig
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.pair_calibration import IMPOSTORS, TARGETS, PairKind
from fingerprint.model.pairs import FEATURES, Sides
from fingerprint.model.pairs_fit import Trials
from fingerprint.model.plda import Floats, Plda

WIDTH = 6
CONFIG = PairConfig(least_cells=10)


def likelihood(seed: int = 0) -> Likelihood:
    """Four releases of two labs in two corpora; the basis is the identity."""
    rng = np.random.default_rng(seed)

    def variance(scale: float) -> Floats:
        return scale * rng.uniform(0.5, 1.5, WIDTH)

    plda = Plda(
        centre=np.zeros(WIDTH),
        basis=np.eye(WIDTH),
        cell_mean=rng.normal(size=(8, WIDTH)),
        cell_count=np.full(8, 20),
        cell_release=np.repeat(np.arange(4), 2),
        cell_corpus=np.tile(np.arange(2), 4),
        corpus_mean=rng.normal(size=(2, WIDTH)),
        within=variance(2.0),
        session=variance(0.2),
        domain=variance(0.5),
        between_labs=variance(1.0),
        between_releases=variance(0.5),
        lab=np.array([0, 0, 1, 1]),
        in_domain=np.ones(2, bool),
        corpus_spread=np.ones(2),
    )
    classifiers = LinearClassifiers(rng.normal(size=(WIDTH, 4)), np.zeros(4), rng.normal(size=(WIDTH, 2)), np.zeros(2))
    return Likelihood(plda, classifiers, PldaConfig())


def sides(of: Likelihood, counts: list[int], seed: int = 1) -> Sides:
    """One case for each number of responses."""
    rng = np.random.default_rng(seed)
    embeddings = [rng.normal(size=(n, WIDTH)).astype(np.float32) for n in counts]
    return Sides.read(of, embeddings, [np.full(n, 300 + 100 * i) for i, n in enumerate(counts)])


def trials(each: int, apart: float, seed: int = 0, groups: int = 60) -> Trials:
    """`each` pairs of each kind, number of responses and domain.

    In the first feature, target trials lie `apart` above those of other labs and half of this above siblings.
    """
    rng = np.random.default_rng(seed)
    features, count, kind, group, inside = [], [], [], [], []
    for name in (*TARGETS, *IMPOSTORS, PairKind.VARIANT):
        mean = apart if name in TARGETS else apart / 2 if name in (PairKind.SIBLING, PairKind.VARIANT) else 0.0
        for size in (5, 25):
            for domain in (True, False):
                values = rng.normal(size=(each, len(FEATURES)))
                values[:, 0] += mean
                one = rng.integers(groups, size=each)
                other = one if name in (*TARGETS, PairKind.VARIANT) else (one + rng.integers(1, groups, each)) % groups
                features.append(values)
                count += [size] * each
                kind += [name] * each
                group.append(np.stack([one, other], axis=1))
                inside += [domain] * each
    return Trials(
        np.concatenate(features),
        np.array(count),
        np.array(kind, object),
        np.concatenate(group),
        np.array(inside),
        np.arange(len(count)),
    )
