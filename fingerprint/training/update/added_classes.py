"""New classes in the linear classifiers, without the responses that the old classes were trained on.

Responses drawn from PLDA stand in for the old ones (pseudo-rehearsal: Robins 1995): it knows where each release lies
in each corpus, how surely, and how widely its responses spread. Classes without new responses stay as they are. So
everything that they say about a response is one number, the logarithm of the sum of their exponentials, and what is
left to fit is small and convex.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from fingerprint.config import Config
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Floats, Ints, Plda
from fingerprint.training.data import few_of_each
from fingerprint.training.linear_classifiers import NoiseAugmentation
from fingerprint.training.update.added_cells import NewResponses

# Rows that are multiplied at a time.
_BLOCK = 4_000
# A logit whose exponential is 0.
_NEVER = -1e9


def add_classes(
    classifiers: LinearClassifiers, old: Plda, updated: Plda, responses: NewResponses, config: Config
) -> LinearClassifiers:
    """Add a class for each new release and lab, and fit the classes with new responses again.

    Out-of-domain responses fit no class: too few releases are seen in such a corpus to separate its effect on all
    responses from the style of its releases. A release or lab without in-domain responses gets the mean of the
    classes of its lab.

    Args:
        classifiers: The linear classifiers of the old model.
        old: PLDA of the old model.
        updated: PLDA with the new responses: releases, labs and corpora of the old one, then new ones.
        responses: The new responses, with codes of `updated`.
        config: Of the model; its seed is that of the draws.

    Returns:
        The linear classifiers over the releases and labs of `updated`.

    References:
        Robins (1995), Catastrophic forgetting, rehearsal and pseudorehearsal.
    """
    fit = responses.of(updated.in_domain[responses.corpus])
    if len(fit.at):
        classifiers = _fitted(classifiers, old, updated.lab, fit, config)
    lacking = np.setdiff1d(np.arange(len(old.lab), len(updated.lab)), fit.release)
    release = _with_means(classifiers.release, classifiers.release_bias, lacking, updated.lab)
    labs = int(updated.lab.max()) + 1
    lacking = np.setdiff1d(np.arange(old.lab.max() + 1, labs), updated.lab[fit.release])
    lab = _with_means(classifiers.lab, classifiers.lab_bias, lacking, np.zeros(labs, np.int64))
    return LinearClassifiers(*release, *lab)


def _with_means(weight: Floats, bias: Floats, lacking: Ints, group: Ints) -> tuple[Floats, Floats]:
    """Weights (K, classes) and biases with the classes that are `lacking`, each the mean of those of its group, or of
    all where its group has none. group: (classes,)."""
    columns = np.vstack([weight, bias])
    columns = np.pad(columns, ((0, 0), (0, len(group) - columns.shape[1])))
    there = np.setdiff1d(np.arange(len(group)), lacking)
    for one in lacking:
        own = there[group[there] == group[one]]
        columns[:, one] = columns[:, own if len(own) else there].mean(axis=1)
    return columns[:-1], columns[-1]


@dataclass(frozen=True)
class _Rows:
    """n rows that a softmax regression is fitted on. points: (n, K + 1), the last column ones; code: (n,) class of
    each; share: (n,) what each counts."""

    points: NDArray[np.float32]
    code: Ints
    share: Floats


def _fitted(
    classifiers: LinearClassifiers, old: Plda, lab: Ints, responses: NewResponses, config: Config
) -> LinearClassifiers:
    """With a class for each release and lab of the responses, all of them in-domain. lab: (R,) of each release."""
    update = config.update
    rng = np.random.default_rng(config.seed)
    augmentation = NoiseAugmentation.of(old, config.classifiers.domain_noise)
    rehearsal, of = _rehearsal(old, config, rng)
    learned = np.bincount(responses.release)
    if learned.max() > update.release_responses:
        # Some stand for all, so that memory does not grow with the responses of a release.
        responses = responses.of(np.sort(few_of_each(responses.release, update.release_responses, rng)))
    release = responses.release
    each = (learned / np.maximum(np.bincount(release), 1))[release]
    points = np.vstack([rehearsal, old.project(responses.embedding[responses.at])])
    copied = np.concatenate(
        [np.arange(len(rehearsal)), np.repeat(np.arange(len(rehearsal), len(points)), update.copies)]
    )
    # A last column of ones, for the biases. In single precision sums take half the time; where the fit ends is decided
    # by far larger numbers.
    seen = np.ones((len(copied), len(augmentation.spread) + 1), np.float32)
    for some in _blocks(len(copied)):
        scaled = augmentation.scaled(points[copied[some]])
        seen[some, :-1] = scaled + rng.standard_normal((len(scaled), len(augmentation.by))) @ augmentation.by
    # How many responses a row stands for: a drawn one for its part of its release, a copy for its part of a response.
    drawn_for = np.bincount(old.cell_release, old.cell_count)[of] / np.bincount(of)[of]
    stands_for = np.concatenate([drawn_for, each / update.copies])[copied]
    names = np.concatenate([of, release])[copied]
    out: list[Floats] = []
    for weight, bias, code, added, ridge in (
        (classifiers.release, classifiers.release_bias, names, release, update.release_ridge),
        (classifiers.lab, classifiers.lab_bias, lab[names], lab[release], update.lab_ridge),
    ):
        # A release or lab counts by the root of its size, as in training.
        share = stands_for / np.sqrt(np.bincount(code, stands_for))[code]
        rows = _Rows(seen, code, share / share.sum())
        begin = np.vstack(augmentation.into(weight, bias))
        columns = _fit(rows, begin, np.unique(added), ridge, update.iterations)
        columns[-1, len(bias) :] -= update.new_class_penalty
        out += augmentation.back(columns[:-1], columns[-1])
    return LinearClassifiers(*out)


def _rehearsal(plda: Plda, config: Config, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """(n, K) responses not seen yet, as PLDA expects them, and the release (n,) of each: about as many as
    `config.update.rehearsed`, of each cell by the root of its size."""
    likelihood = Likelihood(plda, None, config.plda)
    share = np.sqrt(plda.cell_count) * plda.in_domain[plda.cell_corpus]
    many = np.maximum(1, np.rint(share / share.sum() * config.update.rehearsed)).astype(np.int64)
    points, releases = [], []
    for corpus in np.flatnonzero(plda.in_domain).tolist():
        mean, var = likelihood.in_corpus(corpus)
        cells = plda.cell_corpus == corpus
        release = np.repeat(plda.cell_release[cells], many[cells])
        noise = rng.standard_normal((len(release), mean.shape[1])) * np.sqrt(var[release] + plda.within)
        points.append(plda.corpus_mean[corpus] + mean[release] + noise)
        releases.append(release)
    return np.vstack(points), np.concatenate(releases)


def _fit(rows: _Rows, begin: Floats, free: Ints, ridge: float, iterations: int) -> Floats:
    """(K + 1, classes) weights and, last, biases of a softmax regression in which only the classes `free` move.

    begin: (K + 1, old classes) where they start; new classes start from 0. ridge: what a squared step of a weight
    from there costs.
    """
    columns = np.pad(begin, ((0, 0), (0, int(rows.code.max()) + 1 - begin.shape[1])))
    fixed = columns[:, np.setdiff1d(np.arange(begin.shape[1]), free)].astype(np.float32)
    rest = np.zeros((len(rows.points), 1))
    for some in _blocks(len(rows.points)):
        # There may be none that is fixed.
        logits = np.pad(rows.points[some] @ fixed, ((0, 0), (1, 0)), constant_values=_NEVER)
        rest[some] = logsumexp(logits, axis=1, keepdims=True)
    position = np.full(columns.shape[1], -1)
    position[free] = np.arange(len(free))
    own = position[rows.code]
    start = columns[:, free]
    # Biases go where they must.
    ridges = np.append(np.full(len(begin) - 1, ridge), 0.0)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        now = flat.reshape(start.shape)
        away = ridges * (now - start)
        value, slope, single = float((away * (now - start)).sum() / 2), away, now.astype(np.float32)
        for some in _blocks(len(rows.points)):
            points, share = rows.points[some], rows.share[some]
            logits = points @ single
            total = logsumexp(np.hstack([logits, rest[some]]), axis=1)
            at = np.flatnonzero(own[some] >= 0)
            true = at, own[some][at]
            # The logit of a class that does not move is left out: it is the same whatever the others do.
            value += float(share @ total - share[at] @ logits[true])
            excess = np.exp(logits - total[:, None])
            excess[true] -= 1
            slope += points.T @ (share[:, None] * excess).astype(np.float32)
        return value, slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    columns[:, free] = found.x.reshape(start.shape)
    return columns


def _blocks(size: int) -> Iterator[slice]:
    return (slice(i, i + _BLOCK) for i in range(0, size, _BLOCK))
