"""Logs of evaluation harnesses and data sets of benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from fingerprint.data.formats.api import answer_of
from fingerprint.data.formats.base import Format, Group, each, is_error
from fingerprint.data.formats.content import every_turn, last_prompt, last_turn, of_message, text_of
from fingerprint.data.formats.values import Item, first, mapping, mappings, name, number, parsed, string
from fingerprint.data.message import Kind, LeftOut, Message

# A sample of a zipped log lies apart from the log's header: the reader puts the header here.
HEADER = "__header__"
_ATTACHED = "attachment://"


def _is_log(item: Item) -> bool:
    return isinstance(item.get("eval"), dict) and isinstance(item.get("samples"), list)


def _is_sample(item: Item) -> bool:
    return {"epoch", "input", "output", "messages"} <= item.keys()


def _inspect(item: Item, left_out: LeftOut) -> Iterator[Message]:
    if _is_log(item):
        for sample in mappings(item["samples"]):
            if _is_sample(sample):
                yield from _sample({**sample, HEADER: item["eval"]}, left_out)
            else:
                left_out[Kind.STRANGE] += 1
    else:
        yield from _sample(item, left_out)


def _sample(sample: Item, left_out: LeftOut) -> Iterator[Message]:
    """Every turn of an agent; of a single question, every choice of the answer.

    The log's model counts before the output's, which names it without its provider, or not at all.
    """
    header, output = mapping(sample.get(HEADER)), mapping(sample.get("output"))
    model = name(header.get("model")) or name(output.get("model"))
    config = mapping(header.get("model_generate_config"))
    attached = mapping(sample.get("attachments"))
    about: dict[str, Any] = {
        "model": model, "prompt_id": name(sample.get("id")), "temperature": number(config.get("temperature")),
        "effort": name(config.get("reasoning_effort")), "usage": mapping(output.get("usage")) or None,
    }  # fmt: skip
    made = [m for m in mappings(sample.get("messages")) if m.get("role") == "assistant" and m.get("source") != "input"]
    if len(made) > 1:
        for turn in every_turn(_attach(sample["messages"], attached), model, left_out):
            fields = {key: value for key, value in about.items() if key != "usage"}
            yield Message(turn.text, turn.calls, turn.prompt, **fields, system=turn.system)
        return
    prompt, system = last_prompt(sample["input"])
    choices = mappings(output.get("choices"))
    for choice in choices:
        content = of_message(mapping(_attach(choice.get("message"), attached)))
        if content.recalibrate(left_out):
            yield Message(content.text(), tuple(content.calls), prompt, system=system, **about)
    if not choices:
        left_out[Kind.ERROR if is_error(sample) else Kind.EMPTY] += 1


def _attach(value: Any, attached: Item, depth: int = 0) -> Any:
    """A value with the long texts that a log keeps apart."""
    if isinstance(value, str):
        return attached.get(value.removeprefix(_ATTACHED), value) if value.startswith(_ATTACHED) else value
    if depth > 6 or not attached:
        return value
    if isinstance(value, dict):
        return {key: _attach(part, attached, depth + 1) for key, part in value.items()}
    return [_attach(part, attached, depth + 1) for part in value] if isinstance(value, list) else value


def _is_promptfoo(item: Item) -> bool:
    if isinstance(mapping(item.get("results")).get("results"), list):
        return True
    return "provider" in item and "prompt" in item and ("response" in item or "error" in item) and "vars" in item


def _promptfoo(item: Item, left_out: LeftOut) -> Iterator[Message]:
    whole = mapping(item.get("results")).get("results")
    for row in mappings(whole) if isinstance(whole, list) else [item]:
        response = mapping(row.get("response"))
        said = response.get("output")
        if isinstance(said, dict) and (read := answer_of(said)) is not None:
            yield from read(said, left_out)
            continue
        text = said if isinstance(said, str) else text_of(said)
        if not text.strip():
            failed = row.get("error") or response.get("error")
            left_out[Kind.ERROR if failed else Kind.EMPTY] += 1
            continue
        provider = row.get("provider")
        prompt = row.get("prompt")
        asked = string(prompt) or string(mapping(prompt).get("raw"))
        turns = parsed(asked) if asked[:1] == "[" else None
        config = mapping(mapping(provider).get("config"))
        yield Message(
            text, prompt=last_prompt(turns)[0] if isinstance(turns, list) else asked,
            model=name(provider) or name(mapping(provider).get("id")), prompt_id=name(row.get("promptId")),
            usage=mapping(response.get("tokenUsage")) or None, temperature=number(config.get("temperature")),
        )  # fmt: skip


def _is_harness(item: Item) -> bool:
    return {"doc_id", "doc", "resps", "arguments"} <= item.keys()


def _harness(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    """Answers once, though the file has them once for each filter; samples do not say whose they are."""
    used: str | None = None
    for item in items:
        if not _is_harness(item):
            left_out[Kind.ERROR if is_error(item) else Kind.STRANGE] += 1
            continue
        kind = name(item.get("filter"))
        used = kind if used is None else used
        if kind != used:
            left_out[Kind.REPEATED] += 1
            continue
        requests = _listed(item["arguments"])
        for place, answers in enumerate(_listed(item["resps"])):
            asked = _listed(requests[place]) if place < len(requests) else []
            prompt = asked[0] if asked else ""
            turns = parsed(prompt) if isinstance(prompt, str) and prompt[:2] == "[{" else None
            prompt = last_prompt(turns)[0] if isinstance(turns, list) else text_of(prompt)
            for answer in _listed(answers):
                if isinstance(answer, str):
                    yield Message(answer, prompt=prompt, prompt_id=name(item["doc_id"]))
                else:
                    left_out[Kind.EMPTY] += 1


def _listed(value: Any) -> list[Any]:
    """A list, or the values of an object: arguments are {"gen_args_0": {"arg_0": ...}} in newer versions."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _is_alpaca(item: Item) -> bool:
    return {"instruction", "output", "generator"} <= item.keys()


