"""What an evaluation has done so far, on disk: an interrupted run continues where it was."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.cluster import code_hash
from fingerprint.base.files import write_atomically
from fingerprint.base.parallel import Progress, each

Arrays = dict[str, NDArray]
# A file of arrays holds texts as the bytes of a JSON list, because NumPy would pickle an array of objects.
_TEXTS = "texts:"


class Work:
    """Results by name, in a folder for everything that they depend on, the code of the program included.

    Args:
        cache: The folder of all evaluations.
        depends_on: JSON values that the results depend on.
        jobs: Processes.
        progress: Receives (stage, done, total).
    """

    def __init__(self, cache: Path, depends_on: Any, jobs: int, progress: Progress):
        digest = hashlib.sha256(json.dumps([depends_on, code_hash()], sort_keys=True).encode())
        self._folder = cache / "evaluate" / digest.hexdigest()[:32]
        self._jobs, self._progress = jobs, progress

    def each(self, name: str, count: int, make: Callable[[int], Arrays]) -> list[Arrays]:
        """Return `make(0)` to `make(count - 1)`; what is on disk is not made again.

        Args:
            name: What they are called, on disk and to the user.
            count: How many there are.
            make: Called in several processes, with one thread each.

        Returns:
            The arrays of each.
        """
        paths = [self._folder / f"{name} {i}.npz" for i in range(count)]
        # The models of later times, which know most, come last. One that is begun last would run alone for long.
        missing = [i for i, path in reversed(list(enumerate(paths))) if not path.exists()]
        found = each(make, ((i,) for i in missing), min(self._jobs, max(len(missing), 1)))
        for done, (at, arrays) in enumerate(found):
            _save(paths[missing[at]], arrays)
            self._progress(f"{name}s", count - len(missing) + done + 1, count)
        return [_read(path) for path in paths]


def _save(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain: Arrays = {}
    for name, array in arrays.items():
        if array.dtype == object:
            plain[_TEXTS + name] = np.frombuffer(json.dumps(array.tolist()).encode(), np.uint8)
        else:
            plain[name] = array
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **plain)
    write_atomically(path, data.getvalue())


def _read(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as stored:
        plain = dict(stored)
    out: Arrays = {}
    for name, array in plain.items():
        if name.startswith(_TEXTS):
            out[name.removeprefix(_TEXTS)] = np.array(json.loads(array.tobytes()), object)
        else:
            out[name] = array
    return out
