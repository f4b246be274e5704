"""Predictions made up by a seed: releases of labs in families and groups, some of them unknown to the model."""

from __future__ import annotations

import numpy as np

from fingerprint.metrics import Level
from fingerprint.metrics.predictions import ClassNames, Predictions
from fingerprint.model.verdict import VERDICTS, VerdictWord


def class_names(releases: int, labs: int) -> ClassNames:
    """Two releases a family and, of one lab each, three a group."""
    lab = np.arange(releases) % labs
    nth = np.arange(releases) // labs
    family = np.unique(lab * releases + nth // 2, return_inverse=True)[1]
    group = np.unique(lab * releases + nth // 3, return_inverse=True)[1]
    return ClassNames(
        labs=[f"lab-{i}" for i in range(labs)],
        families=[f"family-{i}" for i in range(family.max() + 1)],
        releases=[f"release-{i}" for i in range(releases)],
        lab=lab,
        family=family,
        group=group,
    )


def random_predictions(
    cases: int = 200, releases: int = 24, labs: int = 4, seed: int = 0, confidence: float = 3.0
) -> Predictions:
    """The last lab and the last release of every other lab are unknown to the model, in all cases."""
    rng = np.random.default_rng(seed)
    names = class_names(releases, labs)
    lab_known = names.lab < labs - 1
    known = lab_known & (np.arange(releases) < releases - labs)
    release = rng.integers(releases, size=cases)
    logits = rng.normal(size=(cases, releases + labs + 1))
    truth = np.where(
        known[release], release, np.where(lab_known[release], releases + names.lab[release], releases + labs)
    )
    logits[np.arange(cases), truth] += confidence
    possible = np.concatenate([known, np.arange(labs) < labs - 1, [True]])
    share = np.exp(logits) * possible
    share /= share.sum(axis=1, keepdims=True)
    share = share.astype(np.float32)
    verdict = np.array(VERDICTS, object)[rng.integers(len(VERDICTS), size=cases)]
    named = np.array([word.is_attribution or word is VerdictWord.LIKELY for word in verdict])
    return Predictions(
        names=names,
        release=release,
        count=rng.choice([1, 10], cases),
        known=known[release],
        lab_known=lab_known[release],
        share=share[:, :releases],
        new=share[:, releases:-1],
        unknown=share[:, -1],
        verdict=verdict,
        level=np.where(named, np.array(list(Level), object)[rng.integers(len(Level), size=cases)], ""),
        set_size=rng.integers(1, labs + 1, cases),
        in_set=lab_known[release] & (rng.random(cases) < 0.9),
        listed=np.zeros(cases, bool),
        in_list=np.zeros(cases, bool),
        part=np.full(cases, "all", object),
    )


def prediction(true: str, known: tuple[bool, bool], share: list[float], new: list[float], verdict: str) -> Predictions:
    """One case in a world of the releases a1, a2 (family a), a3 (family aa) of lab a, and b1 of lab b.

    known: whether the model knows the release, and whether it knows the lab. The set is the first lab.
    """
    world = ClassNames(
        labs=["a", "b"],
        families=["a", "aa", "b"],
        releases=["a1", "a2", "a3", "b1"],
        lab=np.array([0, 0, 0, 1]),
        family=np.array([0, 0, 1, 2]),
        group=np.array([0, 1, 2, 3]),
    )
    lab = world.lab[world.releases.index(true)]
    labs = np.array(new) + np.array([sum(share[:3]), share[3]])
    named = VerdictWord(verdict).is_attribution or verdict == VerdictWord.LIKELY
    return Predictions(
        names=world,
        release=np.array([world.releases.index(true)]),
        count=np.array([5]),
        known=np.array([known[0]]),
        lab_known=np.array([known[1]]),
        share=np.array([share], np.float32),
        new=np.array([new], np.float32),
        unknown=np.array([1 - sum(share) - sum(new)], np.float32),
        verdict=np.array([verdict], object),
        level=np.array([Level.LAB if named else ""], object),
        set_size=np.array([1]),
        in_set=np.array([known[1] and labs.argmax() == lab]),
        listed=np.array([False]),
        in_list=np.array([False]),
        part=np.array(["all"], object),
    )
