"""A bounded draw from a stream."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class BottomK(Generic[T]):
    """Of all that is added, at most `most` with the lowest marks: an even draw, whatever the order.

    left_out: how many others there were.
    """

    def __init__(self, most: int):
        self._most = most
        # Marks are negative, for a heap gives its smallest; the number tells equal marks apart.
        self._heap: list[tuple[int, int, T]] = []
        self._added = 0

    def add(self, value: T, marked: int) -> None:
        self._added += 1
        row = (-marked, self._added, value)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, row)
        elif row > self._heap[0]:
            heapq.heapreplace(self._heap, row)

    @property
    def left_out(self) -> int:
        return self._added - len(self._heap)

    def values(self) -> tuple[T, ...]:
        """In the order in which they came."""
        return tuple(value for _, _, value in sorted(self._heap, key=lambda row: row[1]))
