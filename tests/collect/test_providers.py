"""What each API's answer becomes, and what is sent, and how a provider is opened."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from fingerprint.collect.messages import Answer, Cause, Failure, Message, Question, Sampling, Usage
from fingerprint.collect.provider import GROUP, ListedModel, Price, names, open_provider, split
from fingerprint.collect.providers import presets
from fingerprint.data.message import ToolCall
from fingerprint.errors import FingerprintError, MissingExtra
from tests.collect.doubles import KEY, PATHS, address, body

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Of a city.", "parameters": SCHEMA}}
CALL = '{"tool": "weather", "arguments": {"days": 2, "city": "Köln"}}'
ARGUMENTS = {"days": 2, "city": "Köln"}
apis = pytest.mark.parametrize("api", PATHS)


def answered(api: str, server: HTTPServer, reply: Any, question: Question | None = None) -> Answer:
    server.clear()
    server.expect_request(PATHS[api]).respond_with_json(reply)

    async def go() -> Answer:
        provider = open_provider(api, address(api, server.url_for("")))
        try:
            return await provider.ask("tiny", question or Question((Message("user", "Why?"),)))
        finally:
            await provider.close()

    return asyncio.run(go())


@apis
def test_an_answer_says_who_gave_it(api: str, httpserver: HTTPServer) -> None:
    answer = answered(api, httpserver, body(api, "Because."))
    assert (answer.text, answer.model, answer.provider) == ("Because.", "tiny-2026", api)
    assert (answer.usage, answer.refused) == (Usage(11, 7), False)
    assert answer.finish_reason in {"stop", "end_turn", "STOP"}


@apis
def test_what_is_sent(api: str, httpserver: HTTPServer) -> None:
    talk = (
        Message("system", "Be brief."),
        Message("user", "One?"),
        Message("assistant", "Two."),
        Message("user", "3?"),
    )
    answered(api, httpserver, body(api), Question(talk, (TOOL,), Sampling(0.5, 0.9), 77))
    request, _ = httpserver.log[0]
    sent = json.loads(request.data)
    if api == "google":
        roles = [(turn["role"], turn["parts"][0]["text"]) for turn in sent["contents"]]
        assert roles == [("user", "One?"), ("model", "Two."), ("user", "3?")]
        assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]
        assert sent["generationConfig"] == {"temperature": 0.5, "topP": 0.9, "maxOutputTokens": 77}
        assert sent["tools"][0]["functionDeclarations"][0]["name"] == "weather"
        assert (request.headers["x-goog-api-key"], request.args.get("key")) == (KEY, None)
        return
    assert (sent["model"], sent["temperature"], sent["top_p"]) == ("tiny", 0.5, 0.9)
    assert [turn["role"] for turn in sent["messages"]][-3:] == ["user", "assistant", "user"]
    if api == "anthropic":
        assert (sent["system"], sent["max_tokens"], sent["tools"][0]["input_schema"]) == ("Be brief.", 77, SCHEMA)
        assert request.headers["authorization"] == f"Bearer {KEY}"
    else:
        assert (sent["messages"][0]["role"], sent["max_completion_tokens"], sent["tools"]) == ("system", 77, [TOOL])
        assert request.headers["authorization"] == f"Bearer {KEY}"


def test_only_what_was_given_is_sent(httpserver: HTTPServer) -> None:
    answered("openai", httpserver, body("openai"))
    assert set(json.loads(httpserver.log[0][0].data)) == {"model", "messages", "max_completion_tokens"}


CALLS = {
    "openai": {"content": "Let me see.", "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "weather", "arguments": json.dumps(ARGUMENTS)}},
        {"id": "2", "type": "function", "function": {"name": "broken", "arguments": "{"}},
    ]},
    "anthropic": [{"type": "text", "text": "Let me see."}, {"type": "tool_use", "name": "weather", "input": ARGUMENTS},
                  {"type": "tool_use", "name": "broken", "input": "{"}],
    "google": [{"text": "Let me see."}, {"functionCall": {"name": "weather", "args": ARGUMENTS}},
               {"functionCall": {"name": "broken", "args": "{"}}],
}  # fmt: skip
REASONED = {
    "openai": {"content": "Because.", "reasoning_content": "hm", "reasoning": "hm",
               "reasoning_details": [{"text": "hm"}]},
    "anthropic": [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "redacted_thinking", "data": "x"},
                  {"type": "text", "text": "Because."}],
    "google": [{"text": "hm", "thought": True}, {"text": "Because."}],
}  # fmt: skip
PARTS = {
    "openai": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                           {"type": "text", "text": "Be"}, {"type": "text", "text": "cause."}, "x", {"type": "image"}]},
    "anthropic": [{"type": "text", "text": "Be"}, {"type": "text", "text": "cause."}],
    "google": [{"text": "Be"}, {"text": "cause."}],
}  # fmt: skip


def shaped(api: str, content: Any) -> dict[str, Any]:
    reply = body(api)
    if api == "openai":
        reply["choices"][0]["message"] = {"role": "assistant", **content}
    elif api == "anthropic":
        reply["content"] = content
    else:
        reply["candidates"][0]["content"]["parts"] = content
    return reply


@apis
def test_the_calls_of_tools_follow_the_words(api: str, httpserver: HTTPServer) -> None:
    answer = answered(api, httpserver, shaped(api, CALLS[api]))
    assert answer.text == "Let me see.\n" + CALL + '\n{"tool": "broken", "arguments": "{"}'
    assert answer.calls == (ToolCall("weather", ARGUMENTS), ToolCall("broken", "{"))


@apis
def test_reasoning_is_no_part_of_the_answer(api: str, httpserver: HTTPServer) -> None:
    assert answered(api, httpserver, shaped(api, REASONED[api])).text == "Because."


@apis
def test_content_in_parts(api: str, httpserver: HTTPServer) -> None:
    assert answered(api, httpserver, shaped(api, PARTS[api])).text == "Because."


@apis
def test_another_model_than_asked_for_is_kept_apart(api: str, httpserver: HTTPServer) -> None:
    reply = body(api)
    reply["modelVersion" if api == "google" else "model"] = "another-model"
    assert answered(api, httpserver, reply).model == "another-model"


def refusals() -> list[tuple[str, dict[str, Any]]]:
    said, cut = body("openai"), body("openai")
    said["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "No."}
    cut["choices"][0]["finish_reason"] = "content_filter"
    stopped = {**body("anthropic"), "content": [], "stop_reason": "refusal"}
    unsafe = body("google")
    unsafe["candidates"] = [{"finishReason": "SAFETY"}]
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "tiny-2026"}
    return [("openai", said), ("openai", cut), ("anthropic", stopped), ("google", unsafe), ("google", blocked)]


@pytest.mark.parametrize(("api", "reply"), refusals())
def test_refusals_that_the_api_declares(api: str, reply: dict[str, Any], httpserver: HTTPServer) -> None:
    assert answered(api, httpserver, reply).refused


def test_usage_counts_all_that_was_sent_and_written(httpserver: HTTPServer) -> None:
    reply = body("openai")
    reply["usage"] = {"prompt_tokens": 5, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}}
    assert answered("openai", httpserver, reply).usage == Usage(5, 9, 4)
    reply = body("anthropic")
    reply["usage"] = {
        "input_tokens": 1,
        "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 4,
        "output_tokens": 9,
    }
    assert answered("anthropic", httpserver, reply).usage == Usage(7, 9)
    reply = body("google")
    reply["usageMetadata"] = {"promptTokenCount": 5, "candidatesTokenCount": 5, "thoughtsTokenCount": 4}
    assert answered("google", httpserver, reply).usage == Usage(5, 9, 4)
    for api, where in (("openai", "usage"), ("anthropic", "usage"), ("google", "usageMetadata")):
        for nonsense in ("many", None, {"prompt_tokens": -1, "input_tokens": "x", "promptTokenCount": True}):
            assert answered(api, httpserver, {**body(api), where: nonsense}).usage == Usage()


@pytest.mark.parametrize("at", ["top", "choice"])
def test_an_error_under_a_status_of_success(at: str, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    error = {"code": 429, "message": f"Provider returned error for {KEY}"}
    reply = {"error": error} if at == "top" else {**body("openai"), "choices": [{"message": None, "error": error}]}
    with pytest.raises(Failure) as caught:
        answered("openai", httpserver, reply)
    assert caught.value.cause is Cause.RATE_LIMIT
    assert KEY not in str(caught.value)


def test_an_account_without_money_is_no_rate_limit(httpserver: HTTPServer) -> None:
    error = {"error": {"code": "insufficient_quota", "message": "check your plan"}}
    httpserver.expect_request(PATHS["openai"]).respond_with_json(error, 429)

    async def go() -> None:
        provider = open_provider("openai", address("openai", httpserver.url_for("")))
        await provider.ask("tiny", Question((Message("user", "Why?"),)))

    with pytest.raises(Failure) as caught:
        asyncio.run(go())
    assert caught.value.cause is Cause.FATAL


def test_openrouter_tells_its_price_its_cost_and_who_answered(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    pricing = {"prompt": "0.000002", "completion": "0.00001", "request": "0"}
    strange = [{"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}}, {"id": "none"}, "text"]
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "tiny", "pricing": pricing}, *strange]})
    reply = {**body("openai"), "provider": "DeepInfra"}
    reply["usage"]["cost"] = 0.0125
    httpserver.expect_request(PATHS["openai"]).respond_with_json(reply)

    async def go() -> tuple[Price | None, Price | None, Answer]:
        provider = open_provider("openrouter", address("openai", httpserver.url_for("")))
        asked = provider.ask("tiny", Question((Message("user", "Why?"),)))
        return await provider.price("tiny"), await provider.price("openrouter/auto"), await asked

    price, routed, answer = asyncio.run(go())
    assert price is not None
    assert (price.prompt, price.completion, routed) == (2e-6, 1e-5, None)
    assert (answer.provider, answer.cost) == ("DeepInfra", 0.0125)


def listed(api: str, server: HTTPServer) -> list[ListedModel]:
    async def go() -> list[ListedModel]:
        provider = open_provider(api, address("openai" if api == "openrouter" else api, server.url_for("")))
        try:
            return list(await provider.models())
        finally:
            await provider.close()

    return asyncio.run(go())


def test_the_lists_of_models(httpserver: HTTPServer) -> None:
    listing: dict[str, Any] = {
        "openai": {"data": [{"id": "tiny", "created": 1_760_000_000, "object": "model"}]},
        "anthropic": {"data": [{"id": "tiny", "display_name": "Tiny", "created_at": "2025-10-09T00:00:00Z"}]},
        "google": {"models": [
            {"name": "models/tiny", "displayName": "Tiny", "supportedGenerationMethods": ["generateContent"]},
            {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]}]},
    }  # fmt: skip
    expected = {"openai": ("tiny", "", "2025-10-09"), "anthropic": ("tiny", "Tiny", "2025-10-09"),
                "google": ("tiny", "Tiny", "")}  # fmt: skip
    for api, reply in listing.items():
        httpserver.clear()
        httpserver.expect_request("/v1/models").respond_with_json(reply)
        (one,) = listed(api, httpserver)
        assert ((one.id, one.name, one.added), one.price, one.is_one) == (expected[api], None, True)
    for api in listing:
        httpserver.clear()
        httpserver.expect_request("/v1/models").respond_with_json({"error": {"message": "no"}}, status=503)
        with pytest.raises(Failure, match="status 503"):
            listed(api, httpserver)


def test_the_list_of_openrouter(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    price = {"prompt": "0", "completion": "0"}
    router = {"id": "openrouter/free", "pricing": price, "architecture": {"tokenizer": "Router"}}
    first = [
        {"id": "openrouter/pony-alpha", "name": "Pony\u202e", "pricing": price},
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"id": "x/image", "pricing": price, "architecture": {"output_modalities": ["image"]}},
        {"id": "x/nan", "pricing": {"prompt": "NaN", "completion": "1"}},
        {"id": "evil\x1b[2J"}, {"id": "x" * 201}, {"id": 7}, {}, "text", router,
    ]  # fmt: skip
    pages = {"": {"data": first, "links": {"next": "/v1/models?offset=5"}},
             "5": {"data": [{"id": "x/last", "pricing": price}], "links": {"next": "/v1/models?offset=6"}},
             "6": {"data": [{"id": "x/last"}], "links": {"next": "/v1/models?offset=7"}}}  # fmt: skip
    httpserver.expect_request("/v1/models").respond_with_handler(
        lambda request: Response(json.dumps(pages[request.args.get("offset", "")]), content_type="application/json")
    )
    found = {one.id: one for one in listed("openrouter", httpserver)}
    assert {name for name, one in found.items() if one.is_one} == {"openrouter/pony-alpha", "x/nan", "x/last"}
    assert {name for name, one in found.items() if not one.is_one} == {"openrouter/auto", "openrouter/free", "x/image"}
    assert "\u202e" not in found["openrouter/pony-alpha"].name
    pony, odd = found["openrouter/pony-alpha"].price, found["x/nan"].price
    assert (pony and pony.prompt, odd) == (0, None)


@pytest.mark.parametrize("cost", ["NaN", "-1", "1e999", "1" + "0" * 400, "true", '"0.1"'])
def test_costs_that_no_limit_would_hold_against(cost: str, httpserver: HTTPServer) -> None:
    reply = json.dumps(body("openai")).replace('"usage": {', f'"usage": {{"cost": {cost}, ')
    httpserver.expect_request(PATHS["openai"]).respond_with_data(reply, content_type="application/json")

    async def go() -> Answer:
        provider = open_provider("openai", address("openai", httpserver.url_for("")))
        return await provider.ask("tiny", Question((Message("user", "Why?"),)))

    assert asyncio.run(go()).cost is None


@apis
def test_nobody_at_the_address(api: str) -> None:
    async def go() -> Answer:
        provider = open_provider(api, "http://localhost:9")
        return await provider.ask("tiny", Question((Message("user", "Why?"),)))

    with pytest.raises(Failure) as caught:
        asyncio.run(go())
    assert (caught.value.cause, caught.value.cause.billed) == (Cause.UNREACHABLE, False)


def test_openai_s_own_headers_stay_with_openai(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1", "OPENAI_ADMIN_KEY": "adm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-of-deepseek")
    httpserver.expect_request("/chat/completions").respond_with_json(body("openai"))

    async def go() -> None:
        provider = open_provider("deepseek", httpserver.url_for(""))
        await provider.ask("tiny", Question((Message("user", "Why?"),)))

    asyncio.run(go())
    headers = httpserver.log[0][0].headers
    assert headers["authorization"] == "Bearer sk-of-deepseek"
    assert "org-1" not in str(headers)
    assert "proj-1" not in str(headers)


def test_every_preset_is_registered_under_its_name() -> None:
    made = {preset.name for preset in vars(presets).values() if isinstance(preset, presets.Preset)}
    ours = {e.name for e in entry_points(group=GROUP) if e.value.startswith("fingerprint.")}
    assert made == ours
    assert {"openrouter", "openai", "deepseek", "xai", "mistral", "zai", "moonshot", "minimax", "alibaba", "groq",
            "together", "fireworks", "vllm", "ollama", "lmstudio", "anthropic", "google"} == made  # fmt: skip
    for entry in entry_points(group=GROUP):
        assert entry.name not in ours or entry.load().name == entry.name


def test_third_parties_register_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_models.py").write_text("def opener(base_url):\n    return ('theirs', base_url)\n")
    info = tmp_path / "their_models-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-models\nVersion: 1\n")
    lines = ["[fingerprint.providers]", "theirs = their_models:opener", "broken = their_models:none", ""]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    opened: object = open_provider("theirs", "http://x")
    assert opened == ("theirs", "http://x")
    assert "theirs" in names()
    with pytest.raises(FingerprintError, match="broken"):
        open_provider("broken")


def test_names_that_nobody_registered() -> None:
    with pytest.raises(FingerprintError, match="near: openrouter"):
        open_provider("openruter")
    with pytest.raises(FingerprintError, match="provider:model"):
        split("z-ai/glm-4.6")
    assert split("ollama:qwen3:8b") == ("ollama", "qwen3:8b")


@pytest.mark.parametrize("url", ["ftp://x/v1", "localhost:8000", "http://", "http://x/v1?key=1", "http://[::1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(FingerprintError, match="expected an address"):
        open_provider("vllm", url)


def test_secrets_in_an_address_are_not_taken_nor_shown() -> None:
    with pytest.raises(FingerprintError) as caught:
        open_provider("vllm", "http://me:hush@x/v1")
    assert "hush" not in str(caught.value)


def test_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with pytest.raises(FingerprintError, match="GROQ_API_KEY"):
        open_provider("groq")
    monkeypatch.setenv("GROQ_API_KEY", "sk-schlüssel\n2")
    with pytest.raises(FingerprintError) as caught:
        open_provider("groq")
    assert "schl" not in str(caught.value)
    assert KEY not in repr(vars(open_provider("openai"))["_preset"])
    gemini = open_provider("google").account
    monkeypatch.setenv("GOOGLE_API_KEY", "sk-another")
    assert open_provider("google").account != gemini
    assert open_provider("openai").account != open_provider("openai", "http://x").account


@pytest.mark.parametrize(("sdk", "api"), [("openai", "openai"), ("anthropic", "anthropic"), ("google.genai", "google")])
def test_a_missing_sdk_is_named(sdk: str, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, sdk, None)
    if api == "google":
        import google

        monkeypatch.delattr(google, "genai", raising=False)
    monkeypatch.delitem(sys.modules, f"fingerprint.collect.providers.{presets.OPENAI.speaks.value}", raising=False)
    monkeypatch.delitem(sys.modules, f"fingerprint.collect.providers.{api}", raising=False)
    with pytest.raises(MissingExtra, match=r"llm-authorship\[collect\]"):
        open_provider(api)
