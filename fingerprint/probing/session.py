"""A session with one live model: ask a probe, keep the answer, judge all answers so far, and choose again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from fingerprint.base.keys import prompt_digest
from fingerprint.collect.asking import RETRY, RetryPolicy
from fingerprint.collect.limits import Budget
from fingerprint.collect.plan import Job, ProbeRequest
from fingerprint.collect.prices import most_cost, most_tokens
from fingerprint.collect.run import Counters, RunSettings, collect
from fingerprint.data.probes import Probe
from fingerprint.data.reader import case_of
from fingerprint.data.response import APART, Case, Response
from fingerprint.errors import InputError
from fingerprint.probing.choice import Kind, Left

Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)


class Aim(Protocol[Found_co]):
    """What a session is to find out."""

    def choose_side(self, left: Sequence[Probe], answered: Sequence[Response]) -> int | None:
        """Return the index of the next probe of side evidence among those that are left; None if none is needed."""

    def see(self, case: Case) -> Found_co:
        """Return what all answers so far say."""

    def enough(self, left: Left) -> str:
        """Return why nothing more needs to be asked; empty if something does."""

    def choose(self, left: Left) -> int:
        """Return the index of the next probe of style among those that are left."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session may use.

    Attributes:
        budget: A limit on the cost.
        requests: Requests at most, failed ones included; None for no limit.
        retry: The retry policy.
    """

    budget: Budget
    requests: int | None = None
    retry: RetryPolicy = RETRY


@dataclass(frozen=True)
class Step(Generic[Found]):
    """The state of a session before a question.

    Attributes:
        request: What was asked last, None before the first question.
        found: What all answers so far say, None if there is none.
        stopped: Why nothing more is asked; empty if something is.
        given_up: Whether the provider is the reason.
        limited: Whether a limit is the reason.
    """

    request: ProbeRequest | None
    found: Found | None
    stopped: str = ""
    given_up: bool = False
    limited: bool = False


class Session(Generic[Found]):
    """Asks one model until enough is known.

    Args:
        job: The model, its file, and the requests that may be made; only the first draw of a probe is.
        counters: Those of the job.
        aim: What is to be found out.
        limits: What the session may use.
        worth: What prompts are worth, by `prompt_digest`, where that is known; others are worth as much on average.
    """

    def __init__(
        self,
        job: Job,
        counters: Counters,
        aim: Aim[Found],
        limits: Limits,
        worth: Mapping[str, float] = MappingProxyType({}),
    ):
        self._job, self._counters, self._aim, self._limits = job, counters, aim, limits
        self._is_short_of_requests = False
        todo = [one for one in job.todo if one.draw == 0]
        # Among probes of one kind the cheapest comes first.
        style = [one for one in todo if one.probe.domain not in APART]
        self._style = sorted(style, key=lambda one: sum(most_tokens(one.question)))
        self._side = [one for one in todo if one.probe.domain in APART]
        mean = sum(worth.values()) / max(len(worth), 1)
        digests = {one.key: prompt_digest(one.question.prompt) for one in self._style}
        self._worth = {key: worth.get(digest, mean) for key, digest in digests.items()} if worth else {}

    async def steps(self) -> AsyncIterator[Step[Found]]:
        """Yield a step before the first question, if the file holds answers, and after each; the last says why.

        Raises:
            FingerprintError: The file cannot be written.
        """
        # Repairs what a kill left.
        self._job.file.open()
        request: ProbeRequest | None = None
        while True:
            case = self._case()
            following, step = self._following(case, Step(request, None if case is None else self._aim.see(case)))
            if request or step.found is not None or step.stopped:
                yield step
            if following is None:
                return
            request = following
            await self._ask(request)

    def _case(self) -> Case | None:
        if not self._job.file.keys:
            return None
        try:
            return case_of(_whole_lines(self._job.file.path), str(self._job.file.path))
        except InputError:
            # Reasoning without an answer, or errors in an answer's place: the next one may be better.
            return None

    def _following(self, case: Case | None, step: Step[Found]) -> tuple[ProbeRequest | None, Step[Found]]:
        """What to ask next, or why nothing."""
        self._leave_out_long()
        records = case.records if case else ()
        side = self._next_side(case.aside if case else ())
        kinds: list[Kind] = [(one.probe.domain, one.probe.language) for one in self._style]
        answered = Counter((record.domain, record.language) for record in records)
        worth = [self._worth[one.key] for one in self._style] if self._worth else []
        left = Left(kinds, answered, side is not None, worth)
        if self._counters.stopped:
            return None, replace(step, stopped=f"given up: {self._counters.stopped}", given_up=True)
        if why := self._aim.enough(left):
            return None, replace(step, stopped=why)
        spent = self._limits.requests is not None and self._counters.requests >= self._limits.requests
        if spent or (self._is_short_of_requests and not side and not kinds):
            return None, replace(step, stopped="--max-requests is reached", limited=True)
        if not side and not kinds:
            return None, replace(step, stopped="no probe is left")
        following = side or self._style[self._aim.choose(left)]
        if self._too_dear(following):
            return None, replace(step, stopped="another request might exceed --max-cost", limited=True)
        return following, step

    def _next_side(self, answered: Sequence[Response]) -> ProbeRequest | None:
        chosen = self._aim.choose_side([one.probe for one in self._side], answered)
        return None if chosen is None else self._side[chosen]

    def _leave_out_long(self) -> None:
        """Leave out tasks that may take more requests than are left."""
        if self._limits.requests is not None:
            most = max(1, self._limits.requests - self._counters.requests)
            self._is_short_of_requests |= any(one.question.steps > most for one in self._style)
            self._style = [one for one in self._style if one.question.steps <= most]

    def _too_dear(self, following: ProbeRequest) -> bool:
        price = self._counters.price
        return price is not None and not self._limits.budget.allows(most_cost(following.question, price))

    async def _ask(self, request: ProbeRequest) -> None:
        (self._side if request.probe.domain in APART else self._style).remove(request)
        retry = self._limits.retry
        if self._limits.requests is not None:
            left = self._limits.requests - self._counters.requests
            retry = replace(retry, tries=min(retry.tries, left - request.question.steps + 1))
        one = replace(self._job, total=1, todo=(request,))
        await collect([one], [self._counters], RunSettings(self._limits.budget, retry))
        domain = request.probe.domain
        if domain in APART and request.key not in self._job.file.keys:
            # Some providers refuse such questions, or so short an answer: they would refuse the others too.
            self._side = [one for one in self._side if one.probe.domain != domain]


def _whole_lines(path: Path) -> list[Mapping[str, Any]]:
    """The records of a file that others may be appending to."""
    *whole, _ = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in whole]
