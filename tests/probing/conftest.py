from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.cli.main import main
from tests import worlds


@dataclass
class Stealth:
    """A server whose anonymous model is a release of the made-up world; prompts is what it was asked."""

    release: str
    url: str = ""
    prompts: list[int] = field(default_factory=list)
    say: Callable[[int], str] | None = None
    status: Callable[[int], int] = lambda asked: 200
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Response:
        prompt = int(re.sub(r"\D", "", json.loads(request.data)["messages"][-1]["content"]))
        with self._lock:
            self.prompts.append(prompt)
            status = self.status(len(self.prompts))
        if status != 200:
            return Response(json.dumps({"error": {"message": "no"}}), status, content_type="application/json")
        text = self.say(prompt) if self.say else worlds.write(self.release, prompt)
        message = {"role": "assistant", "content": text}
        # The provider's template adds what no other does.
        usage = {"prompt_tokens": worlds.tokens(self.release, prompt) + 9, "completion_tokens": 60, "total_tokens": 99}
        answer = {
            "id": "1", "object": "chat.completion", "created": 1, "model": "stealth",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage,
        }  # fmt: skip
        return Response(json.dumps(answer), content_type="application/json")


@pytest.fixture
def stealth(httpserver: HTTPServer) -> Stealth:
    """oak-2, served as OpenAI's chat completions are."""
    made = Stealth("oak-2", httpserver.url_for("/v1"))
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(made)
    return made


@pytest.fixture
def probes(tmp_path: Path) -> Path:
    """Twenty prompts that no corpus has, and ten whose tokens were counted for the known releases."""
    rows = [probe(f"new-{n}", n) for n in range(500, 520)]
    rows += [{**probe(f"first-{n}", n), "domain": "token-counts"} for n in range(10)]
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def probe(name: str, prompt: int) -> dict[str, object]:
    return {"id": name, "messages": [{"role": "user", "content": f"Prompt {prompt}?"}], "language": "en"}


@pytest.fixture
def ask(model: Path, stealth: Stealth, probes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command and returns its exit code, what it printed, and what it complained of."""

    def run(*more: str, form: str = "json", target: str = "vllm:stealth") -> tuple[int, Any, str]:
        command = ["probe", target, "--model", str(model), "--probes", str(probes), "--out", str(tmp_path),
                   "--base-url", stealth.url, "--format", form, *more]  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(command)
        out, err = capsys.readouterr()
        return ended.value.code, json.loads(out) if form == "json" and out else out, err  # type: ignore[return-value]

    return run


def answers(folder: Path) -> Path:
    (path,) = folder.glob("*--stealth*.jsonl")
    return path
