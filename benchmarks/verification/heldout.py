"""Responses that the training of a model did not see, embedded by it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.comparison.shared_prompts import prompt_key
from fingerprint.data.corpus import read_corpora
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.loading import Loaded
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.plda import Ints
from fingerprint.training.cases import class_names, subsample
from fingerprint.training.data import Labels, labels_of
from fingerprint.training.embedding import Embeddings
from fingerprint.training.likelihood import KnownReleases

# The bench's cases of corpora that the model was trained on; cases of several corpora have a "+".
_KNOWN_CORPUS, _SEVERAL = "same-set:", "+"
# Responses that are in memory with their n-grams.
_BLOCK = 200

Say = Callable[[str], None]


@dataclass(frozen=True)
class HeldOut:
    """N responses of releases that a model knows.

    Attributes:
        model: The model.
        known: Its releases and labs.
        names: The classes.
        labels: Of the responses.
        corpus_known: (N,) whether the model was trained on other prompts of the corpus.
        embeddings: Of the responses.
    """

    model: Loaded
    known: KnownReleases
    names: ClassNames
    labels: Labels
    corpus_known: NDArray[np.bool_]
    embeddings: Embeddings

    def cells(self, least: int) -> list[Ints]:
        """Return the rows of each release in each corpus that has so many."""
        key = self.labels.release * len(self.labels.corpora) + self.labels.corpus
        order = np.argsort(key, kind="stable")
        cells = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
        return [rows for rows in cells if len(rows) >= least]


@dataclass(frozen=True)
class Texts:
    """Responses, and a name each of their release, prompt and corpus."""

    text: list[str]
    release: list[str]
    prompt: list[str]
    corpus: list[str]

    def of(self, rows: Sequence[int]) -> Texts:
        """Return some of the responses."""
        return Texts(*([column[i] for i in rows] for column in (self.text, self.release, self.prompt, self.corpus)))


def read_held_out(sources: tuple[Path, Path], model: Loaded, most: int, seed: int, say: Say) -> HeldOut:
    """Read and embed responses of the releases that a model knows.

    Args:
        sources: The folder of a bench, whose cases of known corpora are read; and corpora that the model was not
            trained on.
        model: The model.
        most: Responses of a release in a corpus.
        seed: Draws them.
        say: Receives what was done.
    """
    registry = Registry.load(None)
    inside, outside = _of_bench(sources[0]), _of_corpora(sources[1], registry)
    texts = Texts(
        inside.text + outside.text,
        inside.release + outside.release,
        inside.prompt + outside.prompt,
        inside.corpus + outside.corpus,
    )
    lab_of = {row["release"]: row["lab"] for row in model.releases}
    named = np.array([name in lab_of for name in texts.release])
    corpus_known = np.arange(len(texts.text)) < len(inside.text)
    some = np.flatnonzero(subsample(_labels(texts), named, most, seed))
    texts, corpus_known = texts.of(some.tolist()), corpus_known[some]
    parts = []
    for start in range(0, len(texts.text), _BLOCK):
        parts.append(model.read(texts.text[start : start + _BLOCK]))
        if start // _BLOCK % 10 == 0:
            say(f"{start:,} of {len(texts.text):,} responses embedded")
    vectors, sizes = (np.concatenate(each) for each in zip(*parts, strict=True))
    return HeldOut(
        model,
        KnownReleases([row["release"] for row in model.releases], lab_of),
        class_names(registry, sorted(lab_of)),
        _labels(texts),
        corpus_known,
        Embeddings(vectors, sizes, model.known_script(texts.text)),
    )


def _labels(texts: Texts) -> Labels:
    release, prompt, corpus = (np.array(column, object) for column in (texts.release, texts.prompt, texts.corpus))
    return labels_of(release, prompt, corpus)


def _of_bench(bench: Path) -> Texts:
    """The different responses of each release in each known corpus: the cases of several sizes share some."""
    found: dict[tuple[str, str, str], str] = {}
    with (bench / "truth.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            corpus = row["protocol"].removeprefix(_KNOWN_CORPUS)
            if corpus != row["protocol"] and _SEVERAL not in corpus:
                for record in read_case(str(bench / "cases" / row["file"])).records:
                    found.setdefault((record.response, row["release"], corpus), prompt_key(record))
    response, release, corpora = zip(*found, strict=True)
    return Texts(list(response), list(release), list(found.values()), list(corpora))


def _of_corpora(path: Path, registry: Registry) -> Texts:
    corpus = read_corpora([path], registry)
    columns = (corpus.release.tolist(), corpus.prompt.tolist(), corpus.corpus.tolist())
    return Texts(corpus.texts(0, len(corpus)), *columns)
