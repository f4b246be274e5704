"""Labelled responses as they are in a corpus file: the columns, and reading a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.data.corpus import corpus_files
from fingerprint.data.opening import lines, opened
from fingerprint.errors import InputError

COLUMNS = (
    "prompt_id",
    "prompt",
    "response",
    "source_model",
    "release",
    "variant",
    "kind",
    "language",
    "domain",
    "temperature",
    "corpus",
)
# Rows at once: a few megabytes, and enough work for a process of `check`.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file as they are, at most BATCH.

    Attributes:
        path: The file.
        start: The number of the first row in its file, from 0.
        rows: The rows.
    """

    path: Path
    start: int
    rows: list[dict[str, Any]]


def read_batches(paths: Sequence[Path]) -> Iterator[Batch]:
    """Yield the rows of files and folders (parquet, JSON lines), file by file, never more than a batch in memory.

    Args:
        paths: Files and folders.

    Raises:
        InputError: A file cannot be read, or a row lacks `response` or `release`.
    """
    for path in corpus_files(paths):
        start = 0
        for rows in _parquet(path) if path.suffix == ".parquet" else _json_lines(path):
            yield Batch(path, start, rows)
            start += len(rows)


def text(row: dict[str, Any], column: str) -> str:
    """Return a column of a row as text; empty if the row lacks it."""
    value = row.get(column)
    return "" if value is None else value if isinstance(value, str) else str(value)


def _parquet(path: Path) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            missing = [c for c in ("response", "release") if c not in file.schema_arrow.names]
            if missing:
                raise InputError(str(path), f"lacks the column {missing[0]!r}")
            for batch in file.iter_batches(BATCH):
                rows = batch.to_pylist()
                for row in rows:
                    row["response"] = text(row, "response")
                yield rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(str(path), f"is not whole parquet ({' '.join(str(error).split())[:200]})") from None


def _json_lines(path: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with opened(str(path)) as (stream, _):
        for number, line in lines(str(path), stream):
            if line.strip():
                rows.append(_row(path, number, line))
            if len(rows) == BATCH:
                yield rows
                rows = []
    if rows:
        yield rows


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(str(path), "is not JSON", number) from None
    if not isinstance(row, dict):
        raise InputError(str(path), "expected a JSON object with response and release", number)
    for name in ("response", "release"):
        if name not in row:
            raise InputError(str(path), f"lacks {name!r}", number)
    row["response"] = text(row, "response")
    return row
