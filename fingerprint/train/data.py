"""The rows that a model is trained on: their labels as codes, and their features as counts on disk."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.features.cache import CountCache, Kept, Texts
from fingerprint.features.ngrams import BUCKETS, Counts
from fingerprint.features.plain import plain
from fingerprint.features.vocabulary import Vocabulary
from fingerprint.features.weights import Variance, unit_rows
from fingerprint.records.names import mask_names

Ints = NDArray[np.int64]
Report = Callable[[str, int, int], None]
Names = Sequence[str] | NDArray[np.object_]

PLAIN = "/plain"
# A feature must be seen this often before it can tell anything.
_RAREST = 3
_RAREST_SHARE = 1 / 500


def mask_plain(text: str) -> str:
    """What the features of a response's plain form are counted on: nothing where code or no markdown is in it."""
    bare = plain(text)
    return "" if "```" in text or bare == text.strip() else mask_names(bare)


@dataclass(frozen=True)
class Labels:
    """Of n rows: codes into the name lists. prompt -1 where it is not known; a plain row's corpus is its own."""

    release: Ints
    prompt: Ints
    corpus: Ints
    releases: list[str]
    corpora: list[str]

    def of(self, at: NDArray[np.bool_] | Ints) -> Labels:
        """Some rows, with the name lists as they are."""
        return Labels(self.release[at], self.prompt[at], self.corpus[at], self.releases, self.corpora)


def few_of_each(key: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Places of at most `most` of each value of `key` (n,), drawn at random."""
    drawn = rng.permutation(len(key))
    order = np.argsort(key[drawn], kind="stable")
    size = np.unique(key, return_counts=True)[1]
    rank = np.arange(len(key)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(drawn[order[rank < most]])


class EverySecond:
    """Every second row of a corpus: enough to learn a release's plain form from."""

    def __init__(self, source: Texts, size: int):
        self.source, self.size = source, size

    def __len__(self) -> int:
        return (self.size + 1) // 2

    def texts(self, start: int, stop: int) -> list[str]:
        return self.source.texts(2 * start, min(2 * stop, self.size))[::2]


@dataclass(frozen=True)
class Data:
    """All rows as given, then every second one in plain form; `labels` covers both.

    full: (n,) marks the first; filled: (n,) those with any feature at all.
    """

    labels: Labels
    full: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    caches: tuple[CountCache | Kept, CountCache | Kept]

    @classmethod
    def prepare(
        cls, source: Texts, release: Names, prompt: Names, corpus: Names,
        folder: Path, jobs: int, progress: Report,
    ) -> Data:  # fmt: skip
        """Counts what is not counted yet. release, prompt, corpus: a name a row of `source`."""
        half = EverySecond(source, len(source))
        caches = CountCache(source, folder, mask_names), CountCache(half, folder, mask_plain)
        caches[0].prepare(jobs, progress, "features")
        caches[1].prepare(jobs, progress, "features of plain forms")
        releases, release_code = np.unique(np.asarray(release, object).astype(str), return_inverse=True)
        names = np.asarray(corpus, object).astype(str)
        both = np.concatenate([names, np.char.add(names[::2], PLAIN)])
        corpora, corpus_code = np.unique(both, return_inverse=True)
        _, prompt_code = np.unique(np.asarray(prompt, object).astype(str), return_inverse=True)
        prompt_code = np.where(np.asarray(prompt, object).astype(str) == "", -1, prompt_code)
        labels = Labels(
            np.concatenate([release_code, release_code[::2]]),
            np.concatenate([prompt_code, prompt_code[::2]]),
            corpus_code,
            releases.tolist(),
            corpora.tolist(),
        )
        full = np.arange(len(both)) < len(names)
        filled = [np.diff(counts.starts) > 0 for cache in caches for _, counts in cache.shards()]
        return cls(labels, full, np.concatenate(filled), caches)

    def sample(self, keep: NDArray[np.bool_]) -> Data:
        """The rows that `keep` (n,) marks, full and plain, with their counts in memory."""
        parts = np.split(keep, [int(self.full.sum())])
        caches = Kept.of(self.caches[0], parts[0]), Kept.of(self.caches[1], parts[1])
        return Data(self.labels.of(keep), self.full[keep], self.filled[keep], caches)

    def common(self, use: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Buckets seen in enough of the rows that `use` (n,) marks."""
        seen = np.zeros(BUCKETS, np.int64)
        for at, counts in self.caches[0].shards():
            kept = np.repeat(use[: len(self.caches[0])][at], np.diff(counts.starts))
            seen += np.bincount(counts.columns[kept], minlength=BUCKETS)
        return np.flatnonzero(seen >= max(_RAREST, use[self.full].sum() * _RAREST_SHARE)).astype(np.int32)

    def vocabulary(self, use: NDArray[np.bool_], size: int, progress: Report) -> Vocabulary:
        """The analysis of variance, a corpus at a time, over the full rows that `use` (n,) marks."""
        buckets = self.common(use)
        columns = np.full(BUCKETS, -1, np.int32)
        columns[buckets] = np.arange(len(buckets), dtype=np.int32)
        variance = Variance(buckets)
        names = np.unique(self.labels.corpus[use & self.full])
        for done, corpus in enumerate(names):
            of = use & self.full & (self.labels.corpus == corpus)
            rows = self._full_rows(of[self.full], columns, len(buckets))
            code = np.unique(self.labels.release[of], return_inverse=True)[1]
            prompts = self.labels.prompt[of]
            prompts = np.where(prompts >= 0, prompts, prompts.max() + 1 + np.arange(len(prompts)))
            variance.add(rows, code, np.unique(prompts, return_inverse=True)[1])
            progress("weights", done + 1, len(names))
        return variance.vocabulary(size)

    def rows(self, vocabulary: Vocabulary) -> sparse.csr_matrix:
        """(n, V) weighted unit rows of all rows, full and plain."""
        columns, width = vocabulary.columns(), len(vocabulary.buckets)
        kept = columns >= 0
        size = sum(int(kept[counts.columns].sum()) for _, counts in self._shards())
        parts = (unit_rows(counts, columns, width, vocabulary.weights) for _, counts in self._shards())
        return _stack(parts, len(self.full), size, width)

    def _shards(self) -> Iterator[tuple[slice, Counts]]:
        return itertools.chain(*(cache.shards() for cache in self.caches))

    def _full_rows(self, use: NDArray[np.bool_], columns: NDArray[np.int32], width: int) -> sparse.csr_matrix:
        """The full rows that `use` marks, unweighted."""
        parts, size = [], 0
        for at, counts in self.caches[0].shards(use):
            part = unit_rows(counts, columns, width)
            parts.append(part if use[at].all() else part[use[at]])
            size += parts[-1].nnz
        return _stack(parts, int(use.sum()), size, width)


def _stack(parts: Iterable[sparse.csr_matrix], rows: int, size: int, width: int) -> sparse.csr_matrix:
    """(rows, width) all parts, one at a time into arrays of `size` values: scipy's vstack takes twice the memory."""
    starts = np.zeros(rows + 1, np.int64)
    indices, data = np.empty(size, np.int32), np.empty(size, np.float32)
    row = filled = 0
    for part in parts:
        starts[row + 1 : row + 1 + part.shape[0]] = filled + part.indptr[1:]
        indices[filled : filled + part.nnz] = part.indices
        data[filled : filled + part.nnz] = part.data
        row, filled = row + part.shape[0], filled + part.nnz
    return sparse.csr_matrix((data, indices, starts), shape=(rows, width), copy=False)
