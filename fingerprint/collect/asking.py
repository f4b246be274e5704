"""One question, asked until it is answered: through the limiter, within the budget, again after a passing failure."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fingerprint.collect.limits import Budget, ConcurrencyLimiter
from fingerprint.collect.messages import Answer, Cause, Failure, Question
from fingerprint.collect.prices import cost_of, most_cost
from fingerprint.collect.provider import Price, Provider


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and after which waits a question is asked again. Times are in seconds.

    The defaults: six tries have five waits between them, half a minute in all; a failure that lasts longer seldom
    passes soon. A long answer of a reasoning model takes up to three minutes.

    Attributes:
        tries: Requests for one question at most.
        timeout: Time for one request.
        first_wait: Wait before the second try; it doubles before each further one.
        longest_wait: Upper bound of these waits.
        longest_retry_after: The longest wait that a server may ask for; if it asks for more, the model is given up.
    """

    tries: int = 6
    timeout: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 600.0


RETRY = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model and all that its requests share.

    Attributes:
        provider: Where the model is asked.
        model: Its name there.
        limiter: Of the account.
        price: None if it is unknown.
        budget: Of the run, None for no limit.
        retry: The retry policy.
    """

    provider: Provider
    model: str
    limiter: ConcurrencyLimiter
    price: Price | None = None
    budget: Budget | None = None
    retry: RetryPolicy = RETRY


async def ask(
    endpoint: Endpoint, question: Question, failed: Callable[[Failure], None] = lambda failure: None
) -> Answer:
    """Ask a question until it is answered or no further try may help.

    Args:
        endpoint: Where.
        question: What.
        failed: Called with the failure of each try.

    Returns:
        The answer, with its latency and, if it can be known, its cost.

    Raises:
        Failure: That of the last try; a FATAL one at once.
        BudgetReached: The budget does not allow another request.
    """
    policy = endpoint.retry
    for attempt in range(policy.tries):
        try:
            return await _once(endpoint, question)
        except Failure as failure:
            failed(failure)
            wait = _wait(failure, attempt, policy)
            if failure.retry_after is not None and failure.retry_after > policy.longest_retry_after:
                raise Failure(Cause.FATAL, f"{failure} (asks to wait {failure.retry_after:,.0f} seconds)") from None
            if failure.cause is Cause.RATE_LIMIT or failure.retry_after is not None:
                endpoint.limiter.pause(wait)
            if not failure.cause.passing or attempt + 1 == policy.tries:
                raise
        await asyncio.sleep(wait)
    raise ValueError("a retry policy needs at least one try")


async def _once(endpoint: Endpoint, question: Question) -> Answer:
    most = most_cost(question, endpoint.price) if endpoint.price else 0.0
    async with endpoint.limiter.slot() as slot, (endpoint.budget or Budget()).reserve(most) as held:
        try:
            began = time.monotonic()
            answer = await _in_time(endpoint, question)
        except Failure as failure:
            if not failure.cause.billed:
                held.cost = 0.0
            if failure.cause is Cause.RATE_LIMIT:
                endpoint.limiter.limited(slot)
            elif failure.cause is Cause.SERVER:
                endpoint.limiter.server_error()
            raise
        endpoint.limiter.succeeded()
        cost = cost_of(answer, endpoint.price)
        if cost is not None:
            held.cost = cost
        return replace(answer, latency=round(time.monotonic() - began, 3), cost=cost)


async def _in_time(endpoint: Endpoint, question: Question) -> Answer:
    try:
        async with asyncio.timeout(endpoint.retry.timeout):
            return await endpoint.provider.ask(endpoint.model, question)
    except TimeoutError:
        raise Failure(Cause.TIMEOUT, f"no answer within {endpoint.retry.timeout:g} seconds") from None
    except Failure:
        raise
    except Exception as error:
        # The error comes from a third party's provider, and its message might hold a key.
        raise Failure(
            Cause.FATAL, f"its provider raised {type(error).__name__} where only Failure is expected"
        ) from None


def _wait(failure: Failure, attempt: int, policy: RetryPolicy) -> float:
    """Seconds before the next try; at random, so that requests that failed together do not return together."""
    if failure.retry_after is not None:
        # Never early, and up to a tenth late.
        return failure.retry_after + random.uniform(0, 0.1 * failure.retry_after + 0.05)
    longest: float = min(policy.longest_wait, policy.first_wait * 2.0**attempt)
    return longest * random.uniform(0.5, 1)
