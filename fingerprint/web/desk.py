"""A bounded queue of work for few threads, and the results that are kept for a while."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fingerprint.errors import FingerprintError

Work = Callable[[Callable[[str], None]], Any]
"""Runs in a thread; gets a function that it tells what it does, and which raises where it has to stop."""

KEPT_SECONDS = 15 * 60.0
"""A result is forgotten after so long."""
MOST_KEPT = 100
"""The oldest results are forgotten beyond so many."""
_ID_BYTES = 24


class Busy(FingerprintError):
    """All places of the queue are taken."""

    retry_after = 10
    """Seconds after which it is worth asking again."""

    def __init__(self) -> None:
        super().__init__("The server has too much to do. Ask again in a few seconds.")


class TookTooLong(FingerprintError):
    """A piece of work exceeded its time."""


@dataclass
class Job:
    """A piece of work, waiting, under way or done.

    Attributes:
        id: Cannot be guessed; whoever knows it may see the result.
        said: What is being done, in words.
        future: Its result or its error.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(_ID_BYTES))
    said: str = ""
    future: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def is_done(self) -> bool:
        """Whether there is a result or an error."""
        return self.future.done()

    async def wait(self, seconds: float) -> bool:
        """Wait for the result at most so long; return whether it is there."""
        await asyncio.wait({self.future}, timeout=seconds)
        return self.is_done


class Desk:
    """Does work in few threads, and refuses more than it can queue. All methods belong to one event loop.

    Args:
        workers: Threads.
        queue: Pieces of work that may wait beside those under way, those that are still being sent included.
        seconds: Time for one piece, from when a thread takes it.
    """

    def __init__(self, workers: int, queue: int, seconds: float):
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fingerprint-web")
        self._free, self._seconds = workers + queue, seconds
        self._waiting: list[Job] = []
        self._kept: dict[str, Job] = {}
        self._closing = False

    async def submit(self, prepare: Callable[[], Awaitable[Work]], keep: bool = False) -> Job:
        """Take in a piece of work.

        Args:
            prepare: Receives what the work needs and returns the work; called only if there is a free place.
            keep: Whether `find` gives the job for a while.

        Returns:
            The job.

        Raises:
            Busy: The queue is full; nothing was received.
        """
        if not self._free:
            raise Busy
        self._free -= 1
        try:
            work = await prepare()
        except BaseException:
            self._free += 1
            raise
        job = Job()
        self._waiting.append(job)
        self._say_places()
        loop = asyncio.get_running_loop()
        job.future = loop.run_in_executor(self._pool, self._run, loop, job, work)
        job.future.add_done_callback(self._finished)
        if keep:
            self._keep(job)
        return job

    def find(self, name: str) -> Job | None:
        """Return a job that is kept, by its id."""
        return self._kept.get(name)

    def close(self) -> None:
        """Refuse what waits, and stop what is under way at its next step."""
        self._closing = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, loop: asyncio.AbstractEventLoop, job: Job, work: Work) -> Any:
        loop.call_soon_threadsafe(self._begun, job)
        until = time.monotonic() + self._seconds

        def watch(said: str) -> None:
            if self._closing:
                raise FingerprintError("The server is stopping.")
            if time.monotonic() > until:
                raise TookTooLong(f"This takes more than {self._seconds:,.0f} seconds. Send fewer or smaller files.")
            job.said = said

        return work(watch)

    def _begun(self, job: Job) -> None:
        self._waiting.remove(job)
        self._say_places()

    def _say_places(self) -> None:
        for place, job in enumerate(self._waiting):
            job.said = f"Waiting: {place} before it" if place else "Waiting"

    def _finished(self, future: asyncio.Future[Any]) -> None:
        self._free += 1
        # Whoever asks for the result sees the error; nobody may ask any more.
        if not future.cancelled():
            future.exception()

    def _keep(self, job: Job) -> None:
        self._kept[job.id] = job
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._kept.pop, job.id, None)
        done = [name for name, kept in self._kept.items() if kept.is_done]
        for name in done[: max(0, len(self._kept) - MOST_KEPT)]:
            del self._kept[name]
