"""Feature weights: how much an n-gram depends on the release, and how little on the prompt.

A two-way analysis of variance within each corpus, pooled over corpora (Fisher 1925): between releases, between
prompts, and the residual. weight = sqrt(max(F_release - 1, 0) / max(F_prompt, 1)).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.base.disk_arrays import SparseDiskArray
from fingerprint.base.parallel import MapFunction
from fingerprint.config import FeatureConfig
from fingerprint.features.ngrams import Counts, Vocabulary

# Rows that are read and summed at once: what they take of memory, and what a worker is given.
_BLOCK = 2_000
# A variance or squared length that is 0 but for rounding.
_ZERO = 1e-12

Rows: TypeAlias = "sparse.csr_matrix | SparseDiskArray"


class Variance:
    """The analysis of variance as sums over corpora: `add` each corpus once, then `vocabulary`.

    Args:
        buckets: (V,) the buckets that the columns of the rows stand for.
        config: How many features are used, and the least residual variance.

    References:
        Fisher, R. A. (1925). Statistical Methods for Research Workers, chapter VIII.
    """

    def __init__(self, buckets: NDArray[np.int32], config: FeatureConfig):
        self.buckets, self.config = buckets, config
        self._sums = np.zeros((3, len(buckets)))
        self._freedom = np.zeros(3)
        self._seen = np.zeros(len(buckets))
        self._rows = 0

    def add(
        self,
        rows: Rows,
        at: NDArray[np.int64],
        release: NDArray[np.int64],
        prompt: NDArray[np.int64],
        map_function: MapFunction = starmap,
    ) -> None:
        """Add one corpus.

        Args:
            rows: (n, V) rows of length 1.
            at: (m,) the rows of the corpus.
            release: (m,) codes from 0.
            prompt: (m,) codes from 0.
            map_function: Does the sums over some rows at a time.
        """
        n, least = len(at), self.config.least_residual
        release_squares, k_r, totals = _between(rows, at, release, map_function)
        prompt_squares, k_p, _ = _between(rows, at, prompt, map_function, with_totals=False)
        correction = totals[0] ** 2 / n
        between_r, between_p = release_squares - correction, prompt_squares - correction
        total = totals[1] - correction
        # The residual cannot be estimated where nearly every cell holds one response; a share of the total stands in.
        residual = np.maximum(total - between_r - between_p, least * total)
        self._sums += np.stack([between_r, between_p, residual])
        self._freedom += [k_r - 1, k_p - 1, max(n - k_r - k_p + 1, least * n)]
        self._seen += totals[2]
        self._rows += n

    def vocabulary(self) -> Vocabulary:
        """Return the features with the largest squared weight times the root of their share of responses."""
        release, prompt, residual = self._sums / np.maximum(self._freedom, 1)[:, None]
        residual = np.maximum(residual, _ZERO)
        weights = np.sqrt(np.maximum(release / residual - 1, 0) / np.maximum(prompt / residual, 1))
        worth = weights**2 * np.sqrt(self._seen / max(self._rows, 1))
        chosen = np.sort(np.argsort(-worth, kind="stable")[: self.config.vocabulary])
        chosen = chosen[weights[chosen] > 0]
        return Vocabulary(self.buckets[chosen].astype(np.int32), weights[chosen].astype(np.float32), self.config)


def unit_rows(
    counts: Counts, columns: NDArray[np.int32] | None, width: int, weights: NDArray[np.float32] | None = None
) -> sparse.csr_matrix:
    """Weight counts sublinearly, 1 + log(count), and scale each row to length 1.

    Args:
        counts: n rows.
        columns: Maps the columns of the counts to those wanted, -1 where there is none; None keeps them.
        width: Number of columns wanted.
        weights: (width,) feature weights; None leaves them out.

    Returns:
        (n, width) float32 rows.
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
    # Row by row: differences of one long sum would depend on what the row is read together with.
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    squares = np.bincount(row, values.astype(np.float64) ** 2, len(starts) - 1)
    length = np.sqrt(np.maximum(squares, _ZERO))
    values /= length.astype(np.float32)[row]
    return sparse.csr_matrix((values, column.astype(np.int32), starts), shape=(len(starts) - 1, width))


def group_sums(rows: sparse.csr_matrix, code: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return (groups, V) float64 sums of the rows of each group. code: (n,) from 0."""
    pick = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(int(code.max()) + 1, len(code)))
    return (pick @ rows).tocsr()


@dataclass(frozen=True)
class _Part:
    """Sums of some rows, sorted by group.

    Attributes:
        ends: (code, size, sums (V,)) of the first group and of the last, which may go on in other parts.
        inner: (V,) sum over the groups between of their squared sums, divided by their sizes.
        totals: (3, V) sums, squares, and how many rows have each feature; zeros where these were not wanted.
    """

    ends: tuple[tuple[int, int, NDArray[np.float64]], ...]
    inner: NDArray[np.float64]
    totals: NDArray[np.float64]


def _part(rows: sparse.csr_matrix, code: NDArray[np.int64], with_totals: bool) -> _Part:
    # The squares replace the sums: another array of their size is the most that this would take of memory.
    groups, of, size = np.unique(code, return_inverse=True, return_counts=True)
    sums = group_sums(rows, of)
    ends = tuple((int(groups[i]), int(size[i]), sums[[i]].toarray()[0]) for i in sorted({0, len(groups) - 1}))
    np.square(sums.data, out=sums.data)
    share = 1 / size
    share[[0, -1]] = 0
    return _Part(ends, sums.T @ share, _totals(rows) if with_totals else np.zeros((3, 1)))


def _totals(rows: sparse.csr_matrix) -> NDArray[np.float64]:
    data, width = rows.data.astype(float), rows.shape[1]
    sums, seen = np.bincount(rows.indices, data, width), np.bincount(rows.indices, minlength=width)
    return np.stack([sums, np.bincount(rows.indices, np.square(data, out=data), width), seen.astype(float)])


def _between(
    rows: Rows, at: NDArray[np.int64], code: NDArray[np.int64], map_function: MapFunction, with_totals: bool = True
) -> tuple[NDArray[np.float64], int, NDArray[np.float64]]:
    """(V,) squared sums of each group by its size, summed; the number of groups; (3, V) totals as of a part."""
    order = np.argsort(code, kind="stable")
    some = (order[i : i + _BLOCK] for i in range(0, len(order), _BLOCK))
    squares, totals = np.zeros(rows.shape[1]), np.zeros((3, rows.shape[1]))
    group, size, sums = -1, 1, np.zeros(rows.shape[1])
    for part in map_function(_part, ((rows[at[of]], code[of], with_totals) for of in some)):
        totals += part.totals
        squares += part.inner
        for next_group, more, added in part.ends:
            if next_group == group:
                size, sums = size + more, sums + added
            else:
                squares += sums**2 / size
                group, size, sums = next_group, more, added
    return squares + sums**2 / size, len(np.unique(code)), totals
