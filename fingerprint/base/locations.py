"""Where the files that ship with the package lie, installed or in a clone, and where what is made again is kept."""

from __future__ import annotations

import os
from pathlib import Path

from fingerprint.errors import FingerprintError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """The folder `name` ("corpora", "models"). Raises FingerprintError where there is none."""
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FingerprintError(f"{name}: not found beside the package; reinstall fingerprint")


def cache_dir() -> Path:
    """The user's folder for what can be made or fetched again."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fingerprint"
