"""The content of one message, in any of the forms that APIs, SDKs and agents give it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fingerprint.data.formats.values import Item, first, mapping, mappings, name, parsed, stamp, string
from fingerprint.data.message import Kind, LeftOut, Message, ToolCall

_TEXT = frozenset({"text", "output_text", "input_text", "markdown", "refusal", "string"})
_REASONING = frozenset(
    {"reasoning", "reasoning_text", "reasoning_content", "thinking", "redacted_thinking", "thought", "thoughts",
     "reasoning_recap", "summary_text", "reasoningContent", "reasoning.text", "reasoning.encrypted"}
)  # fmt: skip
_CALLS = frozenset(
    {"tool_use", "server_tool_use", "mcp_tool_use", "tool_call", "tool-call", "function_call", "custom_tool_call",
     "mcp_call", "local_shell_call", "toolCall", "tool-invocation"}
)  # fmt: skip
_RESULT = re.compile(r"tool[-_]?result|_output$|_tool_result$|^output$|functionResponse")
_BEARERS = ("reasoning", "reasoning_content", "reasoning_details", "thinking", "thinking_blocks", "thoughts")
USERS = frozenset({"user", "human", "prompter"})
ASSISTANTS = frozenset(
    {"assistant", "ai", "gpt", "model", "bot", "chatgpt", "agent", "aimessage", "aimessagechunk", "chatbot"}
)
TOOLS = frozenset({"tool", "function", "toolmessage", "functionmessage", "observation", "ipython", "tool_result"})
_ROLES = {"humanmessage": "user", "systemmessage": "system", "developer": "system"}


@dataclass(slots=True)
class Content:
    """What is found in a message: texts, tool calls, and how many blocks of reasoning and tool results."""

    texts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    reasoning: int = 0
    results: int = 0
    _joined: bool = False

    def text(self, between: str = "\n") -> str:
        """Return the texts as one."""
        return between.join(self.texts)

    def recalibrate(self, left_out: LeftOut) -> bool:
        """Count what is no part of the answer, and return whether there is an answer."""
        answered = bool(self.calls) or any(text.strip() for text in self.texts)
        left_out[Kind.TOOL_RESULT] += self.results
        if answered:
            left_out[Kind.REASONING] += self.reasoning
        else:
            left_out[Kind.ONLY_REASONING if self.reasoning else Kind.EMPTY] += 1
        return answered

    def add(self, value: object, depth: int = 0) -> None:
        """Take in a content: text, a part, or a list of them."""
        if isinstance(value, str):
            self._write(value, False)
        elif isinstance(value, list | tuple):
            for part in value:
                self.add(part, depth + 1)
        elif isinstance(value, dict) and depth < 8:
            self._part(value, depth)

    def _write(self, text: str, joined: bool) -> None:
        # An answer with citations comes in pieces of sentences.
        if joined and self._joined and self.texts:
            self.texts[-1] += text
        elif text:
            self.texts.append(text)
        self._joined = joined

    def _part(self, part: Item, depth: int) -> None:
        kind = string(part.get("type"))
        if kind in _REASONING or part.get("thought") is True or "reasoningContent" in part:
            self.reasoning += 1
        elif kind in _CALLS or "functionCall" in part or "toolUse" in part or "executableCode" in part:
            self.calls.append(call(part))
        elif _RESULT.search(kind) or "functionResponse" in part or "toolResult" in part:
            self.results += 1
        elif kind in _TEXT or not kind:
            found = first(part, "text", "refusal", "answer", "content", "value")
            if isinstance(found, str):
                self._write(found, bool(part.get("citations")))
            else:
                self.add(found, depth + 1)
        elif kind == "message":
            self.add(part.get("content"), depth + 1)


def call(part: Item) -> ToolCall:
    """Return a tool call of any form; arguments that are JSON in text are read."""
    inner = mapping(first(part, "function", "functionCall", "toolUse", "toolInvocation", "kwargs")) or part
    if "executableCode" in part:
        return ToolCall("code", mapping(part["executableCode"]).get("code", ""))
    called = name(first(inner, "name", "toolName", "tool", "tool_name")) or name(part.get("function"))
    arguments = first(inner, "arguments", "args", "input", "parameters", "action")
    if arguments is None:
        arguments = first(part, "arguments", "args", "input", "action")
    if isinstance(arguments, str):
        found = parsed(arguments)
        arguments = found if isinstance(found, dict | list) else arguments
    return ToolCall(called or name(part.get("type")), {} if arguments is None else arguments)


def role(message: Item) -> str:
    """Return who a message is from: "user", "assistant", "system", "tool", or what the file calls it."""
    found = first(message, "role", "from", "sender", "author", "type", "speaker")
    if isinstance(found, dict):
        found = first(found, "role", "name")
    if found is None and isinstance(message.get("id"), list):  # a serialised LangChain message
        found = message["id"][-1] if message["id"] else None
    if found == "constructor" and isinstance(message.get("id"), list) and message["id"]:
        found = message["id"][-1]
    said = string(found).lower()
    if said in ASSISTANTS:
        return "assistant"
    if said in USERS:
        return "user"
    return "tool" if said in TOOLS else _ROLES.get(said, said)


def of_message(message: Item) -> Content:
    """Return the content of a message, with its reasoning fields and tool calls."""
    body = mapping(first(message, "data", "kwargs")) or message
    found = Content()
    said = first(body, "content", "parts", "value", "text", "mes", "message")
    found.add(said)
    if not found.texts and isinstance(body.get("refusal"), str):
        found.add(body["refusal"])
    found.reasoning += any(bool(body.get(key)) for key in _BEARERS)
    extra = mapping(body.get("additional_kwargs"))
    listed = mappings(first(body, "tool_calls", "toolCalls")) or mappings(extra.get("tool_calls"))
    known = {(c.name, str(c.arguments)) for c in found.calls}
    for one in map(call, listed):
        if (one.name, str(one.arguments)) not in known:
            found.calls.append(one)
    if isinstance(body.get("function_call"), dict):
        found.calls.append(call(body["function_call"]))
    return found


def text_of(value: object) -> str:
    """Return the text of a content, a message or a list of either."""
    if isinstance(value, dict) and "type" not in value and ("role" in value or "parts" in value):
        return of_message(value).text()
    found = Content()
    found.add(value)
    return found.text()


def last_prompt(messages: object) -> tuple[str, str]:
    """Return what the user said last in a list of messages, and the system prompt."""
    if isinstance(messages, str):
        return messages, ""
    prompt = system = ""
    for one in mappings(messages):
        who = role(one)
        if who == "user":
            prompt = of_message(one).text() or prompt
        elif who == "system":
            system = of_message(one).text()
    return prompt, system


def last_turn(messages: object, about: Callable[[Item], dict[str, Any]], left_out: LeftOut) -> Iterator[Message]:
    """Yield the last answer of a conversation that has text, with the tool calls after the same question.

    A row that ends a conversation of several turns counts once: its earlier turns may be another model's.
    """
    prompt = system = ""
    calls: list[ToolCall] = []
    found: Message | None = None
    reasoning = results = 0
    for one in mappings(messages):
        who = role(one)
        if who not in ("user", "assistant", "system", "tool"):
            continue
        content = of_message(one)
        if who == "user":
            if content.text() or not content.results:
                prompt, calls = content.text(), []
            results += content.results
        elif who == "system":
            system = content.text()
        elif who == "tool":
            results += 1
        else:
            reasoning += content.reasoning
            calls += content.calls
            if content.text().strip():
                fields = about(one)
                found = Message(content.text(), tuple(calls), **{"prompt": prompt, "system": system} | fields)
            elif found is not None and found.prompt == prompt:
                found = replace(found, calls=tuple(calls))
    left_out[Kind.TOOL_RESULT] += results
    if found is None and not calls:
        left_out[Kind.ONLY_REASONING if reasoning else Kind.EMPTY] += 1
        return
    left_out[Kind.REASONING] += reasoning
    yield found or Message("", tuple(calls), **{"prompt": prompt, "system": system} | about({}))


def every_turn(messages: object, model: str, left_out: LeftOut) -> Iterator[Message]:
    """Yield every turn of the assistant in a conversation of one model."""
    prompt = system = ""
    for one in mappings(messages):
        who = role(one)
        if who not in ("user", "assistant", "system", "tool"):
            continue
        content = of_message(one)
        if who == "user":
            left_out[Kind.TOOL_RESULT] += content.results
            prompt = content.text() or prompt
        elif who == "system":
            system = content.text() or system
        elif who == "tool":
            left_out[Kind.TOOL_RESULT] += 1
        elif content.recalibrate(left_out):
            said = mapping(first(one, "data", "kwargs")) or one
            yield Message(
                content.text(), tuple(content.calls), prompt, system=system,
                model=name(first(said, "model", "model_name", "modelID")) or model,
                usage=mapping(said.get("usage")) or None,
                time=stamp(first(said, "timestamp", "time", "created_at", "ts")),
            )  # fmt: skip
