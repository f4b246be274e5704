"""A small sound model made without a training, and the means to change it with or without the manifest knowing."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

from fingerprint.config import Config, MixtureConfig, config_values
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.features import style_markers
from fingerprint.features.ngrams import Vocabulary, count
from fingerprint.model.calibration import LEVELS, NEVER, Expect
from fingerprint.model.claims import COLUMNS
from fingerprint.model.confidence import CALIBRATION_FEATURES, LAB
from fingerprint.model.pair_calibration import BIAS
from fingerprint.model.pairs import FEATURES, SHARED_FEATURES
from fingerprint.model.posterior import PARAMETERS, START
from fingerprint.store.folder import digest, load, save
from fingerprint.store.format import ENCODER_WEIGHTS
from tests import worlds

CARD = "# A model\n"
_LABS = ("ash", "birch", "cedar")
_RELEASES = [f"{lab}-{n}" for lab in _LABS for n in (1, 2)]
_CORPORA = ("first", "second")
_RESPONSES = 4
_HASH = "0" * 64


@dataclass(frozen=True)
class Parts:
    """What `save` writes."""

    arrays: dict[str, NDArray[Any]]
    documents: dict[str, Any]
    encoder: dict[str, bytes]

    def encoder_arrays(self) -> dict[str, NDArray[Any]]:
        return {name: array.copy() for name, array in from_safetensors(self.encoder[ENCODER_WEIGHTS]).items()}


def parts() -> Parts:
    """Copies, which may be changed."""
    return copy.deepcopy(_parts())


def make(folder: Path) -> Path:
    made = _parts()
    save(folder, made.arrays, made.documents, CARD, made.encoder)
    return folder


def without_regression_set(model: Path, out: Path) -> Path:
    """Write a model again as one that keeps no regression set."""
    stored = load(model)
    arrays = {name: a[:0] if name.startswith("regression") else a for name, a in stored.arrays.items()}
    documents = {**stored.documents, "training": {**stored.documents["training"], "regression_set": 0}}
    save(out, arrays, documents, CARD, encoder_files(model))
    return out


def encoder_files(model: Path) -> dict[str, bytes]:
    """The files of a model's static encoder, as `save` takes them."""
    return {f"encoder/{path.name}": path.read_bytes() for path in (model / "encoder").iterdir()}


@cache
def texts() -> tuple[str, ...]:
    """Five responses of one release, to prompts that the model has not seen."""
    return tuple(worlds.write("birch-1", prompt) for prompt in range(90, 95))


def edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], object], *, signed: bool = True) -> None:
    """Change `model.json`; signed: with the digest made right again."""
    path = folder / "model.json"
    value = json.loads(path.read_text())
    edit(value)
    if signed and "digest" in value:
        value["digest"] = digest(value)
    path.write_text(json.dumps(value))


