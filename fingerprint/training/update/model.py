"""The arrays and documents of a model with more releases, corpora and responses in them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fingerprint.data.registry import Registry
from fingerprint.loading import Loaded
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.linear_classifiers import LinearClassifiers
from fingerprint.model.plda import Ints, Plda
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.side.tables import DOCUMENT as SIDE
from fingerprint.store.folder import Stored
from fingerprint.training.data import Report
from fingerprint.training.lineage import described
from fingerprint.training.parts import HABIT_ROWS, habit_arrays, labels, likelihood_arrays
from fingerprint.training.regression_set import RegressionSet
from fingerprint.training.side import learn_side
from fingerprint.training.update.added_classes import widen
from fingerprint.training.update.domain import on_ground
from fingerprint.training.update.grow import grow
from fingerprint.training.update.rows import Rows


def grown(
    stored: Stored, loaded: Loaded, rows: Rows, registry: Registry, seed: int, progress: Report
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and documents of the model with `rows` learned; what neither changes is as it was."""
    old = loaded.likelihood
    assert old.classifiers is not None
    lab_of = {entry["release"]: entry["lab"] for entry in loaded.releases}
    names = _and_new(list(lab_of), rows.names)
    labs = _and_new(loaded.labs, [registry.releases[name].lab for name in rows.names if name not in lab_of])
    had = stored.documents["labels"]["corpora"]
    corpora = _and_new(had, [rows.corpora[c] for c in np.unique(rows.corpus)])
    lab = np.array([labs.index(lab_of.get(name) or registry.releases[name].lab) for name in names])
    code = _codes(rows.names, names)
    release = code[rows.release]
    corpus = _codes(rows.corpora, corpora)[rows.corpus]
    ground = on_ground(loaded, rows, corpora[len(had) :], seed)
    plda = grow(old.h, rows.embedding, rows.at, release, corpus, lab, ground)
    classifiers = widen(old.classifiers, old.h, plda, rows.embedding, rows.at, release, corpus, seed)
    held = RegressionSet.of(stored.arrays)
    count = Counter(rows.given.release[rows.learned].tolist())

    # Releases and labs are in the order of their names, as after a training.
    by_name, by_lab = np.argsort(names), np.argsort(labs)
    rank = np.argsort(by_name)
    kept = replace(rows.kept, release=rank[code[rows.kept.release]])
    arrays = {
        **stored.arrays,
        **likelihood_arrays(_ordered(plda, classifiers, by_name, by_lab)),
        **{name: values[by_name] for name, values in _usual(stored, rows, code, count, len(names), progress).items()},
        **replace(held, release=rank[held.release]).joined(kept).arrays(),
    }
    if loaded.information is not None:
        arrays[GAIN] = loaded.information.map_function([labs[i] for i in by_lab]).gain.astype(np.float16)
    documents = copy.deepcopy(dict(stored.documents))
    entries = {entry["release"]: entry for entry in loaded.releases}
    named = labels(rows.names, [labs[i] for i in by_lab], corpora, registry)
    # What the model says of a release that it knew stays, whatever the registry says by now.
    entries = {entry["release"]: entry for entry in named["releases"]} | entries
    documents["labels"] = {**named, "releases": [entries[names[i]] for i in by_name]}
    owner = {name: labs[code] for name, code in zip(names, lab, strict=True)}
    side = learn_side(rows.given, rows.learned, owner, progress, loaded.side, lab_of)
    documents[SIDE] = side.to_document()
    training = documents["training"]
    for name, many in sorted(count.items()):
        training["rows"][name] = training["rows"].get(name, 0) + many
    hashes = {c["sha256"] for c in training["corpora"]}
    training["corpora"] += [c for c in described(rows.given.sources) if c["sha256"] not in hashes]
    training["held"] += len(rows.kept.release)
    training["newest"] = max(entry["released"] for entry in entries.values())
    return arrays, documents


def _and_new(names: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*names, *more]))


def _codes(names: Sequence[str], among: Sequence[str]) -> Ints:
    """(names,) the code of each, -1 for one that is not there."""
    at = {name: i for i, name in enumerate(among)}
    return np.array([at.get(name, -1) for name in names])


def _ordered(h: Plda, classifiers: LinearClassifiers, by_name: Ints, by_lab: Ints) -> Likelihood:
    rank, lab_rank = np.argsort(by_name), np.argsort(by_lab)
    return Likelihood(
        replace(h, cell_release=rank[h.cell_release], lab=lab_rank[h.lab[by_name]]),
        LinearClassifiers(
            classifiers.release[:, by_name],
            classifiers.release_bias[by_name],
            classifiers.lab[:, by_lab],
            classifiers.lab_bias[by_lab],
        ),
    )


def _usual(
    stored: Stored, rows: Rows, code: Ints, count: Mapping[str, int], size: int, progress: Report
) -> dict[str, np.ndarray]:
    """habit_mean, habit_var (R, habits): of a release with more responses those of both samples together."""
    fresh = habit_arrays(rows.given, rows.learned, rows.names, progress)
    mean, var = (np.zeros((size, fresh["style_marker_mean"].shape[1]), np.float32) for _ in range(2))
    old = len(stored.arrays["style_marker_mean"])
    mean[:old], var[:old] = stored.arrays["style_marker_mean"], stored.arrays["style_marker_variance"]
    before = stored.documents["training"]["rows"]
    for i, name in enumerate(rows.names):
        own = min(before.get(name, 0), HABIT_ROWS) if code[i] < old else 0
        share = own / (own + min(count[name], HABIT_ROWS))
        at, new = code[i], fresh["style_marker_mean"][i]
        var[at] = (
            share * var[at]
            + (1 - share) * fresh["style_marker_variance"][i]
            + share * (1 - share) * (new - mean[at]) ** 2
        )
        mean[at] = share * mean[at] + (1 - share) * new
    return {"style_marker_mean": mean, "style_marker_variance": var}
