"""Corpora of any size, resampled from real ones: to measure cost, not to learn from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fingerprint.base.files import data_dir
from fingerprint.data.registry import Registry

COLUMNS = ("prompt_id", "prompt", "response", "release", "language", "domain", "corpus")
# Rows written at once: tens of megabytes.
_GROUP = 10_000
# Each copy of a response is rotated by the golden angle: no two copies begin at the same place, or near the start.
_TURN = 0.381966


@dataclass(frozen=True)
class Pool:
    """The rows of corpora without fine-tunes, all in memory."""

    rows: pa.Table
    release: NDArray[np.str_]

    @classmethod
    def read(cls, folder: Path, registry: Registry) -> Pool:
        rows = pa.concat_tables(pq.read_table(path, columns=list(COLUMNS)) for path in sorted(folder.glob("*.parquet")))
        release = np.array(rows["release"].to_pylist())
        keep = np.isin(release, [name for name, entry in registry.releases.items() if entry.kind != "finetune"])
        return cls(rows.filter(pa.array(keep)), release[keep])

    def of(self, at: NDArray[np.int64], copy: NDArray[np.int64], names: NDArray[np.str_]) -> Iterator[pa.Table]:
        """Yield rows under given names, in pieces.

        A copy above 0 has another prompt and a rotated response, so that it is no duplicate but has nearly the same
        n-grams.

        Args:
            at: (n,) rows.
            copy: (n,) which copy of the row.
            names: (n,) releases.
        """
        for start in range(0, len(at), _GROUP):
            some = slice(start, start + _GROUP)
            rows = self.rows.take(pa.array(at[some])).to_pylist()
            for row, which, name in zip(rows, copy[some].tolist(), names[some].tolist(), strict=True):
                row["release"] = name
                if which:
                    row["prompt_id"] = f"{row['prompt_id']}~{which}"
                    row["response"] = turned(row["response"], which)
            yield pa.Table.from_pylist(rows, schema=self.rows.schema)


def turned(text: str, which: int) -> str:
    """Return the text rotated: from a later word on, and then what came before it."""
    at = text.find(" ", int(len(text) * (which * _TURN % 1)))
    return text[at:] + text[:at] if at > 0 else f"{text} {which}"


def more_responses(pool: Pool, size: int, out: Path) -> None:
    """Write `size` responses of the pool's own releases: all of its rows in a random order, again and again."""
    order = np.random.default_rng(0).permutation(len(pool.release))
    at = order[np.arange(size) % len(order)]
    _write(out, pool.of(at, np.arange(size) // len(order), pool.release[at]))


def more_releases(pool: Pool, count: int, size: int, out: Path, registry: Path) -> None:
    """Write responses of made-up releases, and a registry that has them beside all others.

    Args:
        pool: Where responses come from. Each made-up release copies one of the pool's, the largest first, and starts
            again at the first if these are not enough.
        count: Releases.
        size: Responses.
        out: The corpus to write.
        registry: The registry to write.
    """
    names, many = np.unique(pool.release, return_counts=True)
    bases = names[np.argsort(-many, kind="stable")]
    made = {f"{bases[i % len(bases)]}+{i // len(bases) + 1}": str(bases[i % len(bases)]) for i in range(count)}
    at, copy, called = [], [], []
    for i, (name, base) in enumerate(made.items()):
        own = np.flatnonzero(pool.release == base)
        wanted = size * (i + 1) // count - size * i // count
        order = np.random.default_rng(i).permutation(len(own))
        at.append(own[order[np.arange(wanted) % len(own)]])
        copy.append(np.arange(wanted) // len(own))
        called.append(np.full(wanted, name))
    mixed = np.random.default_rng(0).permutation(size)
    _write(out, pool.of(*(np.concatenate(parts)[mixed] for parts in (at, copy, called))))
    _write_registry(registry, made)


def one_case(pool: Pool, size: int, out: Path) -> None:
    """Write `size` responses of the largest release, as JSON lines."""
    names, many = np.unique(pool.release, return_counts=True)
    own = np.flatnonzero(pool.release == names[many.argmax()])
    at = own[np.arange(size) % len(own)]
    with out.open("w") as file:
        for piece in pool.of(at, np.arange(size) // len(own), pool.release[at]):
            piece.select(["prompt_id", "response"]).to_pandas().to_json(file, orient="records", lines=True)


def _write(out: Path, pieces: Iterator[pa.Table]) -> None:
    first = next(pieces)
    with pq.ParquetWriter(out, first.schema) as writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(piece)


def _write_registry(path: Path, made: Mapping[str, str]) -> None:
    with (data_dir("corpora") / "releases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    of = {row["release"]: row for row in rows}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        writer.writerows({**of[base], "release": name, "aliases": ""} for name, base in made.items())
