"""One question asked until it is answered: in turn, in time, within the budget, and again where that may help."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fingerprint.collect.budget import Budget, cost_of, most_cost
from fingerprint.collect.failure import Cause, Failure
from fingerprint.collect.limiter import ConcurrencyLimiter
from fingerprint.collect.provider import Price, Provider
from fingerprint.collect.question import Answer, Question


@dataclass(frozen=True, slots=True)
class Patience:
    """tries is of one question; timeout, of one request, and the waits between tries are in seconds.

    Waits double from first_wait to longest_wait. Whoever asks for more than longest_told is not waited for.
    """

    tries: int = 6
    timeout: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_told: float = 600.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Line:
    """A model on the line: whom to ask, through which gate, at what price, within which budget."""

    provider: Provider
    model: str
    limiter: ConcurrencyLimiter
    price: Price | None = None
    budget: Budget | None = None
    patience: Patience = PATIENCE


async def ask(line: Line, question: Question, failed: Callable[[Failure], None] = lambda failure: None) -> Answer:
    """The answer, with its latency and, where it can be known, its cost; `failed` hears of every try that was not.

    Raises the last Failure, FATAL at once; BudgetReached.
    """
    patience = line.patience
    for attempt in range(patience.tries):
        try:
            return await _once(line, question)
        except Failure as failure:
            failed(failure)
            wait = _wait(failure, attempt, patience)
            if failure.retry_after is not None and failure.retry_after > patience.longest_told:
                raise Failure(Cause.FATAL, f"{failure} (asks to wait {failure.retry_after:,.0f} seconds)") from None
            if failure.cause is Cause.RATE_LIMIT or failure.retry_after is not None:
                line.limiter.pause(wait)
            if not failure.cause.passing or attempt + 1 == patience.tries:
                raise
        await asyncio.sleep(wait)
    raise ValueError("patience for one try at least is needed")


async def _once(line: Line, question: Question) -> Answer:
    most = most_cost(question, line.price) if line.price else 0.0
    async with line.limiter.slot() as slot, (line.budget or Budget()).reserve(most) as held:
        try:
            began = time.monotonic()
            answer = await _in_time(line, question)
        except Failure as failure:
            if not failure.cause.billed:
                held.cost = 0.0
            if failure.cause is Cause.RATE_LIMIT:
                line.limiter.limited(slot)
            elif failure.cause is Cause.SERVER:
                line.limiter.troubled()
            raise
        line.limiter.succeeded()
        cost = cost_of(answer, line.price)
        if cost is not None:
            held.cost = cost
        return replace(answer, latency=round(time.monotonic() - began, 3), cost=cost)


async def _in_time(line: Line, question: Question) -> Answer:
    try:
        async with asyncio.timeout(line.patience.timeout):
            return await line.provider.ask(line.model, question)
    except TimeoutError:
        raise Failure(Cause.TIMEOUT, f"no answer within {line.patience.timeout:g} seconds") from None
    except Failure:
        raise
    except Exception as error:
        # Of a provider that somebody else wrote; what it says might hold a key.
        raise Failure(
            Cause.FATAL, f"its provider raised {type(error).__name__} where only Failure is expected"
        ) from None


def _wait(failure: Failure, attempt: int, patience: Patience) -> float:
    if failure.retry_after is not None:
        # A little late, and not all at once.
        return failure.retry_after + random.uniform(0, 0.1 * failure.retry_after + 0.05)
    longest: float = min(patience.longest_wait, patience.first_wait * 2.0**attempt)
    return longest * random.uniform(0.5, 1)
