"""The models that were at a place before the one that is there now: kept beside it, found by hash, put back.

Beside the model folder DIR lies DIR.versions, with a folder a version, named by the sha256 of its manifest, which
names the sha256 of every file in it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.base.files import locked, temporary_sibling
from fingerprint.errors import FingerprintError, ModelError
from fingerprint.store.folder import Stored, load, put_in_place, staged
from fingerprint.store.format import MANIFEST

KEPT = 5
_SHOWN = 12


@dataclass(frozen=True)
class Version:
    """sha256: of its manifest; documents: as of `Stored`; current: whether it is the one in use."""

    sha256: str
    documents: Any
    folder: Path
    current: bool

    def described(self) -> dict[str, Any]:
        """What people and programs are told: its name, what it knows, and what it was made from."""
        training = self.documents["training"]
        told = {name: training[name] for name in ("name", "version", "trained", "newest", "corpora")}
        count = len(self.documents["labels"]["releases"])
        return {"sha256": self.sha256, **told, "releases": count, "lineage": training["lineage"]}


def identity(folder: Path) -> str:
    """The sha256 of a model's manifest. Raises ModelError where there is none."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        raise ModelError(
            f"{folder}: no model folder (no {MANIFEST} in it); name one that fingerprint train wrote"
        ) from None


def versions(folder: Path) -> list[Version]:
    """The model at `folder`, and then those before it, the last replaced first. Raises ModelError for a damaged one."""
    folder = folder.resolve()
    found = [Version(identity(folder), load(folder).documents, folder, True)]
    for kept in _kept(folder):
        if kept.name != found[0].sha256:
            found.append(Version(kept.name, _checked(kept, kept.name).documents, kept, False))
    return found


def replace(folder: Path, contents: dict[str, bytes], expected: str) -> None:
    """Put a model of these files in the place of the one at `folder`, which is kept, in one step.

    expected: the sha256 of the model that it was made to replace; FingerprintError if another is there by now.
    """
    folder = folder.resolve()
    with staged(folder, contents) as made, _changing(folder):
        if identity(folder) != expected:
            raise FingerprintError(f"{folder}: another model was put there meanwhile; run the command again")
        _keep(folder)
        put_in_place(made, folder)
        _forget(folder)


def find(folder: Path, wanted: str) -> Version:
    """The one version whose sha256 begins with `wanted`.

    FingerprintError where none or more than one begins so, ModelError where it is damaged.
    """
    folder = folder.resolve()
    places = {kept.name: kept for kept in _kept(folder)} | {identity(folder): folder}
    names = sorted(name for name in places if wanted and name.startswith(wanted.lower()))
    if len(names) != 1:
        known = ", ".join(name[:_SHOWN] for name in sorted(places))
        raise FingerprintError(f"{wanted}: {'several versions' if names else 'no version'} of {folder}; it has {known}")
    place = places[names[0]]
    return Version(names[0], _checked(place, names[0]).documents, place, place == folder)


def use(folder: Path, wanted: str) -> str:
    """Put the version that `find` finds in place, and return its sha256; nothing is changed where it fails."""
    folder = folder.resolve()
    current, found = identity(folder), find(folder, wanted)
    if not found.current:
        replace(folder, _files(found.folder), current)
    return found.sha256


def rollback(folder: Path) -> str:
    """Put back the version that the present one was made to replace, and return its sha256; errors as of `use`."""
    lineage = load(folder).documents["training"]["lineage"]
    parent = lineage[-1]["parent"] if lineage else None
    if parent is None:
        raise FingerprintError(f"{folder}: replaced no other model; fingerprint models list shows what is kept")
    return use(folder, parent)


def _place(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.versions")


def _kept(folder: Path) -> list[Path]:
    place = _place(folder)
    found = [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")] if place.is_dir() else []
    return sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))


def _checked(place: Path, sha256: str) -> Stored:
    stored = load(place)
    if identity(place) != sha256:
        raise ModelError(f"{place}: not the version that it is named after; remove it")
    return stored


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _keep(folder: Path) -> None:
    """A copy: what someone writes into the one shall not change the other."""
    target = _place(folder) / identity(folder)
    if target.exists():
        os.utime(target)
        return
    with staged(target, _files(folder)) as made:
        made.rename(target)


def _forget(folder: Path) -> None:
    current = identity(folder)
    for old in [kept for kept in _kept(folder) if kept.name != current][KEPT:]:
        # Under another name first: what a kill leaves of it is then no version any more.
        old.rename(temporary_sibling(old))
    # Under the lock, all that is hidden here was left by somebody who was killed.
    for left in [p for p in _place(folder).iterdir() if p.name.startswith(".") and p.is_dir()]:
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """One process at a time changes what is at `folder`."""
    place = _place(folder)
    place.mkdir(exist_ok=True)
    with locked(place):
        yield
