from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.data.registry import Registry
from fingerprint.data.spelling import bag, forms, squashed

# As people, routers, clouds, hosts and programs write them.
MEANT: dict[str, tuple[str, ...]] = {
    "claude-opus-4.5": (
        "openrouter/anthropic/claude-opus-4.5", "anthropic/claude-opus-4-5", "anthropic.claude-opus-4-5-20251101-v1:0",
        "us.anthropic.claude-opus-4-5-20251101-v1:0", "global.anthropic.claude-opus-4-5-20251101-v1:0",
        "claude-opus-4-5@20251101", "claude-opus-4-5-20251101", "Claude Opus 4.5", "claude-4.5-opus",
        "claude-opus-4-5[1m]", "anthropic/claude-opus-4.5:thinking", "claude-opus-4-5-latest", "CLAUDE-OPUS-4.5",
        "bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0", "vertex_ai/claude-opus-4-5@20251101",
    ),
    "claude-opus-4.8": ("anthropic/claude-opus-4-8", "claude-opus-4-8", "Claude Opus 4.8 (high reasoning)"),
    "claude-haiku-4.5": (
        "claude-haiku-4-5-20251001", "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic/claude-haiku-4.5:beta",
        "claude-4-5-haiku",
    ),
    "claude-3.5-sonnet-2024-10": (
        "anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet@20241022", "claude-3-5-sonnet-latest",
        "anthropic/claude-3.5-sonnet:beta",
    ),
    "claude-3.7-sonnet-2025-02": (
        "anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet-latest",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    ),
    "claude-3-haiku-2024-03": ("anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku@20240307"),
    "glm-4.6": (
        "z-ai/glm-4.6:free", "z-ai/glm-4.6:exacto", "zai-org/GLM-4.6", "zai-org/GLM-4.6-FP8", "GLM-4.6", "glm-4p6",
        "accounts/fireworks/models/glm-4p6", "zai.glm-4.6", "GLM 4.6", "QuantTrio/GLM-4.6-AWQ", "unsloth/GLM-4.6-GGUF",
        "hf:zai-org/GLM-4.6",
    ),
    "glm-5": ("z-ai/glm-5:nitro", "zai-org/GLM-5-FP8"),
    "deepseek-v3.2": (
        "deepseek/deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2", "accounts/fireworks/models/deepseek-v3p2",
        "DeepSeek V3.2", "deepseek-v3-2", "deepseek.v3.2-v1:0", "deepseek-ai/DeepSeek-V3.2-TEE",
        "deepseek/deepseek-v3.2:thinking",
    ),
    "deepseek-v3-0324": (
        "deepseek/deepseek-chat-v3-0324:free", "deepseek-ai/DeepSeek-V3-0324", "unsloth/DeepSeek-V3-0324-GGUF",
        "accounts/fireworks/models/deepseek-v3-0324",
    ),
    "deepseek-r1-0528": ("deepseek/deepseek-r1-0528:free", "deepseek-ai/DeepSeek-R1-0528", "DeepSeek R1 0528"),
    "kimi-k2.5": (
        "kimi-k2p5", "moonshotai/kimi-k2.5", "moonshotai/Kimi-K2.5", "Kimi K2.5", "accounts/fireworks/models/kimi-k2p5",
        "moonshotai.kimi-k2.5", "kimi-k2.5:cloud", "moonshotai/kimi-k2.5:online",
    ),
    "kimi-k2-thinking": ("moonshotai/Kimi-K2-Thinking", "kimi-k2-thinking:free"),
    "gpt-oss-20b": ("openai/gpt-oss-20b:free", "gpt-oss:20b", "openai.gpt-oss-20b-1:0", "unsloth/gpt-oss-20b-bnb-4bit"),
    "gpt-4o-2024-08-06": ("azure/gpt-4o", "openai/gpt-4o-2024-08-06", "gpt-4o-2024-08-06", "openai:gpt-4o-2024-08-06"),
    "gpt-4.1": ("openai/gpt-4.1", "gpt-4.1-2025-04-14", "azure/gpt-4.1", "GPT 4.1"),
    "gpt-4.1-mini": ("openai/gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
    "gpt-5.2": ("openai/gpt-5.2", "gpt-5.2-2025-12-11", "gpt-5-2", "gpt-5.2-high"),
    "gpt-5.2-codex": ("gpt-5.2-codex", "openai/gpt-5.2-codex"),
    "o3-mini": ("openai/o3-mini-high", "o3-mini-2025-01-31", "o3-mini (medium)"),
    "grok-4.3": ("grok-4-3", "x-ai/grok-4.3", "xai/grok-4.3-latest", "Grok 4.3"),
    "grok-code-fast-1": ("x-ai/grok-code-fast-1", "xai/grok-code-fast-1"),
    "gemini-3-pro-preview": (
        "google/gemini-3-pro-preview", "models/gemini-3-pro-preview", "gemini/gemini-3-pro-preview",
        "vertex_ai/gemini-3-pro-preview", "gemini-3-pro", "google/gemini-3-pro-preview:online",
    ),
    "gemini-2.5-flash": ("models/gemini-2.5-flash", "google/gemini-2.5-flash", "gemini-2-5-flash"),
    "gemini-1.5-pro-002": ("models/gemini-1.5-pro-002", "gemini-1.5-pro@002", "google/gemini-1.5-pro-002"),
    "gemma-3-27b-it": ("google/gemma-3-27b-it:free", "gemma3:27b", "unsloth/gemma-3-27b-it-GGUF"),
    "llama-3.3-70b-instruct": (
        "llama-v3p3-70b-instruct", "llama3.3:70b", "meta-llama/Llama-3.3-70B-Instruct",
        "meta.llama3-3-70b-instruct-v1:0",
        "llama-3.3-70b-versatile", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "meta-llama/llama-3.3-70b-instruct:free",
        "llama-3.3-70b-instruct-maas", "llama3.3:70b-instruct-q4_K_M", "RedHatAI/Llama-3.3-70B-Instruct-quantized.w8a8",
    ),
    "llama-3.1-8b-instruct": (
        "@cf/meta/llama-3.1-8b-instruct", "meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b-instant",
        "meta.llama3-1-8b-instruct-v1:0", "llama3.1:8b",
    ),
    "minimax-m2.5": ("MiniMaxAI/MiniMax-M2.5", "minimax/minimax-m2.5:free", "MiniMax-M2.5"),
    "mistral-large-2411": ("mistralai/Mistral-Large-2411", "mistral/mistral-large-2411", "mistral-large-2411"),
    "mistral-large-2407": ("mistral.mistral-large-2407-v1:0", "mistralai/mistral-large-2407"),
    "nova-pro-v1": ("amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0", "amazon/nova-pro-v1"),
    "phi-4": ("microsoft/phi-4", "phi-4-gguf", "azure/phi-4"),
    "qwen2.5-72b-instruct": ("qwen/qwen-2.5-72b-instruct:free", "Qwen/Qwen2.5-72B-Instruct-AWQ", "qwen2.5:72b"),
    "qwen3-8b": ("Qwen/Qwen3-8B", "qwen3:8b", "qwen/qwen3-8b:free", "Qwen/Qwen3-8B-FP8", "mlx-community/Qwen3-8B-4bit"),
    "qwen3-32b": ("qwen.qwen3-32b-v1:0", "groq/qwen/qwen3-32b", "ollama/qwen3:32b"),
    "command-a-03-2025": ("cohere/command-a-03-2025", "CohereLabs/command-a-03-2025", "cohere.command-a-03-2025-v1:0"),
}  # fmt: skip
SPELLINGS = [(spelling, release) for release, spellings in MEANT.items() for spelling in spellings]

_LIKE_A_NAME = r"([a-z]{1,8}[/:.@-]){0,6}[a-z0-9.]{1,20}(:free|@001|-fp8|-v1:0){0,3}"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


def test_there_are_enough() -> None:
    assert len(SPELLINGS) == len({spelling for spelling, _ in SPELLINGS}) >= 97


@pytest.mark.parametrize(("spelling", "release"), SPELLINGS)
def test_spellings(registry: Registry, spelling: str, release: str) -> None:
    found = registry.resolve(spelling)
    assert (found.release if found else registry.candidates(spelling)) == release


def test_every_name_of_the_registry_means_what_it_says(registry: Registry) -> None:
    for entry in registry.releases.values():
        for name in (entry.release, *entry.aliases):
            found = registry.resolve(name)
            assert found is not None
            assert found.release == entry.release or name.casefold() in map(str.casefold, found.aliases)


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("models/gemini-2.5-pro", {"gemini-2.5-pro-preview-03-25", "gemini-2.5-pro-preview-05-06"}),
        ("mistral-large", {"mistral-large-2402", "mistral-large-2407", "mistral-large-2411", "mistral-large-2512"}),
    ],
)
def test_what_could_be_several_is_none_and_lists_them(registry: Registry, name: str, candidates: set[str]) -> None:
    if registry.resolve(name) is None:
        assert set(registry.candidates(name)) >= candidates
    else:  # an alias of the registry says which one is meant
        assert any(name.rpartition("/")[2] in alias for e in registry.releases.values() for alias in e.aliases)


