"""Files as what lies in them: JSON objects, rows of a table, text, or a database; told apart by their content."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fingerprint.data import streams
from fingerprint.data.formats.base import Shape
from fingerprint.data.formats.evaluations import HEADER
from fingerprint.data.formats.tables import Columns
from fingerprint.data.formats.values import Item, mapping
from fingerprint.data.message import Kind, LeftOut
from fingerprint.data.streams import PARQUET, SQLITE, ZIP, Limits, Lines, Stream, opened
from fingerprint.errors import InputError, MissingExtra

# One JSON value is held in memory whole.
MOST_DOCUMENT = 256_000_000
_MOST_MEMBER = 500_000_000
_HUB = re.compile(r"[\w\-.]+/[\w\-.]+")
_BLANK = " \t\r\n\ufeff"
_PEEK = 1 << 16
_ZSTD_METHOD = 93
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Place:
    """Where responses lie. split, revision: of a data set of the Hugging Face Hub (owner/name)."""

    name: str
    split: str = "train"
    revision: str | None = None


@dataclass
class Contents:
    """What a file holds: `items`, `text` or `path`, by its shape. table: whether the items are rows of a table."""

    shape: Shape
    items: Iterator[Item] = field(default_factory=lambda: iter(()))
    text: str = ""
    path: Path | None = None
    table: bool = False


@contextmanager
def contents(
    place: Place, left_out: LeftOut, wanted: Shape | None = None, limits: Limits | None = None
) -> Iterator[Contents]:
    """Open a file, standard input, or a data set of the Hub, and give what lies in it.

    Args:
        place: Where.
        left_out: Counts lines that are cut off.
        wanted: TEXT takes for text what looks like JSON or a table; anything else goes by the content.
        limits: What the reading may take.

    Raises:
        InputError: It cannot be read, now or while its items are.
        MissingExtra: A data set of the Hub, without `datasets`.
    """
    limits = limits or Limits()
    with _opened(place, left_out, wanted, limits.most_bytes) as found:
        if limits.watch is not None:
            found.items = _watched(found.items, limits.watch)
        yield found


def _watched(items: Iterator[Item], watch: Callable[[], None]) -> Iterator[Item]:
    for item in items:
        watch()
        yield item


@contextmanager
def _opened(place: Place, left_out: LeftOut, wanted: Shape | None, most: int) -> Iterator[Contents]:
    name = place.name
    if name != streams.STDIN and _HUB.fullmatch(name) and not Path(name).exists():
        yield Contents(Shape.ITEMS, _hub(place), table=True)
        return
    with opened(name, most) as stream:
        start = _peeked(stream)
        if start.startswith(PARQUET):
            yield Contents(Shape.ITEMS, _parquet(stream), table=True)
        elif start.startswith(ZIP):
            yield Contents(Shape.ITEMS, _zip(stream, most))
        elif start.startswith(SQLITE):
            if stream.path is None:
                raise InputError(name, "is an SQLite database that is packed; unpack it first")
            yield Contents(Shape.DATABASE, path=stream.path)
        elif wanted is Shape.TEXT:
            yield Contents(Shape.TEXT, text=streams.text(stream))
        else:
            yield _text(stream, start, left_out)


class _Ahead(io.RawIOBase):
    """A stream of which the first bytes were read already."""

    def __init__(self, start: bytes, rest: IO[bytes]):
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._rest.read(size)
        held = len(self._start) if size < 0 else size
        start, self._start = self._start[:held], self._start[held:]
        # Whoever reads all in one go takes a short read for the end.
        return start + self._rest.read(size if size < 0 else size - len(start))


def _peeked(stream: Stream) -> bytes:
    start = stream.unpacked.read(_PEEK)
    stream.unpacked = _Ahead(start, stream.unpacked)  # type: ignore[assignment]
    return start


def _text(stream: Stream, start: bytes, left_out: LeftOut) -> Contents:
    head = start.decode("utf-8", "replace").lstrip(_BLANK)
    if not head:
        if start.strip() or len(start) == _PEEK:
            raise InputError(stream.name, "is blank, at least at its beginning")
        raise InputError(stream.name, "is empty; expected responses")
    if head[0] == "[":
        return Contents(Shape.ITEMS, _values(stream.name, streams.text(stream, MOST_DOCUMENT)))
    if head[0] == "{":
        return Contents(Shape.ITEMS, _json(stream, left_out))
    delimiter = _delimiter(stream.name, head)
    if delimiter:
        return Contents(Shape.ITEMS, _csv(stream, delimiter), table=True)
    return Contents(Shape.TEXT, text=streams.text(stream))


def _json(stream: Stream, left_out: LeftOut) -> Iterator[Item]:
    """Objects a line; where the first line is none whole, values that follow each other: objects, or lists of them."""
    lines = Lines(stream)
    found = iter(lines)
    before = 0
    for number, line in found:
        if line.strip(_BLANK):
            break
        before = number
    value = _value(line)
    if isinstance(value, dict):
        yield value
        for number, line in found:
            if not line.strip():
                continue
            value = _line(stream.name, number, line, lines, left_out)
            if value is not None:
                yield value
        return
    size, parts = 0, ["\n" * before, line]
    for _, more in found:
        size += len(more)
        if size > MOST_DOCUMENT:
            raise InputError(stream.name, f"is one JSON value of over {MOST_DOCUMENT:,} characters")
        parts += "\n", more
    yield from _values(stream.name, "".join(parts).lstrip("\ufeff"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _line(name: str, number: int, line: str, lines: Lines, left_out: LeftOut) -> Item | None:
    """The object on one line; None for the last line of a file that something is still writing."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        if lines.unended:
            left_out[Kind.CUT_OFF] += 1
            return None
        raise InputError(name, f"is not JSON ({error.msg} at column {error.colno})", number) from None
    except (ValueError, RecursionError):
        raise InputError(name, "is JSON that is nested too deeply or holds a number too long", number) from None
    if not isinstance(value, dict):
        raise InputError(name, "expected a JSON object, as on the lines before", number)
    return value


