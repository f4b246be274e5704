"""Anthropic's messages, through the `anthropic` SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import anthropic

from fingerprint.collect.messages import Answer, Question, Turn, Usage, total
from fingerprint.collect.provider import ListedModel, Price
from fingerprint.collect.providers.presets import Account, Preset
from fingerprint.collect.providers.wire import (
    Client,
    answer_text,
    arguments_of,
    count,
    day,
    dictionary,
    listing,
    missing,
    parsed,
    sent,
    stated,
    text,
)
from fingerprint.data.message import ToolCall

# Beside text, what a model is to be given back of its turn. The API refuses empty text.
_RETURNED = ("thinking", "redacted_thinking")


class Messages:
    """One account with Anthropic, or with a server that speaks as it does."""

    def __init__(self, account: Account):
        self.name, self.base_url, self.account = account.name, account.base_url, account.digest
        self._key = account.key
        self._client = anthropic.AsyncAnthropic(
            api_key=account.key, base_url=account.base_url, max_retries=0, timeout=None, http_client=Client(account.key)
        )

    async def ask(self, model: str, question: Question) -> Answer:
        """See Provider."""
        # The SDK no longer has these settings; older models still take them.
        sampling = {name: value for name, value in asdict(question.sampling).items() if value is not None}
        fields: dict[str, Any] = {"extra_body": sampling}
        if question.system:
            fields["system"] = question.system
        if question.tools:
            fields["tools"] = [_tool(dictionary(tool["function"])) for tool in question.tools]
        messages: Any = [asdict(message) for message in question.messages if message.role != "system"]
        for turn in question.turns:
            messages += _followed(turn)
        raw = await sent(
            self._client.messages.with_raw_response.create(
                model=model, messages=messages, max_tokens=question.max_tokens, timeout=None, **fields
            ),
            self._key,
        )
        return parsed(raw.http_response.content, self._key, lambda body: _answer(body, self.name))

    async def price(self, model: str) -> Price | None:
        """See Provider."""
        return None

    async def models(self) -> Sequence[ListedModel]:
        """See Provider."""
        # The longest page that there is; Anthropic has some dozens of models.
        raw = await sent(self._client.models.with_raw_response.list(limit=1000), self._key)
        entries = listing(json.loads(raw.http_response.content).get("data"))
        return [ListedModel(text(e.get("id")), text(e.get("display_name")), day(e.get("created_at"))) for e in entries]

    async def close(self) -> None:
        """See Provider."""
        await self._client.close()


def open_account(account: Account, preset: Preset) -> Messages:
    """Return the provider of an account."""
    return Messages(account)


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "input_schema": function["parameters"],
    }


def _answer(body: dict[str, Any], name: str) -> Answer:
    if error := body.get("error"):
        raise stated(500, error)
    if not isinstance(body.get("content"), list):
        raise missing("content")
    blocks = listing(body["content"])
    usage = dictionary(body.get("usage"))
    # The API does not count cached tokens among the input tokens.
    received = [usage.get(key) for key in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    calls = tuple(ToolCall(text(block.get("name")), block.get("input")) for block in blocks if _is_call(block))
    return Answer(
        text=answer_text("".join(text(block.get("text")) for block in blocks if block.get("type") == "text"), calls),
        model=text(body.get("model")),
        provider=name,
        finish_reason=text(body.get("stop_reason")),
        usage=Usage(
            total(*map(count, received)),
            count(usage.get("output_tokens")),
            count(dictionary(usage.get("output_tokens_details")).get("thinking_tokens")),
        ),
        refused=body.get("stop_reason") == "refusal",
        calls=calls,
        native={"content": blocks} if calls else {},
    )


def _is_call(block: dict[str, Any]) -> bool:
    return block.get("type") == "tool_use"


def _followed(turn: Turn) -> Iterator[dict[str, Any]]:
    """A turn of the model and the results of its calls, as messages."""
    blocks = []
    for block in listing(turn.native.get("content")):
        if _is_call(block):
            blocks.append({**block, "input": arguments_of(block.get("input"))})
        elif block.get("type") in _RETURNED or text(block.get("text")):
            blocks.append(block)
    called = [text(block.get("id")) for block in blocks if _is_call(block)]
    yield {"role": "assistant", "content": blocks}
    results = zip(called, turn.results, strict=True)
    yield {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": name, "content": result} for name, result in results],
    }
