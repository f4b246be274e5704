"""Counts of a corpus on disk, in shards named by the content that they were made from; and some of them in memory.

An interrupted run finds the finished shards again; a change to the features changes every name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.files import replacing
from fingerprint.base.parallel import each
from fingerprint.config import FeatureConfig
from fingerprint.features.ngrams import Counts, count
from fingerprint.features.scripts import script_of
from fingerprint.features.signature import feature_signature
from fingerprint.features.text_forms import TextForm, Texts

# Responses of a shard: a second or two of work, and a few megabytes.
SHARD_ROWS = 2_000


class CountCache:
    """The counts of `source` in one form, in shards under `folder`; `prepare` makes those that are missing.

    Args:
        source: Texts in their order.
        folder: Where the shards lie.
        form: Of the texts.
        config: How they are counted.

    Attributes:
        scripts: The script of each text, once `prepare` has read it; none in plain form, which does not change it.
    """

    def __init__(self, source: Texts, folder: Path, form: TextForm, config: FeatureConfig):
        self.source, self.folder, self.form, self.config = source, folder, form, config
        self.starts = list(range(0, len(source), SHARD_ROWS))
        self.scripts: list[str] = []
        self._paths: list[Path] = []

    def prepare(self, jobs: int, progress: Callable[[str, int, int], None], stage: str) -> None:
        """Count every shard that is not there yet.

        Args:
            jobs: Processes at once, where no cluster does the work.
            progress: Receives (stage, done, total).
            stage: For `progress`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # The workers of a cluster do not see the folder.
        there = frozenset(path.stem for path in self.folder.glob("*.npz"))
        pieces = ((self._texts(start), self.form, self.config, there) for start in self.starts)
        paths: dict[int, Path] = {}
        scripts: dict[int, list[str]] = {}
        for i, (name, counts, scripts[i]) in each(_counted, pieces, jobs):
            paths[i] = self.folder / f"{name}.npz"
            if counts is not None:
                _save(paths[i], counts)
            progress(stage, len(paths), len(self.starts))
        self._paths = [paths[i] for i in range(len(self.starts))]
        self.scripts = [script for i in range(len(self.starts)) for script in scripts[i]]

    def __len__(self) -> int:
        return len(self.source)

    def _texts(self, start: int) -> list[str]:
        return self.source.texts(start, min(start + SHARD_ROWS, len(self.source)))

    def shards(self, use: NDArray[np.bool_] | None = None) -> Iterator[tuple[slice, Counts]]:
        """Yield (rows, counts) of each shard in order, but for those of which `use` (rows,) marks no row."""
        for start, path in zip(self.starts, self._paths, strict=True):
            if use is not None and not use[start : start + SHARD_ROWS].any():
                continue
            with np.load(path) as arrays:
                counts = Counts(arrays["starts"], arrays["columns"], arrays["counts"])
            yield slice(start, start + len(counts)), counts


@dataclass(frozen=True)
class CountsInMemory:
    """Counts of some rows in memory, read like a `CountCache`.

    Attributes:
        parts: SHARD_ROWS rows each, the last fewer.
    """

    parts: tuple[Counts, ...]

    @classmethod
    def of(cls, cache: CountCache | CountsInMemory, keep: NDArray[np.bool_]) -> CountsInMemory:
        """Read the rows of `cache` that `keep` (rows,) marks."""
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
        """Yield as `CountCache.shards`."""
        for i, counts in enumerate(self.parts):
            at = slice(i * SHARD_ROWS, i * SHARD_ROWS + len(counts))
            if use is None or use[at].any():
                yield at, counts


def _counted(
    texts: list[str], form: TextForm, config: FeatureConfig, there: frozenset[str]
) -> tuple[str, Counts | None, list[str]]:
    """The name of a shard, its counts where no such name is there, and the scripts of its texts in full."""
    masked = [form.masked(text) for text in texts]
    digest = hashlib.sha256(feature_signature(config).encode())
    for text in masked:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    name = digest.hexdigest()[:32]
    scripts = [script_of(text) for text in texts] if form is TextForm.FULL else []
    return name, None if name in there else count(masked, config), scripts


def _save(path: Path, counts: Counts) -> None:
    with replacing(path) as temporary, temporary.open("wb") as out:
        np.savez(out, starts=counts.starts, columns=counts.columns, counts=counts.counts)
