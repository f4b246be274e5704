"""The between-release directions: principal components of the means of releases, centred in each corpus.

Means are taken of each release in each corpus and centred in the corpus, so that neither topic nor corpus is among the
directions. Features come weighted by their analysis of variance, which stands for a diagonal within-release covariance;
the components are then Fisher's discriminants up to that approximation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from fingerprint.base.disk_arrays import DiskArray, folder_of
from fingerprint.config import EmbeddingConfig
from fingerprint.features.weights import Rows, group_sums

# Rows, and means of cells, that are in memory at once.
_BLOCK = 4_000
_CELLS = 250
# An eigenvalue below this share of the largest is 0 but for rounding.
_ZERO = 1e-9


def between_release(
    rows: Rows,
    at: NDArray[np.int64],
    cell: NDArray[np.int64],
    corpus_of_cell: NDArray[np.int64],
    size: int,
    config: EmbeddingConfig,
) -> NDArray[np.float32]:
    """Compute the directions in which releases differ within corpora.

    Args:
        rows: (n, V) weighted rows of length 1.
        at: (m,) the rows to use.
        cell: (m,) code of the cell (a release in a corpus) of each.
        corpus_of_cell: (cells,) code of the corpus of each cell.
        size: Directions wanted.
        config: How much small and large cells count.

    Returns:
        (V, D) orthonormal columns, those along which releases differ most first; D <= size, for there are no more
        directions than cells.

    References:
        Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7(2).
    """
    means = _Means(rows, at, cell, corpus_of_cell, config)
    blocks = [slice(i, i + _CELLS) for i in range(0, len(means), _CELLS)]
    products = np.zeros((len(means),) * 2, order="F")
    for i, some in enumerate(blocks):
        left = means[some]
        for other in blocks[: i + 1]:
            products[some, other] = left @ means[other].T
    # Of the lower half alone, and only the vectors that are wanted: all of them take as much again.
    last = len(means) - 1
    values, vectors = eigh(products, subset_by_index=(max(last + 1 - size, 0), last), overwrite_a=True)
    kept = np.flatnonzero(values > _ZERO * values.max())[::-1]
    shares = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    out = np.zeros((rows.shape[1], len(kept)), np.float32)
    for some in blocks:
        out += means[some].T @ shares[some]
    return _signed(out)


class _Means:
    """`means[slice]`: (some cells, V) means of cells less those of their corpora, times the weight of each cell.

    They lie on disk: thousands of cells over all features are more than memory holds.
    """

    def __init__(
        self,
        rows: Rows,
        at: NDArray[np.int64],
        cell: NDArray[np.int64],
        corpus_of_cell: NDArray[np.int64],
        config: EmbeddingConfig,
    ) -> None:
        count = np.bincount(cell)
        ends = np.concatenate([[0], np.cumsum(count)])
        ordered = at[np.argsort(cell, kind="stable")]
        of = np.repeat(np.arange(len(count)), count)
        weight = np.minimum(count, config.centre_cap)
        centres = np.zeros((int(corpus_of_cell.max()) + 1, rows.shape[1]))
        self._means = DiskArray(folder_of(rows), rows.shape[1])
        for i in range(0, len(count), _CELLS):
            block = np.zeros((len(count[i : i + _CELLS]), rows.shape[1]), np.float32)
            last = int(ends[i + len(block)])
            for start in range(int(ends[i]), last, _BLOCK):
                some = slice(start, min(start + _BLOCK, last))
                sums = group_sums(rows[ordered[some]], of[some] - of[start])
                block[of[start] - i : of[start] - i + sums.shape[0]] += sums
            block /= count[i : i + _CELLS, None].astype(np.float32)
            for own, corpus, many in zip(block, corpus_of_cell[i:], weight[i:], strict=False):
                centres[corpus] += many * own
            self._means.add(block)
        total = np.bincount(corpus_of_cell, weight)[:, None]
        self._centres = (centres / np.maximum(total, 1)).astype(np.float32)
        # The mean of a smaller cell is noise in part.
        self._share = np.sqrt(np.minimum(count, config.full_cell) / config.full_cell)[:, None].astype(np.float32)
        self._corpus = corpus_of_cell

    def __len__(self) -> int:
        return len(self._means)

    def __getitem__(self, some: slice) -> NDArray[np.float32]:
        return (self._means[some] - self._centres[self._corpus[some]]) * self._share[some]


def _signed(directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions, with signs that do not depend on the linear algebra library."""
    strongest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[strongest, np.arange(directions.shape[1])])
    return (directions * signs).astype(np.float32)
