"""A repository's archive, read as a stream.

No file of it gets a name on disk. Its size is bounded, and git's names are computed, before a byte of it is used.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from fingerprint.corpora.fetch.git import Blob, blob_hash, tree_name
from fingerprint.errors import InputError

# Bytes read at once: more saves no time, and the memory stays small.
_BLOCK = 1 << 18
# Windows opens devices under these names, whatever follows the dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)
_DRIVE = re.compile(r"[A-Za-z]:")
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


@dataclass(frozen=True)
class Limits:
    """Bounds on an archive, far above any corpus that is known.

    Attributes:
        packed: Bytes of the archive.
        unpacked: Bytes of its content.
        file: Bytes of one file.
        files: Number of files.
        header: Bytes of one entry's header.
        ratio: Unpacked bytes for one packed byte. JSON and prose have ten, archive bombs a thousand.
    """

    packed: int = 4_000_000_000
    unpacked: int = 20_000_000_000
    file: int = 1_000_000_000
    files: int = 1_000_000
    header: int = 1_000_000
    ratio: int = 100


@dataclass
class Extracted:
    """What was read from an archive.

    Attributes:
        spool: The contents of the wanted files, one after another.
        tree: Git's name of the tree of all files in the archive.
        files: Offset and size in `spool` of each wanted file, by path.
        pointers: Wanted files whose contents Git LFS keeps elsewhere.
        sha256: Of each wanted file, by path.
    """

    spool: IO[bytes]
    tree: str = ""
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    pointers: list[str] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        offset, size = self.files[path]
        self.spool.seek(offset)
        return self.spool.read(size)


def extract(archive: Path, wanted: Sequence[re.Pattern[str]], spool: IO[bytes], limits: Limits) -> Extracted:
    """Read a tar.gz whose only folder at the top is the repository's.

    Args:
        archive: The file.
        wanted: Expressions, one of which the path of a wanted file matches.
        spool: Receives the contents of wanted files.
        limits: Bounds.

    Returns:
        The wanted files, and the name of the tree of all files.

    Raises:
        InputError: The archive is damaged, exceeds the limits, or holds what no git tree can hold.
    """
    out = Extracted(spool)
    blobs: dict[str, Blob] = {}
    try:
        with archive.open("rb") as raw:
            stream = _Bounded(archive, raw, limits)
            with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|", bufsize=tarfile.RECORDSIZE) as tar:
                for path, member in _members(archive, tar, stream, limits):
                    if path in blobs:
                        raise InputError(str(archive), f"holds {path!r} twice; refused")
                    matched = any(pattern.fullmatch(path) for pattern in wanted)
                    blobs[path] = _blob(path, member, tar, stream, matched, out)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise InputError(str(archive), f"is damaged or cut off ({error})") from None
    out.tree = tree_name(blobs)
    return out


def digest(parts: Sequence[Extracted]) -> str:
    """Return the sha256 of the list that `sha256sum` makes of the files of all parts, in the order of their paths."""
    lines = sorted((path, value) for part in parts for path, value in part.sha256.items())
    return hashlib.sha256("".join(f"{value}  {path}\n" for path, value in lines).encode()).hexdigest()


def _members(
    archive: Path, tar: tarfile.TarFile, stream: _Bounded, limits: Limits
) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """(path in the repository, entry) of files and symbolic links."""
    top = None
    entries = 0
    while True:
        # An entry's header comes before its content, and tarfile holds it in memory.
        stream.allow(limits.header)
        member = tar.next()
        if member is None:
            return
        # In a stream, tarfile keeps every entry it has seen.
        tar.members.clear()  # type: ignore[attr-defined]
        entries += 1
        if entries > limits.files:
            raise InputError(str(archive), f"holds more than {limits.files:,} files; refused")
        first, _, path = member.name.partition("/")
        top = top or first
        if first != top or not _valid_in_git(member.name.rstrip("/") if member.isdir() else member.name):
            raise InputError(str(archive), f"holds the path {member.name!r}, which leads out of it; refused")
        if member.isdir():
            continue
        if not path or not (member.isreg() or member.issym()):
            raise InputError(str(archive), f"holds {member.name!r}, which is no file; refused")
        if member.size > limits.file:
            raise InputError(str(archive), f"holds {path!r} of {member.size:,} bytes; refused")
        yield path, member


def _valid_in_git(name: str) -> bool:
    """Whether git can hold a path."""
    return "\0" not in name and not any(
        part in ("", ".", "..") or part.casefold() == ".git" for part in name.split("/")
    )


def _portable(path: str) -> bool:
    """Whether a path means the same place on every system."""
    return not ("\\" in path or _DRIVE.match(path) or any(_DEVICES.fullmatch(part) for part in path.split("/")))


def _blob(
    path: str, member: tarfile.TarInfo, tar: tarfile.TarFile, stream: _Bounded, matched: bool, out: Extracted
) -> Blob:
    """Git's mode and name of an entry; the content of a wanted file goes to `out`."""
    archive = stream.archive
    if matched and not _portable(path):
        raise InputError(str(archive), f"holds {path!r}, which is another place on some systems; refused")
    if member.issym():
        if matched:
            raise InputError(str(archive), f"holds {path!r} as a symbolic link; refused")
        target = member.linkname.encode("utf-8", "surrogateescape")
        name = blob_hash(len(target))
        name.update(target)
        return "120000", name.hexdigest()
    name, content, start, first = blob_hash(member.size), hashlib.sha256(), out.spool.seek(0, 2), b""
    source = cast(IO[bytes], tar.extractfile(member))
    for at in range(0, member.size, _BLOCK):
        stream.allow(2 * _BLOCK)
        block = source.read(min(_BLOCK, member.size - at))
        if not block:
            raise EOFError("the archive ends within a file")
        name.update(block)
        first = first or block[: len(_POINTER)]
        if matched:
            content.update(block)
            out.spool.write(block)
    if matched and first == _POINTER:
        out.pointers.append(path)
    elif matched:
        out.files[path] = (start, member.size)
        out.sha256[path] = content.hexdigest()
    return "100755" if member.mode & 0o100 else "100644", name.hexdigest()


