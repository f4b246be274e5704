"""OpenAI's batch output: a line a request, with the body of a chat completion or of a response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fingerprint.corpora.importing.found import Found, Item, as_text, content, mappings, number

NAME = "OpenAI batch output"


def fits(item: Item) -> bool:
    """See Format."""
    return {"custom_id", "response", "error"} <= item.keys()


def read(item: Item) -> Iterator[Found]:
    """See Format. Requests that failed have no body."""
    answer = item["response"]
    body = answer.get("body") if isinstance(answer, Mapping) else None
    if not isinstance(body, Mapping):
        return
    texts = [content(choice["message"].get("content")) for choice in mappings(body.get("choices")) if _message(choice)]
    texts += [content(part.get("content")) for part in mappings(body.get("output")) if part.get("type") == "message"]
    for text in texts:
        yield Found(
            text,
            as_text(body.get("model")),
            prompt_id=as_text(item["custom_id"]),
            temperature=number(body.get("temperature")),
        )


def _message(choice: Item) -> bool:
    return isinstance(choice.get("message"), Mapping)
