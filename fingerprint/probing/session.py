"""A session with one live model: ask a probe, keep the answer, identify all answers so far, and choose again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fingerprint.collect.asking import RETRY, RetryPolicy
from fingerprint.collect.limits import Budget
from fingerprint.collect.plan import Job, ProbeRequest
from fingerprint.collect.prices import most_cost
from fingerprint.collect.run import Counters, RunSettings, collect
from fingerprint.config import ProbingConfig
from fingerprint.data.reader import case_of
from fingerprint.data.response import APART, Case, Response
from fingerprint.errors import InputError
from fingerprint.model.plda import Floats
from fingerprint.model.verdict import LabShare, Verdict
from fingerprint.probing.choice import Choice, Kind, firm

# Answers of each domain of side evidence: enough for a comparison, and so few that the style does not have to wait.
_SIDE_ANSWERS = {"self-identification": 1, "token-counts": 6}


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a session takes from the model.

    Attributes:
        identify: Returns the verdict on a case.
        choice: Chooses probes.
        candidates: The model's labs in its order, and whether each is a candidate.
        side_domains: The domains of side evidence that are asked about too.
        config: When to stop.
    """

    identify: Callable[[Case], Verdict]
    choice: Choice
    candidates: Mapping[str, bool]
    side_domains: tuple[str, ...]
    config: ProbingConfig


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


@dataclass(frozen=True, slots=True)
class Step:
    """The state of a session before a question.

    Attributes:
        request: What was asked last, None before the first question.
        verdict: On all answers so far, None if there is none.
        stopped: Why nothing more is asked; empty if something is.
        given_up: Whether the provider is the reason.
    """

    request: ProbeRequest | None
    verdict: Verdict | None
    stopped: str = ""
    given_up: bool = False


class Session:
    """Asks one model until enough is known.

    Only attributions make a verdict firm. `likely` leans to a lab and is wrong more often, so the session goes on as
    after an abstention: with the probes that tell this lab from the others.

    Args:
        job: The model, its file, and the requests that may be made; only the first draw of a probe is.
        counters: Those of the job.
        identifier: What is taken from the model that identifies.
        limits: What the session may use.
    """

    def __init__(self, job: Job, counters: Counters, identifier: Identifier, limits: Limits):
        self._job, self._counters, self._identifier, self._limits = job, counters, identifier, limits
        todo = [one for one in job.todo if one.draw == 0]
        self._style = [one for one in todo if one.probe.domain not in APART]
        self._side = {domain: [one for one in todo if one.probe.domain == domain] for domain in identifier.side_domains}
        self._attributed: list[str | None] = []
        self._used = 0

    async def steps(self) -> AsyncIterator[Step]:
        """Yield a step before the first question, if the file holds answers, and after each; the last says why.

        Raises:
            FingerprintError: The file cannot be written.
        """
        # Repairs what a kill left.
        self._job.file.open()
        request: ProbeRequest | None = None
        while True:
            case, verdict = self._look()
            following, step = self._following(case, Step(request, verdict))
            if request or verdict or step.stopped:
                yield step
            if following is None:
                return
            request = following
            await self._ask(request)

    def _look(self) -> tuple[Case | None, Verdict | None]:
        if not self._job.file.keys:
            return None, None
        try:
            case = case_of(_whole_lines(self._job.file.path), str(self._job.file.path))
        except InputError:
            # Reasoning without an answer, or errors in an answer's place: the next one may be better.
            return None, None
        verdict = self._identifier.identify(case)
        # An answer for side evidence adds no further look at the style.
        if verdict.n_used > self._used:
            self._used = verdict.n_used
            self._attributed.append(verdict.labs[0].lab if verdict.verdict.is_attribution else None)
        return case, verdict

    def _following(self, case: Case | None, step: Step) -> tuple[ProbeRequest | None, Step]:
        """What to ask next, or why nothing."""
        config, choice = self._identifier.config, self._identifier.choice
        records = case.records if case else ()
        side = self._next_side(case.aside if case else ())
        kinds: list[Kind] = [(one.probe.domain, one.probe.language) for one in self._style]
        answered = Counter((record.domain, record.language) for record in records)
        if self._counters.stopped:
            return None, replace(step, stopped=f"given up: {self._counters.stopped}", given_up=True)
        if firm(self._attributed, self._used, config):
            return None, replace(step, stopped="the verdict is firm")
        if self._limits.requests is not None and self._counters.requests >= self._limits.requests:
            return None, replace(step, stopped="--max-requests is reached")
        if not side and not kinds:
            return None, replace(step, stopped="no probe is left")
        if not side and self._used >= config.verdict_after and step.verdict:
            nats = choice.left_to_learn(kinds, answered, self._shares(step.verdict.labs))
            if nats < config.least_nats:
                most = f"{max(nats, 0.0):.3f} nats"
                why = f"no other probe would change the verdict (one is expected to give at most {most})"
                return None, replace(step, stopped=why)
        following = side or self._style[choice.next(kinds, answered, self._probabilities(step.verdict))]
        if self._too_dear(following):
            return None, replace(step, stopped="another request might exceed --max-cost")
        return following, step

    def _next_side(self, answered: Sequence[Response]) -> ProbeRequest | None:
        done = Counter(record.domain for record in answered)
        for domain, left in self._side.items():
            if left and done[domain] < _SIDE_ANSWERS[domain]:
                return left[0]
        return None

    def _probabilities(self, verdict: Verdict | None) -> Floats:
        """(L,) of the labs, by style and side evidence."""
        if verdict is None:
            return np.array([float(candidate) for candidate in self._identifier.candidates.values()])
        return self._shares(verdict.side_evidence.combined if verdict.side_evidence else verdict.labs)

    def _shares(self, rows: Sequence[LabShare]) -> Floats:
        share = {row.lab: row.probability for row in rows}
        return np.array([share.get(lab, 0.0) for lab in self._identifier.candidates])

    def _too_dear(self, following: ProbeRequest) -> bool:
        price = self._counters.price
        return price is not None and not self._limits.budget.allows(most_cost(following.question, price))

    async def _ask(self, request: ProbeRequest) -> None:
        self._side.get(request.probe.domain, self._style).remove(request)
        retry = self._limits.retry
        if self._limits.requests is not None:
            retry = replace(retry, tries=min(retry.tries, self._limits.requests - self._counters.requests))
        one = replace(self._job, total=1, todo=(request,))
        await collect([one], [self._counters], RunSettings(self._limits.budget, retry))


def _whole_lines(path: Path) -> list[Mapping[str, Any]]:
    """The records of a file that others may be appending to."""
    *whole, _ = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in whole]
