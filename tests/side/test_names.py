from __future__ import annotations

import math

import pytest

from fingerprint.side.self_identification import StatementRates, count_statements

TRUE = "I am Claude, made by Anthropic."
FALSE = "I am ChatGPT, made by OpenAI."
LABS = ["anthropic", "openai", "deepseek", "zhipu"]


def style_markers() -> StatementRates:
    rows: list[tuple[str, str | None, str]] = []
    for n in range(8):
        rows += [(f"claude-{n}", "anthropic", TRUE)] * 5 + [(f"gpt-{n}", "openai", FALSE)] * 2
        # Half of its releases were trained on another's answers.
        rows += [(f"deepseek-{n}", "deepseek", FALSE if n % 2 else "I am DeepSeek.")]
    rows += [("vicuna", None, FALSE)] * 3
    rows += [("claude-0", "anthropic", "The sky is blue.")] * 100
    return StatementRates.of(rows)


def test_how_often_known_models_say_something_false() -> None:
    found = style_markers()
    assert found.releases == {"anthropic": 8, "openai": 8, "deepseek": 8}
    assert found.says["deepseek"] == {"deepseek": 4, "openai": 4}
    assert found.false("anthropic") < 0.1 < found.false("deepseek") < 0.55
    # A lab of which nothing is known lies as often as all do.
    assert found.false("anthropic") < found.false("zhipu") < found.false("deepseek")


def test_chances_over_all_names_are_a_distribution() -> None:
    found = style_markers()
    for lab in LABS:
        assert sum(found.chance(name, lab, len(LABS)) for name in LABS) == pytest.approx(1, abs=0.06)


def test_a_name_is_worth_what_it_costs_to_lie() -> None:
    found = style_markers()
    of_openai = found.ratios(count_statements([FALSE]), LABS)
    assert max(of_openai, key=of_openai.__getitem__) == "openai"
    # Many say that they are ChatGPT; hardly any says that it is Claude.
    assert found.ratios(count_statements([TRUE]), LABS)["anthropic"] > of_openai["openai"] > 0
    assert of_openai["deepseek"] > of_openai["anthropic"]


def test_saying_it_again_is_no_further_evidence() -> None:
    found = style_markers()
    assert found.ratios(count_statements([TRUE] * 50), LABS) == found.ratios(count_statements([TRUE]), LABS)


def test_no_name_is_ever_proof() -> None:
    assert all(math.isfinite(r) and abs(r) < 6 for r in style_markers().ratios(count_statements([TRUE]), LABS).values())
    assert all(abs(r) < 3 for r in StatementRates({}, {}, {}).ratios(count_statements([TRUE]), LABS).values())


def test_what_is_heard_later_is_added() -> None:
    first = [("claude-1", "anthropic", TRUE), ("gpt-1", "openai", FALSE), ("vicuna", None, FALSE)]
    then = [("deepseek-1", "deepseek", FALSE), ("claude-2", "anthropic", FALSE), ("alpaca", None, FALSE)]
    assert StatementRates.of(first).joined(StatementRates.of(then)) == StatementRates.of([*first, *then])
