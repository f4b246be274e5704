from __future__ import annotations

from fingerprint.comparison.shared_prompts import shared_prompts
from fingerprint.data.response import Response


def test_the_text_of_a_prompt_decides_whatever_its_spacing_and_id() -> None:
    first = [
        Response("a", prompt="Why is the\n sky  blue?", prompt_id="1"),
        Response("b", prompt="Other", prompt_id="2"),
    ]
    second = [Response("c", prompt="Why is the sky blue?", prompt_id="2"), Response("d", prompt="None", prompt_id="1")]
    found = shared_prompts(first, second)
    (prompt,) = found.prompts
    assert [r.response for r in prompt.first + prompt.second] == ["a", "c"]
    assert found.n_unmatched == (1, 1)
    assert found.n_by_id == 0


def test_composed_and_decomposed_letters_are_one_prompt() -> None:
    assert shared_prompts([Response("a", prompt="caf\u00e9?")], [Response("b", prompt="cafe\u0301?")]).prompts


def test_the_id_decides_where_a_text_is_missing() -> None:
    first = [Response("a", prompt="Why?", prompt_id="7"), Response("b", prompt_id="8")]
    second = [Response("c", prompt_id="7"), Response("d", prompt_id="7"), Response("e", prompt_id="8")]
    found = shared_prompts(first, second)
    assert [(p.prompt, len(p.first), len(p.second)) for p in found.prompts] == [("Why?", 1, 2), ("8", 1, 1)]
    assert found.n_by_id == 2


def test_an_id_with_two_texts_matches_nothing_by_itself() -> None:
    first = [Response("a", prompt="Why?", prompt_id="7"), Response("b", prompt="How?", prompt_id="7")]
    assert not shared_prompts(first, [Response("c", prompt_id="7")]).prompts


def test_responses_without_a_prompt_never_match() -> None:
    found = shared_prompts([Response("a")], [Response("b"), Response("c")])
    assert not found.prompts
    assert found.n_unmatched == (1, 2)
    assert found.pooled().texts == []


def test_other_system_prompts_are_counted_and_no_part_of_the_match() -> None:
    first = [Response("a", prompt="Why?", system="Be brief."), Response("b", prompt="How?", system="Be brief.")]
    second = [Response("c", prompt="Why?"), Response("d", prompt="How?", system="Be  brief.")]
    found = shared_prompts(first, second)
    assert (len(found.prompts), found.n_other_system) == (2, 1)


def test_pooled_keeps_each_prompt_and_side() -> None:
    first = [Response("a", prompt="P"), Response("b", prompt="Q"), Response("c", prompt="P")]
    second = [Response("d", prompt="Q"), Response("e", prompt="P")]
    found = shared_prompts(first, second)
    pooled = found.pooled()
    assert pooled.texts == ["a", "c", "e", "b", "d"]
    assert pooled.prompt.tolist() == [0, 0, 0, 1, 1]
    assert pooled.second.tolist() == [False, False, True, False, True]
    assert [r.response for r in found.first] == ["a", "c", "b"]
    assert [r.response for r in found.second] == ["e", "d"]
