"""Answers made up by a seed: releases of labs in families and groups, some of them unknown to the model."""

from __future__ import annotations

import numpy as np

from fingerprint.evaluation.predictions import Names, Predictions
from fingerprint.model.verdict import VERDICTS


def names(releases: int, labs: int) -> Names:
    """Two releases a family and, of one lab each, three a group."""
    lab = np.arange(releases) % labs
    nth = np.arange(releases) // labs
    family = np.unique(lab * releases + nth // 2, return_inverse=True)[1]
    group = np.unique(lab * releases + nth // 3, return_inverse=True)[1]
    return Names(
        [f"lab-{i}" for i in range(labs)],
        [f"family-{i}" for i in range(family.max() + 1)],
        [f"release-{i}" for i in range(releases)],
        lab, family, group,
    )  # fmt: skip


def answers(cases: int = 200, releases: int = 24, labs: int = 4, seed: int = 0, sure: float = 3.0) -> Predictions:
    """The last lab and the last release of every other lab are unknown to the model, whose folds are all the same."""
    rng = np.random.default_rng(seed)
    of = names(releases, labs)
    lab_in = of.lab < labs - 1
    known = lab_in & (np.arange(releases) < releases - labs)
    release = rng.integers(releases, size=cases)
    logits = rng.normal(size=(cases, releases + labs + 1))
    truth = np.where(known[release], release, np.where(lab_in[release], releases + of.lab[release], releases + labs))
    logits[np.arange(cases), truth] += sure
    may = np.concatenate([known, np.arange(labs) < labs - 1, [True]])
    share = np.exp(logits) * may
    share /= share.sum(axis=1, keepdims=True)
    share = share.astype(np.float32)
    return Predictions(
        of, release, rng.choice([1, 10], cases), known[release], lab_in[release], share[:, :releases],
        share[:, releases:-1], share[:, -1], rng.integers(len(VERDICTS), size=cases), np.full(cases, "all"),
    )  # fmt: skip


def answer(true: str, known: bool, lab_known: bool, share: list[float], new: list[float], word: str) -> Predictions:
    """One suspect in a world of the releases a1, a2 (family a), a3 (family aa) of lab a, and b1 of lab b."""
    world = Names(
        ["a", "b"], ["a", "aa", "b"], ["a1", "a2", "a3", "b1"],
        np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]), np.array([0, 1, 2, 3]),
    )  # fmt: skip
    left = 1 - sum(share) - sum(new)
    return Predictions(
        world, np.array([world.releases.index(true)]), np.array([5]), np.array([known]), np.array([lab_known]),
        np.array([share], np.float32), np.array([new], np.float32), np.array([left], np.float32),
        np.array([VERDICTS.index(word)]), np.array(["all"]),
    )  # fmt: skip
