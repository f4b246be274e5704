from __future__ import annotations

import math

import pytest

from fingerprint.data import names
from fingerprint.side import self_identification
from fingerprint.side.self_identification import StatementRates, count_statements, self_identified_labs


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


def test_hostile_text_is_read_to_a_bound_and_each_name_alone() -> None:
    """The text that is searched is bounded, and so is what is matched before each name."""
    far = "x" * 20_000
    assert self_identified_labs(far + " I am Claude.") == frozenset()
    assert self_identified_labs("I am " + "a large language model " * 10 + "GPT-4") == frozenset()
    assert self_identified_labs("i am" + " -" * 500_000 + "claude") == frozenset()
    assert self_identified_labs("i am " + "a large language model " * 200_000 + "gpt-4 " * 200_000) == frozenset()


TRUE = "I am Claude, made by Anthropic."
FALSE = "I am ChatGPT, made by OpenAI."
LABS = ["anthropic", "openai", "deepseek", "zhipu"]


def measured() -> StatementRates:
    rows: list[tuple[str, str | None, str]] = []
    for n in range(8):
        rows += [(f"claude-{n}", "anthropic", TRUE)] * 5 + [(f"gpt-{n}", "openai", FALSE)] * 2
        # Half of its releases were trained on another's answers.
        rows += [(f"deepseek-{n}", "deepseek", FALSE if n % 2 else "I am DeepSeek.")]
    rows += [("vicuna", None, FALSE)] * 3
    rows += [("claude-0", "anthropic", "The sky is blue.")] * 100
    return StatementRates.of(rows)


def test_how_often_known_models_say_something_false() -> None:
    found = measured()
    assert found.releases == {"anthropic": 8, "openai": 8, "deepseek": 8}
    assert found.says["deepseek"] == {"deepseek": 4, "openai": 4}
    assert found.false_rate("anthropic") < 0.1 < found.false_rate("deepseek") < 0.55
    # A lab of which nothing is known lies as often as all do.
    assert found.false_rate("anthropic") < found.false_rate("zhipu") < found.false_rate("deepseek")


def test_chances_over_all_names_are_a_distribution() -> None:
    found = measured()
    for lab in LABS:
        assert sum(found.probability(name, lab, len(LABS)) for name in LABS) == pytest.approx(1, abs=0.06)


def test_a_name_is_worth_what_it_costs_to_lie() -> None:
    found = measured()
    of_openai = found.log_likelihood_ratios(count_statements([FALSE]), LABS)
    assert max(of_openai, key=of_openai.__getitem__) == "openai"
    # Many say that they are ChatGPT; hardly any says that it is Claude.
    assert found.log_likelihood_ratios(count_statements([TRUE]), LABS)["anthropic"] > of_openai["openai"] > 0
    assert of_openai["deepseek"] > of_openai["anthropic"]


def test_saying_it_again_is_no_further_evidence() -> None:
    found = measured()
    assert found.log_likelihood_ratios(count_statements([TRUE] * 50), LABS) == found.log_likelihood_ratios(
        count_statements([TRUE]), LABS
    )


def test_no_name_is_ever_proof() -> None:
    assert all(
        math.isfinite(r) and abs(r) < 6
        for r in measured().log_likelihood_ratios(count_statements([TRUE]), LABS).values()
    )
    assert all(
        abs(r) < 3 for r in StatementRates({}, {}, {}).log_likelihood_ratios(count_statements([TRUE]), LABS).values()
    )


def test_what_is_heard_later_is_added() -> None:
    first = [("claude-1", "anthropic", TRUE), ("gpt-1", "openai", FALSE), ("vicuna", None, FALSE)]
    then = [("deepseek-1", "deepseek", FALSE), ("claude-2", "anthropic", FALSE), ("alpaca", None, FALSE)]
    assert StatementRates.of(first).joined(StatementRates.of(then)) == StatementRates.of([*first, *then])
