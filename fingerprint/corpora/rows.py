"""Labelled responses as they are in a corpus file: the columns, and reading a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from fingerprint.data.containers import Place, contents
from fingerprint.data.corpus import corpus_files
from fingerprint.data.formats import Shape
from fingerprint.data.message import LeftOut
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
    """Yield the rows of files and folders as they are, file by file, never more than a batch in memory.

    Args:
        paths: Files and folders.

    Raises:
        InputError: A file cannot be read, or a row lacks `response` or `release`.
    """
    for path in corpus_files(paths):
        start = 0
        rows = _rows(path)
        while batch := list(islice(rows, BATCH)):
            yield Batch(path, start, batch)
            start += len(batch)


def text(row: dict[str, Any], column: str) -> str:
    """Return a column of a row as text; empty if the row lacks it."""
    value = row.get(column)
    return "" if value is None else value if isinstance(value, str) else str(value)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    left_out: LeftOut = Counter()
    with contents(Place(str(path)), left_out) as found:
        if found.shape is not Shape.ITEMS:
            raise InputError(str(path), "has no rows; make a corpus of it with fingerprint corpora import")
        for number, item in enumerate(found.items, 1):
            for name in ("response", "release"):
                if name not in item:
                    raise InputError(str(path), f"lacks {name!r}", number)
            yield {**item, "response": text(dict(item), "response")}
    if left_out:
        raise InputError(str(path), "its last line is cut off")
