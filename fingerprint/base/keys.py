"""Names and texts by number: codes of names, hashes of texts, and samples by the lowest hash."""

from __future__ import annotations

import hashlib
import heapq
import unicodedata
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Names = Sequence[str] | NDArray[np.object_]
T = TypeVar("T")


def factorize(names: Names) -> tuple[list[str], NDArray[np.int64]]:
    """Replace each name by a number; an array of text as wide as the longest name would take far more memory.

    Args:
        names: (n,) names.

    Returns:
        The different names, sorted, and (n,) the index of each name among them.
    """
    found = sorted(set(names))
    code = {name: i for i, name in enumerate(found)}
    return found, np.fromiter((code[name] for name in names), np.int64, len(names))


def isin(names: Names, wanted: Collection[str]) -> NDArray[np.bool_]:
    """Return (n,) whether each of `names` (n,) is one of `wanted`."""
    have = frozenset(wanted)
    return np.fromiter((name in have for name in names), np.bool_, len(names))


def text_hash(text: str) -> int:
    """Return the 64-bit hash of a text; it tells equal texts and orders a bottom-k sample."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def digest(prompt: str) -> str:
    """Return 16 hexadecimal digits that tell equal prompts."""
    return hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]


def normalised(text: str) -> str:
    """Return a text in Unicode's normal form C and with one space for any white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def prompt_digest(prompt: str) -> str:
    """Return the digest by which a prompt is known again, whatever its white space; empty without a prompt."""
    text = normalised(prompt)
    return digest(text) if text else ""


class BottomK(Generic[T]):
    """A bottom-k sample of a stream: the values with the lowest hashes, whatever the order in which they come.

    Args:
        size: Values that are kept at most.
    """

    def __init__(self, size: int):
        self._size = size
        # Hashes are negated, for a heap gives its smallest; the number separates equal hashes.
        self._heap: list[tuple[int, int, T]] = []
        self._added = 0

    def add(self, value: T, hashed: int) -> None:
        """Add a value with its hash."""
        self._added += 1
        row = (-hashed, self._added, value)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, row)
        elif row > self._heap[0]:
            heapq.heapreplace(self._heap, row)

    @property
    def left_out(self) -> int:
        """How many of the added values are not in the sample."""
        return self._added - len(self._heap)

    def values(self) -> tuple[T, ...]:
        """Return the sample in the order in which its values came."""
        return tuple(value for _, _, value in sorted(self._heap, key=lambda row: row[1]))
