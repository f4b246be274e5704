"""Files as streams of bytes, whatever they are packed in, with bounds on what they may unfold to."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fingerprint.errors import InputError

STDIN = "-"
LONGEST_LINE = 10_000_000
MOST_BYTES = 1_000_000_000
_GZIP, _ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"


@contextmanager
def opened(name: str) -> Iterator[tuple[IO[bytes], bytes]]:
    """The unpacked bytes of a file or of standard input, and its first four as they are.

    Raises InputError where it cannot be opened, or while it is read, where it is damaged.
    """
    try:
        if name == STDIN:
            raw: IO[bytes] = io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
        else:
            if Path(name).is_dir():
                raise InputError(name, "is a folder; name the files in it")
            raw = open(name, "rb")  # noqa: SIM115 - closed below, after its unpacking
    except OSError as error:
        raise InputError(name, f"cannot be opened ({error.strerror})") from None
    try:
        first = cast(io.BufferedReader, raw).peek(4)[:4]
        yield _unpacked(raw, first), first
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(name, f"is damaged or cut off ({error})") from None
    except OSError as error:
        raise InputError(name, f"cannot be read ({error.strerror or error})") from None
    finally:
        if name != STDIN:
            raw.close()


def _unpacked(raw: IO[bytes], first: bytes) -> IO[bytes]:
    if first.startswith(_GZIP):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if first == _ZSTD:
        import zstandard

        return cast(IO[bytes], _Zstd(zstandard.ZstdDecompressor(), raw))
    return raw


class _Zstd(io.RawIOBase):
    """A zstd stream that says so when it is cut off: zstandard's own reader ends quietly."""

    def __init__(self, decompressor: object, raw: IO[bytes]):
        self._raw = raw
        self._out = b""
        self._object = decompressor.decompressobj()  # type: ignore[attr-defined]
        self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        import zstandard

        while not self._ended and (size < 0 or len(self._out) < size):
            block = self._raw.read(65_536)
            if not block:
                if not self._object.eof:
                    raise EOFError("the zstd stream ends early")
                self._ended = True
                break
            try:
                self._out += self._object.decompress(block)
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from None
            if self._object.eof:
                self._ended = True
        size = len(self._out) if size < 0 else size
        out, self._out = self._out[:size], self._out[size:]
        return out


def lines(name: str, stream: IO[bytes]) -> Iterator[tuple[int, str]]:
    """(number, text) of each line without its end; a byte order mark is dropped.

    Raises InputError for a line that is not UTF-8 or longer than LONGEST_LINE bytes, and for too much in all.
    """
    number, total, rest = 0, 0, b""
    while True:
        block = stream.read(1 << 16)
        total += len(block)
        if total > MOST_BYTES:
            raise InputError(name, f"unfolds to more than {MOST_BYTES:,} bytes")
        whole = (rest + block).split(b"\n")
        rest = whole.pop() if block else b""
        for line in whole:
            number += 1
            yield number, _text(name, number, line)
        if len(rest) > LONGEST_LINE:
            _text(name, number + 1, rest)
        if not block:
            return


def _text(name: str, number: int, line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise InputError(name, f"is a line of over {LONGEST_LINE:,} bytes; expected one JSON object a line", number)
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise InputError(name, f"is not UTF-8 (byte {error.start + 1} of the line)", number) from None
