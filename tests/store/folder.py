"""A tiny model folder, and the means to damage it with or without the manifest knowing."""

import hashlib
import json
from pathlib import Path

import numpy as np

from fingerprint.store.folder import save

ARRAYS = {"means": np.arange(6, dtype=np.float32).reshape(2, 3), "counts": np.array([3, 4], np.int32)}
DOCUMENTS = {"labs": {"zhipu": "Zhipu AI", "acme": "Acme"}}
CARD = "# A model\n"
ENCODER = {"encoder/modules.json": b"[]\n", "encoder/1_Pooling/config.json": b"{}\n"}


def make(folder: Path) -> Path:
    save(folder, ARRAYS, DOCUMENTS, CARD, ENCODER)
    return folder


def edit_manifest(folder: Path, edit) -> None:
    path = folder / "model.json"
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def replace(folder: Path, name: str, data: bytes) -> None:
    """Write a file and have the manifest agree, as one who forges a model would."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(data)
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    edit_manifest(folder, lambda value: value["files"].update({name: entry}))