def _alpaca(item: Item, left_out: LeftOut) -> Iterator[Message]:
    text = text_of(item["output"])
    if text.strip():
        yield Message(text, model=name(item["generator"]), prompt=text_of(item["instruction"]))
    else:
        left_out[Kind.EMPTY] += 1


def _is_battle(item: Item) -> bool:
    conversations, responses = {"conversation_a", "conversation_b"}, {"response_a", "response_b"}
    return {"model_a", "model_b"} <= item.keys() and (conversations <= item.keys() or responses <= item.keys())


def _battle(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """The last turn of each side: messages, or one prompt and two responses as JSON lists in text."""
    about: dict[str, Any] = {
        "prompt_id": name(first(item, "question_id", "id")),
        "language": string(item.get("language")),
    }
    for side in ("a", "b"):
        model = name(item[f"model_{side}"])
        if f"conversation_{side}" in item:
            turns = item[f"conversation_{side}"]
            turns = list(turns) if isinstance(turns, list | tuple) else []
            yield from last_turn(turns, lambda _, model=model: {**about, "model": model}, left_out)  # type: ignore[misc]
            continue
        text = _last(item[f"response_{side}"])
        if text.strip():
            yield Message(text, prompt=_last(item.get("prompt")), model=model, **about)
        else:
            left_out[Kind.EMPTY] += 1


def _last(value: object) -> str:
    """The last text of a JSON list in text, or the text itself."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if isinstance(value, list):
        return text_of(value[-1]) if value else ""
    return text_of(value)


def _is_model_answer(item: Item) -> bool:
    return {"question_id", "model_id", "choices"} <= item.keys() or {"uid", "ans_id", "messages"} <= item.keys()


def _model_answer(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """Every turn of a choice is a response: their prompts lie in another file."""
    if "messages" in item:
        about = {"model": name(item.get("model")), "prompt_id": name(item["uid"])}
        yield from last_turn(item["messages"], lambda _: dict(about), left_out)
        return
    question = name(item["question_id"])
    for choice in mappings(item["choices"]):
        turns = choice.get("turns")
        for place, turn in enumerate(turns if isinstance(turns, list) else ()):
            text = text_of(mapping(turn).get("content")) if isinstance(turn, dict) else text_of(turn)
            if text.strip():
                key = f"{question}-{place + 1}" if place else question
                yield Message(text, model=name(item["model_id"]), prompt_id=key)
            else:
                left_out[Kind.EMPTY] += 1


def _is_helm(item: Item) -> bool:
    return isinstance(item.get("request_states"), list)


def _helm(item: Item, left_out: LeftOut) -> Iterator[Message]:
    for state in mappings(item["request_states"]):
        request, result = mapping(state.get("request")), mapping(state.get("result"))
        found = mappings(result.get("completions"))
        for completion in found:
            yield Message(
                string(completion.get("text")), model=name(request.get("model")), prompt=string(request.get("prompt")),
                prompt_id=name(mapping(state.get("instance")).get("id")),
                temperature=number(request.get("temperature")),
            )  # fmt: skip
        if not found:
            left_out[Kind.ERROR if result.get("error") else Kind.EMPTY] += 1


def _is_either(item: Item) -> bool:
    return _is_log(item) or _is_sample(item)


FORMATS = (
    Format(
        "inspect", "inspect_ai log", Group.EVALUATION, "inspect_ai, `.json` and `.eval` (deflate or zstd)",
        "`eval` and `samples`, or a zip file with `header.json` and `samples/`",
        "every choice of the answer; every turn of an agent; tool calls",
        "reasoning, tool results, samples that failed",
        _is_either, each(_is_either, _inspect),
    ),
    Format(
        "promptfoo", "promptfoo results", Group.EVALUATION, "promptfoo, `-o results.json` or `.jsonl`",
        "`results.results` of `provider`, `prompt`, `response`", "the output of each test", "tests that failed",
        _is_promptfoo, each(_is_promptfoo, _promptfoo),
    ),
    Format(
        "lm-eval", "lm-evaluation-harness samples", Group.EVALUATION, "lm-evaluation-harness, `--log_samples`",
        "`doc_id`, `doc`, `resps`, `arguments`", "generated answers, once",
        "likelihoods, the same answer for other filters",
        _is_harness, _harness,
    ),
    Format(
        "alpaca-eval", "AlpacaEval outputs", Group.EVALUATION, "AlpacaEval, `model_outputs.json`",
        "`instruction`, `output`, `generator`", "the output", "empty outputs", _is_alpaca, each(_is_alpaca, _alpaca),
    ),
    Format(
        "arena", "LMArena battles", Group.EVALUATION, "LMArena's data sets",
        "`model_a`, `model_b` and two conversations or responses",
        "the last answer of each side", "earlier turns", _is_battle, each(_is_battle, _battle),
    ),
    Format(
        "model-answer", "FastChat or Arena-Hard model_answer", Group.EVALUATION, "FastChat, MT-bench, Arena-Hard",
        "`question_id`, `model_id`, `choices`; or `uid`, `ans_id`, `messages`", "every turn of every choice",
        "empty turns", _is_model_answer, each(_is_model_answer, _model_answer),
    ),
    Format(
        "helm", "HELM scenario states", Group.EVALUATION, "HELM, `scenario_state.json`", "`request_states`",
        "every completion", "requests that failed", _is_helm, each(_is_helm, _helm),
    ),
)  # fmt: skip
