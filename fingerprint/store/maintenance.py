"""What `fingerprint models` tells of a model folder, and how a folder of an older schema becomes one of the present."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fingerprint.config import parse_config
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.features.ngrams import Vocabulary
from fingerprint.store.checks import described
from fingerprint.store.folder import Stored, check_free, load, save
from fingerprint.store.format import ARRAYS, CARD, DOCUMENTS, ENCODER


def summary(stored: Stored) -> dict[str, Any]:
    """Return what a model folder is made of, as JSON values.

    Args:
        stored: The folder, read.

    Returns:
        "schema", "features" (hash of the feature and cleaning code), "config" (every hyper-parameter, by section), and
        "documents" and "arrays" with the meaning of each, and the type and shape of each array.
    """
    return {
        "schema": stored.schema,
        "features": stored.features,
        "config": stored.documents["config"],
        "documents": [{"name": name, "meaning": spec.meaning} for name, spec in DOCUMENTS.items()],
        "arrays": [
            {"name": name, "type": described(spec.dtype, stored.arrays[name].shape), "meaning": spec.meaning}
            for name, spec in ARRAYS.items()
        ],
    }


def migrate(folder: Path, out: Path) -> int:
    """Write the model in `folder` to `out` in the present schema; its arrays and card stay the same.

    Verdicts are those of the old folder as this version reads it. `fingerprint.store.migrations` says what of them
    older versions gave otherwise.

    Args:
        folder: A model of any schema up to the present one.
        out: A new folder.

    Returns:
        The schema that it had.

    Raises:
        ModelError: For a folder that is not a sound model, and where `out` is taken.
    """
    check_free(out)
    stored = load(folder)
    encoder: dict[str, bytes] = {}
    config = parse_config(stored.documents["config"], "config.json")
    if found := stored.contents.encoder:
        vocabulary = Vocabulary(found["buckets"], found["weights"], config.features)
        static = StaticEncoder(vocabulary, QuantisedTable(found["codes"], found["scale"]))
        encoder = {ENCODER + name: data for name, data in static.files().items()}
    save(out, stored.arrays, stored.documents, (folder / CARD).read_text(encoding="utf-8"), encoder)
    return stored.schema
