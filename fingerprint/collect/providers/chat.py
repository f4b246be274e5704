"""OpenAI's chat completions, and the servers that have the same API, through the `openai` SDK."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import openai

from fingerprint.base.escaping import printable
from fingerprint.collect.messages import Answer, Cause, Failure, Question, Turn, Usage
from fingerprint.collect.provider import ListedModel, Price
from fingerprint.collect.providers.presets import OPENAI, OPENROUTER, Account, Preset
from fingerprint.collect.providers.wire import (
    Client,
    answer_text,
    arguments_of,
    count,
    day,
    dictionary,
    dollars,
    listing,
    missing,
    parsed,
    sent,
    stated,
    text,
)
from fingerprint.data.message import ToolCall

_WORDS = ("text", "output_text")
_NO_TOOLS = "support tool use"
# Of a turn, what is sent back: servers refuse others of the fields that they send themselves. DeepSeek, Moonshot and
# OpenRouter want the reasoning before a call again.
_RETURNED = ("content", "reasoning_content", "reasoning_details")

# Of a model in a list: longer ones are no names.
_LONGEST_NAME = 200


class Chat:
    """One account with a server of chat completions."""

    def __init__(self, account: Account, preset: Preset):
        self.name, self.base_url, self.account = account.name, account.base_url, account.digest
        self._key, self._preset = account.key, preset
        self._client = openai.AsyncOpenAI(
            api_key=account.key or "none",
            base_url=account.base_url,
            max_retries=0,
            timeout=None,
            http_client=Client(account.key),
        )
        if account.base_url != OPENAI.address:
            # The SDK takes them from the environment whatever the address is.
            self._client.organization = self._client.project = None
        # OpenAI's reasoning models refuse the old name; most other servers do not know the new one.
        self._limit = "max_completion_tokens" if preset is OPENAI else "max_tokens"
        self._listed: tuple[ListedModel, ...] | None = None

    async def ask(self, model: str, question: Question) -> Answer:
        """See Provider."""
        fields: dict[str, Any] = {self._limit: question.max_tokens}
        fields |= {name: value for name, value in asdict(question.sampling).items() if value is not None}
        if question.tools:
            fields["tools"] = list(question.tools)
        if self._preset is OPENROUTER:
            fields["extra_body"] = {"usage": {"include": True}}
        messages: Any = [asdict(message) for message in question.messages]
        for turn in question.turns:
            messages += _followed(turn)
        try:
            raw = await sent(
                self._client.chat.completions.with_raw_response.create(model=model, messages=messages, **fields),
                self._key,
            )
        except Failure as failure:
            # OpenRouter says "not found" of a model that has no tools, and that answers other questions.
            if question.tools and _NO_TOOLS in str(failure):
                raise Failure(Cause.REJECTED, str(failure)) from None
            raise
        return parsed(raw.http_response.content, self._key, lambda body: _answer(body, self.name))

    async def price(self, model: str) -> Price | None:
        """See Provider."""
        if self._preset.local:
            return Price(0, 0, source="a local server")
        if self._preset is not OPENROUTER:
            return None
        return next((listed.price for listed in await self.models() if listed.id == model), None)

    async def models(self) -> Sequence[ListedModel]:
        """See Provider."""
        found: dict[str, ListedModel] = {}
        while self._listed is None:
            query = {"offset": len(found)} if found else {}
            raw = await sent(self._client.models.with_raw_response.list(extra_query=query), self._key)
            body = json.loads(raw.http_response.content)
            if not isinstance(body.get("data"), list):
                raise missing("data")
            before = len(found)
            found |= {listed.id: listed for listed in map(_listed, listing(body["data"])) if _is_name(listed.id)}
            # OpenRouter gives its list in pages.
            if not dictionary(body.get("links")).get("next") or len(found) == before:
                self._listed = tuple(found.values())
        return self._listed

    async def close(self) -> None:
        """See Provider."""
        await self._client.close()


def open_account(account: Account, preset: Preset) -> Chat:
    """Return the provider of an account."""
    return Chat(account, preset)


def _answer(body: dict[str, Any], name: str) -> Answer:
    choices = listing(body.get("choices"))
    choice = choices[0] if choices else {}
    # OpenRouter reports errors of the providers behind it under a status of success.
    if error := body.get("error") or choice.get("error"):
        code = dictionary(error).get("code")
        raise stated(code if isinstance(code, int) else 500, error)
    if not choices:
        raise missing("choices")
    message, finish = choice.get("message"), text(choice.get("finish_reason"))
    if not isinstance(message, dict):
        raise missing("a message")
    if finish == "error":
        raise Failure(Cause.SERVER, "the model broke off")
    usage = dictionary(body.get("usage"))
    calls = tuple(_calls(message))
    return Answer(
        text=answer_text(_words(message.get("content")), calls),
        model=text(body.get("model")),
        provider=text(body.get("provider")) or name,
        finish_reason=finish,
        usage=Usage(
            count(usage.get("prompt_tokens")),
            count(usage.get("completion_tokens")),
            count(dictionary(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        ),
        refused=bool(message.get("refusal")) or finish == "content_filter",
        cost=dollars(usage.get("cost")),
        calls=calls,
        native=message if calls else {},
    )


def _words(content: object) -> str:
    if isinstance(content, list):
        return "".join(text(part.get("text")) for part in listing(content) if part.get("type") in _WORDS)
    return text(content)


def _calls(message: dict[str, Any]) -> Iterator[ToolCall]:
    for call in listing(message.get("tool_calls")):
        function = dictionary(call.get("function"))
        arguments = function.get("arguments")
        try:
            yield ToolCall(
                text(function.get("name")), json.loads(arguments) if isinstance(arguments, str) else arguments
            )
        except (ValueError, RecursionError):
            yield ToolCall(text(function.get("name")), arguments)


def _followed(turn: Turn) -> Iterator[dict[str, Any]]:
    """A turn of the model and the results of its calls, as messages."""
    calls = []
    for number, call in enumerate(listing(turn.native.get("tool_calls"))):
        function = dictionary(call.get("function"))
        arguments = json.dumps(arguments_of(function.get("arguments")), ensure_ascii=False)
        named = {"name": text(function.get("name")), "arguments": arguments}
        # What else a call holds is the provider's: signatures of reasoning.
        calls.append({**call, "id": text(call.get("id")) or f"call_{number}", "type": "function", "function": named})
    kept = {name: turn.native[name] for name in _RETURNED if turn.native.get(name) is not None}
    yield {"role": "assistant", "content": None, **kept, "tool_calls": calls}
    for call, result in zip(calls, turn.results, strict=True):
        yield {"role": "tool", "tool_call_id": call["id"], "content": result}


def _is_name(text: str) -> bool:
    return text.isprintable() and 0 < len(text) <= _LONGEST_NAME


def _listed(entry: dict[str, Any]) -> ListedModel:
    about = dictionary(entry.get("architecture"))
    written = about.get("output_modalities")
    price = _price(dictionary(entry.get("pricing")))
    # A route to a model that is chosen later has the price -1.
    routes = about.get("tokenizer") == "Router" or (
        price is not None and min(price.prompt, price.completion, price.request) < 0
    )
    return ListedModel(
        text(entry.get("id")),
        printable(text(entry.get("name")))[:_LONGEST_NAME],
        day(entry.get("created")),
        None if routes else price,
        is_one=not routes and (not isinstance(written, list) or "text" in written),
    )


def _price(pricing: dict[str, Any]) -> Price | None:
    try:
        prompt, completion, request = (float(pricing.get(name) or 0) for name in ("prompt", "completion", "request"))
    except (TypeError, ValueError):
        return None
    if not {"prompt", "completion"} <= pricing.keys() or not all(map(math.isfinite, (prompt, completion, request))):
        return None
    return Price(prompt, completion, request, "the provider's list of models")