@pytest.mark.parametrize("name", ["nobody-1", "", "/", ":free", "gpt", "42", "gpt-4o-2031-01-01", "claude-9-opus"])
def test_what_is_nothing_known(registry: Registry, name: str) -> None:
    assert registry.resolve(name) is None


def test_a_typing_error_is_met_with_what_is_near(registry: Registry) -> None:
    assert "claude-opus-4.5" in registry.candidates("claude-opsu-4.5")


def test_keys() -> None:
    assert squashed("Kimi K2.5") == squashed("kimi-k2p5") == "kimik25"
    assert bag("claude-4.5-opus") == bag("claude-opus-4-5")
    assert bag("claude-4.5-opus") != bag("claude-5.4-opus")


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60)
    | st.from_regex(r"([a-z]{1,8}[/:.@-]){0,6}[a-z0-9.]{1,20}(:free|@001|-fp8|-v1:0){0,3}", fullmatch=True)
)
def test_any_name_is_reduced_in_few_steps(name: str) -> None:
    found = list(forms(name))
    assert len(found) <= 60
    assert len(found) == len(set(found))


def test_a_hostile_name_costs_little(registry: Registry) -> None:
    began = time.process_time()
    for name in ("a/" * 50_000, "-fp8" * 50_000, "9" * 200_000):
        registry.resolve(name)
    assert time.process_time() - began < 5
