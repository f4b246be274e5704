"""A scikit-learn classifier over texts, with the features, projection and hierarchy of the whole model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fingerprint.config import PldaConfig
from fingerprint.data.names import mask_names
from fingerprint.embedding.directions import between_release
from fingerprint.embedding.quantised import QuantisedTable
from fingerprint.features.ngrams import BUCKETS, Counts, count
from fingerprint.features.weights import Variance, unit_rows
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Plda

_HELD_OUT = 0.2
_FEWEST_TO_HOLD_OUT = 10


class FingerprintClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Tells the writers of single texts apart; every class stands for itself, without labs or domains.

    vocabulary: features kept; directions: dimensions at most; rarest: texts a feature must be in; random_state:
    seed of the split on which the probabilities are calibrated. Fitted: classes_ (C,), n_features_in_ is not set,
    for texts have no columns.
    """

    def __init__(
        self, vocabulary: int = 44_000, directions: int = 256, rarest: int = 2, random_state: int | None = 0
    ) -> None:
        self.vocabulary = vocabulary
        self.directions = directions
        self.rarest = rarest
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> FingerprintClassifier:
        """X: (n,) texts; y: (n,) classes. Raises ValueError for what is no text, or for fewer than two classes."""
        texts = _texts(X)
        target = np.asarray(y)
        if target.ndim == 2 and target.shape[1] == 1:
            target = target[:, 0]
        if target.ndim != 1 or len(target) != len(texts):
            raise ValueError(f"y must be one class a text: {len(texts)} texts, y of shape {target.shape}")
        check_classification_targets(target)
        self.classes_, code = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"classifier needs two classes or more; got {len(self.classes_)} class")
        counts = count([mask_names(text) for text in texts])
        self.temper_ = self._calibrated(counts, code)
        self._fit(counts, np.arange(len(code)), code)
        return self

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """(n, C) probabilities in the order of classes_."""
        check_is_fitted(self)
        logits = self._log_likelihood(count([mask_names(text) for text in _texts(X)]))
        return np.asarray(softmax(self.temper_ * logits, axis=1))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """(n,) the most probable class of each text."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _fit(self, counts: Counts, at: NDArray[np.int64], code: NDArray[np.int64]) -> None:
        rows = unit_rows(counts, None, BUCKETS)[at]
        seen = np.bincount(rows.indices, minlength=BUCKETS)
        common = np.flatnonzero(seen >= min(self.rarest, len(at))).astype(np.int32)
        variance = Variance(common)
        every = np.arange(len(at))
        variance.add(sparse.csr_matrix(rows[:, common]), every, code, every)
        self.vocabulary_ = variance.vocabulary(self.vocabulary)
        if not len(self.vocabulary_.buckets):
            # Nothing tells the classes apart; all features alike then say so.
            self.vocabulary_ = type(self.vocabulary_)(common, np.ones(len(common), np.float32))
        weighted = self._rows(counts)
        one_corpus = np.zeros(int(code.max()) + 1, np.int64)
        directions = between_release(weighted, at, code, one_corpus, self.directions)
        # Two classes differ in one direction, in which length 1 would leave only the sign; the mean gives it scale.
        mean = np.asarray(weighted[at].mean(axis=0), np.float32).reshape(-1, 1)
        self.table_ = QuantisedTable.quantise(np.hstack([mean / (float(np.linalg.norm(mean)) or 1.0), directions]))
        embeddings = self._places(weighted)[at]
        cells = Cells.of(embeddings, code, np.zeros(len(code), np.int64))
        self.hierarchy_ = Plda.fit(cells, np.arange(int(code.max()) + 1), PldaConfig())
        self.likelihood_ = Likelihood(self.hierarchy_, None, PldaConfig())

    def _calibrated(self, counts: Counts, code: NDArray[np.int64]) -> float:
        """How much of a log-likelihood counts, by the log-loss of texts that were held out."""
        rng = np.random.default_rng(self.random_state)
        held = rng.random(len(code)) < _HELD_OUT
        _, first = np.unique(code, return_index=True)
        held[first] = False
        if held.sum() < _FEWEST_TO_HOLD_OUT:
            return 1.0
        self._fit(counts, np.flatnonzero(~held), code[~held])
        logits = self._log_likelihood(counts)[held]
        rows = np.arange(held.sum())

        def loss(log_temper: float) -> float:
            return float(-np.log(softmax(np.exp(log_temper) * logits, axis=1)[rows, code[held]] + 1e-12).mean())

        return float(np.exp(minimize_scalar(loss, bounds=(-6, 2), method="bounded").x))

    def _rows(self, counts: Counts) -> sparse.csr_matrix:
        size = len(self.vocabulary_.buckets)
        return unit_rows(counts, self.vocabulary_.columns(), size, self.vocabulary_.weights)

    def _places(self, rows: sparse.csr_matrix) -> NDArray[np.float32]:
        embeddings = np.asarray(rows @ self.table_.vectors(), np.float32)
        length = np.linalg.norm(embeddings, axis=1, keepdims=True)
        return np.asarray(embeddings / np.where(length > 0, length, 1), np.float32)

    def _log_likelihood(self, counts: Counts) -> NDArray[np.float64]:
        embeddings = self._places(self._rows(counts))
        return self.likelihood_.evidence(embeddings, np.ones(len(embeddings), np.int64)).known


def _texts(X: Sequence[str]) -> list[str]:
    if isinstance(X, str) or sparse.issparse(X):
        raise ValueError("expected a sequence of texts")
    texts = list(X)
    if not texts:
        raise ValueError("expected one text or more, found 0 sample(s)")
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"expected texts, found {type(text).__name__}")
    return texts
