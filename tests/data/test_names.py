from __future__ import annotations

import pytest

from fingerprint.data.names import MASK, mask_names


@pytest.mark.parametrize(
    "name",
    [
        "ChatGPT",
        "GPT-4o-mini",
        "OpenAI",
        "Claude 3.5 Sonnet",
        "Anthropic",
        "Qwen2.5-72B-Instruct",
        "通义千问",
        "阿里云",
        "DeepSeek-V3",
        "深度求索",
        "Gemini 2.0 Flash",
        "Gemma-3",
        "Google DeepMind",
        "Llama 3.1",
        "Meta AI",
        "Mistral AI",
        "Mixtral-8x7B",
        "Grok 3",
        "xAI",
        "GLM-4.6",
        "ChatGLM",
        "智谱清言",
        "Zhipu AI",
        "Kimi K2",
        "Moonshot AI",
        "MiniMax",
        "MiMo-V2",
        "Xiaomi",
        "Phi-4",
        "Command R+",
        "Cohere",
        "GigaChat",
        "YandexGPT",
        "Сбер",
        "文心一言",
        "ERNIE Bot",
        "Doubao",
        "Hunyuan",
    ],
)
def test_names_go(name: str) -> None:
    masked = mask_names(f"Hello, I am {name}, at your service.")
    assert masked.replace(MASK, "").split() == ["Hello,", "I", "am", ",", "at", "your", "service."]


@pytest.mark.parametrize(
    "text",
    [
        "The llama ate grass in Peru.",
        "She gave the command a second time.",
        "The falcon and the solar panel.",
        "Use Google to search.",
        "The letter phi is Greek.",
        "A meta analysis.",
        "He is a bard and plays a lute.",
        "A ring of granite.",
        "Yi said hello to Nova.",
    ],
)
def test_words_stay(text: str) -> None:
    assert mask_names(text) == text


def test_the_rest_of_the_text_stays_as_it_is() -> None:
    assert mask_names("As Claude, I — *truly* — CARE.\n- ok") == f"As {MASK}, I — *truly* — CARE.\n- ok"
