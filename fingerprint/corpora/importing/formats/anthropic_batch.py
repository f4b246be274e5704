"""Anthropic's message batch results: a line a request, with a message where it succeeded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fingerprint.corpora.importing.found import Found, Item, as_text, content

NAME = "Anthropic batch results"


def fits(item: Item) -> bool:
    """See Format."""
    return "custom_id" in item and isinstance(item.get("result"), Mapping) and "type" in item["result"]


def read(item: Item) -> Iterator[Found]:
    """See Format. Thinking is none of the text."""
    message = item["result"].get("message")
    if isinstance(message, Mapping):
        yield Found(
            content(message.get("content")), as_text(message.get("model")), prompt_id=as_text(item["custom_id"])
        )
