"""What holds requests back: the concurrency limiter of an account, and the budget of a run. One event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fingerprint.errors import FingerprintError

# Low enough for any free account; doubled each round, a paid account reaches its limit within seconds.
FIRST_REQUESTS = 2
# Beyond this many at once, the disk and not the provider is the limit.
MOST_REQUESTS = 64
# Seconds without growth after a server error: about the time that a restart of a server takes.
_CALM = 30.0


class Change:
    """A condition whose `notify` does not wait, so that a cancellation cannot lose an answer meanwhile."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Wake everybody that waits; each checks for itself what changed."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next change."""
        await self._next.wait()


@dataclass(slots=True)
class Slot:
    """One request under way.

    Attributes:
        since: When the limiter let it through, by the monotonic clock.
    """

    since: float


class ConcurrencyLimiter:
    """Adapts how many requests one account has under way.

    The limit starts at `first` and doubles each round until the first "too many requests". From then on it halves at
    each of them, at most once a round, and grows by one a round: additive increase, multiplicative decrease. A server
    error stops the growth for a while. A pause holds back all requests of the account.

    Args:
        first: Requests at once at the start.
        most: Upper bound of the limit.

    References:
        Jacobson, "Congestion Avoidance and Control", SIGCOMM 1988.
    """

    def __init__(self, first: int = FIRST_REQUESTS, most: int = MOST_REQUESTS):
        self.limit = float(first)
        self.in_flight = 0
        self._most = most
        self._slow_start = True
        self._cut = self._paused = self._calm = 0.0
        self._changed = Change()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Wait for the end of a pause and for a free slot, and hold it."""
        await self._enter()
        try:
            yield Slot(time.monotonic())
        finally:
            self.in_flight -= 1
            self._changed.notify()

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
        """Count an answer: the limit grows."""
        if time.monotonic() >= self._calm:
            self.limit = min(self._most, self.limit + (1 if self._slow_start else 1 / self.limit))

    def limited(self, slot: Slot) -> None:
        """Count a "too many requests"; one to a request from before the last cut says nothing new."""
        self._slow_start = False
        if slot.since > self._cut:
            self.limit = max(1.0, self.limit / 2)
            self._cut = time.monotonic()

    def server_error(self) -> None:
        """Count a server error: the limit does not grow for a while."""
        self._calm = time.monotonic() + _CALM

    def pause(self, seconds: float) -> None:
        """Let no request through for so long."""
        self._paused = max(self._paused, time.monotonic() + seconds)


class BudgetReached(FingerprintError):
    """Another request might cost more than is left."""


@dataclass(slots=True)
class Reservation:
    """What one request may cost; the caller sets `cost`, in US dollars, as soon as it is known."""

    cost: float


class Budget:
    """A limit on the cost of all requests within it, those under way included.

    Args:
        limit: US dollars, None for no limit.
    """

    def __init__(self, limit: float | None = None):
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._under_way = 0
        self._settled = Change()

    def allows(self, most: float) -> bool:
        """Return whether `most` US dollars are left beside what is reserved."""
        return self.limit is None or self.spent + self._reserved + most <= self.limit

    @asynccontextmanager
    async def reserve(self, most: float) -> AsyncIterator[Reservation]:
        """Reserve `most` US dollars while a request is under way; wait for other requests if needed.

        Raises:
            BudgetReached: No request is under way whose end could leave enough.
        """
        while not self.allows(most):
            if not self._under_way:
                raise BudgetReached(
                    f"${self.spent:.4f} of ${self.limit:g} spent or possibly billed; another request may exceed it"
                )
            await self._settled.wait()
        self._reserved += most
        self._under_way += 1
        held = Reservation(most)
        try:
            yield held
        finally:
            self.spent += held.cost
            self._under_way -= 1
            # Without this, rounding errors of many sums would stay reserved.
            self._reserved = self._reserved - most if self._under_way else 0.0
            self._settled.notify()
