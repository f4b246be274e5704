import numpy as np
import pytest

from fingerprint.errors import ModelError
from fingerprint.store.arrays import expect

ARRAYS = {"means": np.zeros((2, 3), np.float32)}


@pytest.mark.parametrize("shape", [(2, 3), (None, 3), (None, None)])
def test_expected(shape):
    assert expect(ARRAYS, "means", "float32", shape) is ARRAYS["means"]


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "message"),
    [
        ("other", "float32", (2, 3), "'other' is missing"),
        ("means", "float64", (2, 3), r"is float32 \(2, 3\), expected float64 \(2, 3\)"),
        ("means", "float32", (None, 4), r"expected float32 \(any, 4\)"),
        ("means", "float32", (6,), r"expected float32 \(6\)"),
    ],
)
def test_unexpected(name, dtype, shape, message):
    with pytest.raises(ModelError, match=message):
        expect(ARRAYS, name, dtype, shape)
