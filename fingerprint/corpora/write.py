"""Corpus files, written a row at a time, and whole or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fingerprint.base.files import replacing
from fingerprint.corpora.rows import BATCH, COLUMNS
from fingerprint.data.streams import zstd
from fingerprint.errors import InputError, MissingExtra

Row = Mapping[str, Any]
FORMS = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")


@contextmanager
def writing(path: Path, metadata: Mapping[str, str]) -> Iterator[Callable[[Row], None]]:
    """Write a corpus file; if the block raises, nothing is written.

    Args:
        path: The file, of one of FORMS.
        metadata: Licence, source and the like; only parquet keeps them.

    Yields:
        A function that adds a row; columns beyond COLUMNS are left out.

    Raises:
        InputError: The name has another ending, or the file cannot be written.
    """
    if not path.name.endswith(FORMS):
        raise InputError(str(path), f"expected a name ending in {', '.join(FORMS)}")
    writer = _parquet if path.suffix == ".parquet" else _json_lines
    try:
        with replacing(path) as temporary, writer(path, temporary, metadata) as add:
            yield add
    except OSError as error:
        raise InputError(str(path), f"cannot be written ({error.strerror or error})") from None


@contextmanager
def _json_lines(path: Path, temporary: Path, metadata: Mapping[str, str]) -> Iterator[Callable[[Row], None]]:
    with _packing(path, temporary) as file:

        def add(row: Row) -> None:
            values = {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")}
            file.write(
                json.dumps(values | {"response": row["response"]}, ensure_ascii=False).encode("utf-8", "replace")
                + b"\n"
            )

        yield add


@contextmanager
def _packing(path: Path, temporary: Path) -> Iterator[IO[bytes]]:
    with temporary.open("wb") as raw:
        if path.suffix == ".gz":
            # Without name and time, the same rows give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif path.suffix == ".zst":
            with zstd.ZstdFile(raw, "wb") as zipped:
                yield zipped  # type: ignore[misc]
        else:
            yield raw


@contextmanager
def _parquet(path: Path, temporary: Path, metadata: Mapping[str, str]) -> Iterator[Callable[[Row], None]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra(f"{path}: writing parquet", "parquet") from None

    types = [(n, pa.float64() if n == "temperature" else pa.large_string()) for n in COLUMNS]
    schema = pa.schema(types, metadata={k: v for k, v in metadata.items() if v})
    held: list[dict[str, Any]] = []
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(held, schema))
            held.clear()

        def add(row: Row) -> None:
            held.append({n: _number(row.get(n)) if n == "temperature" else _clean(row.get(n)) for n in COLUMNS})
            if len(held) == BATCH:
                flush()

        yield add
        flush()


def _number(value: object) -> float | None:
    try:
        return None if value in (None, "") else float(str(value))
    except ValueError:
        return None


def _clean(value: object) -> str:
    # Parquet cannot hold a lone surrogate.
    return "" if value is None else str(value).encode("utf-8", "replace").decode()
