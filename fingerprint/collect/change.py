"""A condition that is told of changes without waiting, so that no answer is lost to a cancellation meanwhile."""

from __future__ import annotations

import asyncio


class Change:
    """Whoever waits goes on at the next change, and looks for itself what it was. One event loop."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tell(self) -> None:
        """Something changed."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self) -> None:
        """Until something changes."""
        await self._next.wait()
