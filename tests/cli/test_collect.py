"""The command, against a server that plays OpenAI's chat completions and OpenRouter's list of models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.api import Fingerprint
from fingerprint.data.reader import read_case
from tests import worlds
from tests.cli.test_cli import ROOT, run
from tests.collect import faults
from tests.collect.doubles import KEY, PATHS, Script, body, lines, ok, probes

CODE = "import sys; from fingerprint.cli import main; main(sys.argv[1:])"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    with HTTPServer(host="localhost", threaded=True) as server:
        yield server


def words(server: HTTPServer, folder: Path, count: int, *more: object, model: str = "openai:tiny") -> list[object]:
    return ["collect", model, "--probes", probes(folder / "mine.jsonl", count), "--out", folder / "out",
            "--base-url", server.url_for("/v1"), *more]  # fmt: skip


def begun(args: list[object]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, args)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Whoever runs the tests in the background may have it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def answers(folder: Path) -> list[dict[str, object]]:
    (file,) = (folder / "out").glob("*.jsonl")
    return lines(file)


def paced(request: Request) -> Response:
    time.sleep(0.1)
    return ok("openai", "An answer that takes its time, of over twenty characters.")


def until(done: object, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_collects_and_then_has_nothing_left_to_ask(server: HTTPServer, tmp_path: Path) -> None:
    script = Script("openai")
    server.expect_request(PATHS["openai"]).respond_with_handler(script)
    done = run(*words(server, tmp_path, 12, "--draws", 2, "--temperature", 0.7))
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 of 24 answers" in done.stdout
    rows = answers(tmp_path)
    assert {(r["prompt_id"], r["draw"]) for r in rows} == {(f"p{i}", d) for i in range(12) for d in (0, 1)}
    assert rows[0]["settings"] == {"temperature": 0.7, "top_p": None, "max_tokens": 4096}
    assert (rows[0]["release"], rows[0]["model"], rows[0]["provider"]) == ("tiny", "tiny-2026", "openai")
    assert set(rows[0]) >= {"prompt", "response", "system", "finish_reason", "usage", "latency", "time", "probes",
                            "probes_sha256", "base_url"}  # fmt: skip
    assert isinstance(rows[0]["latency"], float)
    again = json.loads(run(*words(server, tmp_path, 12, "--draws", 2, "--temperature", 0.7, "--format", "json")).stdout)
    assert (again["complete"], again["models"][0]["there_before"]) == (True, 24)
    assert len(script.seen) == 24


def test_a_dry_run_asks_nothing_and_writes_nothing(server: HTTPServer, tmp_path: Path) -> None:
    pricing = {"prompt": "0.000001", "completion": "0.00001"}
    server.expect_request("/v1/models").respond_with_json({"data": [{"id": "tiny", "pricing": pricing}]})
    args = words(server, tmp_path, 10, "--dry-run", "--max-tokens", 100, model="openrouter:tiny")
    done = run(*args, "--format", "json")
    assert done.returncode == 0
    (planned,) = json.loads(done.stdout)["models"]
    assert (planned["requests"], planned["completion_tokens_at_most"]) == (10, 1000)
    cost = planned["prompt_tokens_at_most"] * 1e-6 + 1000 * 1e-5
    assert planned["cost_at_most"] == pytest.approx(cost)
    assert f"${cost:.4f}" in run(*args).stdout
    assert not (tmp_path / "out").exists()
    unknown = run(*words(server, tmp_path, 10, "--dry-run")).stdout
    assert "price unknown" in unknown
    assert all(request.path == "/v1/models" for request, _ in server.log)


def test_it_stops_before_it_costs_too_much(server: HTTPServer, tmp_path: Path) -> None:
    pricing = {"prompt": "0.001", "completion": "0.001"}
    server.expect_request("/v1/models").respond_with_json({"data": [{"id": "tiny", "pricing": pricing}]})
    server.expect_request(PATHS["openai"]).respond_with_handler(Script("openai"))
    args = words(server, tmp_path, 40, "--max-tokens", 100, "--format", "json", model="openrouter:tiny")
    done = run(*args, "--max-cost", 0.5)
    assert done.returncode == 1
    (counters,) = json.loads(done.stdout)["models"]
    assert 0 < counters["cost"] <= 0.5
    assert counters["answered"] == len(answers(tmp_path)) == 40 - counters["not_asked"]
    assert counters["cost"] == pytest.approx(counters["answered"] * 0.018)
    done = run(*words(server, tmp_path, 40, "--max-cost", 1))
    assert (done.returncode, "price is unknown" in done.stderr) == (2, True)


def test_the_exit_code_says_that_a_model_was_given_up(server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(PATHS["openai"]).respond_with_json({"error": {"message": f"\x1b[31mbad {KEY}"}}, 401)
    done = run(*words(server, tmp_path, 12))
    assert done.returncode == 1
    assert "STOPPED: model not available: status 401" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    (log,) = (tmp_path / "out").glob("*.log")
    assert KEY not in log.read_text()


def test_debugging_the_sdk_shows_no_key(server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_LOG", "debug")
    server.expect_request(PATHS["openai"]).respond_with_handler(Script("openai", [faults.status(500)]))
    done = run(*words(server, tmp_path, 3))
    assert done.returncode == 0
    assert "HTTP" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_ctrl_c_leaves_a_file_that_continues(server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(PATHS["openai"]).respond_with_handler(paced)
    running = begun(words(server, tmp_path, 100))
    until(lambda: len(server.log) > 8)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=600)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert "same command goes on" in err
    kept = answers(tmp_path)
    assert f"{len(kept):,} new" in out
    assert 0 < len(kept) < 100
    server.clear()
    server.expect_request(PATHS["openai"]).respond_with_handler(script := Script("openai"))
    assert run(*words(server, tmp_path, 100)).returncode == 0
    assert len(answers(tmp_path)) == len({r["key"] for r in answers(tmp_path)}) == 100
    assert len(script.seen) == 100 - len(kept)


def test_two_runs_at_once_share_the_work(server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(PATHS["openai"]).respond_with_handler(paced)
    args = words(server, tmp_path, 80, "--format", "json")
    both = [begun(args) for _ in range(2)]
    reports = [json.loads(running.communicate(timeout=600)[0]) for running in both]
    assert [running.returncode for running in both] == [0, 0]
    rows = answers(tmp_path)
    assert len(rows) == len({row["key"] for row in rows}) == 80
    assert sum(report["models"][0]["answered"] for report in reports) == 80
    assert len(server.log) < 160


def test_what_was_collected_is_a_suspect_and_a_corpus(
    server: HTTPServer, tmp_path: Path, model: Path, world: Path
) -> None:
    pytest.importorskip("datasets")
    from fingerprint.data.corpus import read_corpora
    from fingerprint.data.registry import Registry

    texts = iter([json.loads(line)["response"] for line in worlds.case(tmp_path / "s.jsonl", "oak-1", 25).open()])

    def answer(request: Request) -> Response:
        reply = body("openai", next(texts))
        del reply["usage"]
        return Response(json.dumps(reply), content_type="application/json")

    server.expect_request(PATHS["openai"]).respond_with_handler(answer)
    tool = {"type": "function", "function": {"name": "w", "parameters": {"default": 3}}}
    rows = [{"id": f"p{i}", "messages": [{"role": "user", "content": f"{i}?"}]} for i in range(24)]
    rows.append({**rows[0], "id": "tools", "tools": [tool], "domain": "tools", "language": "en"})
    args = words(server, tmp_path, 1, model="openai:oak-1")
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(*args).returncode == 0
    (file,) = (tmp_path / "out").glob("*.jsonl")
    assert len(answers(tmp_path)) == 25
    verdict = Fingerprint.load(model).identify(read_case(str(file)))
    assert (verdict.n_responses, verdict.n_used) == (25, 25)
    # And where one file has what the other lacks.
    server.clear()
    server.expect_request(PATHS["openai"]).respond_with_handler(Script("openai"))
    assert run(*words(server, tmp_path, 3, model="openai:ash-1")).returncode == 0
    corpus = read_corpora([tmp_path / "out"], Registry.load(world / "registry.csv"))
    assert set(corpus.release) == {"oak-1", "ash-1"}
    assert set(corpus.corpus) == {"probes-mine"}
    assert len(corpus) == 28


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["tiny"], "provider:model"),
        (["nobody:tiny"], "no such provider"),
        (["groq:tiny"], "GROQ_API_KEY"),
        (["openai:tiny", "--base-url", "nowhere"], "expected an address"),
        (["openai:tiny", "--probes", "none"], "no such set"),
        (["openai:tiny", "--temperature", "-1"], "temperature"),
        (["openai:tiny", "--max-cost", "0"], "max-cost"),
    ],
)
def test_mistakes_cost_nothing(args: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    done = run("collect", "--probes", probes(tmp_path / "mine.jsonl", 2), "--out", tmp_path / "out", *args)
    assert (done.returncode, says in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_progress_names_done_failed_rate_cost_and_time() -> None:
    from fingerprint.cli.terminal import cells
    from fingerprint.collect.run import Counters

    counters = Counters("openai:tiny\x1b[2J", "f", total=100, before=10, answered=40, refused=5, cost=0.5)
    counters.began -= 10
    model, done, failed, rate, cost, left = cells(counters)
    assert "\x1b" not in model
    assert (done, failed, rate, cost, left) == ("55 of 100", "5 without answer", "4.5/s", "$0.5000", "0:10 left")


def test_what_the_help_says_are_the_defaults() -> None:
    from fingerprint.cli import collect as cli
    from fingerprint.cli.options import TIMEOUT
    from fingerprint.collect.asking import RetryPolicy
    from fingerprint.collect.run import GIVE_UP_AFTER

    assert (RetryPolicy().timeout, GIVE_UP_AFTER) == (TIMEOUT, cli.GIVE_UP_AFTER)
