"""The model itself, asked about corpora that it was not trained on."""

from __future__ import annotations

import numpy as np

from fingerprint.base.parallel import Progress
from fingerprint.data.corpus import Corpus
from fingerprint.evaluation.calibrated import judged
from fingerprint.evaluation.fits import answer, draw_some, named
from fingerprint.evaluation.folds import OTHER
from fingerprint.evaluation.ground import labels_of
from fingerprint.evaluation.perturbed import texts_of
from fingerprint.evaluation.predictions import Names, Predictions
from fingerprint.loading import Loaded
from fingerprint.training.likelihood import KnownReleases

_BLOCK = 200


def ask_shipped(
    corpus: Corpus, loaded: Loaded, names: Names, most: int, seed: int, progress: Progress
) -> Predictions | None:
    """Suspects of the corpus' rows, by the model's own calibration; their part is the corpus. None without rows."""
    labels = labels_of(corpus)
    cases = draw_some(labels, np.ones(len(corpus), bool), most, seed)
    if not cases:
        return None
    rows = np.unique(np.concatenate(cases))
    embeddings, sizes = [], []
    for start in range(0, len(rows), _BLOCK):
        found = loaded.read(texts_of(corpus, rows[start : start + _BLOCK]))
        embeddings.append(found[0])
        sizes.append(found[1])
        progress("the model on other corpora", min(start + _BLOCK, len(rows)), len(rows))
    place, size = np.concatenate(embeddings), np.concatenate(sizes)
    known = KnownReleases([r["release"] for r in loaded.releases], {r["release"]: r["lab"] for r in loaded.releases})
    at = [np.searchsorted(rows, some) for some in cases]
    asked = answer(
        loaded.likelihood, known, names, [place[i] for i in at], [size[i] for i in at], cases, OTHER,
        *named(labels, cases),
    )  # fmt: skip
    return judged(asked, loaded.calibration, names)
