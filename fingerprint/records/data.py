"""Where the files that ship with the package lie, installed or in a clone."""

from __future__ import annotations

from pathlib import Path

from fingerprint.errors import FingerprintError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """The folder `name` ("corpora", "models"). Raises FingerprintError where there is none."""
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FingerprintError(f"{name}: not found beside the package; reinstall fingerprint")
