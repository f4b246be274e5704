"""Tasks of several steps: the model calls tools, a simulator gives their results, until the model has finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fingerprint.collect.asking import Endpoint, ask
from fingerprint.collect.limits import Budget, BudgetReached
from fingerprint.collect.messages import Answer, Cause, Failure, Question, Turn, Usage, total
from fingerprint.collect.prices import most_cost
from fingerprint.data.simulation import Simulation, size


async def complete(
    endpoint: Endpoint, question: Question, failed: Callable[[Failure], None], replied: Callable[[Answer], None]
) -> Answer:
    """Ask a question to its end: once, or as many steps as its task takes.

    A task ends when the model calls no tool, after `max_steps` turns, or when it calls without end. What all steps may
    cost is reserved before the first one, so that no budget ends a task that has begun. Failed requests of all steps
    count together against the tries of the retry policy.

    Args:
        endpoint: Where.
        question: What, with the simulation of a task.
        failed: Called with the failure of each request.
        replied: Called with the answer to each request.

    Returns:
        The answer; of a task, everything that the model wrote and called, in one text. Its usage counts the tokens sent
        by the first request, which are comparable between models, and those written in all.

    Raises:
        Failure: A request brought no answer: that of its last try.
        BudgetReached: The budget does not allow the question.
    """
    if question.simulation is None:
        answer = await ask(endpoint, question, failed)
        replied(answer)
        return answer
    most = most_cost(question, endpoint.price) if endpoint.price else 0.0
    async with (endpoint.budget or Budget()).reserve(most) as held:
        own = Budget(most if endpoint.price else None)
        task = _Task(replace(endpoint, budget=own), replace(question, simulation=None), failed)
        try:
            return await task.run(question.simulation, replied)
        except BudgetReached:
            # Failed requests that may have been billed, or a provider that charges more than its price.
            raise Failure(Cause.REJECTED, f"the task may cost more than ${most:.4f}, its upper bound") from None
        finally:
            held.cost = own.spent


class _Task:
    def __init__(self, endpoint: Endpoint, question: Question, failed: Callable[[Failure], None]):
        self._endpoint, self._question, self._report = endpoint, question, failed
        self._failures = 0

    async def run(self, simulation: Simulation, replied: Callable[[Answer], None]) -> Answer:
        answers: list[Answer] = []
        turns: list[Turn] = []
        given = 0
        while True:
            answer = await self._step(turns)
            replied(answer)
            answers.append(answer)
            goes_on = answer.calls and len(answers) < simulation.max_steps
            results = simulation.results(answer.calls, given) if goes_on else None
            if results is None:
                return _whole(answers)
            given += size(results)
            turns.append(Turn(answer.native, results))

    async def _step(self, turns: Sequence[Turn]) -> Answer:
        policy = self._endpoint.retry
        left = replace(policy, tries=policy.tries - self._failures)
        return await ask(replace(self._endpoint, retry=left), replace(self._question, turns=tuple(turns)), self._failed)

    def _failed(self, failure: Failure) -> None:
        self._failures += 1
        self._report(failure)


def _whole(answers: Sequence[Answer]) -> Answer:
    """All turns as one answer; the last one says how it ended."""
    costs = [answer.cost for answer in answers]
    return replace(
        answers[-1],
        text="\n".join(answer.text for answer in answers if answer.text.strip()),
        usage=Usage(
            answers[0].usage.prompt,
            total(*(answer.usage.completion for answer in answers)),
            total(*(answer.usage.reasoning for answer in answers)),
        ),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        latency=round(sum(answer.latency or 0.0 for answer in answers), 3),
        steps=len(answers),
    )
