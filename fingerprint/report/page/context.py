"""What a page needs beside the verdict: the responses, the model, the names of labs, and where all of it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fingerprint import __version__
from fingerprint.base.files import cache_dir, write_atomically
from fingerprint.data.response import Case
from fingerprint.errors import MissingExtra
from fingerprint.loading import Loaded
from fingerprint.model.similarity import lab_tree, release_map

# Of t-SNE and of the bootstrap of the tree: one model always has one map.
_SEED = 0
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that a verdict is about.

    Attributes:
        name: As the user named it.
        sha256: Of its bytes; empty for standard input, which can be read once only.
        size: Number of bytes; 0 for standard input.
    """

    name: str
    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path) -> GivenFile:
        """Return a file with the hash of its bytes."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
        return cls(str(path), digest.hexdigest(), size)

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> GivenFile:
        """Return what was uploaded or pasted, with the hash of its bytes."""
        return cls(name, hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a verdict comes from, so that others can come to the same one.

    Attributes:
        files: What it is about.
        model_sha256: Of the manifest of the model folder.
        command: The command line, or what was done in its place.
        version: Of this program.
        date: Of the page, YYYY-MM-DD.
    """

    files: tuple[GivenFile, ...]
    model_sha256: str
    command: str
    version: str
    date: str

    @classmethod
    def now(cls, files: Iterable[GivenFile], model_sha256: str, command: str) -> Provenance:
        """Return the provenance of what is done today by this version."""
        return cls(tuple(files), model_sha256, command, __version__, date.today().isoformat())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around a case: the same for all cases of one model.

    Attributes:
        releases: As `fingerprint.model.similarity.release_map` returns them.
        labs: As `fingerprint.model.similarity.lab_tree` returns it.
    """

    releases: list[dict[str, Any]]
    labs: dict[str, Any] | None

    @classmethod
    def load(cls, model: Loaded, sha256: str, cache: Path | None = None) -> Surroundings | None:
        """Return the surroundings that a model gives, from the cache if they were made before.

        Args:
            model: The model.
            sha256: Of its manifest.
            cache: The folder of what was made before; None for the user's.

        Returns:
            None without scikit-learn (extra `report`): then a page has no map and no tree.
        """
        file = (cache or cache_dir() / "similarity") / f"{sha256}-{__version__}.json"
        try:
            return cls(**json.loads(file.read_bytes()))
        except (OSError, ValueError, TypeError):
            # Not made yet, or not by this version.
            pass
        try:
            made = cls(
                release_map(model.likelihood, model.releases, _SEED), lab_tree(model.likelihood, model.labs, _SEED)
            )
        except MissingExtra:
            return None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps({"releases": made.releases, "labs": made.labs}).encode())
        except OSError:
            # A cache that cannot be written costs the next page some seconds.
            pass
        return made


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is made from beside the verdict.

    Attributes:
        cases: The responses; for a comparison, or a claim with a reference, those of each side in its order.
        model: The model that gave the verdict.
        surroundings: What lies around a case; None leaves out the map and the tree.
        labs: The display name of each lab by its key.
        provenance: Where the verdict comes from.
    """

    cases: tuple[Case, ...]
    model: Loaded
    surroundings: Surroundings | None
    labs: Mapping[str, str]
    provenance: Provenance
