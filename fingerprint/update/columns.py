"""New columns for the linear heads, without the responses that the old ones were trained on.

In place of these stand responses drawn from the hierarchy, which knows where each release lies in each corpus and how
far its responses stray (pseudo-rehearsal: Robins 1995). Columns that nothing was added to stay as they are, so that
all they say of a response is one number, the logarithm of the sum of their exponentials; what is left to fit is small
and convex.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from fingerprint.train.heads import Moves
from fingerprint.verdict.heads import Heads
from fingerprint.verdict.hierarchy import Floats, Hierarchy, Ints

_REHEARSED = 24_000
# Each new response is moved so many ways.
_COPIES = 4
_PULL = 1e-4
_ITERATIONS = 200
_NEVER = -1e9


def widen(heads: Heads, old: Hierarchy, point: Floats, release: Ints, lab: Ints, seed: int) -> Heads:
    """The heads with a column for each new release and lab, and with those of releases and labs that have more
    responses now fitted again.

    point: (n, K) new responses in the basis of `old`; release: (n,) codes, its own and from then on new ones; lab:
    (R,) of all releases, the old ones first, codes of labs likewise. seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    moves = Moves.of(old)
    drawn, of = _rehearsal(old, rng)
    rows = moves.scaled(np.vstack([drawn, np.repeat(point, _COPIES, axis=0)]))
    rows += rng.standard_normal((len(rows), len(moves.by))) @ moves.by
    # How many responses a row stands for: what is drawn for all of its release, a copy for its part of one.
    many = np.bincount(old.cell_release, old.cell_count)
    stands = np.concatenate([(many / np.bincount(of))[of], np.full(_COPIES * len(point), 1 / _COPIES)])
    names = np.concatenate([of, np.repeat(release, _COPIES)])
    out: list[Floats] = []
    for weight, bias, code, added in (
        (heads.release, heads.release_bias, names, release),
        (heads.lab, heads.lab_bias, lab[names], lab[release]),
    ):
        # A release or lab counts by the root of its size, as in training.
        share = stands / np.sqrt(np.bincount(code, stands))[code]
        out += moves.back(*_fit(rows, code, share / share.sum(), *moves.into(weight, bias), np.unique(added)))
    return Heads(*out)


def _rehearsal(h: Hierarchy, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """(n, K) responses as the hierarchy takes them to be, and the release (n,) of each: of each cell by the root of
    its size."""
    share = np.sqrt(h.cell_count)
    many = np.maximum(1, np.rint(share / share.sum() * _REHEARSED)).astype(np.int64)
    cell = np.repeat(np.arange(len(many)), many)
    stray = rng.standard_normal((len(cell), len(h.within))) * np.sqrt(h.within)
    return h.cell_mean[cell] + stray, h.cell_release[cell]


def _fit(rows: Floats, code: Ints, share: Floats, weight: Floats, bias: Floats, free: Ints) -> tuple[Floats, Floats]:
    """Weights (K, classes) and biases (classes,) of a softmax regression in which only the columns that `free` names
    move, from where they are (new ones from 0), pulled back there.

    code, share: (n,) class of each row and what it counts.
    """
    columns = np.vstack([weight, bias])
    columns = np.pad(columns, ((0, 0), (0, int(code.max()) + 1 - columns.shape[1])))
    # The same sums in half the time; where the fit ends is decided by far larger numbers.
    rows = np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float32)
    fixed = rows @ columns[:, np.setdiff1d(np.arange(len(bias)), free)].astype(np.float32)
    rest = logsumexp(np.pad(fixed, ((0, 0), (1, 0)), constant_values=_NEVER), axis=1, keepdims=True)
    target = (code[:, None] == free).astype(float)
    begin = columns[:, free]
    # Biases go where they must.
    pull = np.append(np.full(len(weight), _PULL), 0.0)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        now = flat.reshape(begin.shape)
        logits = rows @ now.astype(np.float32)
        total = logsumexp(np.hstack([logits, rest]), axis=1)
        away = pull * (now - begin)
        # The logit of a class that does not move is left out: it is the same whatever the others do.
        value = share @ (total - (target * logits).sum(axis=1)) + (away * (now - begin)).sum() / 2
        slope = rows.T @ (share[:, None] * (np.exp(logits - total[:, None]) - target)).astype(np.float32) + away
        return float(value), slope.ravel()

    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    columns[:, free] = found.x.reshape(begin.shape)
    return columns[:-1], columns[-1]
