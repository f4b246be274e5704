"""Every fault that a server, a network or an aggregator has, for the shape of each API, against the real SDKs."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.collect.asking import RetryPolicy
from fingerprint.collect.messages import Answer, Cause, Failure, Message, Question
from fingerprint.collect.plan import RequestSettings, Target, plan_job
from fingerprint.collect.provider import open_provider
from fingerprint.collect.run import Counters, RunSettings, collect, start
from fingerprint.data.probes import load_probes
from tests.collect import faults
from tests.collect.doubles import KEY, PATHS, Script, address, body, lines, ok, probes, prompt_of

# A busy machine answers within the timeout; only `faults.slow` does not.
RETRY = RetryPolicy(tries=12, timeout=3, first_wait=0.02, longest_wait=0.1)
apis = pytest.mark.parametrize("api", PATHS)


def ask(api: str, server: HTTPServer, count: int = 1) -> list[Answer | BaseException]:
    async def go() -> list[Answer | BaseException]:
        provider = open_provider(api, address(api, server.url_for("")))
        asked = [provider.ask("tiny", Question((Message("user", f"Question {i}?"),))) for i in range(count)]
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await provider.close()

    return asyncio.run(go())


def gathered(api: str, server: HTTPServer, folder: Path, count: int, **settings: Any) -> tuple[Counters, Path]:
    async def go() -> tuple[Counters, Path]:
        url = address(api, server.url_for(""))
        provider = open_provider(api, url)
        loaded = load_probes(str(probes(folder / "mine.jsonl", count)))
        planned = plan_job(Target(provider, "tiny", folder, url), loaded, RequestSettings())
        (counters,) = await start([planned])
        await collect([planned], [counters], RunSettings(retry=RETRY, **settings))
        await provider.close()
        return counters, planned.file.path

    return asyncio.run(go())


@apis
def test_fifty_at_once_get_their_own_answers(api: str, httpserver: HTTPServer) -> None:
    together = threading.Barrier(50, timeout=300)

    def answer(request: Request) -> Response:
        together.wait()
        return ok(api, f"To {prompt_of(api, request)}")

    httpserver.expect_request(PATHS[api]).respond_with_handler(answer)
    answers = ask(api, httpserver, 50)
    assert [a.text for a in answers if isinstance(a, Answer)] == [f"To Question {i}?" for i in range(50)]


@apis
def test_all_faults_and_still_every_answer(api: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    plays = faults.passing(api)
    script = Script(api, [play for play, _ in plays.values()])
    httpserver.expect_request(PATHS[api]).respond_with_handler(script)
    counters, path = gathered(api, httpserver, tmp_path, 50)
    assert (counters.answered, counters.done, counters.complete) == (50, 50, True), counters.to_dict()
    assert {str(c): n for c, n in counters.tries.items()} == Counter(name for _, name in plays.values())
    rows = lines(path)
    assert len({row["prompt_id"] for row in rows}) == len(rows) == 50
    assert all(row["response"].endswith(f"You asked: {row['prompt']}") for row in rows)
    assert len(script.seen) == 50 + len(plays)


@apis
# Providers leave time-outs to whoever asks.
@pytest.mark.parametrize("fault", [name for name in faults.passing("openai") if name != "slow"])
def test_fifty_at_once_with_one_fault_each(api: str, fault: str, httpserver: HTTPServer) -> None:
    play, name = faults.passing(api)[fault]
    httpserver.expect_request(PATHS[api]).respond_with_handler(play)
    failures = ask(api, httpserver, 50)
    assert {f.cause.value for f in failures if isinstance(f, Failure)} == {name}
    assert len(failures) == 50
    for failure in failures:
        assert isinstance(failure, Failure)
        assert "\x1b" not in str(failure)
        assert (failure.retry_after is not None) == (name == "rate limit")


@apis
@pytest.mark.parametrize("play", [faults.retry_in_seconds(1), faults.retry_at_a_date(2)])
def test_nobody_asks_before_the_time_that_was_named(api: str, play: faults.Play, httpserver: HTTPServer,
                                                   tmp_path: Path) -> None:  # fmt: skip
    times: list[float] = []
    counting = threading.Lock()

    def answer(request: Request) -> Response:
        with counting:
            times.append(time.monotonic())
            first = len(times) == 1
        if first:
            return play(request)
        # Under way at the first 429, and answered while all have to wait.
        time.sleep(0.3)
        return ok(api, "An answer of more than twenty characters.")

    httpserver.expect_request(PATHS[api]).respond_with_handler(answer)
    counters, _ = gathered(api, httpserver, tmp_path, 6)
    assert counters.answered == 6
    # A date has whole seconds: up to one of the two may be over already.
    assert min(times[2:]) - times[0] >= 0.95


def test_google_names_the_wait_in_the_body(httpserver: HTTPServer) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]
    said = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "details": details}}
    httpserver.expect_request(PATHS["google"]).respond_with_json(said, 429)
    (failure,) = ask("google", httpserver)
    assert isinstance(failure, Failure)
    assert (failure.cause, failure.retry_after) == (Cause.RATE_LIMIT, 17)


@apis
def test_a_redirect_takes_nothing_along(api: str, httpserver: HTTPServer) -> None:
    elsewhere = HTTPServer(host="127.0.0.1")
    elsewhere.start()
    try:
        target = elsewhere.url_for(PATHS[api])
        httpserver.expect_request(PATHS[api]).respond_with_data("", 307, {"Location": target})
        (failure,) = ask(api, httpserver)
        assert isinstance(failure, Failure)
        assert (failure.cause, "127.0.0.1" in str(failure)) == (Cause.FATAL, True)
        assert not elsewhere.log
    finally:
        elsewhere.stop()


@apis
@pytest.mark.parametrize("code", [401, 402, 404])
def test_what_no_question_will_change_ends_the_model_at_once(api: str, code: int, httpserver: HTTPServer,
                                                             tmp_path: Path) -> None:  # fmt: skip
    script = Script(api, [faults.status(code)] * 100)
    httpserver.expect_request(PATHS[api]).respond_with_handler(script)
    counters, path = gathered(api, httpserver, tmp_path, 30)
    assert f"status {code}: no, {code}" in counters.stopped
    assert len(script.seen) <= 2
    assert (counters.answered, counters.complete, path.read_bytes()) == (0, False, b"")


@apis
def test_a_model_is_given_up_after_failures_in_a_row(api: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    script = Script(api, [faults.status(500)] * 1000)
    httpserver.expect_request(PATHS[api]).respond_with_handler(script)
    counters, path = gathered(api, httpserver, tmp_path, 30, give_up_after=4)
    assert counters.stopped.startswith("4 questions in a row brought nothing")
    assert counters.failed == {Cause.SERVER: 4}
    assert counters.unasked == 26
    noted = lines(path.with_suffix(".log"))
    assert [note["what"] for note in noted] == ["server error"] * 4
    assert len({note["key"] for note in noted}) == 4


@apis
def test_a_server_that_asks_to_wait_for_hours_is_not_waited_for(api: str, httpserver: HTTPServer,
                                                               tmp_path: Path) -> None:  # fmt: skip
    httpserver.expect_request(PATHS[api]).respond_with_handler(faults.retry_in_seconds(7200))
    counters, _ = gathered(api, httpserver, tmp_path, 3)
    assert "7,200 seconds" in counters.stopped


@apis
def test_no_key_in_what_is_said_or_logged(api: str, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error"}}
    httpserver.expect_request(PATHS[api]).respond_with_json(echo, 401)
    (failure,) = ask(api, httpserver)
    assert isinstance(failure, Failure)
    assert "[key]" in str(failure)
    shown: BaseException | None = failure
    while shown is not None:
        assert KEY not in repr(shown)
        shown = shown.__cause__ if shown.__suppress_context__ else shown.__context__
    assert KEY not in caplog.text


def spelt(text: str) -> str:
    """In JSON's escapes, every letter of it."""
    return "".join(f"\\u{ord(char):04x}" for char in text)


