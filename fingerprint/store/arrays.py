"""The arrays of a model: read-only, finite, and as the manifest says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from fingerprint.errors import ModelError
from fingerprint.store.manifest import AGAIN, MANIFEST, WEIGHTS, ArrayEntry

_TYPE_NAMES = {
    "BOOL": "bool",
    **{f"{kind}{bits}": f"{name}{bits}" for kind, name in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
}


def read_arrays(path: Path, entries: Mapping[str, ArrayEntry]) -> dict[str, np.ndarray]:
    """Read all arrays of a safetensors file, read-only; ModelError where they are not what `entries` say.

    The header is compared first, so that nothing large is made on the word of a file that lies.
    """
    try:
        with safe_open(path, framework="np") as file:
            names = set(file.keys())
            for name in sorted(names ^ entries.keys()):
                where = "not listed in" if name in names else "missing, though listed in"
                raise ModelError(f"{path}: array {name!a} is {where} {MANIFEST}; {AGAIN}")
            for name, entry in entries.items():
                _check_header(path, name, file.get_slice(name), entry)
            arrays = {name: file.get_tensor(name) for name in entries}
    except SafetensorError:
        raise ModelError(f"{path}: not a whole safetensors file; {AGAIN}") from None
    for name, array in arrays.items():
        check_finite(path, name, array)
        array.flags.writeable = False
    return arrays


def check_finite(path: Path, name: str, array: np.ndarray) -> None:
    """Raise ModelError if a float array holds NaN or infinities."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError(f"{path}: array {name!a} holds NaN or infinite values; {AGAIN}")


def expect(arrays: Mapping[str, np.ndarray], name: str, dtype: str, shape: Sequence[int | None]) -> np.ndarray:
    """Return the array `name`; ModelError unless it has this dtype and shape (None stands for any size)."""
    array = arrays.get(name)
    if array is None:
        raise ModelError(f"{WEIGHTS}: array {name!a} is missing; {AGAIN}")
    fits = len(shape) == array.ndim and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        raise ModelError(
            f"{WEIGHTS}: array {name!a} is {_described(array.dtype.name, array.shape)}, "
            f"expected {_described(dtype, shape)}; {AGAIN}"
        )
    return array


def _check_header(path: Path, name: str, header: object, entry: ArrayEntry) -> None:
    dtype, shape = header.get_dtype(), header.get_shape()  # type: ignore[attr-defined]
    dtype = _TYPE_NAMES.get(dtype, dtype)
    if (dtype, tuple(shape)) != (entry.dtype, entry.shape):
        raise ModelError(
            f"{path}: array {name!a} is {_described(dtype, shape)}, but {MANIFEST} says "
            f"{_described(entry.dtype, entry.shape)}; {AGAIN}"
        )


def _described(dtype: str, shape: Sequence[int | None]) -> str:
    return f"{dtype} ({', '.join('any' if size is None else str(size) for size in shape)})"
