"""Tasks of several steps: what is sent in each step, how they end, and what is kept of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.collect.limits import Budget
from fingerprint.collect.messages import Answer, Cause, Failure, Question, Usage
from fingerprint.collect.plan import Job, RequestSettings, Target, plan_job
from fingerprint.collect.prices import most_cost, most_tokens
from fingerprint.collect.provider import Price, open_provider
from fingerprint.collect.run import Counters, RunSettings, collect, start
from fingerprint.data.message import ToolCall
from fingerprint.data.probes import load_probes
from fingerprint.data.reader import read_case
from tests.collect.doubles import KEY, PATHS, address, lines
from tests.collect.test_providers import shaped
from tests.collect.test_run import LONG, PRICE, QUICK, Made, said

apis = pytest.mark.parametrize("api", PATHS)
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TASK = {
    "id": "t",
    "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}],
    "results": [{"tool": "read", "arguments": {"path": "*.txt"}, "result": "three lines"}],
    "max_steps": 4,
    "max_tokens": 50,
    "domain": "agent-toolcalls",
}
CALL = ToolCall("read", {"path": "a.txt"})
LAST = "The file a.txt is the longest one, with three lines."


def tasks(folder: Path, count: int = 1, **more: Any) -> Path:
    path = folder / "tasks.jsonl"
    asked = [{"role": "user", "content": f"Which file is the longest below {i}?"} for i in range(count)]
    rows = [{**TASK, "id": f"t{i}", "messages": [asked[i]], **more} for i in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def job(provider: Any, folder: Path, count: int = 1, **more: Any) -> Job:
    return plan_job(Target(provider, "tiny", folder), load_probes(str(tasks(folder, count, **more))), RequestSettings())


def run(one: Job, budget: float | None = None) -> Counters:
    async def go() -> Counters:
        (counters,) = await start([one])
        await collect([one], [counters], RunSettings(Budget(budget), QUICK))
        return counters

    return asyncio.run(asyncio.wait_for(go(), 300))


# A turn that calls twice: once as it should, once a tool that is none with arguments that are no JSON.
CALLS: dict[str, Any] = {
    "openai": {"content": "Let me see.", "reasoning_content": "hm", "annotations": [], "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a.txt"}'}},
        {"type": "function", "function": {"name": "wat", "arguments": '{"path": '}, "extra_content": {"sign": "s"}},
    ]},
    "anthropic": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": ""},
                  {"type": "text", "text": "Let me see."},
                  {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a.txt"}},
                  {"type": "tool_use", "id": "c2", "name": "wat", "input": '{"path": '}],
    "google": [{"text": "hm", "thought": True}, {"text": "Let me see."},
               {"functionCall": {"name": "read", "args": {"path": "a.txt"}}, "thoughtSignature": "c2lnbg=="},
               {"functionCall": {"id": "c2", "name": "wat", "args": '{"path": '}, "thoughtSignature": "!"}],
}  # fmt: skip
DONE: dict[str, Any] = {"openai": {"content": LAST}, "anthropic": [{"type": "text", "text": LAST}],
                        "google": [{"text": LAST}]}  # fmt: skip
SENT: dict[str, Any] = {
    "openai": [
        {"role": "assistant", "content": "Let me see.", "reasoning_content": "hm", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a.txt"}'}},
            {"id": "call_1", "type": "function", "function": {"name": "wat", "arguments": "{}"},
             "extra_content": {"sign": "s"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "three lines"},
        {"role": "tool", "tool_call_id": "call_1", "content": "error: there is no such tool"},
    ],
    "anthropic": [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a.txt"}},
            {"type": "tool_use", "id": "c2", "name": "wat", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "three lines"},
            {"type": "tool_result", "tool_use_id": "c2", "content": "error: there is no such tool"}]},
    ],
    "google": [
        {"role": "model", "parts": [
            {"text": "Let me see."},
            {"functionCall": {"name": "read", "args": {"path": "a.txt"}}, "thoughtSignature": "c2lnbg=="},
            {"functionCall": {"id": "c2", "name": "wat", "args": {}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "read", "response": {"result": "three lines"}}},
            {"functionResponse": {"id": "c2", "name": "wat", "response": {"result": "error: there is no such tool"}}}]},
    ],
}  # fmt: skip


def served(server: HTTPServer, api: str, replies: list[Any], folder: Path, **more: Any) -> tuple[Job, Counters]:
    left = list(replies)

    def reply(request: Request) -> Response:
        body = left.pop(0) if len(left) > 1 else left[0]
        return Response(json.dumps(body), content_type="application/json")

    server.expect_request(PATHS[api]).respond_with_handler(reply)
    one = job(open_provider(api, address(api, server.url_for(""))), folder, **more)
    return one, run(one)


@apis
def test_results_go_back_in_the_form_of_each_api(api: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    one, counters = served(httpserver, api, [shaped(api, CALLS[api]), shaped(api, DONE[api])], tmp_path)
    assert (counters.answered, counters.replies, counters.requests) == (1, 2, 2)
    first, second = (json.loads(request.data) for request, _ in httpserver.log)
    name = "contents" if api == "google" else "messages"
    assert first[name] == second[name][:1]
    assert second[name][1:] == SENT[api]
    assert first["tools"] == second["tools"]
    (row,) = lines(one.file.path)
    assert row["response"].split("\n") == [
        "Let me see.",
        '{"tool": "read", "arguments": {"path": "a.txt"}}',
        '{"tool": "wat", "arguments": "{\\"path\\": "}',
        LAST,
    ]
    assert (row["steps"], row["domain"]) == (2, "agent-toolcalls")
    # The tokens of the first request are what models can be compared by.
    assert row["usage"] == {"prompt_tokens": 11, "completion_tokens": 14, "reasoning_tokens": None}
    assert (counters.prompt_tokens, counters.completion_tokens) == (22, 14)


@apis
def test_an_endless_loop_ends(api: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    one, counters = served(httpserver, api, [shaped(api, CALLS[api])], tmp_path)
    assert (counters.answered, counters.replies) == (1, 4)
    (row,) = lines(one.file.path)
    assert row["steps"] == 4
    assert row["response"].count("a.txt") == 4


@apis
def test_the_key_in_a_call_is_masked(api: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    calls = json.loads(json.dumps(CALLS[api]).replace("a.txt", KEY))
    one, _ = served(httpserver, api, [shaped(api, calls), shaped(api, DONE[api])], tmp_path)
    assert KEY not in one.file.path.read_text()


def test_a_task_is_one_response_of_a_case(httpserver: HTTPServer, tmp_path: Path) -> None:
    one, _ = served(httpserver, "openai", [shaped("openai", CALLS["openai"]), shaped("openai", DONE["openai"])],
                    tmp_path)  # fmt: skip
    (record,) = read_case(str(one.file.path)).records
    assert (record.domain, record.response.count("\n")) == ("agent-toolcalls", 3)


def test_a_model_without_tools_is_not_given_up(httpserver: HTTPServer, tmp_path: Path) -> None:
    error = {"error": {"message": "No endpoints found that support tool use. To learn more, visit: ...", "code": 404}}
    httpserver.expect_request(PATHS["openai"]).respond_with_json(error, status=404)
    one = job(open_provider("openai", address("openai", httpserver.url_for(""))), tmp_path)
    counters = run(one)
    assert (counters.stopped, counters.failed) == ("", {Cause.REJECTED: 1})


def calling(*turns: Answer | Failure) -> Callable[[Question], Answer | Exception]:
    """Replies to each step of a task with one of these, and beyond them with the last."""
    return lambda question: turns[min(len(question.turns), len(turns) - 1)]


def called(*calls: ToolCall, **more: Any) -> Answer:
    text = "\n".join(call.text() for call in calls)
    return Answer(text, "m", "made", usage=Usage(5, 5), calls=calls, native={"n": 1}, **more)


@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        (calling(said(LAST)), 1),
        (calling(called(CALL), said(LAST)), 2),
        (calling(called(*[CALL] * 17), said(LAST)), 1),
        (calling(called(*[CALL] * 16), said(LAST)), 2),
    ],
)
def test_how_tasks_end(reply: Callable[[Question], Answer], steps: int, tmp_path: Path) -> None:
    provider = Made(reply)
    one = job(provider, tmp_path)
    assert run(one).answered == 1
    assert lines(one.file.path)[0]["steps"] == provider.asked == steps


def test_all_steps_together_may_fail_as_often_as_one_question(tmp_path: Path) -> None:
    failures = 0

    def sometimes(question: Question) -> Answer | Exception:
        nonlocal failures
        if provider.asked % 2:
            failures += 1
            return Failure(Cause.SERVER, "status 500")
        return called(CALL)

    provider = Made(sometimes)
    counters = run(job(provider, tmp_path))
    assert (counters.answered, counters.failed) == (0, {Cause.SERVER: 1})
    # Three tries: two steps were answered meanwhile, and what they cost is counted.
    assert (failures, counters.replies, counters.requests, counters.prompt_tokens) == (3, 2, 5, 10)


def test_a_budget_holds_and_ends_no_task_that_has_begun(tmp_path: Path) -> None:
    provider = Made(lambda question: called(CALL), PRICE)
    one = job(provider, tmp_path, 40)
    most = most_cost(one.todo[0].question, PRICE)
    # Each task costs 4 steps of 10 tokens, 0.04; after five the next one still fits, by more than sums are rounded.
    counters = run(one, limit := most + 0.21)
    assert counters.cost == pytest.approx(0.04 * counters.answered)
    assert counters.answered == 6
    assert counters.replies == 4 * counters.answered
    assert counters.cost <= limit
    assert "another request may exceed" in counters.stopped


def test_the_bound_of_a_task_is_one(tmp_path: Path) -> None:
    """With turns and results as long as they may be, no task spends more than was reserved for it."""
    spent = []

    def long(question: Question) -> Answer:
        sent, written = most_tokens(question)
        spent.append((sent + written) * 1e-3)
        return called(*[CALL] * 16, cost=spent[-1])

    long_result = [{"tool": "read", "result": "x" * 120}]
    one = job(Made(long, PRICE), tmp_path, results=long_result)
    assert run(one).answered == 1
    assert len(spent) == 4
    assert sum(spent) <= most_cost(one.todo[0].question, PRICE)


def test_a_provider_that_charges_more_ends_the_task_alone(tmp_path: Path) -> None:
    provider = Made(lambda question: called(CALL, cost=1e6), Price(1e-3, 1e-3))
    counters = run(job(provider, tmp_path, 2))
    assert (counters.stopped, counters.failed) == ("", {Cause.REJECTED: 2})
    assert "upper bound" in lines(tmp_path / "made--tiny.log")[0]["message"]


def test_tasks_and_their_results_make_the_key(tmp_path: Path) -> None:
    provider = Made(lambda question: said(LONG))
    variants: list[dict[str, Any]] = [{}, {"max_steps": 5}, {"results": [{"tool": "read", "result": "two lines"}]}]
    keys = {job(provider, tmp_path, **more).todo[0].key for more in variants}
    row = json.loads(tasks(tmp_path).read_text())
    (tmp_path / "plain.jsonl").write_text(
        json.dumps({k: v for k, v in row.items() if k not in ("results", "max_steps")})
    )
    loaded = load_probes(str(tmp_path / "plain.jsonl"))
    keys |= {one.key for one in plan_job(Target(provider, "tiny", tmp_path), loaded, RequestSettings()).todo}
    assert len(keys) == 4
