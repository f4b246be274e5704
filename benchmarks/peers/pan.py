"""The baseline of PAN 2019's open-set attribution task.

Kestemont et al., "Overview of the Cross-Domain Authorship Attribution Task at PAN 2019": character 3-grams, a linear
SVM one against the rest with calibrated probabilities, and no answer where the two best are within 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from benchmarks.peers.peer import FOLDS, SEED, Peer, logs

# The baseline's own: a 3-gram counts from five texts on.
RAREST = 5


class Pan(Peer):
    name = "PAN 2019 open-set baseline"
    lab_by = "sum"
    unknown_within = 0.1
    score = "calibrated log-probability"

    def __init__(self, features: int = 50_000, rarest: int = RAREST) -> None:
        super().__init__()
        self.vectors = TfidfVectorizer(
            analyzer="char", ngram_range=(3, 3), lowercase=False, min_df=rarest, max_features=features, norm="l2",
            dtype=np.float32,
        )  # fmt: skip

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
