"""FastChat's and Arena-Hard's `model_answer/*.jsonl`: MT-bench's turns, Arena-Hard's, and Arena-Hard 2's messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fingerprint.corpora.importing.found import Found, Item, as_text, content, last_turn, mappings

NAME = "FastChat or Arena-Hard model_answer"


def fits(item: Item) -> bool:
    """See Format."""
    return {"question_id", "model_id", "choices"} <= item.keys() or {"uid", "ans_id", "messages"} <= item.keys()


def read(item: Item) -> Iterator[Found]:
    """See Format. Every turn is a response: their prompts lie in another file."""
    if "messages" in item:
        response, prompt = last_turn(item["messages"])
        yield Found(response, as_text(item.get("model")), prompt, as_text(item["uid"]))
        return
    question = as_text(item["question_id"])
    for choice in mappings(item["choices"]):
        turns = choice.get("turns")
        for place, turn in enumerate(turns if isinstance(turns, list) else ()):
            said = content(turn.get("content") if isinstance(turn, Mapping) else turn)
            yield Found(said, as_text(item["model_id"]), "", f"{question}-{place + 1}" if place else question)
