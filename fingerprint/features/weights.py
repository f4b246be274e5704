"""How much each feature tells of the release, and how little of the prompt: the weight it enters with.

A two-way analysis of variance within each corpus, pooled over corpora (Fisher 1925): between releases, between
prompts, and what is left. weight = sqrt(max(F_release - 1, 0) / max(F_prompt, 1)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.features.ngrams import Counts
from fingerprint.features.vocabulary import Vocabulary

# Within-cell variance cannot be estimated where nearly every cell holds one response; a share stands in.
_LEAST_RESIDUAL = 0.05


class Variance:
    """Sums over corpora; `add` each corpus once, then `vocabulary`."""

    def __init__(self, buckets: NDArray[np.int32]):
        self.buckets = buckets
        self._sums = np.zeros((3, len(buckets)))
        self._freedom = np.zeros(3)
        self._seen = np.zeros(len(buckets))
        self._rows = 0

    def add(self, rows: sparse.csr_matrix, release: NDArray[np.int64], prompt: NDArray[np.int64]) -> None:
        """rows: (n, V) unit-length rows of one corpus; release, prompt: (n,) codes from 0."""
        n = rows.shape[0]
        mean = _column_sums(rows) / n
        between_r, k_r = _between(rows, release, mean)
        between_p, k_p = _between(rows, prompt, mean)
        squares = rows.copy()
        squares.data **= 2
        total = _column_sums(squares) - n * mean**2
        left = np.maximum(total - between_r - between_p, _LEAST_RESIDUAL * total)
        self._sums += np.stack([between_r, between_p, left])
        self._freedom += [k_r - 1, k_p - 1, max(n - k_r - k_p + 1, _LEAST_RESIDUAL * n)]
        self._seen += np.bincount(rows.indices, minlength=len(self.buckets))
        self._rows += n

    def vocabulary(self, size: int) -> Vocabulary:
        """The `size` features that carry most: squared weight times the root of how often they are seen."""
        release, prompt, left = self._sums / np.maximum(self._freedom, 1)[:, None]
        left = np.maximum(left, 1e-12)
        weights = np.sqrt(np.maximum(release / left - 1, 0) / np.maximum(prompt / left, 1))
        worth = weights**2 * np.sqrt(self._seen / max(self._rows, 1))
        chosen = np.sort(np.argsort(-worth, kind="stable")[:size])
        chosen = chosen[weights[chosen] > 0]
        return Vocabulary(self.buckets[chosen].astype(np.int32), weights[chosen].astype(np.float32))


def unit_rows(
    counts: Counts, columns: NDArray[np.int32] | None, width: int, weights: NDArray[np.float32] | None = None
) -> sparse.csr_matrix:
    """(n, width) sublinear counts, 1 + log(count), weighted, each row of length 1.

    columns maps the counts' columns to those wanted, -1 where there is none; None keeps them.
    """
    column, count, starts = counts.columns, counts.counts, counts.starts
    if columns is not None:
        column = columns[column]
        keep = column >= 0
        kept = np.concatenate([[0], np.cumsum(keep)])
        column, count, starts = column[keep], count[keep], kept[starts]
    values = np.log(count, dtype=np.float32) + np.float32(1)
    if weights is not None:
        values *= weights[column]
    squares = np.concatenate([[0.0], np.cumsum(values.astype(np.float64) ** 2)])
    length = np.sqrt(np.maximum(squares[starts[1:]] - squares[starts[:-1]], 1e-12))
    values /= np.repeat(length, np.diff(starts)).astype(np.float32)
    return sparse.csr_matrix((values, column.astype(np.int32), starts), shape=(len(starts) - 1, width))


def group_means(
    rows: sparse.csr_matrix, code: NDArray[np.int64], at: NDArray[np.int64] | None = None
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """(groups, V) mean row of each group, and (groups,) its size. code: (n,); at: (n,) which rows, None for all."""
    size = np.bincount(code)
    share = (1 / np.maximum(size, 1)).astype(np.float32)[code]
    at = np.arange(len(code)) if at is None else at
    pick = sparse.csr_matrix((share, (code, at)), shape=(len(size), rows.shape[0]))
    return (pick @ rows).tocsr(), size


def _column_sums(rows: sparse.csr_matrix) -> NDArray[np.float64]:
    return np.bincount(rows.indices, weights=rows.data, minlength=rows.shape[1]).astype(float)


def _between(
    rows: sparse.csr_matrix, code: NDArray[np.int64], mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int]:
    means, size = group_means(rows, code)
    means.data = means.data**2 * np.repeat(size, np.diff(means.indptr)).astype(np.float32)
    return _column_sums(means) - rows.shape[0] * mean**2, len(size)
