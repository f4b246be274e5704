"""TF-IDF and a linear classifier: what a user of scikit-learn begins with, and the baseline of PAN 2019.

References:
    Kestemont et al., "Overview of the Cross-Domain Authorship Attribution Task at PAN 2019": character 3-grams, a
    linear SVM one against the rest with calibrated probabilities, and no answer if the two best are within 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from benchmarks.peers.peer import FOLDS, SEED, Peer, folds, logs, tuning_rows

# Each feature has a weight for each of 447 releases: more features would take gigabytes.
FEATURES = 50_000
# The baseline's own value: a 3-gram counts if at least five texts have it.
RAREST = 5


class _Tfidf(Peer):
    grid: ClassVar[dict[str, list[Any]]]

    def __init__(self, features: int = FEATURES) -> None:
        super().__init__()
        common: dict[str, Any] = {"sublinear_tf": True, "max_features": features, "dtype": np.float32}
        self.vectors = FeatureUnion(
            [
                ("char", TfidfVectorizer(analyzer="char", ngram_range=(2, 4), **common)),
                ("word", TfidfVectorizer(ngram_range=(1, 2), **common)),
            ]
        )

    def classifier(self) -> Any:
        raise NotImplementedError

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        x, y = self.vectors.fit_transform(texts), np.asarray(releases)
        rows = tuning_rows(releases)
        search = GridSearchCV(
            self.classifier(), self.grid, scoring="accuracy", cv=folds(np.asarray(prompts)[rows].tolist()), refit=False
        )
        search.fit(x[rows], y[rows])
        self.chosen = dict(search.best_params_)
        self.model = self.classifier().set_params(**self.chosen).fit(x, y)
        self.releases = self.model.classes_.tolist()
        return self


class TfidfSvm(_Tfidf):
    name = "TF-IDF + LinearSVC"
    lab_by = "best"
    score = "decision value, one against the rest"
    grid: ClassVar[dict[str, list[Any]]] = {"C": [0.01, 0.1, 1.0, 10.0], "class_weight": [None, "balanced"]}

    def classifier(self) -> Any:
        return LinearSVC(random_state=SEED)

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        found = self.model.decision_function(self.vectors.transform(texts))
        # For two classes scikit-learn returns the second one's value alone.
        return found if found.ndim > 1 else np.stack([-found, found], axis=1)


class TfidfLogistic(_Tfidf):
    name = "TF-IDF + logistic regression"
    lab_by = "sum"
    score = "log-probability, one against the rest and brought to a sum of 1"
    # Stochastic gradient descent: over so many classes the other solvers of scikit-learn take hours. alpha is 1 / C.
    grid: ClassVar[dict[str, list[Any]]] = {"alpha": [1e-7, 1e-6, 1e-5, 1e-4], "class_weight": [None, "balanced"]}

    def classifier(self) -> Any:
        return SGDClassifier(loss="log_loss", max_iter=20, random_state=SEED, n_jobs=-1)

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        return logs(self.model.predict_proba(self.vectors.transform(texts)))


class Pan(Peer):
    name = "PAN 2019 open-set baseline"
    lab_by = "sum"
    unknown_within = 0.1
    score = "calibrated log-probability"

    def __init__(self, features: int = FEATURES, rarest: int = RAREST) -> None:
        super().__init__()
        self.vectors = TfidfVectorizer(
            analyzer="char",
            ngram_range=(3, 3),
            lowercase=False,
            min_df=rarest,
            max_features=features,
            norm="l2",
            dtype=np.float32,
        )

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        x, y = self.vectors.fit_transform(texts), np.asarray(releases)
        self.model = CalibratedClassifierCV(LinearSVC(C=1, random_state=SEED), cv=FOLDS)
        # Threads and not processes, so that the peak memory is that of one process.
        with joblib.parallel_config(backend="threading", n_jobs=-1):
            self.model.fit(x, y)
        self.releases = self.model.classes_.tolist()
        return self

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        return logs(self.model.predict_proba(self.vectors.transform(texts)))
