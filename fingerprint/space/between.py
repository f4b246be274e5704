"""The directions in which releases differ: principal components of what is left of their means.

Means are taken of each release in each corpus and centred in the corpus, so that neither topic nor corpus is
among the directions. Features come weighted by their analysis of variance, which stands for a diagonal
within-release covariance; the components are then Fisher's discriminants up to that approximation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.weights import Rows, group_sums

# A cell of this many responses counts in full; a smaller one by its share, for its mean is noise in part.
_FULL_CELL = 100
_CENTRE_CAP = 50
_BLOCK = 4_000


def between_release(
    rows: Rows,
    at: NDArray[np.int64],
    cell: NDArray[np.int64],
    corpus_of_cell: NDArray[np.int64],
    size: int,
) -> NDArray[np.float32]:
    """(V, size') projection, size' <= size. rows: (n, V); at: (m,) those to use; cell: (m,) release and corpus."""
    count = np.bincount(cell)
    means = np.zeros((len(count), rows.shape[1]), np.float32)
    flat = means.reshape(-1)
    for i in range(0, len(at), _BLOCK):
        cells, code = np.unique(cell[i : i + _BLOCK], return_inverse=True)
        sums = group_sums(rows[at[i : i + _BLOCK]], code)
        flat[np.repeat(cells * means.shape[1], np.diff(sums.indptr)) + sums.indices] += sums.data.astype(np.float32)
    means /= count[:, None].astype(np.float32)
    weight = np.minimum(count, _CENTRE_CAP)
    for corpus in np.unique(corpus_of_cell):
        of = corpus_of_cell == corpus
        means[of] -= np.average(means[of], axis=0, weights=weight[of]).astype(np.float32)
    means *= np.sqrt(np.minimum(count, _FULL_CELL) / _FULL_CELL)[:, None].astype(np.float32)
    values, vectors = np.linalg.eigh((means @ means.T).astype(np.float64))
    order = np.argsort(-values)[:size]
    order = order[values[order] > 1e-9 * values.max()]
    out = means.T @ (vectors[:, order] / np.sqrt(values[order])).astype(np.float32)
    return _signed(out)


def _signed(directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions with a sign that does not depend on the linear algebra library."""
    strongest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[strongest, np.arange(directions.shape[1])])
    return (directions * signs).astype(np.float32)
