"""A scikit-learn classifier over texts, with the features, directions and PLDA of the whole model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fingerprint.base.keys import text_hash
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
# The logarithms between which the inverse temperature is looked for.
_BOUNDS = (-6, 2)
# Copies of the text with the largest weight, where weights are no whole numbers: they are right to 1 in 32.
_COPIES = 16


class FingerprintClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Attribute single texts to their authors, or embed them for another estimator.

    Every class stands for itself, without labs or domains: PLDA over between-class directions of weighted n-grams, with
    an inverse temperature that is fitted on texts that were held out. Copies of one text are held out together.

    Parameters:
        vocabulary: Features that are used at most.
        directions: Dimensions of the embedding at most.
        least_count: Texts that must hold a feature.
        random_state: Seed of the split that the inverse temperature is fitted on, or None, or a NumPy RandomState.

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
        >>> model.transform(["The result, 42, follows; see below."]).shape
        (1, 2)
    """

    def __init__(
        self,
        vocabulary: int = 44_000,
        directions: int = 256,
        least_count: int = 2,
        random_state: int | np.random.RandomState | None = 0,
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

    def fit(
        self, X: Sequence[str], y: Sequence[Any], sample_weight: Sequence[float] | None = None
    ) -> FingerprintClassifier:
        """Fit the classifier.

        Args:
            X: (n,) texts.
            y: (n,) their classes.
            sample_weight: (n,) how many copies of each text to learn from; 0 leaves a text out. Weights that are no
                whole numbers count by their ratios, to a sixteenth of the largest. None is 1 for each.

        Returns:
            The classifier itself.

        Raises:
            ValueError: X holds something else than texts, y fewer than two classes, or a weight is no number from 0.
        """
        texts = _texts(X)
        target = np.asarray(y)
        if target.ndim == 2 and target.shape[1] == 1:
            target = target[:, 0]
        if target.ndim != 1 or len(target) != len(texts):
            raise ValueError(f"y must be one class for each text: {len(texts)} texts, y of shape {target.shape}")
        check_classification_targets(target)
        copies = _copies(sample_weight, len(texts))
        texts, target = [text for text, n in zip(texts, copies, strict=True) if n], target[copies > 0]
        self.classes_, code = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"classifier needs two classes or more; got {len(self.classes_)} class")
        # Copies are rows that are named several times.
        at = np.repeat(np.arange(len(texts)), copies[copies > 0])
        counts = self._count(texts)
        self.inverse_temperature_ = self._calibrated(counts, at, code, self._order(texts))
        self._fit(counts, at, code)
        return self

    def predict_log_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Compute the logarithm of the probability of each class.

        Args:
            X: (n,) texts.

        Returns:
            (n, C) natural logarithms in the order of `classes_`.

        Raises:
            ValueError: X holds something else than texts.
        """
        check_is_fitted(self)
        logits = self._log_likelihood(self._count(_texts(X)))
        return np.asarray(log_softmax(self.inverse_temperature_ * logits, axis=1))

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Compute the probability of each class.

        Args:
            X: (n,) texts.

        Returns:
            (n, C) probabilities in the order of `classes_`.

        Raises:
            ValueError: X holds something else than texts.
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text.

        Args:
            X: (n,) texts.

        Returns:
            (n,) classes.

        Raises:
            ValueError: X holds something else than texts.
        """
        best = self.predict_log_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def transform(self, X: Sequence[str]) -> NDArray[np.float32]:
        """Compute the embedding of each text in the directions in which the classes differ.

        Args:
            X: (n,) texts.

        Returns:
            (n, D) embeddings of length 1; `get_feature_names_out` names the D columns.

        Raises:
            ValueError: X holds something else than texts.
        """
        check_is_fitted(self)
        return self._embed(self._rows(self._count(_texts(X))))

    @property
    def _features(self) -> FeatureConfig:
        return FeatureConfig(vocabulary=self.vocabulary, least_count=self.least_count)

    def _count(self, texts: list[str]) -> Counts:
        return count([mask_names(text) for text in texts], self._features)

    @property
    def _n_features_out(self) -> int:
        return int(self.table_.vectors().shape[1])

    def _fit(self, counts: Counts, at: NDArray[np.int64], code: NDArray[np.int64]) -> None:
        """Fit all but the inverse temperature; at: (m,) rows, one as often as it counts; code: (n,) classes of rows."""
        config, features = EmbeddingConfig(directions=self.directions), self._features
        copies = np.bincount(at, minlength=len(counts))
        seen = np.bincount(counts.columns, np.repeat(copies, np.diff(counts.starts)), features.buckets)
        frequent = np.flatnonzero(seen >= min(features.least_count, len(at))).astype(np.int32)
        rows = sparse.csr_matrix(unit_rows(counts, None, features.buckets)[:, frequent])
        code, every = code[at], np.arange(len(at))
        variance = Variance(frequent, features)
        variance.add(rows, at, code, every)
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
        cells = Cells.of(self._embed(weighted), code, np.zeros(len(code), np.int64), at)
        self.plda_ = Plda.fit(cells, np.arange(classes), PldaConfig())
        self.likelihood_ = Likelihood(self.plda_, None, PldaConfig())

    def _calibrated(
        self, counts: Counts, at: NDArray[np.int64], code: NDArray[np.int64], order: NDArray[np.float64]
    ) -> float:
        """The inverse temperature with the least log-loss on texts that were held out; order: (n,) from 0 to 1."""
        held_out = order < _HELD_OUT
        for one in range(len(self.classes_)):
            # Of each class the last text in this order stays, with its copies.
            own = np.flatnonzero(code == one)
            held_out[own[order[own] == order[own].max()]] = False
        out = at[held_out[at]]
        if len(out) < _FEWEST_TO_HOLD_OUT:
            return 1.0
        self._fit(counts, at[~held_out[at]], code)
        logits = self._log_likelihood(counts)[out]
        rows = np.arange(len(out))

        def loss(log_inverse_temperature: float) -> float:
            found = log_softmax(np.exp(log_inverse_temperature) * logits, axis=1)
            return float(-found[rows, code[out]].mean())

        return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))

    def _order(self, texts: list[str]) -> NDArray[np.float64]:
        """(n,) a random number from 0 to 1 for each different text, so that copies stay together in any order."""
        seed = check_random_state(self.random_state).randint(2**31)
        return np.array([text_hash(f"{seed} {text}") / 2**64 for text in texts])

    def _rows(self, counts: Counts) -> sparse.csr_matrix:
        return unit_rows(counts, self.vocabulary_.columns(), len(self.vocabulary_), self.vocabulary_.weights)

    def _embed(self, rows: sparse.csr_matrix) -> NDArray[np.float32]:
        return unit(np.asarray(rows @ self.table_.vectors(), np.float32))

    def _log_likelihood(self, counts: Counts) -> NDArray[np.float64]:
        embeddings = self._embed(self._rows(counts))
        return self.likelihood_.evidence(embeddings, np.ones(len(embeddings), np.int64)).known


def _copies(weights: Sequence[float] | None, texts: int) -> NDArray[np.int64]:
    """(n,) how often each text counts."""
    if weights is None:
        return np.ones(texts, np.int64)
    given = np.asarray(weights, float)
    if given.shape != (texts,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(f"sample_weight must be one number from 0 for each of {texts} texts, and one above 0")
    if (given == np.rint(given)).all():
        return given.astype(np.int64)
    copies = np.maximum(np.rint(_COPIES * given / given.max()), given > 0).astype(np.int64)
    return np.asarray(copies // np.gcd.reduce(copies))


def _texts(X: Sequence[str]) -> list[str]:
    if isinstance(X, str | bytes | Mapping) or sparse.issparse(X):
        raise ValueError(f"expected a sequence of texts, found one {type(X).__name__}")
    if (dimensions := getattr(X, "ndim", 1)) != 1:
        raise ValueError(f"expected a sequence of texts, found {dimensions} dimensions; give one column of texts")
    texts = list(X)
    if not texts:
        raise ValueError("expected one text or more, found 0 sample(s)")
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"expected a sequence of texts, found {type(text).__name__} in it")
    return texts
