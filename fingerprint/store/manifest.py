"""`model.json`: which files a model folder holds, and what must be in them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from fingerprint.errors import ModelError

FORMAT = "fingerprint-model"
SCHEMA = 2
MANIFEST = "model.json"
WEIGHTS = "weights.safetensors"
CARD = "MODEL_CARD.md"
ENCODER = "encoder/"

AGAIN = "copy or train the model again"
DTYPES = frozenset(
    {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
    | {"float16", "float32", "float64"}
)

_SUFFIXES = (".json", ".safetensors", ".txt", ".md", ".model")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a file must be."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ArrayEntry:
    """What an array in the weights must be."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parsed `model.json`; names of files are relative to the folder, with `/`."""

    files: Mapping[str, FileEntry]
    arrays: Mapping[str, ArrayEntry]
    schema: int = SCHEMA

    def to_bytes(self) -> bytes:
        """Return the bytes of `model.json`, the same for the same contents."""
        return dump_json(
            {
                "format": FORMAT,
                "schema": SCHEMA,
                "files": {name: {"sha256": e.sha256, "size": e.size} for name, e in self.files.items()},
                "arrays": {name: {"dtype": e.dtype, "shape": e.shape} for name, e in self.arrays.items()},
            }
        )


def dump_json(value: object) -> bytes:
    """Return JSON with sorted keys; ValueError for NaN and infinities, TypeError for what is not JSON."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def parse_json(data: bytes, where: Path) -> Any:
    """Return the JSON value in `data`; ModelError naming `where` if it is not JSON with finite numbers."""
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ModelError(f"{where}: not JSON with finite numbers; {AGAIN}") from None


def entry_of(data: bytes) -> FileEntry:
    """Describe a file with this content."""
    return FileEntry(hashlib.sha256(data).hexdigest(), len(data))


def is_safe_name(name: str) -> bool:
    """Say whether `name` stays inside the folder and is of a kind that holds data only."""
    parts = PurePosixPath(name).parts
    inside = all(_NAME.match(part) for part in parts) and "/".join(parts) == name
    return inside and (len(parts) == 1 or name.startswith(ENCODER)) and name.endswith(_SUFFIXES)


def parse_manifest(data: bytes, where: Path) -> Manifest:
    """Parse `model.json`; ModelError for another format, a newer schema or entries that make no sense."""
    value = parse_json(data, where)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ModelError(f'{where}: has no "format": "{FORMAT}"; name a folder that fingerprint train wrote')
    schema = value.get("schema")
    if not _is_count(schema) or schema < 1:
        raise ModelError(f"{where}: schema is no positive number; {AGAIN}")
    if schema > SCHEMA:
        raise ModelError(
            f"{where}: schema {schema} is newer than {SCHEMA}, the newest that this version reads; upgrade fingerprint"
        )
    files, arrays = value.get("files"), value.get("arrays")
    if not isinstance(files, dict) or not isinstance(arrays, dict):
        raise ModelError(f"{where}: lists no files or no arrays; {AGAIN}")
    return Manifest(
        {name: _file(name, entry, where) for name, entry in files.items()},
        {name: _array(name, entry, where) for name, entry in arrays.items()},
        schema,
    )


def _file(name: str, entry: object, where: Path) -> FileEntry:
    if not is_safe_name(name) or name == MANIFEST:
        raise ModelError(f"{where}: file name {name!a} is not allowed in a model folder; do not trust this model")
    match entry:
        case {"sha256": str(digest), "size": int(size)} if _is_count(size):
            return FileEntry(digest, size)
    raise ModelError(f"{where}: file {name!a} has no sha256 and size; {AGAIN}")


def _array(name: str, entry: object, where: Path) -> ArrayEntry:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape]} if dtype in DTYPES and all(map(_is_count, shape)):
            return ArrayEntry(dtype, tuple(shape))
    raise ModelError(f"{where}: array {name!a} has no known dtype and shape; {AGAIN}")


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
