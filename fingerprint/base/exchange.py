"""Two folders change places in one step, so that whoever looks finds one of them, whole."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from fingerprint.base.atomic import temporary_sibling

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_LACKING = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV)


def exchange(made: Path, folder: Path) -> None:
    """`made` and `folder`, siblings, change names (renameat2 of Linux).

    Where the system or the file system cannot, `folder` is missing for a moment between two renames; an error puts
    it back.
    """
    if not _at_once(made, folder):
        aside = temporary_sibling(folder)
        # A rename replaces an empty folder, so the old one has left its place in one step.
        folder.rename(aside)
        try:
            made.rename(folder)
        except BaseException:
            aside.rename(folder)
            raise
        aside.rename(made)


def _at_once(made: Path, folder: Path) -> bool:
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if rename(_AT_FDCWD, os.fsencode(made), _AT_FDCWD, os.fsencode(folder), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _LACKING:
        return False
    raise OSError(code, os.strerror(code), str(folder))
