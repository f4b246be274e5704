"""inspect_ai's logs: the whole log as one object (.json), or a sample of one (.eval, see containers)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fingerprint.corpora.importing.found import Found, Item, as_text, content, last_turn, mappings, number

NAME = "inspect_ai log"
MODEL = "__model__"


def fits(item: Item) -> bool:
    """See Format."""
    return _is_log(item) or _is_sample(item)


def read(item: Item) -> Iterator[Found]:
    """See Format. MODEL of a sample is the log's model, for the output names it without its provider, or not at all."""
    if _is_log(item):
        model, config = item["eval"].get("model"), item["eval"].get("model_generate_config")
        temperature = config.get("temperature") if isinstance(config, Mapping) else None
        for sample in mappings(item["samples"]):
            if _is_sample(sample):
                yield from _sample(sample, as_text(model), number(temperature))
    else:
        yield from _sample(item, as_text(item.get(MODEL)), None)


def _is_log(item: Item) -> bool:
    return isinstance(item.get("eval"), Mapping) and isinstance(item.get("samples"), list)


def _is_sample(item: Item) -> bool:
    return {"epoch", "input", "output", "messages"} <= item.keys()


def _sample(sample: Item, model: str, temperature: float | None) -> Iterator[Found]:
    output = sample["output"] if isinstance(sample["output"], Mapping) else {}
    asked = sample["input"]
    prompt = asked if isinstance(asked, str) else _last_user(asked)
    for choice in mappings(output.get("choices")):
        message = choice.get("message")
        if isinstance(message, Mapping):
            said = content(message.get("content"))
            yield Found(said, model or as_text(output.get("model")), prompt, as_text(sample.get("id")), "", temperature)


def _last_user(messages: object) -> str:
    turns = messages if isinstance(messages, list) else []
    return last_turn([*turns, {"role": "assistant", "content": "."}])[1]
