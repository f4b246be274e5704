"""When a session stops, by verdicts that are given."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from fingerprint.collect.limits import Budget
from fingerprint.collect.messages import Answer, Cause, Failure, Question
from fingerprint.collect.plan import RequestSettings, Target, plan_job
from fingerprint.collect.provider import open_provider
from fingerprint.collect.run import Counters, start
from fingerprint.config import ProbingConfig
from fingerprint.data.probes import load_probes
from fingerprint.data.response import Case
from fingerprint.model.verdict import Verdict, VerdictWord
from fingerprint.probing.choice import Choice
from fingerprint.probing.identification import Identification, Identifier
from fingerprint.probing.session import Limits, Session, Step
from tests.collect.test_run import QUICK, Made
from tests.collect.test_tasks import CALL, called, tasks
from tests.probing.conftest import Stealth
from tests.report.test_text import verdict

Words = Callable[[int], VerdictWord]
Run = Callable[[Words], tuple[str, int]]


@pytest.fixture
def stopped(stealth: Stealth, probes: Path, tmp_path: Path) -> Run:
    """Runs a session whose verdict on n responses is word(n); returns why it stopped and how many it asked."""

    async def work(word: Words) -> str:
        def identify(case: Case) -> Verdict:
            return dataclasses.replace(verdict(word(case.n_used)), n_used=case.n_used)

        provider = open_provider("vllm", stealth.url)
        try:
            job = plan_job(Target(provider, "stealth", tmp_path), load_probes(str(probes)), RequestSettings())
            (counters,) = await start([job])
            identifier = Identifier(identify, Choice(None), {"zhipu": True, "openai": True}, None, ProbingConfig())
            session = Session(job, counters, Identification(identifier), Limits(Budget(None)))
            return [step.stopped async for step in session.steps()][-1]
        finally:
            await provider.close()

    def run(word: Words) -> tuple[str, int]:
        return asyncio.run(work(word)), len(stealth.prompts)

    return run


@pytest.mark.parametrize("word", [VerdictWord.ATTRIBUTED, VerdictWord.NEW_RELEASE])
def test_an_attribution_is_firm_after_few(stopped: Run, word: VerdictWord) -> None:
    assert stopped(lambda used: word) == ("the verdict is firm", 3)


def test_a_likely_lab_stops_nothing(stopped: Run) -> None:
    assert stopped(lambda used: VerdictWord.LIKELY) == ("no probe is left", 20)


def test_a_likely_lab_between_two_attributions_starts_the_count_anew(
    stopped: Run,
) -> None:
    words = {3: VerdictWord.ATTRIBUTED, 4: VerdictWord.LIKELY, 5: VerdictWord.ATTRIBUTED, 6: VerdictWord.ATTRIBUTED}
    assert stopped(lambda used: words.get(used, VerdictWord.INCONCLUSIVE)) == ("the verdict is firm", 6)


def test_tasks_keep_to_the_limit_on_requests(tmp_path: Path) -> None:
    """Of a task of four steps each request counts, and a task that may take more than are left is not begun."""
    fails = iter([False, True] + [False] * 20)

    def reply(question: Question) -> Answer | Exception:
        return Failure(Cause.SERVER, "status 500") if next(fails) else called(CALL)

    def identify(case: Case) -> Verdict:
        return dataclasses.replace(verdict(VerdictWord.INCONCLUSIVE), n_used=case.n_used)

    async def go(requests: int) -> tuple[Step[Verdict], Counters]:
        job = plan_job(Target(provider, "tiny", tmp_path), load_probes(str(tasks(tmp_path, 6))), RequestSettings())
        (counters,) = await start([job])
        aim = Identification(Identifier(identify, Choice(None), {"zhipu": True}, None, ProbingConfig()))
        session = Session(job, counters, aim, Limits(Budget(None), requests, QUICK))
        return [step async for step in session.steps()][-1], counters

    provider = Made(reply)
    last, counters = asyncio.run(go(11))
    # One request fails: the first task takes five, the second four, and two are too few for a third.
    assert (provider.asked, counters.requests, counters.answered) == (9, 9, 2)
    assert (last.stopped, last.limited, last.given_up) == ("--max-requests is reached", True, False)