def replace(folder: Path, name: str, data: bytes, *, signed: bool = True) -> None:
    """Write a file and have the manifest agree, as one who forges a model would; signed: with its digest, too."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()

    def edit(value: dict[str, Any]) -> None:
        value["files"][name] = {"sha256": sha256, "size": len(data)}
        if name == "config.json":
            value["config"] = sha256

    edit_manifest(folder, edit, signed=signed)


def replace_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]], *, signed: bool = True) -> None:
    """Write `weights.safetensors` and have the manifest agree."""
    listed = {name: {"dtype": array.dtype.name, "shape": list(array.shape)} for name, array in arrays.items()}
    edit_manifest(folder, lambda value: value.update(arrays=listed))
    replace(
        folder,
        "weights.safetensors",
        to_safetensors({name: np.array(array, order="C") for name, array in arrays.items()}),
        signed=signed,
    )


def replace_encoder(folder: Path, arrays: Mapping[str, NDArray[Any]], *, signed: bool = True) -> None:
    """Write `encoder/model.safetensors` with other arrays and have the manifest agree."""
    plain = {n: np.array(array, order="C") for n, array in {**parts().encoder_arrays(), **arrays}.items()}
    replace(folder, ENCODER_WEIGHTS, to_safetensors(plain), signed=signed)


@cache
def _parts() -> Parts:
    rng = np.random.default_rng(0)
    given = {
        (release, corpus): [worlds.write(release, 100 * c + p) for p in range(_RESPONSES)]
        for release in _RELEASES
        for c, corpus in enumerate(_CORPORA)
    }
    features, clip = Config().features, Config().embedding.clip
    buckets = np.unique(count([text for some in given.values() for text in some], features).columns).astype(np.int32)
    vocabulary = Vocabulary(buckets, _some(rng, 0.5, 2, len(buckets)), features)
    tables = [QuantisedTable.quantise(_some(rng, -1, 1, len(buckets), d), clip) for d in (16, 8)]
    columns = vocabulary.columns()

    def embed(some: list[str]) -> NDArray[np.float32]:
        counts = count(some, features, columns)
        return np.hstack([table.embed(counts, vocabulary.weights) for table in tables])

    embedded = {cell: embed(some) for cell, some in given.items()}
    centre = np.concatenate(list(embedded.values())).mean(axis=0)
    # As wide as high and not symmetric, so that it could be transposed unseen.
    basis = 10 * np.linalg.qr(rng.standard_normal((24, 24)))[0].astype(np.float32)
    mean = np.stack([(rows.mean(axis=0) - centre) @ basis for rows in embedded.values()])
    of_release = mean.reshape(len(_RELEASES), len(_CORPORA), -1).mean(axis=1)
    of_lab = of_release.reshape(len(_LABS), 2, -1).mean(axis=1)
    held = {release: embed([worlds.write(release, 50 + p) for p in range(2)]) for release in _RELEASES}
    rows = np.concatenate(list(held.values()))
    scale = np.abs(rows).max(axis=1) / 127
    code = np.arange(len(_RELEASES))
    k, m = basis.shape[1], len(style_markers.NAMES)
    arrays = {
        "vocabulary_buckets": buckets,
        "vocabulary_weights": vocabulary.weights,
        "projection_codes": tables[0].codes,
        "projection_scale": tables[0].scale,
        "plda_centre": centre,
        "plda_basis": basis,
        "cell_mean": mean.astype(np.float16),
        "cell_count": np.full(len(mean), _RESPONSES, np.int32),
        "cell_release": np.repeat(code, len(_CORPORA)).astype(np.int32),
        "cell_corpus": np.tile(np.arange(len(_CORPORA)), len(code)).astype(np.int32),
        "corpus_mean": _some(rng, -0.1, 0.1, len(_CORPORA), k),
        "corpus_in_domain": np.ones(len(_CORPORA), bool),
        "corpus_spread": np.ones(len(_CORPORA), np.float32),
        "within_variance": _some(rng, 0.5, 1.5, k),
        "session_variance": _some(rng, 0.02, 0.1, k),
        "domain_variance": _some(rng, 0.01, 0.1, k),
        "between_labs_variance": _some(rng, 0.1, 0.5, k),
        "between_releases_variance": _some(rng, 0.1, 0.5, k),
        "release_lab": np.repeat(np.arange(len(_LABS)), 2).astype(np.int32),
        "release_classifier": of_release.T.astype(np.float16),
        "release_classifier_bias": (-(of_release**2).sum(axis=1) / 2).astype(np.float32),
        "lab_classifier": of_lab.T.astype(np.float16),
        "lab_classifier_bias": (-(of_lab**2).sum(axis=1) / 2).astype(np.float32),
        "style_marker_mean": _some(rng, 0, 3, len(code), m),
        "style_marker_variance": _some(rng, 0.1, 2, len(code), m),
        "probe_gain": (np.float16(2) * (1 - np.eye(len(_LABS), dtype=np.float16)))[None],
        **_prompts(),
        "regression_embedding": np.rint(rows / scale[:, None]).astype(np.int8),
        "regression_scale": scale.astype(np.float32),
        "regression_features": np.full(len(rows), 300, np.int32),
        "regression_release": np.repeat(code, 2).astype(np.int32),
    }
    encoder = {f"encoder/{name}": data for name, data in StaticEncoder(vocabulary, tables[1]).files().items()}
    return Parts(arrays, _documents(), encoder)


def _some(rng: np.random.Generator, least: float, most: float, *shape: int) -> NDArray[np.float32]:
    return rng.uniform(least, most, shape).astype(np.float32)


def _documents() -> dict[str, Any]:
    return {
        "config": config_values(Config()),
        "labels": {
            "labs": list(_LABS),
            "releases": [
                {
                    "release": r,
                    "lab": r[:-2],
                    "family": f"{r[:-2]}-family",
                    "line": r[:-2],
                    "released": f"2025-0{r[-1]}",
                }
                for r in _RELEASES
            ],
            "corpora": list(_CORPORA),
            "style_markers": list(style_markers.NAMES),
            "style_marker_units": list(style_markers.UNITS),
        },
        "calibration": {
            "parameters": dict(zip(PARAMETERS, START.tolist(), strict=True)),
            "expectations": {str(expect): _expectation() for expect in Expect},
            "domain_limits": {"1": 6.0, "5": 5.0},
            "far_limits": {"1": 8.0, "5": 7.0},
            "two_source_limits": {"5": 10.0},
        },
        "claims": {level: {"in_domain": _claim_table(), "out_of_domain": _claim_table()} for level in LEVELS},
        "training": {
            "name": "made",
            "version": "0.1.0",
            "trained": "2026-01-31",
            "newest": "2025-02",
            "encoder": "",
            "settings": {"released_before": None, "exclude_releases": [], "exclude_labs": ["oak"]},
            "corpora": [{"name": "first", "rows": 24, "sha256": _HASH, "licence": "MIT", "source": "here"}],
            "dropped": {"duplicates within a release": 3},
            "rows": dict.fromkeys(_RELEASES, 8),
            "regression_set": 2 * len(_RELEASES),
            "lineage": [
                {
                    "command": "fingerprint train first",
                    "time": "2026-01-31T10:00:00Z",
                    "version": "0.1.0",
                    "parent": None,
                    "registry": _HASH,
                    "corpora": [_HASH],
                    "comparison": None,
                }
            ],
            "scores": [{"held out": "same", "responses": 1, "cases": 20, "lab top-1": 0.9, "lab macro": None}],
        },
        "probing": {"kinds": [["chat", "en"]]},
        "prompts": {"corpora": list(_CORPORA), "kinds": [["chat", "en"], ["code", ""]]},
        "pairs": _pairs(),
        "side": {
            "token_counts": [{"releases": {"ash-1": "ash"}, "counts": {f"{i:016x}": 10 + i for i in range(5)}}],
            "self_names": {"releases": {"ash": 2}, "says": {"ash": {"ash": 1.5, "oak": 0.5}}, "others": {"oak": 1.0}},
        },
    }


def _prompts() -> dict[str, NDArray[Any]]:
    """Three prompts; the second is in both corpora."""
    hashes = np.array([[0, 9], [1, 2], [1, 2], [2, 0]], np.uint8)
    return {
        "prompt_hash": np.pad(hashes, ((0, 0), (0, 6))),
        "prompt_corpus": np.array([1, 0, 1, 0], np.int32),
        "prompt_kind": np.array([0, 0, 1, 1], np.int32),
        "prompt_size": np.array([40, 50, 50, 3_000], np.int32),
        "prompt_answer_size": np.array([400, 500, 700.5, 6_000], np.float32),
        "prompt_answers": np.array([6, 5, 6, 1], np.int32),
        "prompt_releases": np.array([6, 5, 6, 1], np.int32),
        "prompt_whole": np.array([True, True, True, False]),
        "prompt_gain": np.array([1.25, 1.0, 0.75, 1.0], np.float16),
    }


def _claim_table() -> dict[str, Any]:
    rates = len(Config().calibration.rates)
    limits = [3.0 - 0.2 * i for i in range(rates)]
    trials = {"trials": 100, "consistent": 0.1, "inconsistent": 0.2, "eer": 0.05}
    return {
        "weights": {**dict.fromkeys(COLUMNS, 0.1), "bias": 0.2},
        "bound": 7.5,
        "accept": {"1": list(limits), "5": list(limits)},
        "reject": {size: [-limit for limit in limits] for size in "15"},
        "figures": {size: {"target": {**trials, "eer": None}, "other lab": dict(trials)} for size in "15"},
    }


def _pairs() -> dict[str, Any]:
    limits = {"same": [None, 3.0, 2.0, 1.5, 1.0], "different": [None, -3.0, -2.0, -1.5, -1.0]}
    target = {"pairs": 40, "cells": 30, "eer": None, "same": [0.0, 0.2, 0.4, 0.5, 0.6], "different": [0.0] * 5}
    other = {**target, "eer": 0.1, "same": [0.0] * 5, "different": [0.0, 0.3, 0.5, 0.6, 0.7]}
    document: dict[str, Any] = {
        "weights": {**dict.fromkeys(FEATURES, 0.1), BIAS: -0.5},
        "least": -4.0,
        "most": 5.0,
        "limits": {size: {"in": limits, "out": limits} for size in ("1", "5")},
        "figures": {size: {"in": {"target": target, "other": other}, "out": {"target": target}} for size in ("1", "5")},
    }
    document["shared"] = {**document, "weights": {**dict.fromkeys(SHARED_FEATURES, 0.1), BIAS: -0.5}}
    # Each part by itself, so that a test changes one of them only.
    separate: dict[str, Any] = json.loads(json.dumps(document))
    return separate


def _expectation() -> dict[str, Any]:
    rates = len(Config().calibration.rates)
    falling = [0.9 - 0.05 * i for i in range(rates)]
    weights = dict.fromkeys(CALIBRATION_FEATURES, 0.1)
    figures = {
        "cases": 100,
        "lab_error": 0.2,
        "coverage": [0.1 * i for i in range(rates)],
        "error": [0.01 * i for i in range(rates)],
        "listed": [0.02 * i for i in range(rates)],
        "list_error": [0.01 * i for i in range(rates)],
    }

    def limits(unreachable: float) -> dict[str, list[float]]:
        # With one response the lowest rate is never reached.
        return {"1": [unreachable, *falling[1:]], "5": list(falling)}

    return {
        "confidence": {
            "first": {**weights, "bias": 2.0, f"{LAB}ash": 0.4, f"{LAB}birch": -0.2},
            "unknown": {**weights, "bias": -3.0, f"{LAB}ash": -0.1},
            "new": {**weights, "bias": -2.0},
        },
        "thresholds": {level: limits(NEVER) for level in LEVELS},
        **{name: limits(math.nextafter(1, 2)) for name in ("new", "known", "unknown")},
        "shortlist": limits(NEVER),
        "distances": {"1": [0.5, 1.5], "5": [0.4, 1.2]},
        "sets": {"1": [0.2, 0.1, 0.05], "5": [0.3, 0.2, 0.1]},
        "figures": {size: {kind: copy.deepcopy(figures) for kind in MixtureConfig.__struct_fields__} for size in "15"},
    }
