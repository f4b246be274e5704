"""A model that is trained on some rows and asked about others, of a training's calibration or of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.features.ngrams import Counts
from fingerprint.features.scripts import are_known
from fingerprint.features.weights import unit_rows
from fingerprint.metrics.predictions import Bools, ClassNames, Ints
from fingerprint.model.likelihood import Likelihood
from fingerprint.training.cases import CaseSet, Questions, collect_evidence
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.embedding import Embeddings, Space, embed_rows, fit_space
from fingerprint.training.likelihood import KnownReleases, fit_likelihood, known_scripts


@dataclass(frozen=True)
class Fitted:
    """A trained model that is asked about some rows.

    Attributes:
        space: What embeds responses.
        embeddings: Of the rows that the model was trained on or is tested on.
        likelihood: Of PLDA and the linear classifiers.
        known: The releases and labs that the model knows.
        rows: (k,) sorted, which rows of the data `embeddings` holds.
        scripts: That the model knows.
    """

    space: Space
    embeddings: Embeddings
    likelihood: Likelihood
    known: KnownReleases
    rows: Ints
    scripts: tuple[str, ...]

    def evidence(self, names: ClassNames, questions: Questions) -> CaseSet:
        """Return the test cases of some of the rows."""
        return collect_evidence(self.likelihood, self.known, names, questions, self.rows, self.embeddings)

    def embed(self, counts: Counts) -> Embeddings:
        """Return the embeddings of responses that are not among the rows; `counts` are over all buckets."""
        vocabulary = self.space.vocabulary
        rows = unit_rows(counts, vocabulary.columns(), len(vocabulary.buckets), vocabulary.weights)
        return Embeddings(embed_rows(rows, self.space.tables), np.diff(rows.indptr).astype(np.int64))


@dataclass(frozen=True)
class FitWhole:
    """Trains a model on all rows that may be used, and embeds all rows.

    Attributes:
        context: Labs, candidates and hyper-parameters.
        data: The n rows.
        external: (n, D) what another encoder than the static one gives; None without one.
        use: (n,) rows that may be used.
    """

    context: TrainingContext
    data: Data
    external: NDArray[np.float32] | None
    use: Bools

    def __call__(self) -> Fitted:
        """Return the model; its embeddings are in memory, for a file of this process is gone when it ends."""
        space, embeddings = fit_space(self.data, self.use, self.context)
        every = np.arange(len(self.use))
        rows = embeddings.rows[every]
        if self.external is not None:
            rows = np.hstack([rows, self.external])
        likelihood, known = fit_likelihood(self.data, rows, self.use, self.context)
        scripts = known_scripts(self.data, self.use, known, self.context.config)
        return Fitted(space, Embeddings(rows, embeddings.size), likelihood, known, every, scripts)


def fit(
    context: TrainingContext,
    data: Data,
    train: Bools,
    tested: Bools,
    external: NDArray[np.float32] | None = None,
) -> Fitted:
    """Train a model.

    Args:
        context: Labs, candidates and hyper-parameters.
        data: The n rows.
        train: (n,) the rows to train on.
        tested: (n,) the rows to embed as well.
        external: (n, D) what another encoder than the static one gives; None without one.

    Returns:
        The model, with the embeddings of these rows that have any feature.
    """
    keep = (train | tested) & data.filled
    some, use = data.sample(keep), train[keep]
    space, embeddings = fit_space(some, use, context)
    if external is not None:
        both = np.hstack([embeddings.rows[np.arange(len(use))], external[keep]])
        embeddings = Embeddings(both, embeddings.size)
    likelihood, known = fit_likelihood(some, embeddings.rows, use, context)
    scripts = known_scripts(some, use, known, context.config)
    read = replace(embeddings, known_script=np.array(are_known(some.script, scripts)))
    return Fitted(space, read, likelihood, known, np.flatnonzero(keep), scripts)
