"""All models, all their questions: each answer is on disk before the next one is counted."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fingerprint.collect.asking import RETRY, Endpoint, RetryPolicy
from fingerprint.collect.limits import Budget, BudgetReached, ConcurrencyLimiter
from fingerprint.collect.messages import Answer, Cause, Failure
from fingerprint.collect.plan import Job, ProbeRequest, record
from fingerprint.collect.prices import price_of
from fingerprint.collect.provider import Price
from fingerprint.collect.tasks import complete
from fingerprint.data.response import is_count, is_refusal

# Each of these questions failed for good, after all its tries: ten by chance are most unlikely on a model that works.
GIVE_UP_AFTER = 10


@dataclass
class Counters:
    """The state of one model's questions.

    total = before + answered + elsewhere + refused + empty + failed + not asked.

    Attributes:
        model: The name on the command line.
        file: The file of answers.
        total: Questions of the plan.
        before: Questions whose answers were in the file at the start.
        price: None if it is unknown.
        answered: Answers that this run added.
        elsewhere: Questions that another run answered first.
        refused: Refusals, declared by the provider or by a text that says nothing else.
        empty: Empty answers.
        failed: Questions without an answer after their last try, by its cause.
        replies: Requests that were answered: one a question, or several of a task.
        tries: Requests that failed, by cause.
        in_a_row: Questions in a row that brought nothing.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens written.
        cost: US dollars, of the answers whose cost is known.
        uncosted: Answers whose cost is unknown.
        stopped: Why the model was given up; empty if it was not.
        last_failure: The message of the last failed request.
        cut: Bytes of torn lines that were removed from the file.
        began: Start of the run, by the monotonic clock.
    """

    model: str
    file: str
    total: int
    before: int
    price: Price | None = None
    answered: int = 0
    elsewhere: int = 0
    refused: int = 0
    empty: int = 0
    failed: Counter[Cause] = field(default_factory=Counter)
    replies: int = 0
    tries: Counter[Cause] = field(default_factory=Counter)
    in_a_row: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    uncosted: int = 0
    stopped: str = ""
    last_failure: str = ""
    cut: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Questions that this run has finished."""
        return self.answered + self.elsewhere + self.refused + self.empty + self.failed.total()

    @property
    def unasked(self) -> int:
        """Questions that this run did not ask, or did not finish."""
        return self.total - self.before - self.done

    @property
    def requests(self) -> int:
        """Requests sent, failed ones included."""
        return self.replies + self.tries.total()

    @property
    def complete(self) -> bool:
        """Whether the same command again could add nothing but what the model refuses."""
        return not (self.stopped or self.failed or self.unasked)

    def rate(self) -> float:
        """Return questions a second so far."""
        return self.done / max(time.monotonic() - self.began, 1e-9)

    def seconds_left(self) -> float | None:
        """Return the time left at the rate so far; None if nothing is done."""
        return self.unasked / self.rate() if self.done else None

    def to_dict(self) -> dict[str, Any]:
        """Return the counters as JSON values."""
        return {
            "model": self.model,
            "file": self.file,
            "questions": self.total,
            "there_before": self.before,
            "answered": self.answered,
            "answered_by_another_run": self.elsewhere,
            "refused": self.refused,
            "empty": self.empty,
            "failed": {str(cause): count for cause, count in sorted(self.failed.items())},
            "not_asked": self.unasked,
            "answered_requests": self.replies,
            "failed_requests": {str(cause): count for cause, count in sorted(self.tries.items())},
            "last_failure": self.last_failure,
            "stopped": self.stopped,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "answers_of_unknown_cost": self.uncosted,
            "torn_bytes_cut": self.cut,
        }


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What all models of a run share.

    Attributes:
        budget: A limit on the cost.
        retry: The retry policy.
        give_up_after: Questions in a row that bring nothing, after which a model is given up.
    """

    budget: Budget = field(default_factory=Budget)
    retry: RetryPolicy = RETRY
    give_up_after: int = GIVE_UP_AFTER


class _Stop(Exception):
    """Ends the work on one model; its counters say why."""


async def start(jobs: Sequence[Job]) -> list[Counters]:
    """Return counters for each job, with its price if it can be known; ask nothing.

    Raises:
        InputError: The table of prices cannot be read.
    """
    prices = await asyncio.gather(*(price_of(job.provider, job.model) for job in jobs))
    return [
        Counters(job.name, str(job.file.path), job.total, job.total - len(job.todo), price)
        for job, price in zip(jobs, prices, strict=True)
    ]


async def collect(jobs: Sequence[Job], counters: Sequence[Counters], settings: RunSettings) -> None:
    """Ask all that is to do, all models at once. A cancellation leaves whole files.

    A model is given up after so many questions in a row that brought nothing, or at once if no other question could
    succeed. The other models go on.

    Args:
        jobs: The models.
        counters: Those of each job, from `start`; they are updated all along.
        settings: What all models share.

    Raises:
        FingerprintError: A file cannot be written.
    """
    limiters: dict[str, ConcurrencyLimiter] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for job, counted in zip(jobs, counters, strict=True):
                limiter = limiters.setdefault(job.provider.account, ConcurrencyLimiter())
                endpoint = Endpoint(job.provider, job.model, limiter, counted.price, settings.budget, settings.retry)
                group.create_task(_Model(job, endpoint, counted, settings.give_up_after).run())
    except BaseExceptionGroup as group_of_errors:
        raise _first(group_of_errors) from None


class _Model:
    def __init__(self, job: Job, endpoint: Endpoint, counters: Counters, give_up_after: int):
        self._job, self._endpoint, self._counters, self._give_up_after = job, endpoint, counters, give_up_after
        # At random within a draw: two runs of the same command then seldom ask the same question at once.
        self._todo = deque(sorted(job.todo, key=lambda request: (request.draw, random.random())))
        self._workers = 0

    async def run(self) -> None:
        if not self._todo:
            return
        self._job.file.open()
        try:
            async with asyncio.TaskGroup() as group:
                self._add_workers(group)
        except* _Stop:
            pass
        finally:
            self._counters.cut = self._job.file.cut

    def _add_workers(self, group: asyncio.TaskGroup) -> None:
        """No more than the limiter lets through: a waiting worker holds a question that another run might answer."""
        while self._workers < min(int(self._endpoint.limiter.limit), len(self._todo) + self._workers):
            self._workers += 1
            group.create_task(self._work(group))

    async def _work(self, group: asyncio.TaskGroup) -> None:
        while self._todo:
            request = self._todo.popleft()
            if request.key in self._job.file.keys:
                self._counters.elsewhere += 1
            else:
                await self._ask(request)
            self._add_workers(group)
        self._workers -= 1

    async def _ask(self, request: ProbeRequest) -> None:
        try:
            answer = await complete(self._endpoint, request.question, self._tried, self._replied)
        except BudgetReached as reached:
            self._counters.stopped = str(reached)
            # Requests under way are reserved already and will be kept.
            self._todo.clear()
        except Failure as failure:
            self._failed(request, failure)
        else:
            self._answered(request, answer)

    def _tried(self, failure: Failure) -> None:
        self._counters.tries[failure.cause] += 1
        self._counters.last_failure = str(failure)

    def _failed(self, request: ProbeRequest, failure: Failure) -> None:
        self._counters.failed[failure.cause] += 1
        self._note(request, str(failure.cause), message=str(failure))
        if failure.cause is Cause.FATAL:
            self._stop(f"{failure.cause}: {failure}")
        self._nothing(f"{failure.cause}: {failure}")

    def _replied(self, answer: Answer) -> None:
        counters = self._counters
        counters.replies += 1
        counters.prompt_tokens += answer.usage.prompt or 0
        counters.completion_tokens += answer.usage.completion or 0
        counters.cost += answer.cost or 0
        counters.uncosted += answer.cost is None

    def _answered(self, request: ProbeRequest, answer: Answer) -> None:
        counters = self._counters
        made = record(request, answer)
        # What is answered where only tokens are counted does not matter.
        is_needed = not is_count(request.probe.domain, made["usage"])
        if is_needed and (answer.refused or is_refusal(answer.text.strip())):
            counters.refused += 1
            self._note(request, "refused", finish_reason=answer.finish_reason, text=answer.text)
        elif is_needed and not answer.text.strip():
            counters.empty += 1
            self._note(request, "empty", finish_reason=answer.finish_reason)
            # A model that spends all its tokens on reasoning would do so for every question.
            self._nothing(f"empty answer, finish reason {answer.finish_reason or 'unknown'}")
            return
        elif self._job.file.add(made):
            counters.answered += 1
        else:
            counters.elsewhere += 1
        counters.in_a_row = 0

    def _nothing(self, why: str) -> None:
        self._counters.in_a_row += 1
        if self._counters.in_a_row >= self._give_up_after:
            self._stop(f"{self._counters.in_a_row} questions in a row brought nothing, the last: {why}")

    def _stop(self, why: str) -> None:
        self._counters.stopped = why
        raise _Stop

    def _note(self, request: ProbeRequest, what: str, **more: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fields = {"time": now, "key": request.key, "prompt_id": request.probe.id, "draw": request.draw, "what": what}
        self._job.file.note({**fields, **more})


def _first(group: BaseExceptionGroup) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
