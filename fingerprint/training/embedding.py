"""Fits the fingerprint space on some rows: vocabulary, projection, encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.base.disk_arrays import DiskArray, SparseDiskArray
from fingerprint.base.parallel import MapFunction
from fingerprint.embedding.directions import between_release
from fingerprint.embedding.quantised import QuantisedTable, unit
from fingerprint.embedding.static_encoder import StaticEncoder
from fingerprint.features.vocabulary import Vocabulary
from fingerprint.training.data import Data, Ints, Report

_BLOCK = 4_000


@dataclass(frozen=True)
class Recipe:
    """vocabulary: features; directions: between releases; size: dimensions of the static encoder; steps: for which
    it is trained, 0 to leave it out; batch: responses a step."""

    vocabulary: int = 51_500
    directions: int = 256
    size: int = 256
    steps: int = 4_800
    batch: int = 512


@dataclass(frozen=True)
class Space:
    """projection: over the vocabulary's features; encoder: None where another model than the static one is used."""

    vocabulary: Vocabulary
    projection: QuantisedTable
    encoder: StaticEncoder | None

    @property
    def tables(self) -> list[QuantisedTable]:
        """Of the parts of a place, in their order."""
        return [self.projection, *([self.encoder.table] if self.encoder else [])]


@dataclass(frozen=True)
class Embeddings:
    """All n rows in a space. rows: (n, D); size: (n,) how many features of the vocabulary each has."""

    rows: NDArray[np.float32] | DiskArray
    size: Ints


def fit_space(
    data: Data, use: NDArray[np.bool_], lab_of: Mapping[str, str], recipe: Recipe, seed: int, progress: Report,
    map_function: MapFunction = starmap,
) -> tuple[Space, Embeddings]:  # fmt: skip
    """The space of the rows that `use` (n,) marks, and all rows in it (without a foreign encoder).

    lab_of: the lab of each release by name; over: does what can be done for some rows at a time.
    """
    vocabulary = data.vocabulary(use, recipe.vocabulary, progress, map_function)
    rows = data.rows(vocabulary)
    labels = data.labels.of(use)
    width = len(labels.corpora)
    code, cell = np.unique(labels.release * width + labels.corpus, return_inverse=True)
    at = np.flatnonzero(use)
    directions = between_release(rows, at, cell, code % width, max(recipe.directions, recipe.size))
    projection = QuantisedTable.quantise(np.ascontiguousarray(directions[:, : recipe.directions]))
    encoder = None
    if recipe.steps:
        from fingerprint.embedding.contrastive import Plan, train_encoder

        encoder = train_encoder(
            rows,
            at,
            labels.release,
            labels.prompt,
            labels.corpus,
            np.unique([lab_of[name] for name in labels.releases], return_inverse=True)[1],
            vocabulary,
            directions,
            Plan(recipe.size, recipe.steps, recipe.batch),
            seed,
            lambda done, total: progress("encoder", done, total),
        )
    space = Space(vocabulary, projection, encoder)
    return space, Embeddings(embed(rows, space.tables, map_function), np.diff(rows.indptr).astype(np.int64))


def embed(rows: SparseDiskArray, tables: Sequence[QuantisedTable], map_function: MapFunction = starmap) -> DiskArray:
    """(n, D) where the rows lie; rows: (n, V) weighted; over: does it for some rows at a time."""
    out = DiskArray(rows.folder, sum(table.size for table in tables))
    for some in map_function(placed, ((rows[i : i + _BLOCK], tuple(tables)) for i in range(0, rows.shape[0], _BLOCK))):
        out.add(some)
    return out


def placed(rows: sparse.csr_matrix, tables: Sequence[QuantisedTable]) -> NDArray[np.float32]:
    """(n, D) what each of `tables` makes of the rows, of length 1, side by side; rows: (n, V) weighted."""
    return np.hstack([unit(rows @ table.vectors()) for table in tables])