def _values(name: str, text: str) -> Iterator[Item]:
    """Values one after the other; of a list only one element is held at a time."""
    at = _skip(text, 0)
    while at < len(text):
        if text[at] == "[":
            at = yield from _elements(name, text, at + 1)
        else:
            value, at = _decoded(name, text, at)
            yield from _object(name, text, at, value)
        at = _skip(text, at)


def _elements(name: str, text: str, at: int) -> Generator[Item, None, int]:
    """The elements of a list; returns where it ends. A list of lists, or of texts, is one of objects all the same."""
    at = _skip(text, at)
    while text[at : at + 1] != "]":
        value, at = _decoded(name, text, at)
        yield from _object(name, text, at, value)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise InputError(name, "is not JSON (expected , or ] in a list)", _line_of(text, at))
    return at + 1


def _object(name: str, text: str, at: int, value: object) -> Iterator[Item]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, str):
        yield {"response": value}
    elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        yield {"messages": value}
    else:
        raise InputError(name, "expected a list of JSON objects with responses", _line_of(text, at))


def _decoded(name: str, text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise InputError(name, f"is not JSON ({error.msg} at column {error.colno})", error.lineno) from None
    except (ValueError, RecursionError):
        said = "is JSON that is nested too deeply or holds a number too long"
        raise InputError(name, said, _line_of(text, at)) from None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _delimiter(name: str, head: str) -> str:
    """What parts the columns of a table; empty where the beginning of a file is none.

    A file that is called .csv or .tsv is one; another is one where its first line names a response among others.
    """
    bare = name.lower().removesuffix(".gz").removesuffix(".zst")
    called = next((d for ending, d in ((".csv", ","), (".tsv", "\t"), (".tab", "\t")) if bare.endswith(ending)), "")
    best, most = called, 1
    for delimiter in ",;\t|":
        try:
            header = next(csv.reader(io.StringIO(head), delimiter=delimiter), [])
        except csv.Error:
            continue
        known = Columns.of(dict.fromkeys(header), {}) is not None
        tidy = all(0 < len(cell.strip()) <= 60 for cell in header)
        if len(header) > most and (called or (known and tidy)):
            best, most = delimiter, len(header)
    return best


def _csv(stream: Stream, delimiter: str) -> Iterator[Item]:
    csv.field_size_limit(streams.LONGEST_LINE)
    reader = csv.reader((line + "\n" for _, line in Lines(stream)), delimiter=delimiter)
    try:
        header = next(reader, [])
        names = [cell.strip() or f"column {place}" for place, cell in enumerate(header, 1)]
        for row in reader:
            if any(row):
                yield dict(itertools.zip_longest(names, row[: len(names)]))
    except csv.Error as error:
        raise InputError(stream.name, f"is not CSV ({error})", reader.line_num) from None


def _parquet(stream: Stream) -> Iterator[Item]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra(f"{stream.name}: reading parquet", "parquet") from None

    source = str(stream.path) if stream.path is not None else pa.BufferReader(streams.read_all(stream))
    try:
        with pq.ParquetFile(source) as file:
            # Pictures and vectors are no responses, and large.
            wanted = [f.name for f in file.schema_arrow if not _is_bulk(f.type, pa)]
            for batch in file.iter_batches(256, columns=wanted):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError, TypeError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(stream.name, f"is not whole parquet ({said})") from None


def _is_bulk(kind: Any, pa: Any) -> bool:
    types = pa.types
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return True
    return (types.is_list(kind) or types.is_large_list(kind)) and types.is_floating(kind.value_type)


def _zip(stream: Stream, most: int) -> Iterator[Item]:
    """Samples of an inspect_ai log, or the conversations of an account's export."""
    source: Any = stream.path if stream.path is not None else io.BytesIO(streams.read_all(stream))
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            start = next((n for n in ("header.json", "_journal/start.json") if n in names), None)
            exported = [n for n in names if n.rsplit("/", 1)[-1] == "conversations.json"]
            members = _Members(stream.name, archive, most)
            if start is not None:
                yield from _eval_log(members, start)
            elif exported:
                text = members.read(exported[0]).decode("utf-8", "replace")
                yield from _values(stream.name, text)
            else:
                raise InputError(
                    stream.name, "is a zip file, but no inspect_ai log (.eval) and no export of ChatGPT or Claude"
                )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(stream.name, f"is damaged, or packed in a way that is not read ({said})") from None


def _eval_log(members: _Members, start: str) -> Iterator[Item]:
    header = mapping(mapping(_value(members.read(start).decode("utf-8", "replace"))).get("eval"))
    for member in members.archive.namelist():
        if member.startswith("samples/") and member.endswith(".json"):
            sample = _value(members.read(member).decode("utf-8", "replace"))
            if not isinstance(sample, dict):
                raise InputError(members.name, f"{member} is no JSON object")
            yield {**sample, HEADER: header}


@dataclass
class _Members:
    """The files of an archive; what the archive says of their sizes is not to be believed."""

    name: str
    archive: zipfile.ZipFile
    left: int

    def read(self, member: str) -> bytes:
        """One file, of those that together may unfold to no more than is left."""
        most = min(_MOST_MEMBER, self.left)
        info = self.archive.getinfo(member)
        with ExitStack() as stack:
            if info.compress_type == _ZSTD_METHOD:
                data = _zstd_member(self.archive, info, most)
            else:
                data = stack.enter_context(self.archive.open(info)).read(most + 1)
        if len(data) > most:
            raise InputError(self.name, f"unfolds to too much, at {member}: over {most:,} bytes; refused")
        self.left -= len(data)
        return data


def _zstd_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A member packed by method 93, which the standard library reads since Python 3.14 only."""
    file = archive.fp
    if file is None:
        raise EOFError("the archive is closed")
    file.seek(info.header_offset)
    local = file.read(30)
    if local[:4] != ZIP:
        raise zipfile.BadZipFile(f"{info.filename}: no local header")
    file.seek(info.header_offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"))
    packed = io.BytesIO(file.read(min(info.compress_size, most)))
    try:
        data = streams.unzstd(packed).read(most + 1)
    except streams.zstd.ZstdError as error:
        raise zipfile.BadZipFile(str(error)) from None
    if len(data) <= most and zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile(f"bad CRC-32 for {info.filename}")
    return data


def _hub(place: Place) -> Iterator[Item]:
    try:
        import datasets
    except ImportError:
        raise MissingExtra("reading data sets of the Hugging Face Hub", "corpora") from None
    datasets.disable_progress_bars()
    try:
        yield from datasets.load_dataset(place.name, split=place.split, revision=place.revision, streaming=True)
    except Exception as error:  # datasets wraps whatever its readers raise
        said = " ".join(str(error.__cause__ or error).split())[:200]
        raise InputError(place.name, f"cannot be read ({said})") from None


def first_of(items: Iterator[Item], most: int) -> tuple[list[Item], Iterable[Item]]:
    """Return the first items, and all of them."""
    head = list(itertools.islice(items, most))
    return head, itertools.chain(head, items)
