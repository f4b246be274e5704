"""Answers as the APIs of providers and local servers give them: alone, in batches, streamed, or logged in a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from fingerprint.data.formats.base import Format, Group, Shape, each, is_error
from fingerprint.data.formats.content import Content, last_prompt, of_message, text_of
from fingerprint.data.formats.streaming import is_chunk, joined
from fingerprint.data.formats.values import Item, first, mapping, mappings, name, number, parsed, stamp, string
from fingerprint.data.message import Kind, LeftOut, Message

# Keys under which a row that somebody logged keeps the whole answer of an API.
_HOLDERS = ("response", "body", "completion", "output", "result", "raw_response", "api_response", "modelOutput")


def answer_of(item: Item) -> Callable[[Item, LeftOut], Iterator[Message]] | None:
    """Return what reads an object that is one API's answer; None where it is none."""
    return next((read for fits, read in _SHAPES if fits(item)), None)


def held_answer(item: Item) -> Item | None:
    """Return the API's answer that a row holds, at most two levels down; None where there is none."""
    for holder in _HOLDERS:
        inner = item.get(holder)
        inner = parsed(inner) if isinstance(inner, str) and inner[:1] == "{" and holder == "raw_response" else inner
        if isinstance(inner, dict):
            for found in (inner, mapping(inner.get("body")), mapping(inner.get("message"))):
                if answer_of(found) is not None:
                    return found
    return None


def _message(content: Content, left_out: LeftOut, **fields: Any) -> Iterator[Message]:
    if content.recalibrate(left_out):
        yield Message(content.text(), tuple(content.calls), **fields)


def _about(item: Item) -> dict[str, Any]:
    return {
        "model": name(first(item, "model", "modelVersion", "model_id", "model_name")),
        "usage": mapping(first(item, "usage", "usageMetadata")) or None,
        "temperature": number(item.get("temperature")),
        "effort": name(mapping(item.get("reasoning")).get("effort")),
        "time": stamp(first(item, "created", "created_at", "createTime")),
    }


def _is_completion(item: Item) -> bool:
    choices = item.get("choices")
    return isinstance(choices, list) and all(
        isinstance(c, dict) and ("message" in c or isinstance(c.get("text"), str) or "error" in c) for c in choices
    )


def _completion(item: Item, left_out: LeftOut) -> Iterator[Message]:
    choices = mappings(item["choices"])
    if not choices:
        left_out[Kind.ERROR if is_error(item) else Kind.EMPTY] += 1
    for choice in choices:
        message = mapping(choice.get("message"))
        content = of_message(message)
        if isinstance(choice.get("text"), str):
            content.add(choice["text"])
        if not content.texts and not content.calls and (choice.get("error") or is_error(item)):
            left_out[Kind.ERROR] += 1
            continue
        yield from _message(content, left_out, **_about(item))


def _is_response(item: Item) -> bool:
    output = item.get("output")
    kinds = {string(part.get("type")) for part in mappings(output)}
    return isinstance(output, list) and (
        item.get("object") == "response" or bool(kinds & {"message", "reasoning", "function_call"})
    )


