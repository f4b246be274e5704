"""What a model folder must pass before anything in it is used: names, kinds, sizes and checksums."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from fingerprint.base.escaping import printable
from fingerprint.errors import ModelError
from fingerprint.store.format import CARD, MANIFEST, WEIGHTS
from fingerprint.store.parsing import AGAIN

_PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz")
_PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


def listed(folder: Path) -> dict[str, Path]:
    """Return all files below `folder` by relative name; ModelError for links and for pickles."""
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(folder, onerror=_unreadable):
        for name in [*folders, *files]:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode) or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise ModelError(f"{path}: a link or a device; a model folder holds plain files only")
            if stat.S_ISREG(mode):
                refuse_pickle(path)
                found[path.relative_to(folder).as_posix()] = path
    return found


def refuse_pickle(path: Path) -> None:
    """Raise ModelError if the file at `path` is a pickle by its name or its first bytes."""
    with path.open("rb") as file:
        start = file.read(9)
    # The length that safetensors files start with may by chance look like a pickle's first bytes.
    looks = start.startswith(_PICKLE_STARTS) and start[8:] != b"{"
    if looks or path.name.lower().endswith(_PICKLE_SUFFIXES):
        raise ModelError(
            f"{path}: a pickle, which can run code when it is read, is never loaded; "
            "use a model folder of safetensors and JSON"
        )


def check_names(folder: Path, found: Mapping[str, Path], names: Collection[str]) -> None:
    """Raise ModelError unless the folder holds exactly the files that the manifest lists, the weights among them."""
    for name in sorted({*names, WEIGHTS, CARD} - found.keys()):
        raise ModelError(printable(f"{folder / name}: missing from the model folder; {AGAIN}"))
    for name in sorted(found.keys() - set(names) - {MANIFEST}):
        raise ModelError(printable(f"{folder / name}: not listed in {MANIFEST}; remove it or {AGAIN}"))


def check_content(path: Path, sha256: str, size: int) -> None:
    """Raise ModelError unless the file has this size and checksum."""
    actual = path.stat().st_size
    if actual != size:
        how = "truncated" if actual < size else "too long"
        raise ModelError(f"{path}: {how} ({actual} bytes instead of {size}); {AGAIN}")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ModelError(f"{path}: changed since it was written (another checksum); {AGAIN}")


def _unreadable(error: OSError) -> None:
    raise ModelError(f"{error.filename}: {error.strerror}") from error
