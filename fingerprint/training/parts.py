"""The parts of a model folder, made of what was fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.data.corpus import Corpus
from fingerprint.data.registry import Registry
from fingerprint.features import style_markers
from fingerprint.model.likelihood import Likelihood
from fingerprint.training.data import Report
from fingerprint.training.embedding import Space

HABIT_ROWS = 60


def space_arrays(space: Space) -> dict[str, np.ndarray]:
    """Of the vocabulary and the projection; the encoder has files of its own."""
    return {
        "vocabulary_buckets": space.vocabulary.buckets,
        "vocabulary_weights": space.vocabulary.weights,
        "projection_codes": space.projection.codes,
        "projection_scale": space.projection.scale,
    }


def likelihood_arrays(likelihood: Likelihood) -> dict[str, np.ndarray]:
    """Of the hierarchy and the heads."""
    h, classifiers = likelihood.plda, likelihood.classifiers
    assert classifiers is not None
    return {
        "release_classifier": classifiers.release.astype(np.float16),
        "release_classifier_bias": classifiers.release_bias.astype(np.float32),
        "lab_classifier": classifiers.lab.astype(np.float16),
        "lab_classifier_bias": classifiers.lab_bias.astype(np.float32),
        "plda_centre": h.centre.astype(np.float32),
        "plda_basis": h.basis.astype(np.float32),
        "cell_mean": h.cell_mean.astype(np.float16),
        "cell_count": h.cell_count.astype(np.int32),
        "cell_release": h.cell_release.astype(np.int32),
        "cell_corpus": h.cell_corpus.astype(np.int32),
        "corpus_mean": h.corpus_mean.astype(np.float32),
        "within_variance": h.within.astype(np.float32),
        "session_variance": h.session.astype(np.float32),
        "domain_variance": h.domain.astype(np.float32),
        "between_labs_variance": h.between_labs.astype(np.float32),
        "between_releases_variance": h.between_releases.astype(np.float32),
        "release_lab": h.lab.astype(np.int32),
        "corpus_in_domain": h.in_domain,
        "corpus_spread": h.corpus_spread.astype(np.float32),
    }


def habit_arrays(
    corpus: Corpus, keep: NDArray[np.bool_], names: Sequence[str], progress: Report
) -> dict[str, np.ndarray]:
    """habit_mean, habit_var: (R, habits) of the logarithm of each rate, from some of the rows of each release that
    `keep` (rows,) marks. names: (R,) releases."""
    rng = np.random.default_rng(0)
    mean = np.zeros((len(names), len(style_markers.NAMES)), np.float32)
    var = np.zeros_like(mean)
    for i, name in enumerate(names):
        rows = np.flatnonzero(keep & (corpus.release == name))
        rows = np.sort(rng.choice(rows, min(HABIT_ROWS, len(rows)), replace=False))
        found = np.log1p(style_markers.measure([corpus.texts(int(r), int(r) + 1)[0] for r in rows]))
        mean[i], var[i] = found.mean(axis=0), found.var(axis=0)
        progress("habits", i + 1, len(names))
    return {"style_marker_mean": mean, "style_marker_variance": var}


def labels(names: Sequence[str], labs: Sequence[str], corpora: Sequence[str], registry: Registry) -> dict[str, Any]:
    """labels.json: what the codes of releases, labs and corpora stand for."""
    entries = [registry.releases[name] for name in names]
    return {
        "labs": [str(lab) for lab in labs],
        "releases": [
            {"release": e.release, "lab": e.lab, "family": e.family, "line": e.line, "released": e.released}
            for e in entries
        ],
        "corpora": [str(name) for name in corpora],
        "style_markers": list(style_markers.NAMES),
        "style_marker_units": list(style_markers.UNITS),
    }
