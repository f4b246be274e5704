"""Models of older schemas brought up to the present one while they are read; their folders stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

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


def from_schema_1(
    arrays: Mapping[str, np.ndarray], documents: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and documents of a schema 1 model by the names of schema 2.

    Raises:
        KeyError, TypeError, AttributeError: For documents that are not those of a model.
    """
    calibration = _renamed(documents["calibration"], _CALIBRATION)
    calibration["curves"] = {n: _renamed(curve, {"suspects": "cases"}) for n, curve in calibration["curves"].items()}
    calibration["parameters"] = {_parameter(name): value for name, value in calibration["parameters"].items()}
    calibration["confidence"] = {name: _renamed(of, _FEATURES) for name, of in calibration["confidence"].items()}
    labels = _renamed(documents["labels"], _LABELS)
    changed = {"calibration": calibration, "labels": labels, "training": _training(documents["training"])}
    return _renamed(arrays, _ARRAYS), {**documents, **changed}


def _training(document: Mapping[str, Any]) -> dict[str, Any]:
    training = {name: value for name, value in _renamed(document, _TRAINING).items() if name != "shares"}
    training["scores"] = [_renamed(row, _SCORES) for row in training["scores"]]
    # Models from before there were updates have no lineage.
    if "lineage" in training:
        training["lineage"] = [_lineage_entry(entry) for entry in training["lineage"]]
    return training


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
