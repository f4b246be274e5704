"""New columns for the linear heads, without the responses that the old ones were trained on.

In place of these stand responses drawn from the hierarchy, which knows where each release lies in each corpus and how
far its responses stray (pseudo-rehearsal: Robins 1995). Old columns stay as they are, so that all that is asked of a
row by them is one number, the logarithm of the sum of their exponentials; what is left is a small convex problem.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from fingerprint.train.heads import Moves
from fingerprint.verdict.heads import Heads
from fingerprint.verdict.hierarchy import Floats, Hierarchy, Ints

_REHEARSED = 24_000
_COPIES = 4
_PULL = 1e-4
_ITERATIONS = 200


def widen(heads: Heads, old: Hierarchy, point: Floats, release: Ints, lab: Ints, seed: int) -> Heads:
    """The heads with a column for each new release and lab, and those of releases and labs with more responses moved.

    point: (n, K) new responses in the basis; release: (n,) codes, those of `old` and from then on new ones; lab: (R,)
    of all releases, the old ones first. seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    moves = Moves.of(old)
    drawn, of = _rehearsal(old, rng)
    # A release or lab counts by the root of its size, as in training; of what is drawn each row stands for many.
    fresh = np.repeat(moves.scaled(point), _COPIES, axis=0)
    drawn = moves.scaled(drawn)
    rows = np.vstack([drawn, fresh])
    rows += rng.standard_normal((len(rows), len(moves.by))) @ moves.by
    size = np.bincount(old.cell_release, old.cell_count, minlength=len(old.lab))
    more = np.bincount(release, minlength=len(lab))
    out = []
    for weight, bias, code_old, code_new, classes in (
        (heads.release, heads.release_bias, np.arange(len(old.lab)), release, len(lab)),
        (heads.lab, heads.lab_bias, old.lab, lab[release], int(lab.max()) + 1),
    ):
        sizes = np.bincount(code_old, size, minlength=classes) + np.bincount(code_new, minlength=classes)
        drawn_class = code_old[of]
        share_old = size[of] / np.bincount(of, minlength=len(size))[of] / np.sqrt(sizes[drawn_class])
        share_new = np.repeat(1 / np.sqrt(sizes[code_new]) / _COPIES, _COPIES)
        grown = _fit(
            rows,
            np.concatenate([drawn_class, np.repeat(code_new, _COPIES)]),
            np.concatenate([share_old, share_new]),
            *moves.into(weight, bias),
            classes,
            np.unique(code_new),
        )
        out += moves.back(*grown)
    del more
    return Heads(*out)


def _rehearsal(h: Hierarchy, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Responses (n, K) as the hierarchy takes them to be, and the release (n,) of each: of every cell by the root of
    its size."""
    share = np.sqrt(h.cell_count)
    many = np.maximum(1, np.rint(share / share.sum() * _REHEARSED)).astype(np.int64)
    cell = np.repeat(np.arange(len(many)), many)
    point = h.cell_mean[cell] + rng.standard_normal((len(cell), len(h.within))) * np.sqrt(h.within)
    return point, h.cell_release[cell]


def _fit(
    rows: Floats, code: Ints, share: Floats, weight: Floats, bias: Floats, classes: int, free: Ints
) -> tuple[Floats, Floats]:
    """(K, classes) and (classes,): the columns that `free` names at their best, from where they are or from 0."""
    start = np.zeros((rows.shape[1] + 1, classes))
    start[:-1, : weight.shape[1]], start[-1, : len(bias)] = weight, bias
    frozen = np.setdiff1d(np.arange(len(bias)), free)
    rest = logsumexp(rows @ start[:-1, frozen] + start[-1, frozen], axis=1)
    new = free >= len(bias)
    # A new column begins below all others, from where it can rise to what its responses ask for.
    begin = start[:, free].copy()
    padded = np.hstack([rows, np.ones((len(rows), 1))])
    target = np.zeros((len(rows), len(free) + 1))
    at = np.searchsorted(free, code)
    own = (at < len(free)) & (free[np.minimum(at, len(free) - 1)] == code)
    target[np.arange(len(rows)), np.where(own, at, len(free))] = 1
    share = (share / share.sum())[:, None]
    del new

    def loss(flat: Floats) -> tuple[float, Floats]:
        columns = flat.reshape(begin.shape)
        logits = np.hstack([padded @ columns, rest[:, None]])
        logits -= logsumexp(logits, axis=1, keepdims=True)
        away = columns - begin
        value = -(share * target * logits).sum() + _PULL * (away[:-1] ** 2).sum()
        slope = padded.T @ (share * (np.exp(logits) - target)[:, :-1])
        slope[:-1] += 2 * _PULL * away[:-1]
        return float(value), slope.ravel()

    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    start[:, free] = found.x.reshape(begin.shape)
    return start[:-1], start[-1]
