"""What an evaluation has done so far, on disk: a run that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fingerprint
from fingerprint.store.atomic import write_atomically


class Work:
    """Results by name in a folder of its own for everything that they depend on, the program's code included."""

    def __init__(self, cache: Path, depends_on: Any):
        digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode())
        package = Path(fingerprint.__file__).parent
        for path in sorted(package.rglob("*.py")):
            # How a report looks changes nothing of what is in it.
            if not {"report", "cli"} & set(path.relative_to(package).parts):
                digest.update(path.read_bytes())
        self.folder = cache / "evaluate" / digest.hexdigest()[:32]

    def arrays(self, name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """What `make` gives, made once."""
        path = self.folder / f"{name}.npz"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            held = io.BytesIO()
            np.savez(held, allow_pickle=False, **make())
            write_atomically(path, held.getvalue())
        return self.read(name)

    def read(self, name: str) -> dict[str, np.ndarray]:
        """What was made before."""
        with np.load(self.folder / f"{name}.npz") as held:
            return dict(held)

    def document(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, as JSON holds it, made once."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(make()).encode())
        return json.loads(path.read_bytes())
