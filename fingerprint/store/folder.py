"""A model folder written and read: whole or not at all, the same bytes for the same contents, and sound or refused.

Reading parses, audits and only then hands out; construction of the model is `fingerprint.loading`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

from fingerprint.base.escaping import printable
from fingerprint.base.files import exchange, sync_folder, temporary_sibling, write_through
from fingerprint.config import config_values, parse_config
from fingerprint.errors import ModelError
from fingerprint.features.signature import feature_signature
from fingerprint.store.audit import check_content, check_names, listed, refuse_pickle
from fingerprint.store.checks import Arrays, Contents, check_contents, described, typed_documents
from fingerprint.store.documents import ArrayEntry, Manifest, ManifestOfSchema1
from fingerprint.store.format import (
    CARD,
    DOCUMENTS,
    ENCODER_ARRAYS,
    ENCODER_DOCUMENTS,
    ENCODER_WEIGHTS,
    FORMAT,
    MANIFEST,
    SCHEMA,
    WEIGHTS,
)
from fingerprint.store.migrations import from_schema_1
from fingerprint.store.parsing import AGAIN, convert, dump_json, parse_json

_FILES = frozenset({WEIGHTS, CARD, ENCODER_WEIGHTS, *ENCODER_DOCUMENTS, *(f"{name}.json" for name in DOCUMENTS)})
_SHOWN = 8
_TYPE_NAMES = {
    "BOOL": "bool",
    **{f"{kind}{bits}": f"{name}{bits}" for kind, name in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What a model folder holds, checked.

    Attributes:
        contents: Arrays (read-only), documents and the arrays of the static encoder, by the names of schema 2.
        folder: Where it lies.
        schema: That of the folder; the contents are brought up to the present one.
        features: Hash of the feature and cleaning code that it was trained with.
    """

    contents: Contents
    folder: Path
    schema: int
    features: str

    @property
    def arrays(self) -> Arrays:
        return self.contents.arrays

    @property
    def documents(self) -> Mapping[str, Any]:
        return self.contents.documents


def save(
    folder: Path,
    arrays: Arrays,
    documents: Mapping[str, Any],
    card: str,
    encoder: Mapping[str, bytes] | None = None,
) -> None:
    """Write a model folder, in place of an older model at `folder` if there is one.

    Args:
        folder: Where to; missing parents are made.
        arrays: By the names of the table.
        documents: JSON values by the names of the table.
        card: Text of the model card.
        encoder: Files of the static encoder by their name in the folder; None with another encoder.

    Raises:
        ModelError: Nothing is changed: `folder` is something else than a model, or `load` would refuse the contents.
    """
    folder = folder.resolve()
    check_replaceable(folder)
    with staged(folder, pack(folder, arrays, documents, card, encoder or {})) as made:
        put_in_place(made, folder)


def load(folder: Path) -> Stored:
    """Read and check the model in `folder`.

    Args:
        folder: The model folder, of any schema up to the present one.

    Returns:
        Its contents.

    Raises:
        ModelError: One line that names the file and what to do, for whatever is not as the format says.
    """
    try:
        return _load(folder)
    except OSError as error:
        raise ModelError(printable(f"{error.filename or folder}: {error.strerror}")) from error


def manifest_files(data: bytes, where: Path) -> dict[str, int]:
    """Return the sizes in bytes of the files that a manifest lists, by name.

    Args:
        data: The manifest.
        where: Names it in errors.

    Raises:
        ModelError: For what is no manifest of a model, or names a file that no model has.
    """
    return {name: entry.size for name, entry in _manifest(data, where).files.items()}


