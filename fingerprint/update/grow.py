"""New cells for a fitted hierarchy, by sums: its basis and its variances stay, and no old response is needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fingerprint.verdict.evidence import Likelihood
from fingerprint.verdict.hierarchy import Floats, Hierarchy, Ints


def grow(hierarchy: Hierarchy, point: Floats, release: Ints, corpus: Ints, lab: Ints) -> Hierarchy:
    """The hierarchy with n more responses. point: (n, K) in its basis; release, corpus: (n,) codes, its own and from
    then on new ones; lab: (R,) of all releases, its own first, codes of labs likewise.

    What a new corpus has in common is told from what its releases write elsewhere (of a new release: what is usual of
    its lab), so the cells in known corpora come first.
    """
    known = corpus < len(hierarchy.corpus_mean)
    grown = _with_cells(replace(hierarchy, lab=lab), point[known], release[known], corpus[known])
    if known.all():
        return grown
    fresh = replace(
        grown,
        corpus_mean=np.vstack([grown.corpus_mean, _corpora(grown, point[~known], release[~known], corpus[~known])]),
    )
    return _with_cells(fresh, point[~known], release[~known], corpus[~known])


def _with_cells(h: Hierarchy, point: Floats, release: Ints, corpus: Ints) -> Hierarchy:
    """Every corpus that `corpus` names has its mean already."""
    width = len(h.corpus_mean)
    key = np.concatenate([h.cell_release * width + h.cell_corpus, release * width + corpus])
    cells, at = np.unique(key, return_inverse=True)
    count, total = np.zeros(len(cells), np.int64), np.zeros((len(cells), point.shape[1]))
    np.add.at(count, at, np.concatenate([h.cell_count, np.ones(len(point), np.int64)]))
    np.add.at(total, at, np.concatenate([h.cell_mean * h.cell_count[:, None], point]))
    return replace(
        h, cell_mean=total / count[:, None], cell_count=count, cell_release=cells // width, cell_corpus=cells % width
    )


def _corpora(h: Hierarchy, point: Floats, release: Ints, corpus: Ints) -> Floats:
    """(new corpora, K) posterior means under N(mean of the known corpora, h.domain)."""
    mean, var = _expected(h)
    centre = h.corpus_mean.mean(axis=0)
    first = len(h.corpus_mean)
    precision = np.tile(1 / h.domain, (int(corpus.max()) + 1 - first, 1))
    total = centre * precision
    width = int(corpus.max()) + 1
    for key in np.unique(release * width + corpus):
        r, c = divmod(int(key), width)
        own = point[(release == r) & (corpus == c)]
        noise = var[r] + h.session + h.within / len(own)
        precision[c - first] += 1 / noise
        total[c - first] += (own.mean(axis=0) - mean[r]) / noise
    return np.asarray(total / precision)


def _expected(h: Hierarchy) -> tuple[Floats, Floats]:
    """(R, K) mean and variance of each release, known or not, of a known lab or not."""
    seen = np.unique(h.cell_release)
    labs, own = np.unique(h.lab[seen], return_inverse=True)
    code = np.zeros(len(h.lab), np.int64)
    code[seen] = np.arange(len(seen))
    of = Likelihood(replace(h, cell_release=code[h.cell_release], lab=own))
    mean = np.zeros((len(h.lab), h.cell_mean.shape[1]))
    var = np.tile(h.between_labs + h.between_releases, (len(h.lab), 1))
    for i, lab in enumerate(labs):
        mean[h.lab == lab] = of.lab_mean[i]
        var[h.lab == lab] = of.lab_var[i] + h.between_releases
    mean[seen], var[seen] = of.mean, of.var
    return mean, var
