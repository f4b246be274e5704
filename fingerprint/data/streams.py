"""Files as bounded streams of bytes and of lines, whatever they are packed in."""

from __future__ import annotations

import gzip
import io
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from fingerprint.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

STDIN = "-"
MOST_BYTES = 1_000_000_000
LONGEST_LINE = 64_000_000
# A file may unfold to this many times its size once it has unfolded to more than _RATIO_FROM bytes. JSON lines of
# prose pack to a tenth, the same line again and again to a two-hundredth.
MOST_RATIO = 400
_RATIO_FROM = 32_000_000
PARQUET, ZIP, SQLITE = b"PAR1", b"PK\x03\x04", b"SQLite format 3\0"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 16
# The logarithm to base 2 of the window, which is what a frame keeps in memory at most: 128 MiB.
_ZSTD_WINDOW = 27


@dataclass(frozen=True)
class Limits:
    """What the reading of one file may take.

    Attributes:
        most_bytes: Bytes that the file may unfold to.
        watch: Called before each item that is read; a FingerprintError that it raises ends the reading.
    """

    most_bytes: int = MOST_BYTES
    watch: Callable[[], None] | None = None


@dataclass
class Stream:
    """One opened file.

    name: as the person gave it. unpacked: its bytes, unpacked. magic: the first bytes of the file as it lies, packed or
    not. path: where the file lies if it is not packed and can be read at any position, else None.
    """

    name: str
    unpacked: IO[bytes]
    magic: bytes
    path: Path | None


@contextmanager
def opened(name: str, most: int = MOST_BYTES) -> Iterator[Stream]:
    """Open a file, or standard input ("-"), and unpack gzip and zstd on the way.

    Args:
        name: Path of a regular file, or "-".
        most: Bytes that it may unfold to.

    Raises:
        InputError: The file cannot be opened or is no regular file; while it is read: it is damaged, cut off, or
            unfolds to too much.
    """
    raw = _raw(name)
    try:
        magic = raw.peek(16)[:16]
        packed = _Counted(raw)
        if magic.startswith(_GZIP):
            unpacked: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=cast(IO[bytes], packed)))
        elif magic.startswith(_ZSTD):
            unpacked = cast(IO[bytes], unzstd(cast(IO[bytes], packed)))
        else:
            unpacked = raw
        plain = unpacked is raw
        bounded = _Bounded(name, unpacked, None if plain else packed, most)
        yield Stream(name, cast(IO[bytes], bounded), magic, Path(name) if plain and name != STDIN else None)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
        raise InputError(name, f"is damaged or cut off ({error})") from None
    except OSError as error:
        raise InputError(name, f"cannot be read ({error.strerror or error})") from None
    finally:
        if name != STDIN:
            raw.close()


def read_all(stream: Stream, most: int = MOST_BYTES) -> bytes:
    """Read the rest of a stream.

    Args:
        stream: An opened file.
        most: Limit in bytes.

    Raises:
        InputError: There are more than `most` bytes.
    """
    data = stream.unpacked.read(most + 1)
    if len(data) > most:
        raise InputError(stream.name, f"is larger than {most:,} bytes")
    return data


def unzstd(packed: IO[bytes]) -> zstd.ZstdFile:
    """Return all frames of a zstd stream, unpacked; while it is read: EOFError where it is cut off, ZstdError."""
    return zstd.ZstdFile(packed, options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW})


class Lines:
    """The lines of a stream as (number, text), without their ends; a byte order mark is dropped.

    unended: True once the last line was given, if no line end follows it.

    Raises:
        InputError: While it is read: a line is not UTF-8, or longer than LONGEST_LINE bytes.
    """

    def __init__(self, stream: Stream):
        self._stream = stream
        self.unended = False

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(self._raw(), 1):
            yield number, _decoded(self._stream.name, number, line)

    def _raw(self) -> Iterator[bytes]:
        """Lines as bytes; one that is too long is given as far as it was read."""
        parts: list[bytes] = []
        held = 0
        while block := self._stream.unpacked.read(_BLOCK):
            first, *others = block.split(b"\n")
            parts.append(first)
            held += len(first)
            for other in others:
                yield b"".join(parts)
                parts, held = [other], len(other)
            if held > LONGEST_LINE:
                break
        if held:
            self.unended = True
            yield b"".join(parts)


def text(stream: Stream, most: int = MOST_BYTES) -> str:
    """Read the rest of a stream as text; a byte order mark is dropped and line ends are kept.

    Raises:
        InputError: The text is not UTF-8 or larger than `most` bytes.
    """
    data = read_all(stream, most).removeprefix(_BOM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(stream.name, _not_utf8(data), line) from None


def _raw(name: str) -> io.BufferedReader:
    if name == STDIN:
        return io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
    try:
        mode = Path(name).stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(name, "is a folder; name the files in it")
        if not stat.S_ISREG(mode):
            raise InputError(name, 'is a pipe or device, not a file; name "-" to read standard input')
        return open(name, "rb")
    except OSError as error:
        raise InputError(name, f"cannot be opened ({error.strerror})") from None
    except ValueError:
        raise InputError(name.replace("\0", "?"), "is no name that a file can have") from None


class _Counted(io.RawIOBase):
    """Packed bytes on their way; keeps how many there were."""

    def __init__(self, raw: io.BufferedReader):
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self.count += len(data)
        return data


class _Bounded(io.RawIOBase):
    """An unpacked stream that stops where there is too much in all, or too much for the size of what is packed."""

    def __init__(self, name: str, unpacked: IO[bytes], packed: _Counted | None, most: int):
        self._name, self._unpacked, self._packed, self._most = name, unpacked, packed, most
        self._total = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts = []
        while size:
            block = self._unpacked.read(_BLOCK if size < 0 else min(size, _BLOCK))
            if not block:
                break
            self._total += len(block)
            self._check()
            parts.append(block)
            size -= len(block) if size > 0 else 0
        return b"".join(parts)

    def _check(self) -> None:
        if self._total > self._most:
            raise InputError(self._name, f"unfolds to more than {self._most:,} bytes")
        if self._packed is not None and self._total > _RATIO_FROM and self._total > MOST_RATIO * self._packed.count:
            raise InputError(self._name, f"unfolds to more than {MOST_RATIO} times its size; refused")


def _decoded(name: str, number: int, line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise InputError(name, f"is a line of over {LONGEST_LINE:,} bytes; expected one JSON object a line", number)
    if number == 1:
        line = line.removeprefix(_BOM)
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise InputError(name, f"{_not_utf8(line)} (byte {error.start + 1} of the line)", number) from None


def _not_utf8(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is UTF-16, not UTF-8; save it as UTF-8"
    return "is not UTF-8"
