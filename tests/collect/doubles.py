"""A server that plays the APIs, in the shapes that they have, and what a test wants to go wrong with them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

KEY = "sk-secret-0123456789-abcdef"
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "google": "/v1/models/tiny:generateContent",
}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}
TEXT = "The sky is blue because air scatters short waves more than long ones."


def address(api: str, url: str) -> str:
    """The base URL of an API at a server."""
    return url.rstrip("/") + ("/v1" if api == "openai" else "")


def body(api: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    """A whole answer of an API."""
    if api == "openai":
        message = {"role": "assistant", "content": text, **more}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny-2026",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}  # fmt: skip
    if api == "anthropic":
        return {"id": "1", "type": "message", "role": "assistant", "model": "tiny-2026",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": 11, "output_tokens": 7}}  # fmt: skip
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 7}
    return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage,
            "modelVersion": "tiny-2026"}  # fmt: skip


def prompt_of(api: str, request: Request) -> str:
    """What the user said last in a request."""
    sent = json.loads(request.data)
    if api == "google":
        return str(sent["contents"][-1]["parts"][0]["text"])
    content = sent["messages"][-1]["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


def ok(api: str, text: str) -> Response:
    return Response(json.dumps(body(api, text)), content_type="application/json")


@dataclass
class Script:
    """Answers with `first`, one after another, and then whole answers that name their prompt; thread-safe."""

    api: str
    first: list[Callable[[Request], Response]] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self.seen.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            play = self.first.pop(0) if self.first else None
        try:
            return play(request) if play else ok(self.api, f"{TEXT} You asked: {prompt_of(self.api, request)}")
        finally:
            with self._lock:
                self._now -= 1


def probes(path: Path, count: int) -> Path:
    """A set of probes of a test's own."""
    rows = [{"id": f"p{i}", "messages": [{"role": "user", "content": f"Question {i}?"}]} for i in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file, every line whole."""
    data = path.read_bytes()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]
