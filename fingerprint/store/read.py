"""A model folder read: parsed, audited, and only then handed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fingerprint.errors import ModelError
from fingerprint.store.arrays import read_arrays
from fingerprint.store.audit import check_content, check_names, listed, refuse_pickle
from fingerprint.store.manifest import MANIFEST, WEIGHTS, parse_json, parse_manifest
from fingerprint.store.migrations import from_schema_1


@dataclass(frozen=True, slots=True)
class Stored:
    """What a model folder holds: read-only arrays, JSON documents by name, and where it lies.

    The encoder's files, if any, are checked and lie in `folder / "encoder"`.
    """

    arrays: Mapping[str, np.ndarray]
    documents: Mapping[str, Any]
    folder: Path


def load(folder: Path) -> Stored:
    """Read the model in `folder`.

    ModelError, one line that names the file and what to do, where a file is missing, truncated, changed,
    unknown, a link or a pickle, where the schema is newer than this version's, and where arrays have NaN
    or other shapes or types than the manifest says.
    """
    try:
        return _load(folder)
    except OSError as error:
        raise ModelError(f"{error.filename or folder}: {error.strerror}") from error


def _load(folder: Path) -> Stored:
    if folder.is_file():
        refuse_pickle(folder)
    if not (folder / MANIFEST).is_file():
        raise ModelError(f"{folder}: no model folder (no {MANIFEST} in it); name one that fingerprint train wrote")
    found = listed(folder)
    manifest = parse_manifest((folder / MANIFEST).read_bytes(), folder / MANIFEST)
    check_names(folder, found, manifest)
    for name, entry in manifest.files.items():
        check_content(folder / name, entry.sha256, entry.size)
    documents = {
        name.removesuffix(".json"): parse_json((folder / name).read_bytes(), folder / name)
        for name in manifest.files
        if "/" not in name and name.endswith(".json")
    }
    arrays = read_arrays(folder / WEIGHTS, manifest.arrays)
    if manifest.schema == 1:
        arrays, documents = from_schema_1(arrays, documents)
    return Stored(arrays, documents, folder)
