"""Our own form, and chats: `response` (and `release` or `source_model`), or `messages` of roles."""

from __future__ import annotations

from collections.abc import Iterator

from fingerprint.corpora.importing.found import Found, Item, as_text, last_turn, number

NAME = "responses or chats"


def fits(item: Item) -> bool:
    """See Format."""
    return isinstance(item.get("response"), str) or isinstance(item.get("messages"), list)


def read(item: Item) -> Iterator[Found]:
    """See Format."""
    response, prompt = item.get("response"), as_text(item.get("prompt"))
    if not isinstance(response, str):
        response, prompt = last_turn(item["messages"])
    model = next(filter(None, (as_text(item.get(name)) for name in ("release", "source_model", "model"))), "")
    yield Found(
        response,
        model,
        prompt,
        as_text(item.get("prompt_id")),
        as_text(item.get("language")),
        number(item.get("temperature")),
    )
