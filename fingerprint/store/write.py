"""A model folder written: whole or not at all, and the same bytes for the same contents."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_safetensors

from fingerprint.base.files import exchange, sync_folder, temporary_sibling, write_through
from fingerprint.errors import ModelError
from fingerprint.store.arrays import check_finite
from fingerprint.store.manifest import (
    CARD,
    DTYPES,
    ENCODER,
    FORMAT,
    MANIFEST,
    WEIGHTS,
    ArrayEntry,
    Manifest,
    dump_json,
    entry_of,
    is_safe_name,
    parse_json,
)


def save(
    folder: Path,
    arrays: Mapping[str, np.ndarray],
    documents: Mapping[str, object],
    card: str,
    encoder: Mapping[str, bytes] | None = None,
) -> None:
    """Write a model folder, in place of an older model at `folder` if there is one.

    `documents` become `<name>.json` with sorted keys; the keys of `encoder` read `encoder/...`. Missing
    parents are made. ModelError, with nothing changed, where `folder` is something else than a model,
    where a file name could not be read back, and for arrays with NaN or of another type than plain numbers.
    """
    folder = folder.resolve()
    check_replaceable(folder)
    with staged(folder, pack(folder, arrays, documents, card, encoder or {})) as made:
        put_in_place(made, folder)


@contextmanager
def staged(folder: Path, contents: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder beside `folder` with these files by name, all on the disk; removed in the end if still there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = temporary_sibling(folder)
    try:
        for name, data in contents.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            write_through(made / name, data)
        for inner in [made, *(path for path in made.rglob("*") if path.is_dir())]:
            sync_folder(inner)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put_in_place(made: Path, folder: Path) -> None:
    """Give the folder `made` the name of its sibling `folder`; what was there has the name of `made` then."""
    if folder.exists():
        exchange(made, folder)
    else:
        made.rename(folder)
    sync_folder(folder.parent)


def check_replaceable(folder: Path) -> None:
    """Raise ModelError unless `folder` is free, empty or a model folder, which `save` may replace."""
    if not folder.exists():
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


def _is_model(folder: Path) -> bool:
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return False
    try:
        value = parse_json(manifest.read_bytes(), manifest)
    except ModelError:
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT


def pack(
    folder: Path,
    arrays: Mapping[str, np.ndarray],
    documents: Mapping[str, object],
    card: str,
    encoder: Mapping[str, bytes],
) -> dict[str, bytes]:
    """The files of a model folder by name; arguments and errors as of `save`, `folder` only to be named in these."""
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ModelError(f"{folder / WEIGHTS}: array {name!a} of type {array.dtype} cannot be stored")
        check_finite(folder / WEIGHTS, name, array)
    for name in encoder:
        if not name.startswith(ENCODER):
            raise ModelError(f"{folder}: {name!a} does not lie in {ENCODER}")
    # Safetensors writes the memory as it lies, which is wrong for transposed arrays and views.
    plain = {name: np.array(arrays[name], order="C") for name in sorted(arrays)}
    contents = {
        WEIGHTS: to_safetensors(plain),
        CARD: card.encode(),
        **{f"{name}.json": dump_json(value) for name, value in documents.items()},
        **encoder,
    }
    for name in contents:
        if not is_safe_name(name) or name == MANIFEST:
            raise ModelError(f"{folder}: {name!a} is not a file name that a model folder may hold")
    manifest = Manifest(
        {name: entry_of(data) for name, data in contents.items()},
        {name: ArrayEntry(array.dtype.name, array.shape) for name, array in plain.items()},
    )
    return {**contents, MANIFEST: manifest.to_bytes()}
