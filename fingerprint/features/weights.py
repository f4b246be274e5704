"""How much each feature tells of the release, and how little of the prompt: the weight it enters with.

A two-way analysis of variance within each corpus, pooled over corpora (Fisher 1925): between releases, between
prompts, and what is left. weight = sqrt(max(F_release - 1, 0) / max(F_prompt, 1)).
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
from fingerprint.features.ngrams import Counts
from fingerprint.features.vocabulary import Vocabulary

# Within-cell variance cannot be estimated where nearly every cell holds one response; a share stands in.
_LEAST_RESIDUAL = 0.05
_BLOCK = 2_000

Rows: TypeAlias = "sparse.csr_matrix | SparseDiskArray"


class Variance:
    """Sums over corpora; `add` each corpus once, then `vocabulary`."""

    def __init__(self, buckets: NDArray[np.int32]):
        self.buckets = buckets
        self._sums = np.zeros((3, len(buckets)))
        self._freedom = np.zeros(3)
        self._seen = np.zeros(len(buckets))
        self._rows = 0

    def add(
        self, rows: Rows, at: NDArray[np.int64], release: NDArray[np.int64], prompt: NDArray[np.int64],
        map_function: MapFunction = starmap,
    ) -> None:  # fmt: skip
        """rows: (n, V) unit-length rows; at: (m,) those of one corpus; release, prompt: (m,) codes from 0; over: does
        the sums of some rows at a time."""
        n = len(at)
        release_squares, k_r, totals = _between(rows, at, release, map_function)
        prompt_squares, k_p, _ = _between(rows, at, prompt, map_function, with_totals=False)
        correction = totals[0] ** 2 / n
        between_r, between_p = release_squares - correction, prompt_squares - correction
        total = totals[1] - correction
        left = np.maximum(total - between_r - between_p, _LEAST_RESIDUAL * total)
        self._sums += np.stack([between_r, between_p, left])
        self._freedom += [k_r - 1, k_p - 1, max(n - k_r - k_p + 1, _LEAST_RESIDUAL * n)]
        self._seen += totals[2]
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
    # Row by row: differences of one long sum would depend on what the row is read together with.
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    squares = np.bincount(row, values.astype(np.float64) ** 2, len(starts) - 1)
    length = np.sqrt(np.maximum(squares, 1e-12))
    values /= length.astype(np.float32)[row]
    return sparse.csr_matrix((values, column.astype(np.int32), starts), shape=(len(starts) - 1, width))


def group_sums(rows: sparse.csr_matrix, code: NDArray[np.int64]) -> sparse.csr_matrix:
    """(groups, V) float64 sum of the rows of each group. code: (n,) from 0."""
    pick = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(int(code.max()) + 1, len(code)))
    return (pick @ rows).tocsr()


@dataclass(frozen=True)
class _Part:
    """Some rows, sorted by group. ends: (code, size, sums (V,)) of the first group and of the last, which other parts
    may have more of; inner: (V,) squared sums of those between by their sizes, added up; totals: (3, V) sums, squares,
    and how many rows have each feature, or 0 where they were not asked for."""

    ends: tuple[tuple[int, int, NDArray[np.float64]], ...]
    inner: NDArray[np.float64]
    totals: NDArray[np.float64]


def _part(rows: sparse.csr_matrix, code: NDArray[np.int64], with_totals: bool) -> _Part:
    # What is as long as the rows have features is the most memory that this takes: squares are made in place.
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
