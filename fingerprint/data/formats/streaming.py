"""Answers that came in pieces: chunks of a stream, joined to what the model wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fingerprint.data.formats.content import call
from fingerprint.data.formats.values import Item, first, mapping, mappings, name, parsed, string
from fingerprint.data.message import Kind, LeftOut, Message, ToolCall

_DONE = frozenset({"response.completed", "response.incomplete", "response.done"})
_BEGINS = frozenset({"message_start", "response.created"})


@dataclass(slots=True)
class _Answer:
    """One answer while its pieces come in."""

    texts: list[str] = field(default_factory=list)
    pieces: dict[object, tuple[str, list[str]]] = field(default_factory=dict)
    calls: list[ToolCall] = field(default_factory=list)
    reasoning: bool = False
    failed: bool = False
    model: str = ""
    usage: Item | None = None

    def message(self, left_out: LeftOut) -> Iterator[Message]:
        left_out[Kind.REASONING] += self.reasoning
        text = "".join(self.texts)
        calls = (*self.calls, *(_call(called, "".join(parts)) for called, parts in self.pieces.values()))
        if text.strip() or calls:
            yield Message(text, calls, model=self.model, usage=self.usage)
        else:
            left_out[Kind.ERROR if self.failed else Kind.EMPTY] += 1


def _call(called: str, arguments: str) -> ToolCall:
    found = parsed(arguments)
    return ToolCall(called, found if isinstance(found, dict | list) else arguments)


def is_chunk(item: Item) -> bool:
    """Whether an object is a piece of a stream."""
    kind = string(item.get("type"))
    if kind in _BEGINS or kind.startswith(("content_block_", "message_delta", "message_stop", "response.")):
        return True
    if isinstance(item.get("choices"), list):
        return any("delta" in choice for choice in mappings(item["choices"]))
    return isinstance(item.get("done"), bool) and ("message" in item or "response" in item)


def joined(chunks: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    """Yield the answers of one or more streams, one after the other.

    A new answer begins with the event that says so, with another id, or after the piece that says that it is done.
    """
    answers: dict[object, _Answer] = {}
    stream: object = None
    ended = False
    for chunk in chunks:
        kind = string(chunk.get("type"))
        ended |= kind == "message_stop"
        if kind in ("ping", "keepalive", "message_stop"):
            continue
        marked = first(chunk, "id", "responseId")
        if (kind in _BEGINS or ended or (marked is not None and marked != stream and stream is not None)) and answers:
            yield from _messages(answers, left_out)
            answers = {}
        ended = bool(chunk.get("done"))
        stream = marked if marked is not None else stream
        _take(chunk, kind, answers)
    yield from _messages(answers, left_out)


def _messages(answers: dict[object, _Answer], left_out: LeftOut) -> Iterator[Message]:
    for answer in answers.values():
        yield from answer.message(left_out)


def _take(chunk: Item, kind: str, answers: dict[object, _Answer]) -> None:
    if isinstance(chunk.get("choices"), list):
        for choice in mappings(chunk["choices"]):
            answer = _at(answers, choice.get("index", 0), chunk)
            delta = mapping(first(choice, "delta", "message"))
            _texts(answer, first(delta, "content") if delta else choice.get("text"))
            answer.reasoning |= bool(first(delta, "reasoning", "reasoning_content", "reasoning_details", "thinking"))
            for part in mappings(delta.get("tool_calls")):
                _piece(answer, part.get("index", len(answer.pieces)), mapping(part.get("function")))
        if not chunk["choices"] and answers:
            answer = next(iter(answers.values()))
            answer.usage = mapping(chunk.get("usage")) or answer.usage
        return
    if isinstance(chunk.get("candidates"), list):
        for candidate in mappings(chunk["candidates"]):
            _gemini_parts(_at(answers, candidate.get("index", 0), chunk), candidate)
        return
    answer = _at(answers, 0, chunk)
    if kind.startswith("response."):
        _responses_event(answer, chunk, kind)
    elif isinstance(chunk.get("done"), bool):
        said = mapping(chunk.get("message"))
        _texts(answer, said.get("content") if said else chunk.get("response"))
        answer.reasoning |= bool(said.get("thinking") or chunk.get("thinking"))
        answer.calls += map(call, mappings(said.get("tool_calls")))
    elif kind == "error" or chunk.get("error"):
        answer.failed = True
    else:
        _anthropic_event(answer, chunk, kind)


def _at(answers: dict[object, _Answer], index: object, chunk: Item) -> _Answer:
    key = index if isinstance(index, int) else 0
    answer = answers.setdefault(key, _Answer())
    answer.model = name(first(chunk, "model", "modelVersion")) or answer.model
    answer.failed |= bool(chunk.get("error"))
    return answer


def _texts(answer: _Answer, value: object) -> None:
    if isinstance(value, str):
        answer.texts.append(value)
    elif isinstance(value, list):
        answer.texts += [string(part.get("text")) for part in mappings(value) if part.get("type") in ("text", None)]


def _gemini_parts(answer: _Answer, candidate: Item) -> None:
    for part in mappings(mapping(candidate.get("content")).get("parts")):
        if part.get("thought") is True:
            answer.reasoning = True
        elif "functionCall" in part:
            answer.calls.append(call(part))
        else:
            _texts(answer, part.get("text"))


def _piece(answer: _Answer, key: object, function: Item) -> None:
    at = key if isinstance(key, int | str) else 0
    called, parts = answer.pieces.get(at, ("", []))
    answer.pieces[at] = (called or name(function.get("name")), parts)
    parts.append(string(function.get("arguments")))


def _responses_event(answer: _Answer, chunk: Item, kind: str) -> None:
    whole = mapping(chunk.get("response"))
    answer.model = name(whole.get("model")) or answer.model
    if kind == "response.output_text.delta":
        _texts(answer, chunk.get("delta"))
    elif kind.startswith("response.reasoning"):
        answer.reasoning = True
    elif kind == "response.output_item.added":
        item = mapping(chunk.get("item"))
        if item.get("type") == "function_call":
            _piece(answer, name(item.get("id")) or 0, {"name": item.get("name")})
    elif kind == "response.function_call_arguments.delta":
        _piece(answer, name(chunk.get("item_id")) or 0, {"arguments": chunk.get("delta")})
    elif kind == "response.failed":
        answer.failed = True
    elif kind in _DONE:
        answer.usage = mapping(whole.get("usage")) or answer.usage


def _anthropic_event(answer: _Answer, chunk: Item, kind: str) -> None:
    if kind == "message_start":
        message = mapping(chunk.get("message"))
        answer.model = name(message.get("model"))
        answer.usage = mapping(message.get("usage")) or None
    block, delta = mapping(chunk.get("content_block")), mapping(chunk.get("delta"))
    index = chunk.get("index", 0)
    if block.get("type") in ("thinking", "redacted_thinking") or delta.get("type") == "thinking_delta":
        answer.reasoning = True
    elif block.get("type") == "tool_use":
        _piece(answer, index, {"name": block.get("name")})
    elif delta.get("type") == "input_json_delta":
        _piece(answer, index, {"arguments": delta.get("partial_json")})
    else:
        _texts(answer, first(delta, "text") if delta else block.get("text"))
