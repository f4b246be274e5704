"""The model itself, asked about corpora that it was not trained on."""

from __future__ import annotations

import numpy as np

from fingerprint.evaluate.answers import Answers, Names
from fingerprint.evaluate.fits import answer, draw_some, named
from fingerprint.evaluate.folds import OTHER
from fingerprint.evaluate.ground import labels_of
from fingerprint.evaluate.judging import judged
from fingerprint.evaluate.perturbed import texts_of
from fingerprint.loading import Loaded
from fingerprint.records.corpus import Corpus
from fingerprint.train.data import Report
from fingerprint.train.judge import Known

_BLOCK = 200


def ask_shipped(corpus: Corpus, loaded: Loaded, names: Names, most: int, seed: int, progress: Report) -> Answers | None:
    """Suspects of the corpus' rows, by the model's own calibration; their part is the corpus. None without rows."""
    labels = labels_of(corpus)
    suspects = draw_some(labels, np.ones(len(corpus), bool), most, seed)
    if not suspects:
        return None
    rows = np.unique(np.concatenate(suspects))
    places, sizes = [], []
    for start in range(0, len(rows), _BLOCK):
        found = loaded.read(texts_of(corpus, rows[start : start + _BLOCK]))
        places.append(found[0])
        sizes.append(found[1])
        progress("the model on other corpora", min(start + _BLOCK, len(rows)), len(rows))
    place, size = np.concatenate(places), np.concatenate(sizes)
    known = Known([r["release"] for r in loaded.releases], {r["release"]: r["lab"] for r in loaded.releases})
    at = [np.searchsorted(rows, some) for some in suspects]
    asked = answer(
        loaded.likelihood, known, names, [place[i] for i in at], [size[i] for i in at], suspects, OTHER,
        *named(labels, suspects),
    )  # fmt: skip
    return judged(asked, loaded.calibration, names)
