"""Fits the embedding on some rows: vocabulary, between-release directions, static encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.base.disk_arrays import DiskArray, SparseDiskArray
from fingerprint.base.parallel import MapFunction, Progress
from fingerprint.data.corpus import Corpus
from fingerprint.embedding.directions import between_release
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder, unit
from fingerprint.features.ngrams import Vocabulary
from fingerprint.features.text_forms import EverySecond, TextForm
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Ints

# Rows that are embedded at once: what they take of memory, and what a worker is given.
_BLOCK = 4_000
# Texts that another encoder reads between two reports of progress.
_TEXTS = 512


@dataclass(frozen=True)
class Space:
    """What turns counts into embeddings.

    Attributes:
        vocabulary: The features.
        projection: The between-release directions, over the features of the vocabulary.
        encoder: None where another encoder than the static one is used.
    """

    vocabulary: Vocabulary
    projection: QuantisedTable
    encoder: StaticEncoder | None

    @property
    def tables(self) -> list[QuantisedTable]:
        """The tables of the parts of an embedding, in their order."""
        return [self.projection, *([self.encoder.table] if self.encoder else [])]


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of n rows.

    Attributes:
        rows: (n, D).
        size: (n,) features of the vocabulary that each has.
        known_script: (n,) whether the model knows the script of each; None if it knows all of them.
    """

    rows: NDArray[np.float32] | DiskArray
    size: Ints
    known_script: NDArray[np.bool_] | None = None


def fit_space(data: Data, use: NDArray[np.bool_], context: TrainingContext) -> tuple[Space, Embeddings]:
    """Fit the embedding on some rows, and embed all rows.

    Args:
        data: n rows.
        use: (n,) the rows to fit on.
        context: The labs, the hyper-parameters, and how work is done and reported.

    Returns:
        What was fitted, and the embeddings of all n rows, without those of another encoder.
    """
    config = context.config.embedding
    vocabulary = data.vocabulary(use, context.config.features, context.progress, context.map_function)
    rows = data.rows(vocabulary)
    labels = data.labels.of(use)
    width = len(labels.corpora)
    code, cell = np.unique(labels.release * width + labels.corpus, return_inverse=True)
    at = np.flatnonzero(use)
    directions = between_release(rows, at, cell, code % width, max(config.directions, config.size), config)
    projection = QuantisedTable.quantise(np.ascontiguousarray(directions[:, : config.directions]), config.clip)
    encoder = None
    if config.steps and not config.encoder:
        from fingerprint.embedding.contrastive import EncoderData, train_encoder

        labs = np.unique([context.lab_of[name] for name in labels.releases], return_inverse=True)[1]
        encoder = train_encoder(
            EncoderData(rows, at, labels.release, labels.prompt, labels.corpus, labs, vocabulary),
            directions,
            config,
            context.config.seed,
            lambda done, total: context.progress("encoder", done, total),
        )
    space = Space(vocabulary, projection, encoder)
    return space, Embeddings(embed(rows, space.tables, context.map_function), np.diff(rows.indptr).astype(np.int64))


def embed(rows: SparseDiskArray, tables: Sequence[QuantisedTable], map_function: MapFunction = starmap) -> DiskArray:
    """Embed rows a few at a time.

    Args:
        rows: (n, V) weighted rows of length 1.
        tables: Over the V features.
        map_function: Embeds some rows at a time.

    Returns:
        (n, D) embeddings, where `rows` lie.
    """
    out = DiskArray(rows.folder, sum(table.size for table in tables))
    blocks = ((rows[i : i + _BLOCK], tuple(tables)) for i in range(0, rows.shape[0], _BLOCK))
    for some in map_function(embed_rows, blocks):
        out.add(some)
    return out


def embed_rows(rows: sparse.csr_matrix, tables: Sequence[QuantisedTable]) -> NDArray[np.float32]:
    """Return (n, D): what each of `tables` makes of (n, V) rows, scaled to length 1, side by side."""
    return np.hstack([unit(rows @ table.vectors()) for table in tables])


def external_rows(name: str, corpus: Corpus, progress: Progress) -> NDArray[np.float32]:
    """Encode the rows of a corpus and of its plain copies with a sentence-transformers model.

    Args:
        name: Name or path of the model.
        corpus: The responses.
        progress: Receives (stage, done, total).

    Returns:
        (n, D), the full rows first.
    """
    from fingerprint.embedding.torch_encoder import SentenceEncoder

    model, half = SentenceEncoder(name), EverySecond(corpus)
    blocks: list[NDArray[np.float32]] = []
    total = len(corpus) + len(half)
    for source, form in ((corpus, TextForm.FULL), (half, TextForm.PLAIN)):
        for start in range(0, len(source), _TEXTS):
            texts = source.texts(start, min(start + _TEXTS, len(source)))
            blocks.append(model.encode([form.masked(text) for text in texts]))
            progress(name, sum(map(len, blocks)), total)
    return np.concatenate(blocks)