@apis
def test_no_key_in_an_answer_however_it_is_spelt(api: str, httpserver: HTTPServer) -> None:
    answered = json.dumps(body(api, f"Your key is {KEY}, and again: AGAIN.")).replace("AGAIN", spelt(KEY))
    answered = answered.replace("tiny-2026", f"tiny-{spelt(KEY)}")
    httpserver.expect_request(PATHS[api]).respond_with_data(answered, content_type="application/json")
    (answer,) = ask(api, httpserver)
    assert isinstance(answer, Answer)
    assert answer.text == "Your key is [key], and again: [key]."
    assert answer.model == "tiny-[key]"


def test_no_key_in_arguments_that_are_json_in_json(httpserver: HTTPServer) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": f'{{"key": "{spelt(KEY)}"}}'}}
    httpserver.expect_request(PATHS["openai"]).respond_with_json(body("openai", "", tool_calls=[call]))
    (answer,) = ask("openai", httpserver)
    assert isinstance(answer, Answer)
    assert json.loads(answer.text) == {"tool": "f", "arguments": {"key": "[key]"}}


@apis
def test_an_endless_body_is_left(api: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATHS[api]).respond_with_handler(
        lambda request: Response((b" " * 100_000 for _ in range(1_000_000)), content_type="application/json")
    )
    (failure,) = ask(api, httpserver)
    assert isinstance(failure, Failure)
    assert "over 10,000,000 bytes" in str(failure)
