from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from fingerprint.base.disk_arrays import DiskArray, SparseDiskArray
from fingerprint.errors import FingerprintError


@pytest.mark.parametrize(
    "rows",
    [
        np.array([3, 4, 5, 90, 5, 5, 0, 99]),
        np.arange(100),
        np.zeros(0, np.int64),
        np.arange(100) % 3 == 0,
        slice(7, 60),
        slice(95, 200),
    ],
)
def test_what_is_read_is_what_was_put_there(rows: np.ndarray | slice, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = sparse.random(100, 40, 0.1, "csr", np.float32, random_state=rng)
    whole = sparse.vstack([whole[:50], sparse.csr_matrix((1, 40), dtype=np.float32), whole[51:]], "csr")
    dense = rng.random((100, 5), np.float32)
    array, plain = SparseDiskArray(tmp_path, 40), DiskArray(tmp_path, 5)
    for start in range(0, 100, 30):
        array.add(whole[start : start + 30])
        plain.add(dense[start : start + 30])
    assert array.shape == (100, 40)
    assert array[rows].shape == whole[rows].shape
    assert (array[rows] != whole[rows]).nnz == 0
    assert plain.shape == (100, 5)
    assert (plain[rows] == dense[rows]).all()
    # Nothing is left behind, however the program ends.
    assert not list(tmp_path.iterdir())


def test_between_writing_and_reading(tmp_path: Path) -> None:
    array = DiskArray(tmp_path, 2)
    assert array[:].shape == (0, 2)
    array.add(np.ones((2, 2)))
    assert array[[1]].tolist() == [[1, 1]]
    array.add(np.full((1, 2), 7.0))
    assert np.hstack([array, np.zeros((3, 1))]).tolist() == [[1, 1, 0], [1, 1, 0], [7, 7, 0]]
    with pytest.raises(IndexError):
        array[[3]]


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **given: Path("/dev/full").open("wb"))  # noqa: SIM115
    array = DiskArray(Path("/scratch"), 4)
    with pytest.raises(FingerprintError, match=r"/scratch.*No space left on device.*--cache"):
        array.add(np.ones((5, 4)))
    with contextlib.suppress(OSError):
        array._file._file.close()
