from __future__ import annotations

import time

import pytest

from fingerprint.data import names
from fingerprint.side import self_identification
from fingerprint.side.self_identification import self_identified_labs


@pytest.mark.parametrize(
    ("text", "lab"),
    [
        ("I'm Claude, an AI assistant made by Anthropic.", "anthropic"),
        ("As a large language model trained by Google, I cannot see pictures.", "google"),
        ("Hello! My name is ChatGPT.", "openai"),
        ("I was created by Meta.", "meta"),
        ("我是通义千问，由阿里云开发的大模型。", "alibaba"),
        ("我是由深度求索公司开发的智能助手。", "deepseek"),
        ("私は Gemini です。", "google"),
        ("Ich bin ein großes Sprachmodell, entwickelt von Mistral AI.", "mistral"),
        ("Je suis un modèle de langage développé par Mistral AI.", "mistral"),
        ("Soy Grok, un modelo de lenguaje creado por xAI.", "xai"),
        ("Меня зовут GigaChat.", "sber"),
        ("Я — большая языковая модель, обученная Google.", "google"),
        ("**I am GLM-4.6**, developed by Z.ai.", "zhipu"),
    ],
)
def test_who_it_says_it_is(text: str, lab: str) -> None:
    assert self_identified_labs(text) == {lab}


@pytest.mark.parametrize(
    "text",
    [
        "Unlike ChatGPT, a librarian reads the question twice.",
        "I'm not ChatGPT.",
        "I am not affiliated with OpenAI, Google or Anthropic.",
        "I am afraid that Gemini is a constellation as well.",
        "As a Google engineer, you know this.",
        "You told me that you are using Claude. I am using paper.",
        "我不是通义千问。",
        "私は Gemini ではありません。",
        "The llamas that I was fed by were brown.",
        "",
    ],
)
def test_a_name_alone_is_no_claim(text: str) -> None:
    assert self_identified_labs(text) == frozenset()


def test_every_name_that_is_masked_has_a_lab_or_none() -> None:
    assert set(self_identification._LAB_OF) == set(names._COMPILED)


def test_hostile_text_costs_little() -> None:
    start = time.monotonic()
    self_identified_labs("i am " + "a large language model " * 200_000 + "gpt-4 " * 200_000)
    self_identified_labs("i am" + " -" * 500_000 + "claude")
    assert time.monotonic() - start < 5
