from __future__ import annotations

import asyncio
import time

from fingerprint.collect.gate import Gate


def through(gate: Gate, limited: bool = False) -> None:
    async def one() -> None:
        async with gate.slot() as slot:
            if limited:
                gate.limited(slot)
            else:
                gate.succeeded()

    asyncio.run(one())


def test_it_starts_low_and_doubles_a_round_until_the_first_too_many() -> None:
    gate = Gate(first=2, most=20)
    for limit in (3, 4, 5, 6):
        through(gate)
        assert gate.limit == limit
    through(gate, limited=True)
    assert gate.limit == 3
    through(gate)
    assert gate.limit == 3 + 1 / 3
    for _ in range(1000):
        through(gate)
    assert gate.limit == 20


def test_it_halves_once_a_round_and_keeps_one() -> None:
    async def together(gate: Gate) -> None:
        async def one() -> None:
            async with gate.slot() as slot:
                await asyncio.sleep(0.01)
                gate.limited(slot)

        await asyncio.gather(*(one() for _ in range(8)))

    gate = Gate(first=8)
    asyncio.run(together(gate))
    assert gate.limit == 4
    for _ in range(5):
        through(gate, limited=True)
    assert gate.limit == 1


def test_trouble_on_the_server_s_side_stops_growth() -> None:
    gate = Gate(first=2)
    gate.troubled()
    through(gate)
    assert gate.limit == 2


def test_a_pause_holds_back_everybody_and_no_more_than_the_limit_are_let_through() -> None:
    async def work() -> tuple[float, int]:
        gate = Gate(first=3)
        gate.pause(0.2)
        began, most, now = time.monotonic(), 0, 0

        async def one() -> float:
            nonlocal most, now
            async with gate.slot() as slot:
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
        gate = Gate(first=1)
        async with gate.slot():
            waiting = [asyncio.create_task(gate.slot().__aenter__()) for _ in range(3)]
            await asyncio.sleep(0.01)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(1), gate.slot():
            return gate.in_flight

    assert asyncio.run(work()) == 1
