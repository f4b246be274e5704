"""Asking all models all their questions, each answer on disk before the next is counted."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from fingerprint.collect.asking import PATIENCE, Line, Patience, ask
from fingerprint.collect.budget import Budget, BudgetReached
from fingerprint.collect.counters import Counters
from fingerprint.collect.failure import Cause, Failure
from fingerprint.collect.limiter import ConcurrencyLimiter
from fingerprint.collect.plan import Job
from fingerprint.collect.prices import price_of
from fingerprint.collect.question import Answer
from fingerprint.collect.record import Asked, record
from fingerprint.data.usable import is_refusal

GIVE_UP_AFTER = 10


class _Stop(Exception):
    """Ends the work on one model; its tally says why."""


async def start(jobs: Sequence[Job]) -> list[Counters]:
    """A tally for each job, with its price where it can be known; nothing is asked."""
    prices = await asyncio.gather(*(price_of(job.provider, job.model) for job in jobs))
    return [
        Counters(job.name, str(job.file.path), job.total, job.total - len(job.todo), price)
        for job, price in zip(jobs, prices, strict=True)
    ]


async def collect(
    jobs: Sequence[Job],
    counted: Sequence[Counters],
    budget: Budget,
    patience: Patience = PATIENCE,
    give_up_after: int = GIVE_UP_AFTER,
) -> None:
    """Asks what is to do, all models at once, and counts in `counted` as it goes; cancelled, it leaves files whole.

    A model is given up after so many questions in a row failed for good, or at once where no other would fare better;
    the others go on. Raises FingerprintError where a file cannot be written.
    """
    gates: dict[str, ConcurrencyLimiter] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for job, counters in zip(jobs, counted, strict=True):
                limiter = gates.setdefault(job.provider.account, ConcurrencyLimiter())
                line = Line(job.provider, job.model, limiter, counters.price, budget, patience)
                group.create_task(_Model(job, line, counters, give_up_after).run())
    except BaseExceptionGroup as group_of_errors:
        raise _first(group_of_errors) from None


class _Model:
    def __init__(self, job: Job, line: Line, counters: Counters, give_up_after: int):
        self._job, self._line, self._tally, self._give_up_after = job, line, counters, give_up_after
        # At random within a draw: two runs of the same command then meet less often at the same question.
        self._todo = deque(sorted(job.todo, key=lambda asked: (asked.draw, random.random())))
        self._workers = 0

    async def run(self) -> None:
        if not self._todo:
            return
        self._job.file.open()
        try:
            async with asyncio.TaskGroup() as group:
                self._hire(group)
        except* _Stop:
            pass
        finally:
            self._tally.cut = self._job.file.cut

    def _hire(self, group: asyncio.TaskGroup) -> None:
        """No more than the gate lets through: whoever waits there holds a question that another run might answer."""
        while self._workers < min(int(self._line.limiter.limit), len(self._todo) + self._workers):
            self._workers += 1
            group.create_task(self._work(group))

    async def _work(self, group: asyncio.TaskGroup) -> None:
        while self._todo:
            asked = self._todo.popleft()
            if asked.key in self._job.file.keys:
                self._tally.elsewhere += 1
            else:
                await self._ask(asked)
            self._hire(group)
        self._workers -= 1

    async def _ask(self, asked: Asked) -> None:
        try:
            answer = await ask(self._line, asked.question, self._tried)
        except BudgetReached as reached:
            self._tally.stopped = str(reached)
            # Whatever is still under way was reserved and will be kept.
            self._todo.clear()
        except Failure as failure:
            self._failed(asked, failure)
        else:
            self._answered(asked, answer)

    def _tried(self, failure: Failure) -> None:
        self._tally.tries[failure.cause] += 1
        self._tally.last_failure = str(failure)

    def _failed(self, asked: Asked, failure: Failure) -> None:
        self._tally.failed[failure.cause] += 1
        self._note(asked, str(failure.cause), message=str(failure))
        if failure.cause is Cause.FATAL:
            self._stop(f"{failure.cause}: {failure}")
        self._in_a_row(f"{failure.cause}: {failure}")

    def _answered(self, asked: Asked, answer: Answer) -> None:
        counters = self._tally
        counters.prompt_tokens += answer.usage.prompt or 0
        counters.completion_tokens += answer.usage.completion or 0
        counters.cost += answer.cost or 0
        counters.uncosted += answer.cost is None
        if answer.refused or is_refusal(answer.text.strip()):
            counters.refused += 1
            self._note(asked, "refused", finish_reason=answer.finish_reason, text=answer.text)
        elif not answer.text.strip():
            counters.empty += 1
            self._note(asked, "empty", finish_reason=answer.finish_reason)
            # A model that spends all its tokens on reasoning would do so for every question.
            self._in_a_row(f"empty answer, finish reason {answer.finish_reason or 'unknown'}")
            return
        elif self._job.file.add(record(asked, answer)):
            counters.answered += 1
        else:
            counters.elsewhere += 1
        counters.in_a_row = 0

    def _in_a_row(self, what: str) -> None:
        self._tally.in_a_row += 1
        if self._tally.in_a_row >= self._give_up_after:
            self._stop(f"{self._tally.in_a_row} questions in a row brought nothing, the last: {what}")

    def _stop(self, why: str) -> None:
        self._tally.stopped = why
        raise _Stop

    def _note(self, asked: Asked, what: str, **more: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fields = {"time": now, "key": asked.key, "prompt_id": asked.probe.id, "draw": asked.draw, "what": what}
        self._job.file.note({**fields, **more})


def _first(group: BaseExceptionGroup) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
