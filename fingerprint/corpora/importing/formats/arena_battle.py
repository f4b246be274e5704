"""LMArena battles: two models' conversations (as messages), or one prompt and two responses (as JSON lists in text)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fingerprint.corpora.importing.found import Found, Item, as_text, content, last_turn

NAME = "LMArena battles"


def fits(item: Item) -> bool:
    """See Format."""
    conversations, responses = {"conversation_a", "conversation_b"}, {"response_a", "response_b"}
    return {"model_a", "model_b"} <= item.keys() and (conversations <= item.keys() or responses <= item.keys())


def read(item: Item) -> Iterator[Found]:
    """See Format. The last turn of each side counts."""
    key = as_text(item.get("question_id", item.get("id")))
    for side in ("a", "b"):
        if f"conversation_{side}" in item:
            response, prompt = last_turn(item[f"conversation_{side}"])
        else:
            response, prompt = _last(item[f"response_{side}"]), _last(item.get("prompt"))
        yield Found(response, as_text(item[f"model_{side}"]), prompt, key, as_text(item.get("language")))


def _last(value: object) -> str:
    """The last text of a JSON list in text, or the text itself."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if isinstance(value, list):
        return content(value[-1]) if value else ""
    return content(value)
