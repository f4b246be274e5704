"""A model that has not seen the prompts that are replayed, and what it expects of prompts, learned on still others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, MixtureConfig, SplitConfig
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.cases import subsample
from fingerprint.evaluation.config import FULL
from fingerprint.evaluation.fits import Fitted, fit
from fingerprint.evaluation.study import Running, TrainedOn, read_sample
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.probe_information import InformationGain
from fingerprint.store.folder import load
from fingerprint.training.calibration_cases import FirstModel, learn_information, weighted_cases
from fingerprint.training.context import no_progress
from fingerprint.training.data import Data
from fingerprint.training.embedding import Embeddings
from fingerprint.training.splits import CaseKind, draw, split_for_calibration

# Training rows of a release, and cases of a kind for the calibration: enough, and the benchmark ends within an hour.
SHOWN, CASES = 100, 2_500
# Of ten parts of the prompts, two measure the information gain and calibrate, and two are replayed.
PARTS, LEARNED, REPLAYED = 10, 2, 2
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """The rows that can be replayed, and a model to identify them.

    Attributes:
        fitted: The model.
        calibration: Its calibration.
        information: The information gain of prompts.
        embeddings: (n, D) of the rows.
        sizes: (n,) lengths of the rows.
        release: (n,) release of each row.
        lab: (n,) index in fitted.known.labs, -1 for a lab that the model lacks.
        known: (n,) whether the model was trained on the release.
        kind: (n,) kind of the prompt.
    """

    fitted: Fitted
    calibration: Calibration
    information: InformationGain
    embeddings: NDArray[np.float32]
    sizes: NDArray[np.int64]
    release: NDArray[np.int64]
    lab: NDArray[np.int64]
    known: Bools
    kind: list[tuple[str, str]]


def prepare(paths: list[Path], model: Path, jobs: int, seed: int, cache: Path, say: Callable[[str], None]) -> World:
    """Train a model for the replay; of `model` only the list of its corpora is used."""
    registry = Registry.load(None)
    training = load(model).documents["training"]
    trained_on = TrainedOn([], frozenset(corpus["sha256"] for corpus in training["corpora"]), Config())
    sample = read_sample(paths, registry, trained_on, FULL, Running(cache, jobs, seed, no_progress))
    data, corpus, context = sample.data, sample.corpus, sample.context
    lab_of = context.lab_of
    if data is None:
        raise FingerprintError(f"{model}: was not trained on any of these corpora")
    say(f"{len(corpus):,} responses of {len(data.labels.releases)} releases counted")
    held = split_for_calibration(data, context)
    rng = np.random.default_rng(seed)
    part = rng.integers(PARTS, size=data.labels.prompt.max() + 1)[data.labels.prompt]
    part[data.labels.prompt < 0] = PARTS
    seen = held.train | (held.kind == CaseKind.SAME)
    replay = seen & (part < REPLAYED) & data.full
    learn = seen & ~replay & data.full & ((part < REPLAYED + LEARNED) | (held.kind == CaseKind.SAME))
    shown = held.train & (part >= REPLAYED + LEARNED)
    shown = subsample(data.labels, shown & data.filled, SHOWN, seed)
    # Half of the releases that were left out calibrate, the other half is replayed.
    half = (data.labels.release % 2 == 0) & data.full
    left_out: dict[CaseKind, Bools] = {kind: half & (held.kind == kind) for kind in CaseKind if kind != CaseKind.SAME}
    new = ~half & data.full & ((held.kind == CaseKind.UNSEEN) | (held.kind == CaseKind.UNKNOWN))
    asked = replay | learn | new | np.logical_or.reduce(list(left_out.values()))
    fitted = fit(context, data, shown, asked)
    say(f"{int(shown.sum()):,} responses shown")
    at = np.full(len(data.full), -1)
    at[fitted.rows] = np.arange(len(fitted.rows))
    calibration = _calibration(data, fitted, at, {CaseKind.SAME: learn, **left_out}, lab_of, seed)
    say("calibrated")
    first = FirstModel(data, _widened(fitted, at), fitted.likelihood, fitted.known)
    whole = replace(context, config=Config(seed=seed))
    information = learn_information(first, calibration, corpus, learn & (at >= 0), whole)
    named = np.isin(data.labels.releases, fitted.known.names)[data.labels.release]
    rows = np.flatnonzero(((replay & named) | new) & data.filled)
    code = {str(lab): i for i, lab in enumerate(fitted.known.labs)}
    names = [data.labels.releases[r] for r in data.labels.release[rows]]
    return World(
        fitted, calibration, information, fitted.embeddings.rows[at[rows]], fitted.embeddings.size[at[rows]],
        data.labels.release[rows], np.array([code.get(lab_of[name], -1) for name in names]),
        replay[rows],
        list(zip(corpus.domain[rows].tolist(), corpus.language[rows].tolist(), strict=True)),
    )  # fmt: skip


def _widened(fitted: Fitted, at: NDArray[np.int64]) -> Embeddings:
    """Embeddings of all rows; rows that were not fitted get those of the first, and nothing reads them."""
    return Embeddings(fitted.embeddings.rows[np.maximum(at, 0)], fitted.embeddings.size[np.maximum(at, 0)])


def _calibration(
    data: Data, fitted: Fitted, at: NDArray[np.int64], rows: dict[CaseKind, Bools], lab_of: Mapping[str, str], seed: int
) -> Calibration:
    rng = np.random.default_rng(seed)
    labels, known = data.labels, fitted.known
    lab_code = {str(lab): i for i, lab in enumerate(known.labs)}
    release_code = {name: i for i, name in enumerate(known.names)}
    drawn_cases: list[NDArray[np.int64]] = []
    kinds: list[CaseKind] = []
    for kind, of in rows.items():
        drawn = draw(labels, of & data.filled, SplitConfig(), seed)
        some = [drawn[i] for i in rng.permutation(len(drawn))[:CASES]]
        drawn_cases += some
        kinds += [kind] * len(some)
    embeddings = [fitted.embeddings.rows[at[r]] for r in drawn_cases]
    sizes = [fitted.embeddings.size[at[r]] for r in drawn_cases]
    covariates, evidence = measure(fitted, embeddings, sizes)
    names = [labels.releases[labels.release[r[0]]] for r in drawn_cases]
    lab = np.array([lab_code.get(lab_of[name], -1) for name in names])
    release = np.array([release_code.get(name, -1) for name in names])
    kinds = [CaseKind.UNKNOWN if code < 0 else kind for kind, code in zip(kinds, lab, strict=True)]
    cases = weighted_cases(evidence, covariates, lab, release, kinds, MixtureConfig())
    return calibrate(cases, known.lab, Config().calibration)


def measure(
    fitted: Fitted, embeddings: list[NDArray[np.float32]], sizes: list[NDArray[np.int64]]
) -> tuple[Covariates, Evidence]:
    """Return covariates and likelihoods of cases, from the embeddings (responses, D) and lengths of their responses."""
    covariates = Covariates.read(fitted.likelihood, embeddings, sizes)
    mean = np.stack([rows.mean(axis=0) for rows in embeddings])
    return covariates, fitted.likelihood.evidence(mean, covariates.count)
