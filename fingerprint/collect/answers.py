"""A file of answers by one model: JSON lines that several processes append to at once, and that a kill at any byte
leaves whole but for its last line, which the next one to open it mends."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from fingerprint.base.files import sync_folder
from fingerprint.collect.record import line
from fingerprint.errors import FingerprintError, InputError

_LONGEST_NAME = 150


class AnswerFile:
    """keys are those of all records in it, as far as was looked; cut counts bytes of torn lines that were taken off."""

    def __init__(self, path: Path, release: str, base_url: str):
        self.path, self.log = path, path.with_suffix(".log")
        self.keys: set[str] = set()
        self.cut = 0
        self._whose = {"release": release, "base_url": base_url}
        self._seen = self._lines = 0

    def look(self) -> None:
        """Learns what is in it and changes nothing. Raises InputError for what `collect` did not write."""
        try:
            with self.path.open("rb") as file:
                self._catch_up(file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise InputError(str(self.path), f"cannot be read ({error.strerror})") from None

    def open(self) -> None:
        """Learns what is in it and mends it. Raises InputError, and FingerprintError where it cannot be written."""
        with self._locked() as file:
            self._mend(file, self._catch_up(file))

    def add(self, record: Mapping[str, Any]) -> bool:
        """Appends a record and waits until the disk has it; False where another run has put its key there."""
        with self._locked() as file:
            self._mend(file, self._catch_up(file))
            if record["key"] in self.keys:
                return False
            written = line(record)
            _append(file, written)
            self._count(record["key"], len(written))
        return True

    def note(self, fields: Mapping[str, Any]) -> None:
        """Appends to the log beside it what came in place of an answer."""
        with self._locked(), self.log.open("a+b", buffering=0) as log:
            # A run that was killed may have left half a line.
            torn = log.tell() and log.seek(-1, os.SEEK_END) is not None and log.read() != b"\n"
            _append(log, (b"\n" if torn else b"") + line(fields))

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            new = not self.path.exists()
            # Closing gives the lock back, and so does the end of the process, however it comes.
            with self.path.open("a+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if new:
                    sync_folder(self.path.parent)
                yield file
        except OSError as error:
            raise FingerprintError(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def _catch_up(self, file: IO[bytes]) -> bytes:
        """Takes in the whole lines that others have added; the rest is what follows the last of them."""
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
        for name, value in self._whose.items():
            if record.get(name) != value:
                raise InputError(str(self.path), f"{name} is {record.get(name)!r}; expected {value!r}", number)
        return str(record["key"])

    def _mend(self, file: IO[bytes], torn: bytes) -> None:
        """Nobody else is writing, so that what has no end was left by a run that was killed."""
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
    """openrouter--z-ai__glm-4.6.jsonl, and with its host where that is not the provider's own."""
    parts = [provider, quote(model.replace("/", "__"), safe="")]
    if elsewhere:
        parts.append(quote(urlsplit(elsewhere).netloc.replace(":", "-"), safe=""))
    name = "--".join(parts)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{name}.jsonl"


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("key"), str) else None


def _append(file: IO[bytes], data: bytes) -> None:
    """All of it or nothing, as far as the process lives."""
    before = os.fstat(file.fileno()).st_size
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(before)
        raise
