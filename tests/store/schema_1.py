"""A model folder as fingerprint 0.1.0 wrote it, made from the parts of a present one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_safetensors

from tests.store.folder import CARD, Parts

ARRAYS = {
    "vocabulary_buckets": "buckets",
    "vocabulary_weights": "weights",
    "projection_codes": "projection_codes",
    "projection_scale": "projection_scale",
    "plda_centre": "centre",
    "plda_basis": "basis",
    "cell_mean": "cell_mean",
    "cell_count": "cell_count",
    "cell_release": "cell_release",
    "cell_corpus": "cell_corpus",
    "corpus_mean": "corpus_mean",
    "within_variance": "within",
    "session_variance": "session",
    "domain_variance": "domain",
    "between_labs_variance": "between_labs",
    "between_releases_variance": "between_releases",
    "release_lab": "lab",
    "release_classifier": "release_head",
    "release_classifier_bias": "release_bias",
    "lab_classifier": "lab_head",
    "lab_classifier_bias": "lab_bias",
    "style_marker_mean": "habit_mean",
    "style_marker_variance": "habit_var",
    "probe_gain": "probe_gain",
    "regression_embedding": "held_rows",
    "regression_scale": "held_scale",
    "regression_features": "held_size",
    "regression_release": "held_release",
}
"""Name in schema 2: name in schema 1. Models of that time did not say which of their corpora are in-domain."""

_GROUPS = {"release_classifier": "release_head", "lab_classifier": "lab_head"}
_COVARIATES = {
    "_by_domain_distance": "_by_ground",
    "_by_in_domain_llr": "_by_familiarity",
    "_by_log_probability": "_by_level",
}
_FEATURES = (
    *("first", "second", "unknown", "entropy", "release", "lead", "responses", "ground", "familiarity", "level"),
    "margin",
)
_BIASES = {"first": 2.0, "unknown": -3.0, "new": -2.0}

LIMITS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
"""Of false alarms at the rates 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2 and 0.5."""


def write(folder: Path, made: Parts) -> Path:
    """Write a folder of schema 1 with the arrays and documents of a present model."""
    arrays = {old: np.ascontiguousarray(made.arrays[new]) for new, old in ARRAYS.items()}
    modules = [{"idx": 0, "name": "0", "path": "", "type": "fingerprint.space.encoder.NgramEncoder"}]
    files = {
        "weights.safetensors": to_safetensors(arrays),
        "MODEL_CARD.md": CARD.encode(),
        **{f"{name}.json": json.dumps(value).encode() for name, value in documents(made).items()},
        **made.encoder,
        "encoder/modules.json": json.dumps(modules).encode(),
    }
    manifest = {
        "format": "fingerprint-model",
        "schema": 1,
        "files": {n: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for n, data in files.items()},
        "arrays": {name: {"dtype": array.dtype.name, "shape": list(array.shape)} for name, array in arrays.items()},
    }
    for name, data in {**files, "model.json": json.dumps(manifest).encode()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def documents(made: Parts) -> dict[str, Any]:
    """The documents by the names of schema 1."""
    labels, calibration, training = (made.documents[name] for name in ("labels", "calibration", "training"))
    return {
        "labels": {
            "labs": labels["labs"],
            "releases": labels["releases"],
            "corpora": labels["corpora"],
            "habits": labels["style_markers"],
            "habit_units": labels["style_marker_units"],
        },
        "calibration": {
            "parameters": {
                _parameter(name): value
                for name, value in calibration["parameters"].items()
                if not name.startswith("votes")
            },
            "confidence": {
                outcome: {**dict.fromkeys(_FEATURES, 0.1), "bias": bias} for outcome, bias in _BIASES.items()
            },
            "curves": {name: _curve() for name in ("1", "5", "all")},
            "ground_limits": calibration["domain_limits"],
            "farthest": 0.5,
            "split_limits": calibration["two_source_limits"],
            "unknown": {"limits": {"1": list(LIMITS), "5": list(LIMITS)}},
            "new": {"limits": {"5": list(LIMITS)}},
        },
        "training": {
            **{name: training[name] for name in ("name", "version", "trained", "newest", "encoder", "corpora")},
            "settings": {**training["settings"], "seed": 0},
            "shares": {"same": 0.85, "other": 0.1, "unseen": 0.035, "unknown": 0.015},
            "dropped": training["dropped"],
            "rows": training["rows"],
            "held": training["regression_set"],
            "lineage": [
                {**{name: value for name, value in entry.items() if name != "comparison"}, "gate": _gate()}
                for entry in training["lineage"]
            ],
            "scores": [{"held out": "same", "responses": 1, "suspects": 20, "claimed": 0.5, "false claims": None}],
        },
        "probing": made.documents["probing"],
        "side": made.documents["side"],
    }


def _curve() -> dict[str, Any]:
    """Of 201 thresholds from 0 to 1: the error falls by 0.001 each, from 0.1505 on; at 0.9 alone it is 0.03 again."""
    error = [max(0.1505 - 0.001 * i, 0.0) for i in range(201)]
    error[180] = 0.03
    return {
        "coverage": np.linspace(1, 0, 201).tolist(),
        "error": error,
        "lab_error": 0.2,
        "suspects": 100,
    }


def _gate() -> dict[str, Any]:
    figure = {"group": "old releases", "figure": "false claims", "suspects": 9, "old": 0.1, "new": 0.1, "drop": 0.0}
    return {"figures": [figure], "lost": [], "refused": False}


def _parameter(name: str) -> str:
    for group, old in _GROUPS.items():
        name = name.replace(group, old)
    for covariate, old in _COVARIATES.items():
        name = name.replace(covariate, old)
    return "crowd" if name == "class_size_penalty" else name
