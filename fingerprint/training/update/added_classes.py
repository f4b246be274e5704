"""New columns for the linear heads, without the responses that the old ones were trained on.

In place of these stand responses drawn from the hierarchy, which knows where each release lies in each corpus, how
surely, and how far its responses stray (pseudo-rehearsal: Robins 1995). Columns that nothing was added to stay as they
are, so that all they say of a response is one number, the logarithm of the sum of their exponentials; what is left to
fit is small and convex.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Floats, Indexed, Ints, Plda
from fingerprint.training.data import few_of_each
from fingerprint.training.linear_classifiers import NoiseAugmentation

_REHEARSED = 24_000
# Each new response is moved so many ways; of a release with more responses some stand for all, so that memory does not
# grow with them.
_COPIES, _MOST = 4, 1_200
# By how much the square of a weight that moves costs. A lab's old column was fitted on what can only be drawn here,
# so that it is held far more tightly.
_RELEASE_PULL, _LAB_PULL = 3e-4, 0.1
# In nats. A new column has seen its own responses, and of all others only drawn ones, which it tells from its own more
# easily than true ones: measured on two sets of releases that were taken out (docs/decisions.md).
_HANDICAP = 1.0
_ITERATIONS = 60
_BLOCK = 4_000
_NEVER = -1e9


def widen(
    classifiers: LinearClassifiers, old: Plda, grown: Plda, rows: NDArray[np.float32] | Indexed, at: Ints, release: Ints,
    corpus: Ints, seed: int,
) -> LinearClassifiers:  # fmt: skip
    """The heads with a column for each new release and lab, and with those of releases and labs that have more
    responses now fitted again.

    Of a corpus off the training ground too few releases are seen to tell what it does to all of them from what is
    theirs, so that its responses fit no column: a release that only it has gets one that is usual of its lab.

    grown: the hierarchy with the new responses, its releases, labs and corpora those of the old one and then new ones;
    rows: in the fingerprint space, D wide; at: (n,) those with new responses; release, corpus: (n,) codes. seed: of
    what is drawn.
    """
    fit = grown.in_domain[corpus]
    at, release = at[fit], release[fit]
    if len(at):
        classifiers = _widened(classifiers, old, grown, rows, at, release, seed)
    lacking = np.setdiff1d(np.arange(len(old.lab), len(grown.lab)), release)
    of_release = _usual(classifiers.release, classifiers.release_bias, lacking, grown.lab)
    lacking = np.setdiff1d(np.arange(old.lab.max() + 1, grown.lab.max() + 1), grown.lab[release])
    return LinearClassifiers(
        *of_release, *_usual(classifiers.lab, classifiers.lab_bias, lacking, np.zeros(grown.lab.max() + 1, np.int64))
    )


def _usual(weight: Floats, bias: Floats, lacking: Ints, group: Ints) -> tuple[Floats, Floats]:
    """Weights (K, classes) and biases with columns for the classes that are `lacking`, each the mean of those of its
    group, or where it has none of all. group: (classes,)."""
    columns = np.vstack([weight, bias])
    columns = np.pad(columns, ((0, 0), (0, len(group) - columns.shape[1])))
    there = np.setdiff1d(np.arange(len(group)), lacking)
    for one in lacking:
        own = there[group[there] == group[one]]
        columns[:, one] = columns[:, own if len(own) else there].mean(axis=1)
    return columns[:-1], columns[-1]


def _widened(
    classifiers: LinearClassifiers, old: Plda, grown: Plda, rows: NDArray[np.float32] | Indexed, at: Ints, release: Ints,
    seed: int,
) -> LinearClassifiers:  # fmt: skip
    """With a column for each release and lab of the rows, all of them on the ground."""
    rng = np.random.default_rng(seed)
    augmentation = NoiseAugmentation.of(old)
    drawn, of = _rehearsal(old, rng)
    learned = np.bincount(release)
    if learned.max() > _MOST:
        few = np.sort(few_of_each(release, _MOST, rng))
        at, release = at[few], release[few]
    point = old.project(rows[at])
    each = (learned / np.maximum(np.bincount(release), 1))[release]
    points = np.vstack([drawn, point])
    copied = np.concatenate([np.arange(len(drawn)), np.repeat(np.arange(len(drawn), len(points)), _COPIES)])
    # A last column of ones, for the biases. In single precision sums take half the time; where the fit ends is decided
    # by far larger numbers.
    seen = np.ones((len(copied), len(augmentation.spread) + 1), np.float32)
    for some in _blocks(len(copied)):
        scaled = augmentation.scaled(points[copied[some]])
        seen[some, :-1] = scaled + rng.standard_normal((len(scaled), len(augmentation.by))) @ augmentation.by
    # How many responses a row stands for: what is drawn for all of its release, a copy for its part of them.
    many = np.bincount(old.cell_release, old.cell_count)[of] / np.bincount(of)[of]
    stands = np.concatenate([many, each / _COPIES])[copied]
    names = np.concatenate([of, release])[copied]
    out: list[Floats] = []
    for weight, bias, code, added, pull in (
        (classifiers.release, classifiers.release_bias, names, release, _RELEASE_PULL),
        (classifiers.lab, classifiers.lab_bias, grown.lab[names], grown.lab[release], _LAB_PULL),
    ):
        # A release or lab counts by the root of its size, as in training.
        share = stands / np.sqrt(np.bincount(code, stands))[code]
        columns = _fit(seen, code, share / share.sum(), *augmentation.into(weight, bias), np.unique(added), pull)
        columns[1][len(bias) :] -= _HANDICAP
        out += augmentation.back(*columns)
    return LinearClassifiers(*out)


def _rehearsal(h: Plda, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """(n, K) responses not seen yet, as the hierarchy expects them, and the release (n,) of each: of each cell by the
    root of its size."""
    likelihood = Likelihood(h)
    share = np.sqrt(h.cell_count) * h.in_domain[h.cell_corpus]
    many = np.maximum(1, np.rint(share / share.sum() * _REHEARSED)).astype(np.int64)
    points, releases = [], []
    for corpus in np.flatnonzero(h.in_domain).tolist():
        mean, var = likelihood.in_corpus(corpus)
        cells = h.cell_corpus == corpus
        release = np.repeat(h.cell_release[cells], many[cells])
        stray = rng.standard_normal((len(release), mean.shape[1])) * np.sqrt(var[release] + h.within)
        points.append(h.corpus_mean[corpus] + mean[release] + stray)
        releases.append(release)
    return np.vstack(points), np.concatenate(releases)


def _fit(
    rows: NDArray[np.float32], code: Ints, share: Floats, weight: Floats, bias: Floats, free: Ints, pull: float
) -> tuple[Floats, Floats]:
    """Weights (K, classes) and biases (classes,) of a softmax regression in which only the columns that `free` names
    move, from where they are (new ones from 0), pulled back there.

    rows: (n, K + 1), the last column ones; code, share: (n,) class of each row and what it counts; pull: by how much a
    squared step of a weight costs.
    """
    columns = np.vstack([weight, bias])
    columns = np.pad(columns, ((0, 0), (0, int(code.max()) + 1 - columns.shape[1])))
    fixed = columns[:, np.setdiff1d(np.arange(len(bias)), free)].astype(np.float32)
    rest = np.zeros((len(rows), 1))
    for some in _blocks(len(rows)):
        # There may be none that is fixed.
        logits = np.pad(rows[some] @ fixed, ((0, 0), (1, 0)), constant_values=_NEVER)
        rest[some] = logsumexp(logits, axis=1, keepdims=True)
    embedding = np.full(columns.shape[1], -1)
    embedding[free] = np.arange(len(free))
    own = embedding[code]
    begin = columns[:, free]
    # Biases go where they must.
    pulls = np.append(np.full(len(weight), pull), 0.0)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        now = flat.reshape(begin.shape)
        away = pulls * (now - begin)
        value, slope, single = float((away * (now - begin)).sum() / 2), away, now.astype(np.float32)
        for some in _blocks(len(rows)):
            logits, weight = rows[some] @ single, share[some]
            total = logsumexp(np.hstack([logits, rest[some]]), axis=1)
            at = np.flatnonzero(own[some] >= 0)
            true = at, own[some][at]
            # The logit of a class that does not move is left out: it is the same whatever the others do.
            value += float(weight @ total - weight[at] @ logits[true])
            excess = np.exp(logits - total[:, None])
            excess[true] -= 1
            slope += rows[some].T @ (weight[:, None] * excess).astype(np.float32)
        return value, slope.ravel()

    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    columns[:, free] = found.x.reshape(begin.shape)
    return columns[:-1], columns[-1]


def _blocks(size: int) -> Iterator[slice]:
    return (slice(i, i + _BLOCK) for i in range(0, size, _BLOCK))
