"""ShareGPT: conversations of turns `from` and `value`; the last response of each counts."""

from __future__ import annotations

from collections.abc import Iterator

from fingerprint.corpora.importing.found import Found, Item, as_text, last_turn

NAME = "ShareGPT conversations"


def fits(item: Item) -> bool:
    """See Format."""
    turns = item.get("conversations")
    return isinstance(turns, list) and all(isinstance(t, dict) and {"from", "value"} <= t.keys() for t in turns)


def read(item: Item) -> Iterator[Found]:
    """See Format."""
    response, prompt = last_turn(item["conversations"])
    yield Found(response, as_text(item.get("model")), prompt, as_text(item.get("id")))
