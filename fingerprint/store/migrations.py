"""Models of older schemas brought up to the present one while they are read; their folders stay as they are.

`fingerprint models migrate` writes one anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.config import (
    CalibrationConfig,
    Config,
    EmbeddingConfig,
    ExpectationsConfig,
    MixtureConfig,
    config_values,
)
from fingerprint.errors import ModelError
from fingerprint.model.calibration import NEVER, Expect, nearest, rate_index
from fingerprint.model.covariates import COVARIATES
from fingerprint.store.checks import Contents

FEATURES_OF_SCHEMA_1 = "6ef4c688372fd298f31d9801c8236cd165a85cf030a2dbf98ca75a0a2bce3ed6"
"""`feature_signature(FeatureConfig())` of the program that trained every model of schema 1 (fingerprint 0.1.0)."""

_ARRAYS = {
    "basis": "plda_basis",
    "between_labs": "between_labs_variance",
    "between_releases": "between_releases_variance",
    "buckets": "vocabulary_buckets",
    "centre": "plda_centre",
    "corpus_ground": "corpus_in_domain",
    "corpus_within": "corpus_spread",
    "domain": "domain_variance",
    "habit_mean": "style_marker_mean",
    "habit_var": "style_marker_variance",
    "held_release": "regression_release",
    "held_rows": "regression_embedding",
    "held_scale": "regression_scale",
    "held_size": "regression_features",
    "lab": "release_lab",
    "lab_bias": "lab_classifier_bias",
    "lab_head": "lab_classifier",
    "release_bias": "release_classifier_bias",
    "release_head": "release_classifier",
    "session": "session_variance",
    "weights": "vocabulary_weights",
    "within": "within_variance",
}
_PARAMETERS = {
    "release_head": "release_classifier",
    "lab_head": "lab_classifier",
    "_by_ground": "_by_domain_distance",
    "_by_familiarity": "_by_in_domain_llr",
    "_by_level": "_by_log_probability",
    "crowd": "class_size_penalty",
}
# Calibration features that schema 1 did not have weigh nothing.
_NEW_FEATURES = ("agreement", "vote_lead", "lab_releases")
_FEATURES = {"ground": "domain_distance", "familiarity": "in_domain_llr", "level": "log_probability"}
_SCORES = {"suspects": "cases", "claimed": "attributed", "false claims": "false attributions"}
_TRAINING = {"held": "regression_set"}
_LINEAGE = {"gate": "comparison"}
_FIGURES = {"suspects": "cases"}
_METRICS = {
    "claimed": "attributed",
    "false claims": "false attributions",
    "lab top-1, all of them": "lab top-1, all responses",
    "release top-1, all of them": "release top-1, all responses",
}
# The error rates that limits of schema 1 were kept for, the thresholds of its curves, and its only case mixture.
_RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_GRID = np.linspace(0, 1, 201)
_MIXTURE = MixtureConfig(same=0.85, other=0.1, unseen=0.035, both=0, later=0, unknown=0.015)
# The logarithm of the weight of votes, which schema 1 did not have: they move a logit by 1e-20 at most.
_NO_VOTES = -50.0
_LABELS = {"habits": "style_markers", "habit_units": "style_marker_units"}


def from_schema_1(contents: Contents, folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str]:
    """Return a schema 1 model in the form of schema 2.

    The ranking of labs and releases and all probabilities stay the same, but for one thing: in schema 1 the probability
    of the first lab had a cap beyond the domain limit. An attribution needs the threshold of schema 1 at the largest
    rate of schema 2 that is allowed, and beyond the domain limit nothing is attributed, as before. "Unknown" is said
    more seldom than before, by the rule of schema 2.

    Schema 1 knew one case mixture, which stands for all three expectations. Its thresholds hold their rates over this
    mixture, not in each kind of case; so "likely" is never said. Schema 1 did not measure families, releases, sets of
    labs, or what speaks for a known release: no threshold of a family or release is ever reached, a set holds every
    lab, no release is called known, there are no figures by kind of case, and no question about candidates is answered.

    Models of schema 1 do not say their config: all were trained with the defaults of their time. Of these the config
    here has what this program still reads; its `splits` were others. What the first of the models lacked is empty: the
    regression set, information of prompts, side evidence, lineage.

    Args:
        contents: Arrays and documents by their names of schema 1.
        folder: Where it lies, for errors.

    Returns:
        Arrays and documents by the names of schema 2, and the hash of the features. They are not checked.

    Raises:
        ModelError: For documents that are not those of such a model.
    """
    try:
        return _arrays(contents), _documents(contents.documents), FEATURES_OF_SCHEMA_1
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        raise ModelError(
            printable(f"{folder}: its documents are not those of a model of schema 1 ({error}); train it again")
        ) from None


def _arrays(contents: Contents) -> dict[str, NDArray[Any]]:
    arrays = _renamed(contents.arrays, _ARRAYS)
    corpora, width = len(arrays["corpus_mean"]), len(arrays["plda_centre"])
    labs = len(contents.documents["labels"]["labs"])
    return {
        "corpus_in_domain": np.ones(corpora, bool),
        "corpus_spread": np.ones(corpora, np.float32),
        "probe_gain": np.zeros((0, labs, labs), np.float16),
        "regression_embedding": np.zeros((0, width), np.int8),
        "regression_scale": np.zeros(0, np.float32),
        "regression_features": np.zeros(0, np.int32),
        "regression_release": np.zeros(0, np.int32),
        **arrays,
    }


def _documents(old: Mapping[str, Any]) -> dict[str, Any]:
    config = Config(
        seed=old["training"]["settings"]["seed"],
        embedding=EmbeddingConfig(encoder=old["training"]["encoder"], lab_loss_of_all=0),
        # At `likely` 0 its threshold is that of attributions.
        calibration=CalibrationConfig(
            expectations=ExpectationsConfig(any=_MIXTURE, new=_MIXTURE, known=_MIXTURE), likely=0
        ),
    )
    return {
        "config": config_values(config),
        "labels": _renamed(old["labels"], _LABELS),
        "calibration": _calibration(old["calibration"], config.calibration.rates),
        "training": _training(old["training"]),
        "probing": old.get("probing", {"kinds": []}),
        "side": old.get("side", {"token_counts": [], "self_names": None}),
    }


def _calibration(old: Mapping[str, Any], rates: Sequence[float]) -> dict[str, Any]:
    sizes = [name for name in old["curves"] if name != "all"]
    never = {size: [NEVER] * len(rates) for size in sizes}
    none = dict.fromkeys(_NEW_FEATURES, 0.0)
    threshold = [_threshold(old["curves"]["all"]["error"], rate) for rate in rates]
    expectation = {
        "confidence": {name: {**none, **_renamed(of, _FEATURES)} for name, of in old["confidence"].items()},
        "thresholds": {"lab": dict.fromkeys(sizes, threshold), "family": never, "release": never},
        "new": _alarm_limits(old["new"]["limits"], sizes, rates),
        "known": never,
        "unknown": _alarm_limits(old["unknown"]["limits"], sizes, rates),
        "distances": {size: [0.0] for size in sizes},
        "sets": {size: [0.0, 0.0] for size in sizes},
        "figures": {size: {} for size in sizes},
    }
    return {
        "parameters": {
            **{f"votes{covariate}": 0.0 if covariate else _NO_VOTES for covariate in COVARIATES},
            **{_parameter(name): value for name, value in old["parameters"].items()},
        },
        "expectations": {str(expect): expectation for expect in Expect},
        "domain_limits": old["ground_limits"],
        "far_limits": old["ground_limits"],
        "two_source_limits": old["split_limits"],
    }


def _threshold(error: Sequence[float], rate: float) -> float:
    """The least threshold of an old curve from which on at most `rate` of the attributions is wrong, or NEVER."""
    if len(error) != len(_GRID):
        raise ValueError(f"a curve has {len(error)} thresholds, expected {len(_GRID)}")
    bad = [number for number, share in enumerate(error) if share > rate]
    after = bad[-1] + 1 if bad else 0
    return float(_GRID[after]) if after < len(_GRID) else NEVER


def _alarm_limits(
    old: Mapping[str, Sequence[float]], sizes: Sequence[str], rates: Sequence[float]
) -> dict[str, list[float]]:
    """By number of responses, the limit for each rate: that of the largest rate of schema 1 that is not above it."""
    if not old:
        return {size: [NEVER] * len(rates) for size in sizes}
    at = [rate_index(_RATES, rate) for rate in rates]
    limits = {size: old[nearest(old, int(size))] for size in sizes}
    return {size: [values[i] for i in at] for size, values in limits.items()}


def _training(document: Mapping[str, Any]) -> dict[str, Any]:
    training = {name: value for name, value in _renamed(document, _TRAINING).items() if name != "shares"}
    training["scores"] = [_renamed(row, _SCORES) for row in training["scores"]]
    # The config has the seed. The first models had neither a regression set nor a lineage.
    training["settings"] = {name: value for name, value in training["settings"].items() if name != "seed"}
    training["lineage"] = [_lineage_entry(entry) for entry in training.get("lineage", [])]
    return {"regression_set": 0, **training}


def _lineage_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    renamed = _renamed(entry, _LINEAGE)
    if comparison := renamed["comparison"]:
        figures = [_renamed(figure, _FIGURES) for figure in comparison["figures"]]
        figures = [{**figure, "figure": _METRICS.get(figure["figure"], figure["figure"])} for figure in figures]
        renamed["comparison"] = {**comparison, "figures": figures}
    return renamed


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}


def _parameter(name: str) -> str:
    for old, new in _PARAMETERS.items():
        name = name.replace(old, new)
    return name
