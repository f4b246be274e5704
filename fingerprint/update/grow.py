"""New cells for a fitted hierarchy, by sums: its basis and its variances stay, and no old response is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.verdict.evidence import Likelihood
from fingerprint.verdict.hierarchy import Cells, Floats, Hierarchy, Indexed, Ints

# So many responses more that spread as usual stand beside those of a new corpus.
_FEW = 10


def grow(
    hierarchy: Hierarchy, rows: NDArray[np.float32] | Indexed, at: Ints, release: Ints, corpus: Ints, lab: Ints
) -> Hierarchy:
    """The hierarchy with more responses. rows: in the fingerprint space, D wide; at: (n,) which of them; release,
    corpus: (n,) codes, its own and from then on new ones; lab: (R,) of all releases, codes of labs likewise.

    What a new corpus has in common is told from what its releases write elsewhere (of a new release: what is usual of
    its lab), so the cells in known corpora come first.
    """
    cells = Cells.of(rows, release, corpus, at)
    added = _Added(hierarchy.project(cells.mean), cells.count, cells.release, cells.corpus)
    known = added.corpus < len(hierarchy.corpus_mean)
    grown = _with_cells(replace(hierarchy, lab=lab), added.of(known))
    if known.all():
        return grown
    means = _corpora(grown, added.of(~known))
    later = range(len(hierarchy.corpus_mean), len(hierarchy.corpus_mean) + len(means))
    fresh = replace(
        grown,
        corpus_mean=np.vstack([grown.corpus_mean, means]),
        trained=np.append(grown.trained, np.zeros(len(means), bool)),
        corpus_within=np.append(
            grown.corpus_within, [_within(hierarchy, rows, at[corpus == c], release[corpus == c]) for c in later]
        ),
    )
    return _with_cells(fresh, added.of(~known))


def _within(h: Hierarchy, rows: NDArray[np.float32] | Indexed, at: Ints, release: Ints) -> float:
    """How widely the responses of a release spread in a corpus of which all rows are given, in units of `h.within`."""
    cells = Cells.of(rows, release, np.zeros_like(release), at)
    ratio = (np.einsum("ij,ik,kj->j", h.basis, cells.within, h.basis) / h.within).mean()
    # A response alone in its cell does not tell, and few tell little.
    freedom = len(at) - len(cells.count)
    return float((freedom * ratio + _FEW) / (freedom + _FEW))


@dataclass(frozen=True)
class _Added:
    """Cells in a hierarchy's basis. mean: (cells, K); count, release, corpus: (cells,)."""

    mean: Floats
    count: Ints
    release: Ints
    corpus: Ints

    def of(self, some: NDArray[np.bool_]) -> _Added:
        return _Added(self.mean[some], self.count[some], self.release[some], self.corpus[some])


def _with_cells(h: Hierarchy, added: _Added) -> Hierarchy:
    """Every corpus of `added` has its mean already."""
    width = len(h.corpus_mean)
    key = np.concatenate([h.cell_release * width + h.cell_corpus, added.release * width + added.corpus])
    cells, at = np.unique(key, return_inverse=True)
    size = np.concatenate([h.cell_count, added.count])
    count, total = np.zeros(len(cells), np.int64), np.zeros((len(cells), added.mean.shape[1]))
    np.add.at(count, at, size)
    np.add.at(total, at, np.vstack([h.cell_mean, added.mean]) * size[:, None])
    return replace(
        h, cell_mean=total / count[:, None], cell_count=count, cell_release=cells // width, cell_corpus=cells % width
    )


def _corpora(h: Hierarchy, added: _Added) -> Floats:
    """(new corpora, K) posterior means under N(mean of the known corpora, h.domain)."""
    mean, var = _expected(h)
    centre = h.middle
    first = len(h.corpus_mean)
    precision = np.tile(1 / h.domain, (int(added.corpus.max()) + 1 - first, 1))
    total = centre * precision
    for own, count, r, c in zip(added.mean, added.count, added.release, added.corpus - first, strict=True):
        noise = var[r] + h.session + h.within / count
        precision[c] += 1 / noise
        total[c] += (own - mean[r]) / noise
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
