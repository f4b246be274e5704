"""Google's generateContent, through the `google-genai` SDK."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google import genai
from google.genai import types

from fingerprint.collect.messages import Answer, Cause, Failure, Question, Turn, Usage, total
from fingerprint.collect.provider import ListedModel, Price
from fingerprint.collect.providers.presets import Account, Preset
from fingerprint.collect.providers.wire import (
    Client,
    answer_text,
    arguments_of,
    count,
    dictionary,
    listing,
    missing,
    parsed,
    sent,
    stated,
    text,
)
from fingerprint.data.message import ToolCall

_REFUSED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})
_ROLES = {"user": "user", "assistant": "model"}


class Gemini:
    """One account with Google's API for Gemini."""

    def __init__(self, account: Account):
        self.name, self.base_url, self.account = account.name, account.base_url, account.digest
        self._key = account.key
        self._http = Client(account.key)
        options = types.HttpOptions(base_url=account.base_url, httpx_async_client=self._http)
        self._client = genai.Client(api_key=account.key, vertexai=False, http_options=options)

    async def ask(self, model: str, question: Question) -> Answer:
        """See Provider."""
        config = types.GenerateContentConfig(
            max_output_tokens=question.max_tokens,
            temperature=question.sampling.temperature,
            top_p=question.sampling.top_p,
            system_instruction=question.system or None,
            tools=[types.Tool(function_declarations=[_function(t["function"]) for t in question.tools])]
            if question.tools
            else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            # The body as it came: the SDK's own object drops fields that the SDK does not know.
            should_return_http_response=True,
        )
        contents = [
            types.Content(role=_ROLES[message.role], parts=[types.Part(text=message.content)])
            for message in question.messages
            if message.role in _ROLES
        ]
        for turn in question.turns:
            contents += _followed(turn)
        response = await sent(
            self._client.aio.models.generate_content(model=model, contents=contents, config=config), self._key
        )
        whole = response.sdk_http_response
        if whole is None or not whole.body:
            raise Failure(Cause.MALFORMED, "an empty body")
        return parsed(whole.body, self._key, lambda body: _answer(body, self.name))

    async def price(self, model: str) -> Price | None:
        """See Provider."""
        return None

    async def models(self) -> Sequence[ListedModel]:
        """See Provider."""
        # The longest page that there is; Google has some dozens of models.
        config = types.ListModelsConfig(page_size=1000)
        pages = await sent(self._client.aio.models.list(config=config), self._key)
        return [
            ListedModel(text(one.name).removeprefix("models/"), text(one.display_name))
            for one in pages.page
            if "generateContent" in (one.supported_actions or ())
        ]

    async def close(self) -> None:
        """See Provider."""
        # The SDK does not close a client that it was given.
        await self._http.aclose()


def open_account(account: Account, preset: Preset) -> Gemini:
    """Return the provider of an account."""
    return Gemini(account)


def _function(function: dict[str, Any]) -> types.FunctionDeclaration:
    return types.FunctionDeclaration(
        name=function["name"],
        description=function.get("description"),
        parameters_json_schema=function["parameters"],
    )


def _answer(body: dict[str, Any], name: str) -> Answer:
    if error := body.get("error"):
        raise stated(500, error)
    candidates = listing(body.get("candidates"))
    blocked = text(dictionary(body.get("promptFeedback")).get("blockReason"))
    if not candidates and not blocked:
        raise missing("candidates")
    candidate = candidates[0] if candidates else {}
    parts = _said(dictionary(candidate.get("content")))
    called = [dictionary(part["functionCall"]) for part in parts if "functionCall" in part]
    calls = tuple(ToolCall(text(call.get("name")), call.get("args", {})) for call in called)
    finish = text(candidate.get("finishReason")) or blocked
    usage = dictionary(body.get("usageMetadata"))
    thoughts = count(usage.get("thoughtsTokenCount"))
    return Answer(
        text=answer_text("".join(text(part.get("text")) for part in parts), calls),
        model=text(body.get("modelVersion")),
        provider=name,
        finish_reason=finish,
        usage=Usage(
            count(usage.get("promptTokenCount")), total(count(usage.get("candidatesTokenCount")), thoughts), thoughts
        ),
        refused=bool(blocked) or finish in _REFUSED,
        calls=calls,
        native=dictionary(candidate.get("content")) if calls else {},
    )


def _said(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [part for part in listing(content.get("parts")) if not part.get("thought")]


def _bytes(signature: object) -> bytes | None:
    """The signature of thoughts, without which Gemini 3 refuses a call that it made."""
    try:
        return base64.b64decode(text(signature), validate=True) or None
    except ValueError:
        return None


def _followed(turn: Turn) -> Iterator[types.Content]:
    """A turn of the model and the results of its calls, as contents."""
    parts, results = [], []
    for part in _said(turn.native):
        signature = _bytes(part.get("thoughtSignature"))
        if "functionCall" in part:
            call = dictionary(part["functionCall"])
            name, number = text(call.get("name")), text(call.get("id")) or None
            called = types.FunctionCall(id=number, name=name, args=arguments_of(call.get("args")))
            parts.append(types.Part(function_call=called, thought_signature=signature))
            results.append((name, number))
        elif text(part.get("text")) or signature:
            parts.append(types.Part(text=text(part.get("text")), thought_signature=signature))
    yield types.Content(role="model", parts=parts)
    yield types.Content(
        role="user",
        parts=[
            types.Part(function_response=types.FunctionResponse(id=number, name=name, response={"result": result}))
            for (name, number), result in zip(results, turn.results, strict=True)
        ],
    )
