"""Counts of a corpus on disk, in shards named by the content that they were made from; and some of them in memory.

An interrupted run finds the finished shards again; a change to the features changes every name.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.parallel import each
from fingerprint.features.ngrams import BITS, GROUPS, Counts, count

SHARD_ROWS = 2_000
_VERSION = f"3 {BITS} {GROUPS}"


class Texts(Protocol):
    """What the cache reads: texts by row, in an order that does not change."""

    def __len__(self) -> int: ...
    def texts(self, start: int, stop: int) -> list[str]: ...


class CountCache:
    """Shards of `source` under `folder`; `prepare` makes those missing, `shard(i)` reads one."""

    def __init__(self, source: Texts, folder: Path, mask: Callable[[str], str]):
        self.source, self.folder, self.mask = source, folder, mask
        self.starts = list(range(0, len(source), SHARD_ROWS))
        self._names: list[Path] = []

    def prepare(self, jobs: int, progress: Callable[[str, int, int], None], stage: str) -> None:
        """Counts every shard that is not there yet, `jobs` processes at once or on the cluster."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # The workers of a cluster do not see the folder.
        there = frozenset(path.stem for path in self.folder.glob("*.npz"))
        pieces = ((self._texts(start), self.mask, there) for start in self.starts)
        names: dict[int, Path] = {}
        for i, (name, counts) in each(_counted, pieces, jobs):
            names[i] = self.folder / f"{name}.npz"
            if counts is not None:
                _save(names[i], counts)
            progress(stage, len(names), len(self.starts))
        self._names = [names[i] for i in range(len(self.starts))]

    def __len__(self) -> int:
        return len(self.source)

    def _texts(self, start: int) -> list[str]:
        return self.source.texts(start, min(start + SHARD_ROWS, len(self.source)))

    def shards(self, use: NDArray[np.bool_] | None = None) -> Iterator[tuple[slice, Counts]]:
        """(rows, counts) of each shard in order; those of which `use` (rows,) marks none are left on disk."""
        for start, path in zip(self.starts, self._names, strict=True):
            if use is not None and not use[start : start + SHARD_ROWS].any():
                continue
            with np.load(path) as held:
                counts = Counts(held["starts"], held["columns"], held["counts"])
            yield slice(start, start + len(counts)), counts


@dataclass(frozen=True)
class Kept:
    """Counts of some rows in memory, read like a `CountCache`. parts: SHARD_ROWS rows each, the last fewer."""

    parts: tuple[Counts, ...]

    @classmethod
    def of(cls, cache: CountCache | Kept, keep: NDArray[np.bool_]) -> Kept:
        """The rows of `cache` that `keep` (rows,) marks."""
        parts, rest = [], []
        waiting = 0
        for at, counts in cache.shards(keep):
            rest.append(counts.of(keep[at]))
            waiting += len(rest[-1])
            if waiting >= SHARD_ROWS:
                whole = Counts.joined(rest)
                full = len(whole) // SHARD_ROWS * SHARD_ROWS
                parts += [whole.between(i, i + SHARD_ROWS) for i in range(0, full, SHARD_ROWS)]
                rest, waiting = [whole.between(full, len(whole))], len(whole) - full
        if waiting:
            parts.append(Counts.joined(rest))
        return cls(tuple(parts))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def shards(self, use: NDArray[np.bool_] | None = None) -> Iterator[tuple[slice, Counts]]:
        """As `CountCache.shards`."""
        for i, counts in enumerate(self.parts):
            at = slice(i * SHARD_ROWS, i * SHARD_ROWS + len(counts))
            if use is None or use[at].any():
                yield at, counts


def _counted(texts: list[str], mask: Callable[[str], str], there: frozenset[str]) -> tuple[str, Counts | None]:
    """The name of a shard, and what is in it where it is not among those that are there."""
    masked = [mask(text) for text in texts]
    digest = hashlib.sha256(_VERSION.encode())
    for text in masked:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    name = digest.hexdigest()[:32]
    return name, None if name in there else count(masked)


def _save(path: Path, counts: Counts) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as out:
        np.savez(out, starts=counts.starts, columns=counts.columns, counts=counts.counts)
    os.replace(name, path)
