"""Names of many rows as the few different ones and a number a row: arrays of text as wide as the longest name would
cost more memory than all else that is known of a row."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Names = Sequence[str] | NDArray[np.object_]


def factorize(names: Names) -> tuple[list[str], NDArray[np.int64]]:
    """The different names, sorted, and for each of `names` (n,) which of them it is, (n,)."""
    found = sorted(set(names))
    code = {name: i for i, name in enumerate(found)}
    return found, np.fromiter((code[name] for name in names), np.int64, len(names))


def isin(names: Names, wanted: Collection[str]) -> NDArray[np.bool_]:
    """(n,) whether each of `names` (n,) is one of `wanted`."""
    have = frozenset(wanted)
    return np.fromiter((name in have for name in names), np.bool_, len(names))