def pack(
    folder: Path, arrays: Arrays, documents: Mapping[str, Any], card: str, encoder: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the files of a model folder by name; arguments and errors as of `save`, `folder` is only named."""
    # Safetensors writes the memory as it lies, which is wrong for transposed arrays and views.
    plain = {name: np.array(arrays[name], order="C") for name in sorted(arrays)}
    texts = {f"{name}.json": _dump(value, folder / f"{name}.json") for name, value in documents.items()}
    parsed = {name: parse_json(texts[f"{name}.json"], folder / f"{name}.json") for name in documents}
    check_contents(Contents(plain, parsed, _encoder_arrays(folder, encoder)), folder)
    contents = {WEIGHTS: to_safetensors(plain), CARD: card.encode(), **texts, **encoder}
    config = parse_config(parsed["config"], "config.json")
    body = {
        "format": FORMAT,
        "schema": SCHEMA,
        "files": {name: {"sha256": _sha256(data), "size": len(data)} for name, data in contents.items()},
        "arrays": {name: {"dtype": array.dtype.name, "shape": list(array.shape)} for name, array in plain.items()},
        "features": feature_signature(config.features),
        "config": _sha256(texts["config.json"]),
    }
    return {**contents, MANIFEST: dump_json({**body, "digest": digest(body)})}


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's JSON values without the digest itself."""
    return _sha256(dump_json({name: value for name, value in manifest.items() if name != "digest"}))


@contextmanager
def staged(folder: Path, contents: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder beside `folder` with these files by name, all on the disk; removed in the end if still there.

    Raises:
        ModelError: They cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = temporary_sibling(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        try:
            for name, data in contents.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                write_through(made / name, data)
            for inner in [made, *(path for path in made.rglob("*") if path.is_dir())]:
                sync_folder(inner)
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(printable(f"{folder}: cannot be written ({error.strerror}); name another place for the model"))


def put_in_place(made: Path, folder: Path) -> None:
    """Give the folder `made` the name of its sibling `folder`; what was there has the name of `made` then."""
    if folder.exists():
        exchange(made, folder)
    else:
        made.rename(folder)
    sync_folder(folder.parent)


def check_replaceable(folder: Path) -> None:
    """Raise ModelError unless `folder` is a model folder, empty, or free and can be made: `save` may write it then."""
    if not folder.exists():
        above = next(path for path in folder.resolve().parents if path.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise ModelError(f"{folder}: cannot be made in {above}; name another place for the model")
        return
    if not folder.is_dir():
        raise ModelError(f"{folder}: not a folder; name another place for the model")
    if any(folder.iterdir()) and not _is_model(folder):
        raise ModelError(f"{folder}: holds something else than a model; name another place for the model")


def check_free(folder: Path) -> None:
    """Raise ModelError if there is anything at `folder`."""
    check_replaceable(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise ModelError(f"{folder}: holds a model; name a new folder, or say that this one is to be replaced")


def _load(folder: Path) -> Stored:
    if folder.is_file():
        refuse_pickle(folder)
    if not (folder / MANIFEST).is_file():
        raise ModelError(f"{folder}: no model folder (no {MANIFEST} in it); name one that fingerprint train wrote")
    found = listed(folder)
    manifest = _manifest((folder / MANIFEST).read_bytes(), folder / MANIFEST)
    check_names(folder, found, manifest.files.keys())
    for name, entry in manifest.files.items():
        check_content(folder / name, entry.sha256, entry.size)
    documents = {
        name: parse_json((folder / f"{name}.json").read_bytes(), folder / f"{name}.json")
        for name in DOCUMENTS
        if f"{name}.json" in manifest.files
    }
    _check_encoder_files(manifest, folder)
    if isinstance(manifest, Manifest):
        if "config.json" not in manifest.files or manifest.config != manifest.files["config.json"].sha256:
            raise ModelError(f"{folder / MANIFEST}: config is not the checksum of config.json; {AGAIN}")
        # The first thing that a person has to know.
        _check_features(manifest.features, documents, folder)
    arrays = _read_arrays(folder / WEIGHTS, manifest.arrays)
    encoder = _read_arrays(folder / ENCODER_WEIGHTS, None) if ENCODER_WEIGHTS in manifest.files else {}
    if isinstance(manifest, ManifestOfSchema1):
        arrays, documents, features = from_schema_1(Contents(arrays, documents, encoder), folder)
        _check_features(features, documents, folder)
    else:
        features = manifest.features
    contents = Contents(arrays, documents, encoder)
    check_contents(contents, folder)
    # What a model does not list of its config has the default.
    config = config_values(parse_config(documents["config"], "config.json"))
    contents = replace(contents, documents={**documents, "config": config})
    for array in (*arrays.values(), *encoder.values()):
        array.flags.writeable = False
    return Stored(contents, folder, manifest.schema, features)


def _manifest(data: bytes, where: Path) -> Manifest | ManifestOfSchema1:
    value = parse_json(data, where)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ModelError(f'{where}: has no "format": "{FORMAT}"; name a folder that fingerprint train wrote')
    schema = value.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ModelError(f"{where}: schema is no positive number; {AGAIN}")
    if schema > SCHEMA:
        raise ModelError(
            f"{where}: schema {schema} is newer than {SCHEMA}, the newest that this version reads; upgrade fingerprint"
        )
    manifest: Manifest | ManifestOfSchema1 = convert(value, ManifestOfSchema1 if schema == 1 else Manifest, where)
    if isinstance(manifest, Manifest) and manifest.digest != digest(value):
        raise ModelError(f"{where}: changed since it was written (another digest); {AGAIN}")
    for name in manifest.files:
        if name not in _FILES:
            raise ModelError(
                printable(f"{where}: file name {name!a} is not allowed in a model folder; do not trust this model")
            )
    return manifest


def _check_encoder_files(manifest: Manifest | ManifestOfSchema1, folder: Path) -> None:
    for name, kind in ENCODER_DOCUMENTS.items():
        if (name in manifest.files) != (ENCODER_WEIGHTS in manifest.files):
            raise ModelError(f"{folder / name}: an encoder has this file and {ENCODER_WEIGHTS}, or neither; {AGAIN}")
        # The class had another path in schema 1.
        if name in manifest.files and isinstance(manifest, Manifest):
            convert(parse_json((folder / name).read_bytes(), folder / name), kind, folder / name)


def _check_features(features: str, documents: Mapping[str, Any], folder: Path) -> None:
    typed = typed_documents(documents, folder)
    here = feature_signature(typed["config"].features)
    if features != here:
        raise ModelError(
            printable(
                f"{folder}: made with other features ({features[:_SHOWN]}, here {here[:_SHOWN]}): train it again, or "
                f"use fingerprint {typed['training'].version}"
            )
        )


def _read_arrays(path: Path, entries: Mapping[str, ArrayEntry] | None) -> dict[str, NDArray[Any]]:
    """Read all arrays of a safetensors file; ModelError where they are not what `entries` say, None asks nothing.

    The header is compared first, so that nothing large is made on the word of a file that lies.
    """
    try:
        with safe_open(path, framework="np") as file:
            names = set(file.keys())
            for name in sorted(names ^ (ENCODER_ARRAYS if entries is None else entries).keys()):
                what = "not known" if name in names else "missing"
                raise ModelError(printable(f"{path}: array {name!a} is {what}; {AGAIN}"))
            for name, entry in (entries or {}).items():
                header = file.get_slice(name)
                have = described(_TYPE_NAMES.get(header.get_dtype(), header.get_dtype()), header.get_shape())
                want = described(entry.dtype, entry.shape)
                if have != want:
                    raise ModelError(
                        printable(f"{path}: array {name!a} is {have}, but {MANIFEST} says {want}; {AGAIN}")
                    )
            return {name: file.get_tensor(name) for name in sorted(names)}
    except (SafetensorError, TypeError):
        # TypeError: of a type that NumPy lacks.
        raise ModelError(f"{path}: not a whole safetensors file; {AGAIN}") from None


def _encoder_arrays(folder: Path, encoder: Mapping[str, bytes]) -> dict[str, NDArray[Any]]:
    """Check the files of the static encoder and return its arrays."""
    if not encoder:
        return {}
    want = {ENCODER_WEIGHTS, *ENCODER_DOCUMENTS}
    for name in sorted(want ^ encoder.keys()):
        how = "missing" if name in want else "not a file of an encoder"
        raise ModelError(printable(f"{folder / name}: {how}; {AGAIN}"))
    for name, kind in ENCODER_DOCUMENTS.items():
        convert(parse_json(encoder[name], folder / name), kind, folder / name)
    try:
        return dict(from_safetensors(encoder[ENCODER_WEIGHTS]))
    except (SafetensorError, KeyError):
        raise ModelError(f"{folder / ENCODER_WEIGHTS}: not a whole safetensors file; {AGAIN}") from None


def _dump(value: object, where: Path) -> bytes:
    try:
        return dump_json(value)
    except (TypeError, ValueError, RecursionError):
        raise ModelError(printable(f"{where}: not JSON with finite numbers; {AGAIN}")) from None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_model(folder: Path) -> bool:
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return False
    try:
        value = parse_json(manifest.read_bytes(), manifest)
    except ModelError:
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT
