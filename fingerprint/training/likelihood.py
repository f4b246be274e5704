"""Fits PLDA and the linear classifiers on embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import DiskArray
from fingerprint.base.keys import factorize, isin
from fingerprint.config import Config
from fingerprint.errors import FingerprintError
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Ints, Plda
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.linear_classifiers import fit_classifiers


class KnownReleases:
    """The R releases and L labs that a likelihood knows by name.

    Attributes:
        names: (R,) releases.
        labs: (L,) labs, sorted.
        lab: (R,) code of the lab of each release.
    """

    def __init__(self, names: Sequence[str], lab_of: Mapping[str, str]):
        self.names = list(names)
        found = factorize([lab_of[name] for name in names])
        self.labs: list[str] = found[0]
        self.lab: Ints = found[1]


def named_releases(data: Data, use: NDArray[np.bool_], context: TrainingContext) -> NDArray[np.bool_]:
    """Choose the releases that a model can know by name: candidates with enough responses.

    Args:
        data: The n rows.
        use: (n,) rows that the model is trained on.
        context: Which releases are candidates, and how many responses are enough.

    Returns:
        (releases,) whether a release is known by name, in the order of `data.labels.releases`.

    Raises:
        FingerprintError: Where these are fewer than two.
    """
    size = np.bincount(data.labels.release[use & data.full], minlength=len(data.labels.releases))
    least = context.config.splits.named_responses
    named = context.candidate & (size >= least)
    if named.sum() < 2:
        raise FingerprintError(
            f"fewer than two releases have the {least} responses that a release needs to be known, not counting those "
            "that are left out to calibrate on: add responses"
        )
    return np.asarray(named)


def known_scripts(data: Data, use: NDArray[np.bool_], known: KnownReleases, config: Config) -> tuple[str, ...]:
    """Choose the scripts that a model knows: those that enough of its releases have responses in.

    Args:
        data: The n rows.
        use: (n,) rows that the model is trained on.
        known: The releases that it knows by name.
        config: Which share of them is enough, and how many responses.

    Returns:
        The scripts, sorted.
    """
    named = isin(data.labels.releases, known.names)
    count = releases_by_script(data, use & named[data.labels.release], config.splits.named_responses)
    least = config.calibration.script_share * len(known.names)
    return tuple(script for script, releases in count.items() if releases >= least)


def releases_by_script(data: Data, use: NDArray[np.bool_], least: int) -> dict[str, int]:
    """Return, for each script of the rows (n,) that `use` marks, how many releases have `least` responses in it."""
    rows = np.flatnonzero(use & data.full & (data.script != ""))
    scripts, script = factorize(data.script[rows])
    releases = len(data.labels.releases)
    count = np.bincount(script * releases + data.labels.release[rows], minlength=len(scripts) * releases)
    enough = (count.reshape(len(scripts), releases) >= least).sum(axis=1)
    return dict(zip(scripts, enough.tolist(), strict=True))


def fit_likelihood(
    data: Data, rows: NDArray[np.float32] | DiskArray, use: NDArray[np.bool_], context: TrainingContext
) -> tuple[Likelihood, KnownReleases]:
    """Fit PLDA and the linear classifiers.

    Args:
        data: The n rows.
        rows: (n, D) their embeddings.
        use: (n,) rows that the model is trained on.
        context: The facts about the releases, and the hyper-parameters.

    Returns:
        The likelihood, and the releases that it knows.

    Raises:
        FingerprintError: Where fewer than two releases have enough responses.
    """
    labels, config = data.labels, context.config
    named = named_releases(data, use, context)
    known = KnownReleases([name for name, ok in zip(labels.releases, named, strict=True) if ok], context.lab_of)
    at = np.flatnonzero(use & named[labels.release])
    release = (np.cumsum(named) - 1)[labels.release[at]]
    corpus = np.unique(labels.corpus[at], return_inverse=True)[1]
    plda = Plda.fit(Cells.of(rows, release, corpus, at, context.map_function), known.lab, config.plda)
    classifiers = fit_classifiers(plda, rows, release, config.classifiers, config.seed, at)
    return Likelihood(plda, classifiers, config.plda), known
