"""A scikit-learn classifier over texts, with the features, directions and PLDA of the whole model."""

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

from fingerprint.config import EmbeddingConfig, FeatureConfig, PldaConfig
from fingerprint.data.names import mask_names
from fingerprint.embedding.directions import between_release
from fingerprint.embedding.encoder import QuantisedTable, unit
from fingerprint.features.ngrams import Counts, Vocabulary, count
from fingerprint.features.weights import Variance, unit_rows
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Plda

# Share of the texts that the inverse temperature is fitted on, and how many are too few for that.
_HELD_OUT = 0.2
_FEWEST_TO_HOLD_OUT = 10
# The logarithms between which the inverse temperature is looked for, and what keeps the logarithm of 0 finite.
_BOUNDS = (-6, 2)
_FLOOR = 1e-12


class FingerprintClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Attribute single texts to their authors.

    Every class stands for itself, without labs or domains: PLDA over between-class directions of weighted n-grams, with
    an inverse temperature that is fitted on texts that were held out.

    Parameters:
        vocabulary: Features that are used at most.
        directions: Dimensions of the embedding at most.
        least_count: Texts that must hold a feature.
        random_state: Seed of the split that the inverse temperature is fitted on.

    Attributes:
        classes_: (C,) the classes, sorted.
        vocabulary_: The features that are used, with their weights.
        table_: The between-class directions over these features.
        plda_: The fitted PLDA.
        likelihood_: Of the classes, by `plda_`.
        inverse_temperature_: The factor on log-likelihoods.

    References:
        Brummer, N. & De Villiers, E. (2010). The speaker partitioning problem. Odyssey.

    Examples:
        >>> from fingerprint import FingerprintClassifier
        >>> texts = [f"Sure! Here is number {i}: it works." for i in range(8)]
        >>> texts += [f"The value, {i}, follows; see above." for i in range(8)]
        >>> model = FingerprintClassifier().fit(texts, ["a"] * 8 + ["b"] * 8)
        >>> model.predict(["Sure! Here is the answer: it works."]).tolist()
        ['a']
        >>> model.predict_proba(["The result, 42, follows; see below."]).argmax(axis=1).tolist()
        [1]
    """

    def __init__(
        self, vocabulary: int = 44_000, directions: int = 256, least_count: int = 2, random_state: int | None = 0
    ) -> None:
        self.vocabulary = vocabulary
        self.directions = directions
        self.least_count = least_count
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> FingerprintClassifier:
        """Fit the classifier.

        Args:
            X: (n,) texts.
            y: (n,) their classes.

        Returns:
            The classifier itself.

        Raises:
            ValueError: X holds something else than texts, or y fewer than two classes.
        """
        texts = _texts(X)
        target = np.asarray(y)
        if target.ndim == 2 and target.shape[1] == 1:
            target = target[:, 0]
        if target.ndim != 1 or len(target) != len(texts):
            raise ValueError(f"y must be one class for each text: {len(texts)} texts, y of shape {target.shape}")
        check_classification_targets(target)
        self.classes_, code = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"classifier needs two classes or more; got {len(self.classes_)} class")
        counts = self._count(texts)
        self.inverse_temperature_ = self._calibrated(counts, code)
        self._fit(counts, np.arange(len(code)), code)
        return self

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Compute the probability of each class.

        Args:
            X: (n,) texts.

        Returns:
            (n, C) probabilities in the order of `classes_`.

        Raises:
            ValueError: X holds something else than texts.
        """
        check_is_fitted(self)
        logits = self._log_likelihood(self._count(_texts(X)))
        return np.asarray(softmax(self.inverse_temperature_ * logits, axis=1))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text.

        Args:
            X: (n,) texts.

        Returns:
            (n,) classes.

        Raises:
            ValueError: X holds something else than texts.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    @property
    def _features(self) -> FeatureConfig:
        return FeatureConfig(vocabulary=self.vocabulary, least_count=self.least_count)

    def _count(self, texts: list[str]) -> Counts:
        return count([mask_names(text) for text in texts], self._features)

    def _fit(self, counts: Counts, at: NDArray[np.int64], code: NDArray[np.int64]) -> None:
        config, features = EmbeddingConfig(directions=self.directions), self._features
        seen = np.bincount(_of(counts, at).columns, minlength=features.buckets)
        frequent = np.flatnonzero(seen >= min(features.least_count, len(at))).astype(np.int32)
        rows = unit_rows(_of(counts, at), None, features.buckets)
        variance = Variance(frequent, features)
        every = np.arange(len(at))
        variance.add(sparse.csr_matrix(rows[:, frequent]), every, code, every)
        self.vocabulary_ = variance.vocabulary()
        if not len(self.vocabulary_):
            # Nothing distinguishes the classes; with all features alike the probabilities say so.
            self.vocabulary_ = Vocabulary(frequent, np.ones(len(frequent), np.float32), features)
        weighted = self._rows(counts)
        classes = int(code.max()) + 1
        one_corpus = np.zeros(classes, np.int64)
        directions = between_release(weighted, at, code, one_corpus, config.directions, config)
        # Two classes differ in one direction, in which length 1 would leave only the sign; the mean gives it scale.
        mean = np.asarray(weighted[at].mean(axis=0), np.float32).reshape(-1, 1)
        vectors = np.hstack([mean / (float(np.linalg.norm(mean)) or 1.0), directions])
        self.table_ = QuantisedTable.quantise(vectors, config.clip)
        cells = Cells.of(self._embed(weighted)[at], code, np.zeros(len(code), np.int64))
        self.plda_ = Plda.fit(cells, np.arange(classes), PldaConfig())
        self.likelihood_ = Likelihood(self.plda_, None, PldaConfig())

    def _calibrated(self, counts: Counts, code: NDArray[np.int64]) -> float:
        """The inverse temperature with the least log-loss on texts that were held out."""
        rng = np.random.default_rng(self.random_state)
        held_out = rng.random(len(code)) < _HELD_OUT
        _, first = np.unique(code, return_index=True)
        held_out[first] = False
        if held_out.sum() < _FEWEST_TO_HOLD_OUT:
            return 1.0
        self._fit(counts, np.flatnonzero(~held_out), code[~held_out])
        logits = self._log_likelihood(counts)[held_out]
        rows = np.arange(held_out.sum())

        def loss(log_inverse_temperature: float) -> float:
            probability = softmax(np.exp(log_inverse_temperature) * logits, axis=1)
            return float(-np.log(probability[rows, code[held_out]] + _FLOOR).mean())

        return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))

    def _rows(self, counts: Counts) -> sparse.csr_matrix:
        return unit_rows(counts, self.vocabulary_.columns(), len(self.vocabulary_), self.vocabulary_.weights)

    def _embed(self, rows: sparse.csr_matrix) -> NDArray[np.float32]:
        return unit(np.asarray(rows @ self.table_.vectors(), np.float32))

    def _log_likelihood(self, counts: Counts) -> NDArray[np.float64]:
        embeddings = self._embed(self._rows(counts))
        return self.likelihood_.evidence(embeddings, np.ones(len(embeddings), np.int64)).known


def _of(counts: Counts, at: NDArray[np.int64]) -> Counts:
    """The rows `at`, which ascend."""
    keep = np.zeros(len(counts), bool)
    keep[at] = True
    return counts.of(keep)


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
