"""New cells for a fitted hierarchy, by sums: its basis and its variances stay, and no old response is needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Floats, Indexed, Ints, Plda

# So many responses more that spread as usual stand beside those of a new corpus.
_FEW = 10


def grow(
    plda: Plda, rows: NDArray[np.float32] | Indexed, at: Ints, release: Ints, corpus: Ints, lab: Ints,
    ground: NDArray[np.bool_],
) -> Plda:  # fmt: skip
    """The hierarchy with more responses. rows: in the fingerprint space, D wide; at: (n,) which of them; release,
    corpus: (n,) codes, its own and from then on new ones; lab: (R,) of all releases, codes of labs likewise; ground:
    (new corpora,) whether a corpus lies on the training ground.

    What a new corpus has in common is told from what its releases write elsewhere (of a new release: what is usual of
    its lab), and on the ground from what corpora usually do.
    """
    first = len(plda.corpus_mean)
    off = first + np.flatnonzero(~ground)
    spread = np.append(plda.corpus_spread, np.ones(len(ground)))
    grown = replace(
        plda,
        lab=lab,
        corpus_mean=np.pad(plda.corpus_mean, ((0, len(ground)), (0, 0))),
        in_domain=np.append(plda.in_domain, np.zeros(len(ground), bool)),
    )
    on = ~np.isin(corpus, off)
    if on.any():
        grown = _with_cells(grown, Cells.of(rows, release[on], corpus[on], at[on]))
    for c in off.tolist():
        own = corpus == c
        cells = Cells.of(rows, release[own], corpus[own], at[own])
        spread[c] = _spread(plda, cells)
        grown = _with_cells(grown, cells)
    grown = replace(grown, corpus_spread=spread)
    lies = np.append(plda.in_domain, ground)
    return replace(grown, corpus_mean=_means(grown, lies), in_domain=lies)


def _spread(h: Plda, cells: Cells) -> float:
    """How widely the responses of a release spread around the means of `cells`, in units of `h.within`."""
    ratio = (np.einsum("ij,ik,kj->j", h.basis, cells.within, h.basis) / h.within).mean()
    # A response alone in its cell does not tell, and few tell little.
    freedom = cells.count.sum() - len(cells.count)
    return float((freedom * ratio + _FEW) / (freedom + _FEW))


def _with_cells(h: Plda, added: Cells) -> Plda:
    """Every corpus of `added` is one of the hierarchy's."""
    width = len(h.corpus_mean)
    key = np.concatenate([h.cell_release * width + h.cell_corpus, added.release * width + added.corpus])
    cells, at = np.unique(key, return_inverse=True)
    size = np.concatenate([h.cell_count, added.count])
    count, total = np.zeros(len(cells), np.int64), np.zeros((len(cells), len(h.within)))
    np.add.at(count, at, size)
    np.add.at(total, at, np.vstack([h.cell_mean, h.project(added.mean)]) * size[:, None])
    return replace(
        h, cell_mean=total / count[:, None], cell_count=count, cell_release=cells // width, cell_corpus=cells % width
    )


def _means(h: Plda, profiles: NDArray[np.bool_]) -> Floats:
    """(C, K) of each corpus what it does to all responses: where it is no ground yet, from where its releases are
    expected. usual: (C,) under N(mean of the ground, h.domain)."""
    likelihood = Likelihood(h)
    means = h.corpus_mean.copy()
    for corpus in np.flatnonzero(~h.in_domain).tolist():
        cells, mean, var = likelihood.expected(corpus)
        prior = profiles[corpus] / h.domain
        total = h.domain_mean * prior + ((h.cell_mean[cells] - mean) / var).sum(axis=0)
        means[corpus] = total / (prior + (1 / var).sum(axis=0))
    return means
