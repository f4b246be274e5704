"""The rows that a model is trained on: their labels as codes, and their features as counts on disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import SparseDiskArray
from fingerprint.base.keys import Names, factorize
from fingerprint.base.parallel import MapFunction, Progress
from fingerprint.config import FeatureConfig
from fingerprint.features.counts_cache import CountCache, CountsInMemory
from fingerprint.features.ngrams import Counts, Vocabulary, columns_of
from fingerprint.features.signature import feature_signature
from fingerprint.features.text_forms import EverySecond, TextForm, Texts
from fingerprint.features.weights import Variance, unit_rows

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Domain:
    """A corpus in one form: what PLDA takes as a domain of its own.

    Attributes:
        corpus: The name of the corpus.
        form: Of its responses.
    """

    corpus: str
    form: TextForm = TextForm.FULL

    @property
    def label(self) -> str:
        """The name that a model keeps: the corpus, with "/plain" after it for its plain copy.

        A corpus whose own name ends so, or in "/full", has "/full" after it, so that no two domains share a label.
        """
        own = any(self.corpus.endswith(f"/{form}") for form in TextForm)
        return f"{self.corpus}/{self.form}" if own or self.form is TextForm.PLAIN else self.corpus

    @classmethod
    def of(cls, label: str) -> Domain:
        """Return the domain that has a label."""
        for form in TextForm:
            if label.endswith(f"/{form}"):
                return cls(label.removesuffix(f"/{form}"), form)
        return cls(label)


@dataclass(frozen=True)
class Labels:
    """The labels of n rows.

    Attributes:
        release: (n,) codes into `releases`.
        prompt: (n,) codes, -1 where the prompt is not known.
        corpus: (n,) codes into `corpora`.
        releases: Names, sorted.
        corpora: The domains, sorted by their labels: a plain copy is a domain of its own.
    """

    release: Ints
    prompt: Ints
    corpus: Ints
    releases: list[str]
    corpora: list[Domain]

    def of(self, at: NDArray[np.bool_] | Ints) -> Labels:
        """Return the labels of some rows, with the lists as they are."""
        return Labels(self.release[at], self.prompt[at], self.corpus[at], self.releases, self.corpora)


class LabelledTexts(Texts, Protocol):
    """What a training reads: texts, and a name each of their release, prompt (empty if unknown) and corpus."""

    @property
    def release(self) -> NDArray[np.object_]: ...
    @property
    def prompt(self) -> NDArray[np.object_]: ...
    @property
    def corpus(self) -> NDArray[np.object_]: ...


@dataclass(frozen=True)
class Data:
    """All rows in full, then every second one in plain form.

    Attributes:
        labels: Of all n rows.
        full: (n,) whether a row is in full.
        filled: (n,) whether a row has any feature.
        script: (n,) the script of each row, as `script_of` names it.
        caches: The counts of the rows in full, and of those in plain form.
        features: How they are counted.
        scratch: A folder for what is too much for memory; None for the system's.
    """

    labels: Labels
    full: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    script: NDArray[np.object_]
    caches: tuple[CountCache | CountsInMemory, CountCache | CountsInMemory]
    features: FeatureConfig
    scratch: Path | None = None

    @classmethod
    def prepare(
        cls, source: LabelledTexts, folder: Path, jobs: int, features: FeatureConfig, progress: Progress
    ) -> Data:
        """Count what is not counted yet.

        Args:
            source: Texts and their labels.
            folder: Where counts are kept between runs.
            jobs: Processes at once, where no cluster does the work.
            features: How texts are counted.
            progress: Receives (stage, done, total).

        Returns:
            The rows of `source` in full, then every second one in plain form.
        """
        caches = (
            CountCache(source, folder, TextForm.FULL, features),
            CountCache(EverySecond(source), folder, TextForm.PLAIN, features),
        )
        caches[0].prepare(jobs, progress, "features")
        caches[1].prepare(jobs, progress, "features of plain forms")
        filled = [np.diff(counts.starts) > 0 for cache in caches for _, counts in cache.shards()]
        labels = labels_of(source.release, source.prompt, source.corpus, plain_copies=True)
        full = np.arange(len(labels.release)) < len(source)
        script = np.array([*caches[0].scripts, *caches[0].scripts[::2]], object)
        return cls(labels, full, np.concatenate(filled), script, caches, features, folder)

    def sample(self, keep: NDArray[np.bool_]) -> Data:
        """Return the rows that `keep` (n,) marks, with their counts in memory."""
        parts = np.split(keep, [int(self.full.sum())])
        caches = CountsInMemory.of(self.caches[0], parts[0]), CountsInMemory.of(self.caches[1], parts[1])
        of_rows = (self.labels.of(keep), self.full[keep], self.filled[keep], self.script[keep])
        return Data(*of_rows, caches, self.features, self.scratch)

    def vocabulary(
        self, use: NDArray[np.bool_], config: FeatureConfig, progress: Progress, map_function: MapFunction
    ) -> Vocabulary:
        """Choose and weight features by the analysis of variance, over the rows in full.

        Args:
            use: (n,) the rows to use.
            config: Which of the counted features are used; it must count as `features` does.
            progress: Receives (stage, done, total).
            map_function: Does the sums over some rows at a time.

        Returns:
            The vocabulary.

        Raises:
            ValueError: The configuration counts other features.
        """
        if feature_signature(config) != feature_signature(self.features):
            raise ValueError("the rows are counted with other features than those of the configuration")
        buckets = self._frequent(use, config)
        variance = Variance(buckets, config)
        used = np.flatnonzero(use & self.full)
        rows = self._unweighted(use[self.full], buckets)
        corpora = np.unique(self.labels.corpus[used])
        for done, corpus in enumerate(corpora):
            at = np.flatnonzero(self.labels.corpus[used] == corpus)
            release = np.unique(self.labels.release[used[at]], return_inverse=True)[1]
            prompts = self.labels.prompt[used[at]]
            # A prompt that is not known is taken to be no other row's.
            prompts = np.where(prompts >= 0, prompts, prompts.max() + 1 + np.arange(len(prompts)))
            variance.add(rows, at, release, np.unique(prompts, return_inverse=True)[1], map_function)
            progress("weights", done + 1, len(corpora))
        return variance.vocabulary()

    def rows(self, vocabulary: Vocabulary) -> SparseDiskArray:
        """Return (n, V) weighted rows of length 1."""
        columns, width = vocabulary.columns(), len(vocabulary)
        out = SparseDiskArray(self.scratch, width)
        for _, counts in self._shards():
            out.add(unit_rows(counts, columns, width, vocabulary.weights))
        return out

    def _frequent(self, use: NDArray[np.bool_], config: FeatureConfig) -> NDArray[np.int32]:
        """Buckets seen in enough of the rows in full that `use` (n,) marks."""
        seen = np.zeros(self.features.buckets, np.int64)
        for at, counts in self.caches[0].shards():
            kept = np.repeat(use[self.full][at], np.diff(counts.starts))
            seen += np.bincount(counts.columns[kept], minlength=len(seen))
        least = max(config.least_count, use[self.full].sum() * config.least_share)
        return np.flatnonzero(seen >= least).astype(np.int32)

    def _shards(self) -> Iterator[tuple[slice, Counts]]:
        return itertools.chain(*(cache.shards() for cache in self.caches))

    def _unweighted(self, use: NDArray[np.bool_], buckets: NDArray[np.int32]) -> SparseDiskArray:
        """Of the rows in full those that `use` marks, over some buckets."""
        columns = columns_of(buckets, self.features)
        out = SparseDiskArray(self.scratch, len(buckets))
        for at, counts in self.caches[0].shards(use):
            out.add(unit_rows(counts.of(use[at]), columns, len(buckets)))
        return out


def labels_of(release: Names, prompt: Names, corpus: Names, plain_copies: bool = False) -> Labels:
    """Replace names by codes.

    Args:
        release: (n,) names.
        prompt: (n,) keys, empty where the prompt is not known.
        corpus: (n,) names.
        plain_copies: Whether the plain copies of every second row follow the rows.

    Returns:
        The labels of the n rows, and of the n / 2 copies.
    """
    releases, release_code = factorize(release)
    prompts, prompt_code = factorize(prompt)
    if prompts[:1] == [""]:
        prompt_code -= 1
    names, name_code = factorize(corpus)
    domains = [Domain(name) for name in names]
    if plain_copies:
        domains += [Domain(name, TextForm.PLAIN) for name in names]
        release_code, prompt_code = (np.concatenate([code, code[::2]]) for code in (release_code, prompt_code))
        name_code = np.concatenate([name_code, name_code[::2] + len(names)])
    found, code = np.unique(name_code, return_inverse=True)
    by_label = sorted(range(len(found)), key=lambda i: domains[found[i]].label)
    return Labels(
        release_code, prompt_code, np.argsort(by_label)[code], releases, [domains[found[i]] for i in by_label]
    )


def few_of_each(key: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Draw positions of at most `most` of each value of `key` (n,) at random."""
    drawn = rng.permutation(len(key))
    order = np.argsort(key[drawn], kind="stable")
    size = np.unique(key, return_counts=True)[1]
    rank = np.arange(len(key)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(drawn[order[rank < most]])
