"""Budgets, counts and giving up, with a provider that does what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fingerprint.base.files import data_dir
from fingerprint.collect.asking import Endpoint, RetryPolicy, ask
from fingerprint.collect.limits import Budget, ConcurrencyLimiter
from fingerprint.collect.messages import Answer, Cause, Failure, Message, Question, Sampling, Usage
from fingerprint.collect.plan import Job, RequestSettings, Target, plan_job, question_of
from fingerprint.collect.prices import most_cost, most_tokens, tabled
from fingerprint.collect.provider import ListedModel, Price
from fingerprint.collect.providers import presets
from fingerprint.collect.run import Counters, RunSettings, collect, start
from fingerprint.data.probes import Probe, ProbeSet, load_probes
from fingerprint.errors import InputError
from tests.collect.doubles import lines, probes

QUICK = RetryPolicy(tries=3, timeout=5, first_wait=0.001, longest_wait=0.01)
PRICE = Price(1e-3, 1e-3)
LONG = "An answer of more than twenty characters."


class Made:
    """Answers with what `reply` gives for a question."""

    name, base_url, account = "made", "https://example.org", "account"

    def __init__(self, reply: Callable[[Question], Answer | Exception], listed: Price | None = None):
        self.reply, self.listed, self.asked = reply, listed, 0

    async def ask(self, model: str, question: Question) -> Answer:
        self.asked += 1
        await asyncio.sleep(0.002)
        reply = self.reply(question)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def price(self, model: str) -> Price | None:
        return self.listed

    async def models(self) -> Sequence[ListedModel]:
        return ()

    async def close(self) -> None: ...


def said(text: str = LONG, prompt: int = 5, completion: int = 5, **more: object) -> Answer:
    return Answer(text, "m", "made", usage=Usage(prompt, completion), **more)  # type: ignore[arg-type]


def planned(folder: Path, provider: Made, count: int = 20, model: str = "m", **settings: Any) -> Job:
    loaded = load_probes(str(probes(folder / "mine.jsonl", count)))
    return plan_job(Target(provider, model, folder), loaded, RequestSettings(**settings))


def run(jobs: list[Job], budget: float | None = None, give_up_after: int = 10) -> list[Counters]:
    async def go() -> list[Counters]:
        counters = await start(jobs)
        await collect(jobs, counters, RunSettings(Budget(budget), QUICK, give_up_after))
        return counters

    return asyncio.run(asyncio.wait_for(go(), 300))


def test_what_is_no_answer_is_counted_and_not_stored(tmp_path: Path) -> None:
    replies: dict[str, Answer | Exception] = {
        "Question 0?": said("I'm sorry, I can't help with that."),
        "Question 1?": said("", completion=7),
        "Question 2?": said("cut", refused=True),
        "Question 3?": Failure(Cause.REJECTED, "status 400: no"),
        "Question 4?": Failure(Cause.SERVER, "status 500"),
        "Question 5?": said(" \n "),
    }
    provider = Made(lambda question: replies.get(question.prompt, said()))
    one = planned(tmp_path, provider)
    (counters,) = run([one])
    assert (counters.answered, counters.refused, counters.empty, counters.unasked) == (14, 2, 2, 0)
    assert counters.failed == {Cause.REJECTED: 1, Cause.SERVER: 1}
    assert counters.tries == {Cause.REJECTED: 1, Cause.SERVER: 3}
    assert counters.prompt_tokens == 5 * 18
    assert not counters.complete
    assert len(lines(one.file.path)) == 14
    noted = {note["prompt_id"]: note["what"] for note in lines(one.file.log)}
    assert noted == {"p0": "refused", "p1": "empty", "p2": "refused", "p3": "request rejected", "p4": "server error",
                     "p5": "empty"}  # fmt: skip
    # All but what is there is asked again.
    replies.clear()
    again = planned(tmp_path, provider)
    assert (again.total, len(again.todo)) == (20, 6)
    (counters,) = run([again])
    assert (counters.before, counters.answered, counters.complete) == (14, 6, True)
    assert len({row["key"] for row in lines(one.file.path)}) == 20


def test_one_model_given_up_does_not_stop_another(tmp_path: Path) -> None:
    dead = planned(tmp_path, Made(lambda question: Failure(Cause.FATAL, "status 404")), model="dead")
    good = planned(tmp_path, Made(lambda question: said()), model="good")
    both = run([dead, good])
    assert "status 404" in both[0].stopped
    assert (both[1].answered, both[1].stopped) == (20, "")


def test_failures_in_a_row_are_ended_by_an_answer(tmp_path: Path) -> None:
    count = 0

    def sometimes(question: Question) -> Answer | Exception:
        nonlocal count
        count += 1
        return said() if count % 3 == 0 else Failure(Cause.REJECTED, "status 400")

    (counters,) = run([planned(tmp_path, Made(sometimes), 60)], give_up_after=5)
    assert not counters.stopped
    assert counters.failed[Cause.REJECTED] == 40


def test_a_model_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    (counters,) = run([planned(tmp_path, Made(lambda question: said("", finish_reason="length")), 60)], give_up_after=5)
    assert "empty answer, finish reason length" in counters.stopped
    assert counters.empty < 10


@pytest.mark.parametrize("limit", [0.2, 1.0, 5.0])
def test_the_budget_holds_with_requests_under_way(limit: float, tmp_path: Path) -> None:
    # As much as there may be, so that the bound is reached.
    provider = Made(lambda question: said(prompt=most_tokens(question)[0], completion=100), PRICE)
    one, two = (planned(tmp_path, provider, 40, model, max_tokens=100) for model in ("one", "two"))
    both = run([one, two], limit)
    spent = sum(counters.cost for counters in both)
    most = most_cost(one.todo[0].question, PRICE)
    assert spent <= limit
    assert spent > limit - 2 * most
    assert all("spent" in counters.stopped for counters in both)
    assert sum(len(lines(j.file.path)) for j in (one, two) if j.file.path.stat().st_size) == round(spent / most)


def test_what_may_have_been_billed_counts_against_the_budget(tmp_path: Path) -> None:
    provider = Made(lambda question: Failure(Cause.TIMEOUT, "slow"), PRICE)
    (counters,) = run([planned(tmp_path, provider, 40, max_tokens=100)], limit := 0.5)
    assert "spent" in counters.stopped
    assert provider.asked <= limit / most_cost(planned(tmp_path, provider, 1, max_tokens=100).todo[0].question, PRICE)


def test_a_provider_that_breaks_its_promise_ends_its_model_without_its_words(tmp_path: Path) -> None:
    (counters,) = run([planned(tmp_path, Made(lambda question: RuntimeError("sk-secret")))])
    assert "RuntimeError" in counters.stopped
    assert "sk-secret" not in counters.stopped


def test_a_question_that_hangs_is_left_in_time() -> None:
    class Hangs(Made):
        async def ask(self, model: str, question: Question) -> Answer:
            await asyncio.sleep(60)
            raise AssertionError

    failures: list[Failure] = []
    endpoint = Endpoint(Hangs(lambda question: said()), "m", ConcurrencyLimiter(), retry=RetryPolicy(2, 0.05, 0.001))
    with pytest.raises(Failure) as caught:
        asyncio.run(ask(endpoint, Question((Message("user", "?"),)), failures.append))
    assert (caught.value.cause, len(failures)) == (Cause.TIMEOUT, 2)


def test_a_write_that_fails_ends_everything(tmp_path: Path) -> None:
    one = planned(tmp_path, Made(lambda question: said()))
    one.file.path.mkdir()
    with pytest.raises(Exception, match="cannot be written"):
        run([one])


def test_keys_tell_apart_all_that_matters_and_nothing_else(tmp_path: Path) -> None:
    provider = Made(lambda question: said())
    settings: list[dict[str, Any]] = [
        {},
        {"sampling": Sampling(0.5)},
        {"sampling": Sampling(top_p=0.5)},
        {"max_tokens": 7},
        {"system": "Be brief."},
    ]
    keys = [asked.key for more in settings for asked in planned(tmp_path, provider, 3, draws=2, **more).todo]
    keys += [asked.key for asked in planned(tmp_path, provider, 3, "other", draws=2).todo]
    elsewhere = Made(lambda question: said())
    elsewhere.base_url = "https://example.com"
    keys += [asked.key for asked in planned(tmp_path, elsewhere, 3, draws=2).todo]
    assert len(set(keys)) == len(keys) == 7 * 6
    # More probes, another name of the set: the same questions.
    (tmp_path / "b").mkdir()
    assert {a.key for a in planned(tmp_path / "b", provider, 3).todo} <= {
        a.key for a in planned(tmp_path, provider, 9).todo
    }


def test_draws_and_tokens_are_the_probe_s_unless_they_are_given() -> None:
    probe = Probe("a", (("system", "Own."), ("user", "?")), max_tokens=9, draws=3)
    assert question_of(probe, RequestSettings()).max_tokens == 9
    assert question_of(probe, RequestSettings(max_tokens=5)).max_tokens == 5
    assert question_of(probe, RequestSettings()).system == "Own."
    assert [m.role for m in question_of(probe, RequestSettings(system="Given.")).messages] == ["system", "user"]
    assert question_of(probe, RequestSettings(system="Given.")).system == "Given."
    loaded = ProbeSet("s", "1", "", "0", (probe, Probe("b", (("user", "?"),))))
    provider = Made(lambda question: said())
    target = Target(provider, "m", Path("none"))
    asked = [(a.probe.id, a.draw) for a in plan_job(target, loaded, RequestSettings()).todo]
    assert asked == [("a", 0), ("b", 0), ("a", 1), ("a", 2)]
    assert len(plan_job(target, loaded, RequestSettings(draws=2)).todo) == 4


def test_bounds_are_bounds() -> None:
    tool = {"type": "function", "function": {"name": "w", "parameters": {"description": "日本語" * 50}}}
    sent, written = most_tokens(Question((Message("user", "日本語" * 100),), (tool,), max_tokens=7))
    assert sent >= len(("日本語" * 150).encode())
    assert written == 7


def test_the_table_of_prices(tmp_path: Path) -> None:
    price = tabled("https://api.anthropic.com", "claude-sonnet-4-5")
    assert price is not None
    assert (price.prompt, price.completion) == (3e-6, 15e-6)
    assert "as of 20" in price.source
    assert "https://" in price.source
    assert tabled("https://api.anthropic.com", "claude-0") is None
    assert tabled("http://localhost:8000", "claude-sonnet-4-5") is None
    for wrong in ('{"addresses": []}', '{"addresses": {"x": {"as_of": "2025-11", "models": {"y": [1, 2]}}}}'):
        (tmp_path / "prices.json").write_text(wrong)
        with pytest.raises(InputError, match="table of prices"):
            tabled("x", "y", tmp_path / "prices.json")


def test_every_price_says_where_it_is_from_and_is_reached_by_a_preset() -> None:
    addresses = json.loads((data_dir("corpora") / "prices.json").read_text())["addresses"]
    assert set(addresses) <= {preset.address for preset in vars(presets).values() if isinstance(preset, presets.Preset)}
    for pages in addresses.values():
        assert all(page["source"].startswith("https://") and page["as_of"].startswith("202") for page in pages)
        names = [name for page in pages for name in page["models"]]
        assert len(set(names)) == len(names)
        assert all(0 < sent <= written for page in pages for sent, written in page["models"].values())
