"""The rows that a model is trained on: their labels as codes, and their features as counts on disk."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import SparseDiskArray
from fingerprint.base.keys import Names, factorize
from fingerprint.base.parallel import MapFunction
from fingerprint.data.names import mask_names
from fingerprint.features.counts_cache import CountCache, Kept, Texts
from fingerprint.features.ngrams import BUCKETS, Counts
from fingerprint.features.plain import plain
from fingerprint.features.vocabulary import Vocabulary
from fingerprint.features.weights import Variance, unit_rows

Ints = NDArray[np.int64]
Report = Callable[[str, int, int], None]

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

    full: (n,) marks the first; filled: (n,) those with any feature at all. scratch: a folder for what is too much for
    memory, None for the system's.
    """

    labels: Labels
    full: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    caches: tuple[CountCache | Kept, CountCache | Kept]
    scratch: Path | None = None

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
        releases, release_code = factorize(release)
        prompts, prompt_code = factorize(prompt)
        if prompts[:1] == [""]:
            prompt_code[prompt_code == 0] = -1
        names = [*corpus, *(name + PLAIN for name in corpus[::2])]
        corpora, corpus_code = factorize(names)
        labels = Labels(
            np.concatenate([release_code, release_code[::2]]),
            np.concatenate([prompt_code, prompt_code[::2]]),
            corpus_code,
            releases,
            corpora,
        )
        full = np.arange(len(names)) < len(corpus)
        filled = [np.diff(counts.starts) > 0 for cache in caches for _, counts in cache.shards()]
        return cls(labels, full, np.concatenate(filled), caches, folder)

    def sample(self, keep: NDArray[np.bool_]) -> Data:
        """The rows that `keep` (n,) marks, full and plain, with their counts in memory."""
        parts = np.split(keep, [int(self.full.sum())])
        caches = Kept.of(self.caches[0], parts[0]), Kept.of(self.caches[1], parts[1])
        return Data(self.labels.of(keep), self.full[keep], self.filled[keep], caches, self.scratch)

    def common(self, use: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Buckets seen in enough of the rows that `use` (n,) marks."""
        seen = np.zeros(BUCKETS, np.int64)
        for at, counts in self.caches[0].shards():
            kept = np.repeat(use[: len(self.caches[0])][at], np.diff(counts.starts))
            seen += np.bincount(counts.columns[kept], minlength=BUCKETS)
        return np.flatnonzero(seen >= max(_RAREST, use[self.full].sum() * _RAREST_SHARE)).astype(np.int32)

    def vocabulary(
        self, use: NDArray[np.bool_], size: int, progress: Report, map_function: MapFunction = itertools.starmap
    ) -> Vocabulary:
        """The analysis of variance, a corpus at a time, over the full rows that `use` (n,) marks."""
        buckets = self.common(use)
        columns = np.full(BUCKETS, -1, np.int32)
        columns[buckets] = np.arange(len(buckets), dtype=np.int32)
        variance = Variance(buckets)
        used = np.flatnonzero(use & self.full)
        rows = self._unweighted(use[self.full], columns, len(buckets))
        names = np.unique(self.labels.corpus[used])
        for done, corpus in enumerate(names):
            at = np.flatnonzero(self.labels.corpus[used] == corpus)
            code = np.unique(self.labels.release[used[at]], return_inverse=True)[1]
            prompts = self.labels.prompt[used[at]]
            prompts = np.where(prompts >= 0, prompts, prompts.max() + 1 + np.arange(len(prompts)))
            variance.add(rows, at, code, np.unique(prompts, return_inverse=True)[1], map_function)
            progress("weights", done + 1, len(names))
        return variance.vocabulary(size)

    def rows(self, vocabulary: Vocabulary) -> SparseDiskArray:
        """(n, V) weighted unit rows of all rows, full and plain."""
        columns, width = vocabulary.columns(), len(vocabulary.buckets)
        out = SparseDiskArray(self.scratch, width)
        for _, counts in self._shards():
            out.add(unit_rows(counts, columns, width, vocabulary.weights))
        return out

    def _shards(self) -> Iterator[tuple[slice, Counts]]:
        return itertools.chain(*(cache.shards() for cache in self.caches))

    def _unweighted(self, use: NDArray[np.bool_], columns: NDArray[np.int32], width: int) -> SparseDiskArray:
        """Of the full rows those that `use` marks."""
        out = SparseDiskArray(self.scratch, width)
        for at, counts in self.caches[0].shards(use):
            out.add(unit_rows(counts.of(use[at]), columns, width))
        return out
