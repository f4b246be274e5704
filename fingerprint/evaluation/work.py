"""What an evaluation has done so far, on disk: a run that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fingerprint.base.cluster import code_hash
from fingerprint.base.files import write_atomically
from fingerprint.base.parallel import Progress, each


class Work:
    """Results by name in a folder of its own for everything that they depend on, the program's code included."""

    def __init__(self, cache: Path, depends_on: Any):
        digest = hashlib.sha256(json.dumps([depends_on, code_hash()], sort_keys=True).encode())
        self.folder = cache / "evaluate" / digest.hexdigest()[:32]

    def each(
        self, prefix: str, count: int, jobs: int, make: Callable[[int], dict[str, np.ndarray]], progress: Progress
    ) -> list[dict[str, np.ndarray]]:
        """What `make(0)` to `make(count - 1)` give, each made once, `jobs` processes at once, one thread each."""
        names = [f"{prefix} {i}" for i in range(count)]
        missing = [i for i, name in enumerate(names) if not (self.folder / f"{name}.npz").exists()]
        found = each(make, ((i,) for i in missing), min(jobs, max(len(missing), 1)))
        for done, (at, arrays) in enumerate(found):
            self._save(names[missing[at]], arrays)
            progress(f"{prefix}s", count - len(missing) + done + 1, count)
        return [self._read(name) for name in names]

    def _save(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        held = io.BytesIO()
        np.savez(held, allow_pickle=False, **arrays)
        write_atomically(self.folder / f"{name}.npz", held.getvalue())

    def _read(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"{name}.npz") as held:
            return dict(held)
