"""How many requests are under way at once with one account: as many as it bears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fingerprint.collect.change import Change

FIRST = 2
MOST = 64
_CALM = 30.0


@dataclass(slots=True)
class Slot:
    """One request under way; `since` is when it was let through."""

    since: float


class ConcurrencyLimiter:
    """Additive increase, multiplicative decrease, as TCP's congestion control has it (Jacobson, 1988).

    Starts at `first` and doubles a round until the first "too many"; from then on it halves at each of them, once a
    round, and grows by one a round. Trouble on the server's side stops growth for a while. A pause holds back
    everybody. One event loop.
    """

    def __init__(self, first: int = FIRST, most: int = MOST):
        self.limit = float(first)
        self.in_flight = 0
        self._most = most
        self._probing = True
        self._cut = self._paused = self._calm = 0.0
        self._changed = Change()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Waits for a place among those under way, and for the end of a pause."""
        await self._enter()
        try:
            yield Slot(time.monotonic())
        finally:
            self.in_flight -= 1
            self._changed.tell()

    async def _enter(self) -> None:
        while True:
            if (wait := self._paused - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif self.in_flight < int(self.limit):
                self.in_flight += 1
                return
            else:
                await self._changed.wait()

    def succeeded(self) -> None:
        """A request brought an answer."""
        if time.monotonic() >= self._calm:
            self.limit = min(self._most, self.limit + (1 if self._probing else 1 / self.limit))

    def limited(self, slot: Slot) -> None:
        """The account asked for fewer requests; those let through before the last cut say nothing new."""
        self._probing = False
        if slot.since > self._cut:
            self.limit = max(1.0, self.limit / 2)
            self._cut = time.monotonic()

    def troubled(self) -> None:
        """The server has trouble of its own: no growth until it has had time."""
        self._calm = time.monotonic() + _CALM

    def pause(self, seconds: float) -> None:
        """Lets nobody through for so long."""
        self._paused = max(self._paused, time.monotonic() + seconds)
