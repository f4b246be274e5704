"""Models of older schemas brought up to the present one while they are read; their folders stay as they are.

`fingerprint models migrate` writes one anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.config import Config, EmbeddingConfig, config_values
from fingerprint.errors import ModelError
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
_CALIBRATION = {
    "ground_limits": "domain_limits",
    "farthest": "out_of_domain_accuracy",
    "split_limits": "two_source_limits",
}
_PARAMETERS = {
    "release_head": "release_classifier",
    "lab_head": "lab_classifier",
    "_by_ground": "_by_domain_distance",
    "_by_familiarity": "_by_in_domain_llr",
    "_by_level": "_by_log_probability",
    "crowd": "class_size_penalty",
}
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
_LABELS = {"habits": "style_markers", "habit_units": "style_marker_units"}


def from_schema_1(contents: Contents, folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str]:
    """Return a schema 1 model by the names of schema 2.

    Models of schema 1 do not say their config: all were trained with the defaults. What the first of them lacked is
    empty here: the regression set, information of prompts, side evidence, lineage.

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
    calibration = _renamed(old["calibration"], _CALIBRATION)
    calibration["curves"] = {n: _renamed(curve, {"suspects": "cases"}) for n, curve in calibration["curves"].items()}
    calibration["parameters"] = {_parameter(name): value for name, value in calibration["parameters"].items()}
    calibration["confidence"] = {name: _renamed(of, _FEATURES) for name, of in calibration["confidence"].items()}
    seed, encoder = old["training"]["settings"]["seed"], old["training"]["encoder"]
    return {
        "config": config_values(Config(seed=seed, embedding=EmbeddingConfig(encoder=encoder))),
        "labels": _renamed(old["labels"], _LABELS),
        "calibration": calibration,
        "training": _training(old["training"]),
        "probing": old.get("probing", {"kinds": []}),
        "side": old.get("side", {"token_counts": [], "self_names": None}),
    }


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
