"""Arrays on disk: rows that are written once and read a few at a time, so that memory does not grow with their number.

The files have no names: they are gone when the process ends, however it ends. They are read and not mapped, for mapped
pages count as memory until another process wants it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.errors import FingerprintError

_PAIR = np.dtype([("column", "<i4"), ("value", "<f4")])


class _File:
    """Items of one type in a file without a name, one after the other."""

    def __init__(self, folder: Path | None, item: np.dtype[Any]):
        self._item, self._folder = item, folder or tempfile.gettempdir()
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - as long as this object

    def add(self, items: NDArray) -> None:
        try:
            self._file.write(np.ascontiguousarray(items, self._item).tobytes())
            self._file.flush()
        except OSError as error:
            raise FingerprintError(
                f"{self._folder}: what is too much for memory cannot be written there ({error.strerror}); free some "
                "space, or name another folder (--cache)"
            ) from None

    def read(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray:
        """The items from each of `starts` to the same of `stops`, joined."""
        size = self._item.itemsize
        out = bytearray(int((stops - starts).sum()) * size)
        into, filled = memoryview(out), 0
        # Neighbours in one go.
        cuts = np.flatnonzero(starts[1:] != stops[:-1])
        first, last = (np.append(0, cuts + 1), np.append(cuts, len(starts) - 1)) if len(starts) else (cuts, cuts)
        for start, stop in zip((starts[first] * size).tolist(), (stops[last] * size).tolist(), strict=True):
            while start < stop:
                # The system reads no more than two gigabytes at once.
                got = _read_at(self._file, into[filled : filled + stop - start], start)
                start, filled = start + got, filled + got
        return np.frombuffer(out, self._item)


class SparseDiskArray:
    """(n, width) float32 sparse rows on disk; `array[rows]` is a csr_matrix.

    Args:
        folder: Where the file lies; None for the system's folder.
        width: Number of columns.

    Attributes:
        indptr: (n + 1,) as that of a csr_matrix.
    """

    def __init__(self, folder: Path | None, width: int):
        self.folder, self.width = folder, width
        self._file = _File(folder, _PAIR)
        self.indptr = np.zeros(1, np.int64)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, width)"""
        return len(self.indptr) - 1, self.width

    def add(self, rows: sparse.csr_matrix) -> None:
        """Append rows. Raises FingerprintError where the disk is full."""
        pairs = np.empty(rows.nnz, _PAIR)
        pairs["column"], pairs["value"] = rows.indices, rows.data
        self._file.add(pairs)
        self.indptr = np.concatenate([self.indptr, self.indptr[-1] + rows.indptr[1:]])

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> sparse.csr_matrix:
        at = _positions(rows, self.shape[0])
        starts, stops = self.indptr[at], self.indptr[at + 1]
        pairs = self._file.read(starts, stops)
        indptr = np.concatenate([[0], np.cumsum(stops - starts)])
        parts = pairs["value"].copy(), pairs["column"].copy(), indptr
        return sparse.csr_matrix(parts, shape=(len(at), self.width))


class DiskArray:
    """(n, width) float32 rows on disk; `array[rows]` is an array.

    Args:
        folder: Where the file lies; None for the system's folder.
        width: Number of columns.
    """

    def __init__(self, folder: Path | None, width: int):
        self.folder, self.width = folder, width
        self._file = _File(folder, np.dtype("<f4"))
        self._count = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(n, width)"""
        return self._count, self.width

    def __len__(self) -> int:
        return self._count

    def add(self, rows: NDArray[np.floating]) -> None:
        """Append rows. Raises FingerprintError where the disk is full."""
        self._file.add(rows)
        self._count += len(rows)

    def __getitem__(self, rows: slice | NDArray | list[int]) -> NDArray[np.float32]:
        at = _positions(rows, self._count)
        return self._file.read(at * self.width, (at + 1) * self.width).reshape(len(at), self.width)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)


def folder_of(rows: Any) -> Path | None:
    """Return where rows on disk lie, so that what is computed from them lies there too; None for rows in memory."""
    return rows.folder if isinstance(rows, DiskArray | SparseDiskArray) else None


def _read_at(file: IO[bytes], into: memoryview, start: int) -> int:
    """Read from a position; return how many bytes were read."""
    if sys.platform != "win32":
        return os.preadv(file.fileno(), [into], start)
    # Windows reads only where the file stands, and it is written at its end.
    with os.fdopen(os.dup(file.fileno()), "rb", buffering=0) as same:
        same.seek(start)
        got = same.readinto(into) or 0
        same.seek(0, os.SEEK_END)
    return got


def _positions(rows: slice | NDArray | list[int], count: int) -> NDArray[np.int64]:
    if isinstance(rows, slice):
        return np.arange(*rows.indices(count))
    at = np.asarray(rows)
    at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.int64)
    if len(at) and not (at.min() >= 0 and at.max() < count):
        raise IndexError(f"rows {at.min()} to {at.max()} of {count}")
    return at
