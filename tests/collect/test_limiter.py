from __future__ import annotations

import asyncio
import time

from fingerprint.collect.limits import ConcurrencyLimiter


def through(limiter: ConcurrencyLimiter, limited: bool = False) -> None:
    async def one() -> None:
        async with limiter.slot() as slot:
            if limited:
                limiter.limited(slot)
            else:
                limiter.succeeded()

    asyncio.run(one())


def test_it_starts_low_and_doubles_a_round_until_the_first_too_many() -> None:
    limiter = ConcurrencyLimiter(first=2, most=20)
    for limit in (3, 4, 5, 6):
        through(limiter)
        assert limiter.limit == limit
    through(limiter, limited=True)
    assert limiter.limit == 3
    through(limiter)
    assert limiter.limit == 3 + 1 / 3
    for _ in range(1000):
        through(limiter)
    assert limiter.limit == 20


def test_it_halves_once_a_round_and_keeps_one() -> None:
    async def together(limiter: ConcurrencyLimiter) -> None:
        async def one() -> None:
            async with limiter.slot() as slot:
                await asyncio.sleep(0.01)
                limiter.limited(slot)

        await asyncio.gather(*(one() for _ in range(8)))

    limiter = ConcurrencyLimiter(first=8)
    asyncio.run(together(limiter))
    assert limiter.limit == 4
    for _ in range(5):
        through(limiter, limited=True)
    assert limiter.limit == 1


def test_trouble_on_the_server_s_side_stops_growth() -> None:
    limiter = ConcurrencyLimiter(first=2)
    limiter.server_error()
    through(limiter)
    assert limiter.limit == 2


def test_a_pause_holds_back_everybody_and_no_more_than_the_limit_are_let_through() -> None:
    async def work() -> tuple[float, int]:
        limiter = ConcurrencyLimiter(first=3)
        limiter.pause(0.2)
        began, most, now = time.monotonic(), 0, 0

        async def one() -> float:
            nonlocal most, now
            async with limiter.slot() as slot:
                now += 1
                most = max(most, now)
                await asyncio.sleep(0.01)
                now -= 1
                return slot.since - began

        waited = await asyncio.gather(*(one() for _ in range(12)))
        return min(waited), most

    waited, most = asyncio.run(work())
    assert waited >= 0.2
    assert most == 3


def test_who_is_cancelled_in_the_queue_takes_no_place() -> None:
    async def work() -> int:
        limiter = ConcurrencyLimiter(first=1)
        async with limiter.slot():
            waiting = [asyncio.create_task(limiter.slot().__aenter__()) for _ in range(3)]
            await asyncio.sleep(0.01)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(60), limiter.slot():
            return limiter.in_flight

    assert asyncio.run(work()) == 1
