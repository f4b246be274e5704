"""Files and folders written whole or not at all, locks between processes, and where the project's files lie."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fingerprint.errors import FingerprintError

_PACKAGE = Path(__file__).resolve().parent.parent
# Of Linux: fcntl.h and renameat2(2).
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` in place of what is there.

    Raises:
        OSError: The file cannot be written; the old one is as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file beside `path` to write, which replaces `path` at the end of the block.

    An exception in the block removes the new file and leaves the old one as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb+") as written:
            os.fsync(written.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    sync_folder(path.parent)


def write_through(path: Path, data: bytes) -> None:
    """Write a new file and wait until the disk has it."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`, where the system can: Windows opens no folder."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_sibling(folder: Path) -> Path:
    """Make an empty folder beside `folder`, with the permissions that a new folder has."""
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    made.chmod(0o777 & ~_umask())
    return made


def exchange(made: Path, folder: Path) -> None:
    """Exchange the names of two sibling folders, so that a reader finds one of them, whole.

    Linux does this in one step (renameat2). Where the system or the file system cannot, `folder` is missing for a
    moment between two renames; an error puts it back.

    Raises:
        OSError: The folders cannot be renamed; both are as they were.
    """
    if not _exchanged_at_once(made, folder):
        aside = temporary_sibling(folder)
        # A name that is free: Windows does not rename onto an empty folder.
        aside.rmdir()
        folder.rename(aside)
        try:
            made.rename(folder)
        except BaseException:
            aside.rename(folder)
            raise
        aside.rename(made)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other process holds `folder`, and hold it; the system lets go where the process dies."""
    with locking(folder / ".lock"):
        yield


@contextmanager
def locking(file: Path) -> Iterator[None]:
    """Wait until no other process holds the lock of this name, and hold it.

    Args:
        file: The lock: a hidden file that holds nothing, in a folder that is there. It is made where it is missing, and
            it stays: whoever removed it could not tell who else has just opened it.

    Raises:
        OSError: It cannot be made.
    """
    from filelock import FileLock

    if not file.parent.is_dir():
        # The library would make the folder of a mistyped path.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file.parent))
    with FileLock(file):
        yield


def data_dir(name: str) -> Path:
    """Return the folder `name` ("corpora", "models") that comes with the package, installed or in a clone.

    Raises:
        FingerprintError: There is none.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FingerprintError(f"{name}: not found beside the package; reinstall fingerprint")


def cache_dir() -> Path:
    """Return the user's folder for what can be made or fetched again."""
    from platformdirs import user_cache_path

    return user_cache_path("fingerprint", appauthor=False)


def _exchanged_at_once(made: Path, folder: Path) -> bool:
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if rename(_AT_FDCWD, os.fsencode(made), _AT_FDCWD, os.fsencode(folder), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(folder))


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
