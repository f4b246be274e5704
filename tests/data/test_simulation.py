from __future__ import annotations

import pytest

from fingerprint.data.message import ToolCall
from fingerprint.data.simulation import MOST_CALLS, MOST_RESULT_BYTES, Rule, Simulation

WORLD = Simulation(
    ("weather", "book"),
    (
        Rule("weather", {"city": "k*ln"}, "rain"),
        Rule("weather", {"city": "*", "days": "7"}, "sun for a week"),
        Rule("weather", {"days": '*"from": 1*'}, "as asked"),
        Rule("book", {}, "x" * 2_000),
    ),
    5,
)


def result(name: str, arguments: object) -> str:
    results = WORLD.results([ToolCall(name, arguments)], 0)
    assert results is not None
    return results[0]


def test_the_first_rule_that_fits_gives_the_result() -> None:
    assert result("weather", {"city": "KÖLN", "days": 7}) == "rain"
    assert result("weather", {"city": "Ghent", "days": 7}) == "sun for a week"
    assert result("weather", {"days": {"from": 1, "to": 2}}) == "as asked"
    assert result("book", {}) == result("book", {"anything": None})


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("weather", {"city": "Ghent"}, "nothing found"),
        ("weather", {}, "nothing found"),
        ("wether", {"city": "Köln"}, "no such tool"),
        ("", {}, "no such tool"),
        ("weather", '{"city": ', "not a JSON object"),
        ("weather", ["Köln"], "not a JSON object"),
        ("weather", None, "not a JSON object"),
    ],
)
def test_wrong_calls_get_an_error_and_the_task_goes_on(name: str, arguments: object, says: str) -> None:
    assert says in result(name, arguments)


def test_hostile_arguments_cost_no_time() -> None:
    # Patterns of regular expressions would take exponential time.
    assert "nothing" in result("weather", {"city": "k" * 5_000_000 + "!"})
    nested: object = "k"
    for _ in range(5_000):
        nested = [nested]
    assert "nothing" in result("weather", {"city": nested})


def test_calls_without_end_end_the_task() -> None:
    assert WORLD.results([ToolCall("weather", {})] * MOST_CALLS, 0) is not None
    assert WORLD.results([ToolCall("weather", {})] * (MOST_CALLS + 1), 0) is None
    assert WORLD.results([ToolCall("book", {})], MOST_RESULT_BYTES - 2_000) is not None
    assert WORLD.results([ToolCall("book", {})], MOST_RESULT_BYTES - 1_999) is None