class _Bounded:
    """The unpacked bytes of a gzip file, within limits; tarfile reads from it."""

    def __init__(self, archive: Path, raw: IO[bytes], limits: Limits):
        self.archive, self._raw, self._limits = archive, raw, limits
        self._inflate = zlib.decompressobj(wbits=31)
        self._held, self._out, self._in = b"", 0, 0
        self._allowed = 0

    def allow(self, size: int) -> None:
        """Set how many bytes may be read before the next call."""
        self._allowed = size

    def read(self, size: int) -> bytes:
        """Return up to `size` unpacked bytes."""
        while len(self._held) < size and self._more():
            pass
        block, self._held = self._held[:size], self._held[size:]
        self._allowed -= len(block)
        # tarfile may have read one record ahead.
        if self._allowed < -tarfile.RECORDSIZE:
            raise InputError(str(self.archive), "has an entry whose header is far too large; refused")
        return block

    def _more(self) -> bool:
        if self._inflate.eof:
            return False
        packed = self._inflate.unconsumed_tail or self._raw.read(_BLOCK)
        block = self._inflate.decompress(packed, _BLOCK)
        if not (packed or block or self._inflate.eof):
            raise EOFError("the gzip stream ends early")
        self._in += len(packed) - len(self._inflate.unconsumed_tail)
        self._out += len(block)
        most = min(self._limits.unpacked, max(self._limits.file, self._limits.ratio * max(self._in, 1)))
        if self._out > most:
            raise InputError(str(self.archive), f"unpacks to more than {most:,} bytes; refused")
        self._held += block
        return True
