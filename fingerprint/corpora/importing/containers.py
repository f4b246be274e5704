"""Files of items, by what is in them: JSON (one value or a line each), zip (.eval), CSV and parquet, Hub data sets."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fingerprint.corpora.importing.formats.inspect_log import MODEL
from fingerprint.corpora.importing.found import Item
from fingerprint.data.opening import MOST_BYTES, PARQUET, STDIN, lines, opened
from fingerprint.errors import InputError, MissingExtra

_ZIP = b"PK\x03\x04"
_HUB = re.compile(r"[\w\-.]+/[\w\-.]+")
_MOST_MEMBER = 500_000_000
_BLANK = b" \t\r\n"


def items(source: str, split: str, revision: str | None) -> Iterator[Item]:
    """The objects in a file, or in a data set of the Hugging Face Hub (owner/name), one at a time.

    Raises InputError for what is neither; MissingExtra without `datasets` where it is needed.
    """
    if source == STDIN:
        raise InputError(source, "expected a file: it is looked at before it is read")
    if not Path(source).exists() and _HUB.fullmatch(source):
        return _hub(source, split, revision)
    with opened(source) as (_, first):
        pass
    if first == PARQUET:
        return _table(source, "parquet")
    if first == _ZIP:
        return _eval_log(source)
    return _text(source)


def _text(source: str) -> Iterator[Item]:
    with ExitStack() as stack:
        stream, _ = stack.enter_context(opened(source))
        start = b""
        # Enough to see what it begins with; what is before it may be blank, or a byte order mark.
        while len(start) < 64 and (block := stream.read(64)):
            start = (start + block).removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
        kind = start[:1]
    if kind in (b"[", b"{"):
        yield from _json(source)
    elif not kind:
        raise InputError(source, "is empty")
    else:
        yield from _table(source, "csv")


def _json(source: str) -> Iterator[Item]:
    """Objects a line; where the first line is none whole, the file is one value: a list of objects, or an object."""
    with opened(source) as (stream, _):
        found = ((number, line) for number, line in lines(source, stream) if line.strip())
        first = next(found)
        if isinstance(_value(first[1]), dict):
            yield _value(first[1])
            for number, line in found:
                value = _value(line)
                if not isinstance(value, dict):
                    raise InputError(source, "expected a JSON object, as on the lines before", number)
                yield value
            return
    with opened(source) as (stream, _):
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(source, f"is one JSON value of over {MOST_BYTES:,} bytes; expected one object a line")
    try:
        whole = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(source, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(source, f"is not JSON ({error.msg} at column {error.colno})", error.lineno) from None
    except (ValueError, RecursionError):
        raise InputError(source, "is JSON that is nested too deeply or holds a number too long") from None
    for value in whole if isinstance(whole, list) else [whole]:
        if not isinstance(value, dict):
            raise InputError(source, "expected a list of JSON objects")
        yield value


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _eval_log(source: str) -> Iterator[Item]:
    """Samples of an inspect_ai log in its zip form; its header names the model."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            start = next((n for n in ("header.json", "_journal/start.json") if n in names), None)
            if start is None:
                raise InputError(source, "is a zip file, but no inspect_ai log (.eval)")
            header = _member(archive, start, source)
            model = header["eval"].get("model") if isinstance(header.get("eval"), dict) else None
            for name in names:
                if name.startswith("samples/") and name.endswith(".json"):
                    yield {**_member(archive, name, source), MODEL: model}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(source, f"is damaged, or packed in a way that is not read ({error})") from None


def _member(archive: zipfile.ZipFile, name: str, source: str) -> dict[str, Any]:
    with archive.open(name) as file:
        # What the archive says of its size is not to be believed.
        data = file.read(_MOST_MEMBER + 1)
    if len(data) > _MOST_MEMBER:
        raise InputError(source, f"{name} unfolds to more than {_MOST_MEMBER:,} bytes; refused")
    found = _value(data.decode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise InputError(source, f"{name} is no JSON object")
    return found


def _table(source: str, kind: str) -> Iterator[Item]:
    datasets = _datasets()
    yield from _rows(source, lambda: datasets.load_dataset(kind, data_files=source, split="train", streaming=True))


def _hub(source: str, split: str, revision: str | None) -> Iterator[Item]:
    datasets = _datasets()
    yield from _rows(source, lambda: datasets.load_dataset(source, split=split, revision=revision, streaming=True))


def _rows(source: str, load: Any) -> Iterator[Item]:
    try:
        yield from load()
    except Exception as error:  # datasets wraps whatever its readers raise
        cause = error.__cause__ or error
        raise InputError(source, f"cannot be read ({' '.join(str(cause).split())[:200]})") from None


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtra("importing tables and data sets", "corpora") from None
    datasets.disable_progress_bars()
    return datasets


def is_sqlite(source: str, magic: bytes) -> bool:
    """Whether a file begins as SQLite databases do."""
    path = Path(source)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