def _response(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """Each message is a response; the calls between belong to the next one."""
    content = Content()
    found = 0
    for part in mappings(item["output"]):
        content.add(part)
        if part.get("type") == "message":
            found += 1
            yield from _message(content, left_out, **_about(item))
            content = Content()
    if content.calls:
        found += 1
        yield from _message(content, left_out, **_about(item))
    elif not found and is_error(item):
        left_out[Kind.ERROR] += 1
    elif not found:
        content.recalibrate(left_out)


def _is_anthropic(item: Item) -> bool:
    return item.get("type") == "message" and item.get("role") == "assistant" and "content" in item


def _anthropic(item: Item, left_out: LeftOut) -> Iterator[Message]:
    yield from _message(of_message(item), left_out, **_about(item))


def _is_gemini(item: Item) -> bool:
    candidates = item.get("candidates")
    if candidates is None:
        return "promptFeedback" in item and ("usageMetadata" in item or "modelVersion" in item)
    return isinstance(candidates, list) and all(isinstance(c, dict) for c in candidates)


def _gemini(item: Item, left_out: LeftOut) -> Iterator[Message]:
    candidates = mappings(item.get("candidates"))
    if not candidates:
        left_out[Kind.EMPTY] += 1
    for candidate in candidates:
        content = Content()
        content.add(mapping(candidate.get("content")).get("parts"))
        # Parts are pieces of one text, cut anywhere.
        content.texts = ["".join(content.texts)] if content.texts else []
        yield from _message(content, left_out, **_about(item))


def _is_converse(item: Item) -> bool:
    return isinstance(mapping(item.get("output")).get("message"), dict)


def _converse(item: Item, left_out: LeftOut) -> Iterator[Message]:
    yield from _message(of_message(item["output"]["message"]), left_out, **_about(item))


def _is_cohere(item: Item) -> bool:
    message = mapping(item.get("message"))
    return "finish_reason" in item and message.get("role") == "assistant"


def _is_ollama(item: Item) -> bool:
    return isinstance(item.get("done"), bool) and ("message" in item or isinstance(item.get("response"), str))


def _ollama(item: Item, left_out: LeftOut) -> Iterator[Message]:
    return joined([item], left_out)


def _one_message(item: Item, left_out: LeftOut) -> Iterator[Message]:
    yield from _message(of_message(item["message"]), left_out, **_about(item))


_SHAPES: tuple[tuple[Callable[[Item], bool], Callable[[Item, LeftOut], Iterator[Message]]], ...] = (
    (_is_completion, _completion),
    (_is_response, _response),
    (_is_anthropic, _anthropic),
    (_is_gemini, _gemini),
    (_is_converse, _converse),
    (_is_cohere, _one_message),
    (_is_ollama, _ollama),
)


def _asked(item: Item) -> dict[str, Any]:
    """What a row says of the question, beside the answer that it holds."""
    request = mapping(first(item, "request", "modelInput", "input"))
    asked = first(item, "messages", "prompt", "prompt_text", "question", "instruction")
    if asked is None:
        asked = first(request, "messages", "contents", "prompt", "input") or item.get("input")
    prompt, system = last_prompt(asked) if isinstance(asked, list | str) else (text_of(asked), "")
    system = system or text_of(first(item, "system") or first(request, "system"))
    key = name(first(item, "custom_id", "key", "recordId", "prompt_id", "question_id"))
    return {
        "prompt": prompt, "system": system, "prompt_id": key,
        "model": name(first(item, "release", "source_model", "model")),
        "language": string(item.get("language")), "domain": string(item.get("domain")),
    }  # fmt: skip


def _logged(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """An answer, or a row that holds one; what the answer itself says counts before what the row says."""
    found = item if answer_of(item) is not None else held_answer(item)
    read = answer_of(found) if found is not None else None
    if found is None or read is None:
        left_out[Kind.ERROR] += 1
        return
    asked = _asked(item) if found is not item else {}
    for message in read(found, left_out):
        known = {key: value for key, value in asked.items() if value and not getattr(message, key)}
        yield replace(message, **known)


def _is_openai_batch(item: Item) -> bool:
    return {"custom_id", "response", "error"} <= item.keys()


def _is_anthropic_batch(item: Item) -> bool:
    return "custom_id" in item and isinstance(item.get("result"), dict) and "type" in item["result"]


def _is_holder(item: Item) -> bool:
    return held_answer(item) is not None


def _events(text: str) -> Iterator[Item]:
    """The JSON objects of server-sent events."""
    data: list[str] = []
    for line in [*text.split("\n"), ""]:
        line = line.rstrip("\r")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            whole = "\n".join(data)
            found = {"type": "message_stop"} if whole == "[DONE]" else parsed(whole)
            data = []
            if isinstance(found, dict):
                yield found


_DATA = re.compile(r"^data: ?[{\[]", re.M)


def _is_sse(text: str) -> bool:
    kinds = ("data:", "event:", "id:", "retry:", ":")
    head = [line for line in text[:4_000].split("\n")[:20] if line.strip()]
    return bool(head) and all(line.startswith(kinds) for line in head[:-1] or head) and bool(_DATA.search(text[:4_000]))


def _sse(text: str, left_out: LeftOut) -> Iterator[Message]:
    return joined(_events(text), left_out)


def _chunks(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    return joined(items, left_out)


def _is_gemini_chunk(item: Item) -> bool:
    return _is_gemini(item) and "responseId" in item


def _api(
    name: str,
    title: str,
    writer: str,
    known_by: str,
    fits: Callable[[Item], bool],
    left_out: str = "reasoning, tool results, errors",
) -> Format:
    return Format(
        name, title, Group.API, writer, known_by, "the text of every choice, tool calls", left_out, fits,
        each(lambda item: fits(item) or _is_holder(item), _logged),
    )  # fmt: skip


FORMATS = (
    Format(
        "sse", "a stream of server-sent events", Group.API, "any API with `stream: true`, saved as it came",
        "lines that begin with `data:` or `event:`", "the pieces of each answer, joined",
        "reasoning, pings", _is_sse, _sse, Shape.TEXT,
    ),
    Format(
        "chunks", "streamed chunks", Group.API, "OpenAI, Anthropic, Ollama and what is like them, streamed to JSON",
        "`choices` with `delta`; `content_block_delta`; `done`", "the pieces of each answer, joined",
        "reasoning", is_chunk, _chunks,
    ),
    Format(
        "gemini-chunks", "streamed Gemini chunks", Group.API, "Gemini's `streamGenerateContent`",
        "`candidates` with `responseId`", "the pieces of each answer, joined", "thoughts",
        _is_gemini_chunk, _chunks,
    ),
    Format(
        "openai-batch", "OpenAI batch output", Group.API, "OpenAI's batch API and servers with the same form",
        "`custom_id`, `response`, `error`", "the answer in the body of each request", "requests that failed, reasoning",
        _is_openai_batch, each(_is_openai_batch, _logged),
    ),
    Format(
        "anthropic-batch", "Anthropic batch results", Group.API, "Anthropic's message batches",
        "`custom_id`, `result.type`", "the message of each request", "requests that failed, thinking",
        _is_anthropic_batch, each(_is_anthropic_batch, _logged),
    ),
    _api("openai-chat", "OpenAI chat completions", "OpenAI, OpenRouter, vLLM, LM Studio, llama.cpp, LiteLLM ...",
         "`choices` with `message` or `text`", _is_completion),
    _api("openai-responses", "OpenAI responses", "OpenAI's Responses API", "`output` with items of type `message`",
         _is_response),
    _api("anthropic-messages", "Anthropic messages", "Anthropic's Messages API, Bedrock",
         "`type: message`, `role: assistant`", _is_anthropic, "thinking, results of server tools"),
    _api("gemini", "Gemini answers", "Gemini's API, Vertex AI and their batches", "`candidates`", _is_gemini,
         "thoughts, function responses"),
    _api("bedrock-converse", "Bedrock Converse answers", "Amazon Bedrock's Converse API", "`output.message`",
         _is_converse),
    _api("cohere", "Cohere chat answers", "Cohere's chat API", "`message` and `finish_reason`", _is_cohere),
    Format(
        "logged-answers", "rows that hold an API's answer", Group.API, "people's own logs",
        "`response`, `completion`, `output`, `result` or `body` is one of the objects above",
        "the text of every choice, tool calls, the row's prompt and model", "reasoning, tool results, errors",
        _is_holder, each(_is_holder, _logged),
    ),
)  # fmt: skip
