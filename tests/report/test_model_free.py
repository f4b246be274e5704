"""What is found without a model, as text."""

from __future__ import annotations

from dataclasses import replace

from fingerprint.comparison.markers import MarkerEffect
from fingerprint.comparison.model_free import ModelFree, model_free
from fingerprint.comparison.shared_prompts import shared_prompts
from fingerprint.data.response import Response
from fingerprint.report.layout import Screen
from fingerprint.report.model_free import model_free_lines

NAMES = ("a.jsonl", "b.jsonl")


def answers(prompts: range, more: str = "", system: str = "") -> list[Response]:
    return [Response(f"The answer to {p} is {'very ' * (p % 3)}plain.{more}", f"{p}?", system=system) for p in prompts]


def compared(first: list[Response], second: list[Response]) -> ModelFree:
    return model_free(first, second, shared_prompts(first, second))


def text(found: ModelFree) -> str:
    return " ".join(" ".join(model_free_lines(found, NAMES, Screen(80, verbose=True))).split())


def effects(count: int, p_adjusted: float) -> tuple[MarkerEffect, ...]:
    return tuple(
        MarkerEffect(f"marker {i}\x1b[2J", "per line\x07", 1.0, 2.0, 0.9, 0.5, 0.95, 0.001, p_adjusted)
        for i in range(count)
    )


def test_at_most_five_markers_are_shown_and_nothing_hostile() -> None:
    found = compared(answers(range(12)), answers(range(12), "!"))
    many = replace(found, markers=replace(found.markers, effects=effects(7, 0.01)))
    shown = text(many)
    assert "the 5 largest of 7" in shown
    assert "marker 4\\x1b" in shown
    assert "marker 5" not in shown
    assert "+0.90 (+0.50 to +0.95)" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_markers_that_do_not_differ_are_not_shown() -> None:
    found = compared(answers(range(12)), answers(range(12), "!"))
    none = replace(found, markers=replace(found.markers, effects=effects(7, 0.06), smallest_p=0.01))
    assert "No style marker differs (corrected for 7 markers, p <= 0.05)." in text(none)
    few = replace(none, markers=replace(none.markers, smallest_p=0.2))
    assert "With so few responses no style marker can differ" in text(few)


def test_half_of_the_smaller_case_decides_whether_markers_are_paired() -> None:
    few, many = answers(range(10)), answers(range(5, 100), "!")
    found = compared(few, many)
    assert found.markers.is_paired
    assert (found.test.n_prompts, found.n_unmatched) == (5, (5, 90))
    found = compared(answers(range(11)), answers(range(6, 100), "!"))
    assert not found.markers.is_paired
    assert "Most prompts are not shared: they may be the reason." in text(found)
    assert "to the same prompts" not in text(found)


def test_the_least_p_value_that_was_possible_is_said() -> None:
    enough = text(compared(answers(range(12)), answers(range(12), " Yes!")))
    assert "12 prompts shared, 12 and 12 responses to them." in enough
    assert "The least p-value that was possible is" in enough
    few = text(compared(answers(range(2)), answers(range(2), " Yes!")))
    assert "cannot show a difference: their smallest possible p-value is" in few
    none = text(compared(answers(range(3)), answers(range(5, 8))))
    assert none.startswith("Without the model: The two answered no prompt in common")


def test_what_makes_shared_prompts_doubtful_is_a_warning() -> None:
    other = compared(answers(range(6)), answers(range(6), "!", system="Be brief."))
    assert "warning: other system prompts at 6 prompts of these" in text(other)
    by_id = [replace(response, prompt="", prompt_id=str(i)) for i, response in enumerate(answers(range(6)))]
    assert "warning: only ids say that 6 prompts" in text(compared(by_id, by_id))
