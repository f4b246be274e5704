"""A file of answers by one model: JSON lines that several processes append to at once.

A kill at any byte can tear only the last line. The next process that opens the file removes or completes it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from fingerprint.base.files import locking, sync_folder
from fingerprint.errors import FingerprintError, InputError

# File systems allow 255 bytes; a digest, a suffix and the name of a temporary file come on top.
_LONGEST_NAME = 150


class AnswerFile:
    """The file of one model.

    Args:
        path: The file; its log lies beside it.
        release: The model that every record must name as `release`.
        base_url: The address that every record must name.

    Attributes:
        keys: The keys of all records that were read so far.
        cut: Bytes of torn lines that were removed.
    """

    def __init__(self, path: Path, release: str, base_url: str):
        self.path, self.log = path, path.with_suffix(".log")
        self.keys: set[str] = set()
        self.cut = 0
        self._expected = {"release": release, "base_url": base_url}
        self._seen = self._lines = 0

    def look(self) -> None:
        """Read the file and change nothing.

        Raises:
            InputError: The file cannot be read, or `collect` did not write it.
        """
        try:
            with self.path.open("rb") as file:
                self._catch_up(file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise InputError(str(self.path), f"cannot be read ({error.strerror})") from None

    def open(self) -> None:
        """Read the file, make it if it is missing, and repair a torn last line.

        Raises:
            InputError: `collect` did not write the file.
            FingerprintError: The file cannot be written.
        """
        with self._locked() as file:
            self._repair(file, self._catch_up(file))

    def add(self, record: Mapping[str, Any]) -> bool:
        """Append a record and wait until it is on disk.

        Args:
            record: The fields, with `key`.

        Returns:
            Whether it was added; False if another run has added its key.

        Raises:
            FingerprintError: The file cannot be written.
        """
        with self._locked() as file:
            self._repair(file, self._catch_up(file))
            if record["key"] in self.keys:
                return False
            written = line(record)
            _append(file, written)
            self._count(record["key"], len(written))
        return True

    def note(self, fields: Mapping[str, Any]) -> None:
        """Append to the log beside the file what came in place of an answer."""
        with self._locked(), self.log.open("a+b", buffering=0) as log:
            # A run that was killed may have left half a line.
            torn = log.tell() and log.seek(-1, os.SEEK_END) is not None and log.read() != b"\n"
            _append(log, (b"\n" if torn else b"") + line(fields))

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            new = not self.path.exists()
            lock = self.path.with_name(f".{self.path.name}.lock")
            with locking(lock), self.path.open("a+b", buffering=0) as file:
                if new:
                    sync_folder(self.path.parent)
                yield file
        except OSError as error:
            raise FingerprintError(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def _catch_up(self, file: IO[bytes]) -> bytes:
        """Read the whole lines that others have added; return what follows the last of them."""
        if os.fstat(file.fileno()).st_size < self._seen:
            self._seen = self._lines = 0
        file.seek(self._seen)
        *whole, torn = file.read().split(b"\n")
        for text in whole:
            self._count(self._key(text), len(text) + 1)
        return torn

    def _count(self, key: str, size: int) -> None:
        self.keys.add(key)
        self._lines += 1
        self._seen += size

    def _key(self, text: bytes) -> str:
        number = self._lines + 1
        record = _parsed(text)
        if record is None:
            raise InputError(str(self.path), "is not a line that `collect` wrote", number)
        for name, value in self._expected.items():
            if record.get(name) != value:
                raise InputError(str(self.path), f"{name} is {record.get(name)!r}; expected {value!r}", number)
        return str(record["key"])

    def _repair(self, file: IO[bytes], torn: bytes) -> None:
        """The lock keeps others from writing, so a run that was killed left the line without an end."""
        if not torn:
            return
        if _parsed(torn) is not None:
            key = self._key(torn)
            _append(file, b"\n")
            self._count(key, len(torn) + 1)
        else:
            file.truncate(self._seen)
            os.fsync(file.fileno())
            self.cut += len(torn)


def file_name(provider: str, model: str, elsewhere: str | None) -> str:
    """Return the name of a model's file.

    Args:
        provider: The provider's name.
        model: The model's name there.
        elsewhere: The address, if it is not the provider's own; its host becomes part of the name.

    Examples:
        >>> file_name("openrouter", "z-ai/glm-4.6", None)
        'openrouter--z-ai__glm-4.6.jsonl'
    """
    parts = [provider, quote(model.replace("/", "__"), safe="")]
    if elsewhere:
        parts.append(quote(urlsplit(elsewhere).netloc.replace(":", "-"), safe=""))
    name = "--".join(parts)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{name}.jsonl"


def line(fields: Mapping[str, Any]) -> bytes:
    """Return a record as a line of JSON with its end."""
    # Lone surrogates, which hostile JSON can hold, have no UTF-8 form and stay escapes.
    try:
        return (json.dumps(fields, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(fields) + "\n").encode()


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("key"), str) else None


def _append(file: IO[bytes], data: bytes) -> None:
    """Append all of it or, unless the process is killed, nothing."""
    before = os.fstat(file.fileno()).st_size
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(before)
        raise
