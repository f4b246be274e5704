"""Anthropic's messages, through the `anthropic` SDK."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import anthropic

from fingerprint.collect.messages import Answer, Question, Usage
from fingerprint.collect.provider import Price
from fingerprint.collect.providers.presets import Account, Preset
from fingerprint.collect.providers.wire import (
    Client,
    answer_text,
    count,
    dictionary,
    listing,
    missing,
    parsed,
    sent,
    stated,
    text,
    total,
)


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
    return Answer(
        text=answer_text(
            "".join(text(block.get("text")) for block in blocks if block.get("type") == "text"),
            [(text(block.get("name")), block.get("input")) for block in blocks if block.get("type") == "tool_use"],
        ),
        model=text(body.get("model")),
        provider=name,
        finish_reason=text(body.get("stop_reason")),
        usage=Usage(
            total(*map(count, received)),
            count(usage.get("output_tokens")),
            count(dictionary(usage.get("output_tokens_details")).get("thinking_tokens")),
        ),
        refused=body.get("stop_reason") == "refusal",
    )
