"""What asking costs, before and after, and a limit that holds with requests still under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fingerprint.collect.change import Change
from fingerprint.collect.provider import Price
from fingerprint.collect.question import Answer, Question
from fingerprint.collect.record import canonical
from fingerprint.errors import FingerprintError

# What chat templates put around a message, and APIs around tools.
_AROUND_A_MESSAGE = 16
_AROUND_TOOLS = 512


class BudgetReached(FingerprintError):
    """Another request might cost more than is left."""


def most_tokens(question: Question) -> tuple[int, int]:
    """Bounds on the tokens (sent, written): a token is one byte of UTF-8 at least."""
    sent = sum(len(message.content.encode("utf-8", "replace")) + _AROUND_A_MESSAGE for message in question.messages)
    if question.tools:
        sent += len(canonical(list(question.tools)).encode("utf-8", "replace")) + _AROUND_TOOLS
    return sent, question.max_tokens


def most_cost(question: Question, price: Price) -> float:
    """A bound on what a request costs, in US dollars."""
    sent, written = most_tokens(question)
    return price.request + sent * price.prompt + written * price.completion


def cost_of(answer: Answer, price: Price | None) -> float | None:
    """What an answer cost as its provider says, or by the price of its tokens; None where neither is known."""
    if answer.cost is not None:
        return answer.cost
    if price is None or answer.usage.prompt is None or answer.usage.completion is None:
        return None
    return price.request + answer.usage.prompt * price.prompt + answer.usage.completion * price.completion


@dataclass(slots=True)
class Reserved:
    """What one request may cost until it is known what it did: whoever learns it sets `cost`."""

    cost: float


class Budget:
    """A limit in US dollars on all that is asked within it; None is no limit."""

    def __init__(self, limit: float | None = None):
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._under_way = 0
        self._settled = Change()

    def allows(self, most: float) -> bool:
        """Whether `most` is left beside what is held back for requests under way."""
        return self.limit is None or self.spent + self._reserved + most <= self.limit

    @asynccontextmanager
    async def reserve(self, most: float) -> AsyncIterator[Reserved]:
        """Holds `most` back while a request is under way, waiting for others where it must.

        Raises BudgetReached where not even their end could leave enough.
        """
        while not self.allows(most):
            if not self._under_way:
                raise BudgetReached(
                    f"${self.spent:.4f} of ${self.limit:g} spent or maybe billed; one more may be too much"
                )
            await self._settled.wait()
        self._reserved += most
        self._under_way += 1
        held = Reserved(most)
        try:
            yield held
        finally:
            self.spent += held.cost
            self._under_way -= 1
            # Rounding leaves no trifle behind.
            self._reserved = self._reserved - most if self._under_way else 0.0
            self._settled.tell()
