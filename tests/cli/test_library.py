"""`fingerprint collect --missing`, from the dry run to the updated model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.cli.main import main
from tests import worlds
from tests.collect.doubles import KEY, lines


@pytest.fixture
def listed() -> list[dict[str, Any]]:
    """The server's list, which a test may change: two known releases and a stranger."""
    price = {"prompt": "0.000001", "completion": "0.00001"}
    return [{"id": name, "pricing": price} for name in ("forest/oak-1", "forest/elm-2", "nobody/else")]


@pytest.fixture
def openrouter(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, listed: list[dict[str, Any]]) -> HTTPServer:
    """A server whose releases answer as they do in the made-up world."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)

    def answer(request: Request) -> Response:
        sent = json.loads(request.data)
        prompt = int(sent["messages"][-1]["content"].split()[-1].strip("?"))
        text = worlds.write(sent["model"].partition("/")[2], prompt)
        message = {"role": "assistant", "content": text}
        body = {"model": sent["model"], "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 60}}  # fmt: skip
        return Response(json.dumps(body), content_type="application/json")

    httpserver.expect_request("/v1/models").respond_with_handler(
        lambda request: Response(json.dumps({"data": listed}), content_type="application/json")
    )
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(answer)
    return httpserver


@pytest.fixture
def collect(
    openrouter: HTTPServer, model: Path, world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Any:
    rows = [{"id": f"p{n}", "messages": [{"role": "user", "content": f"Prompt {n}?"}], "language": "en"}
            for n in range(600, 624)]  # fmt: skip
    (tmp_path / "team.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(*more: str, providers: tuple[str, ...] = ("openrouter",), form: str = "json") -> tuple[int, Any, str]:
        with pytest.raises(SystemExit) as ended:
            main(["collect", *providers, "--missing", "--probes", str(tmp_path / "team.jsonl"), "--out",
                  str(tmp_path / "library"), "--base-url", openrouter.url_for("/v1"), "--max-tokens", "100", "--format",
                  form, "--model", str(model), "--registry", str(world / "registry.csv"), *more])  # fmt: skip
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(out) if form == "json" and out else out, err

    return run


def test_from_a_dry_run_to_an_updated_model(collect: Any, openrouter: HTTPServer, tmp_path: Path) -> None:
    code, planned, _ = collect("--dry-run")
    assert (code, planned["requests"], planned["complete"]) == (0, 48, [])
    assert [(row["release"], row["lab"], row["model"]) for row in planned["models"]] == [
        ("elm-2", "elm", "openrouter:forest/elm-2"), ("oak-1", "oak", "openrouter:forest/oak-1"),
    ]  # fmt: skip
    assert planned["cost_at_most"] == pytest.approx(sum(row["cost_at_most"] for row in planned["models"]))
    assert {"elm-1", "oak-2"} <= set(planned["not_offered"])
    _, text, _ = collect("--dry-run", form="text")
    assert f"48 requests, at most ${planned['cost_at_most']:.4f}" in text
    assert "oak-1 (oak) by openrouter:forest/oak-1: 24 requests" in text
    assert not (tmp_path / "library").exists()
    assert {request.path for request, _ in openrouter.log} == {"/v1/models"}

    # A budget that ends in the middle, and the same command again.
    code, first, _ = collect("--max-cost", "0.02")
    assert (code, first["complete"]) == (1, False)
    code, second, _ = collect("--max-cost", "1", "--update", str(tmp_path / "updated"))
    assert (code, second["complete"]) == (0, True)
    assert set(second["update"]["more"]) == {"elm-2", "oak-1"}
    assert sum(len(lines(path)) for path in (tmp_path / "library").glob("*.jsonl")) == 48
    assert "probes-team" in json.loads((tmp_path / "updated" / "labels.json").read_text())["corpora"]
    code, third, _ = collect("--model", str(tmp_path / "updated"), "--update", str(tmp_path / "updated"))
    assert (code, third["models"], third["update"]) == (0, [], None)
    _, nothing, _ = collect("--dry-run")
    assert (nothing["requests"], nothing["complete"]) == (0, ["elm-2", "oak-1"])


def test_releases_without_a_price_are_not_asked_within_a_budget_and_are_not_complete(
    collect: Any, openrouter: HTTPServer, listed: list[dict[str, Any]]
) -> None:
    listed[:] = [{"id": "forest/oak-1"}]
    code, found, _ = collect("--max-cost", "1")
    assert (code, found["complete"], found["models"], found["price_unknown"]) == (1, False, [], ["oak-1"])
    code, text, _ = collect("--max-cost", "1", form="text")
    assert (code, text.splitlines()[0]) == (1, "nothing was asked")
    assert "NOT ASKED: --max-cost cannot hold where the price is unknown: oak-1" in text
    assert {request.path for request, _ in openrouter.log} == {"/v1/models"}
    # Without a limit it is asked.
    code, found, _ = collect()
    assert (code, found["complete"], found["price_unknown"]) == (0, True, [])


@pytest.mark.parametrize(
    ("more", "providers", "says"),
    [
        (("--known", "model"), ("openrouter:forest/oak-1",), "names a model too"),
        ((), ("nowhere",), "no such provider"),
        (("--registry", "none.csv"), ("openrouter",), "none.csv"),
        (("--model", "none"), ("openrouter",), "none"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(
    more: tuple[str, ...], providers: tuple[str, ...], says: str, collect: Any, openrouter: HTTPServer, tmp_path: Path
) -> None:
    code, out, complaint = collect(*more, providers=providers)
    assert (code, out) == (2, "")
    assert says in complaint
    assert not openrouter.log
    assert not (tmp_path / "library").exists()


def test_an_update_that_cannot_be_written_is_refused_first(collect: Any, openrouter: HTTPServer, world: Path) -> None:
    code, _, complaint = collect("--update", str(world))
    assert (code, complaint.count("\n")) == (2, 1)
    assert not openrouter.log


def test_its_options_need_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["collect", "openai:x", "--probes", "core", "--out", "out", "--known", "registry"])
    assert ended.value.code == 2
    assert "--known needs --missing" in capsys.readouterr().err
