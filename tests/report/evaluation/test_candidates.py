"""What the reports show of questions about a few labs: the order of tables, and what counts as exceeded."""

from __future__ import annotations

from typing import Any

from fingerprint.report.evaluation.candidates import conclusions, tables
from tests.report.evaluation.made_up import NUMBERS, report


def candidates() -> dict[str, Any]:
    found: dict[str, Any] = report(protocols=("candidates",), releases=60)["candidates"]["candidates"]
    return found


def test_a_table_for_each_number_of_candidates_and_way_of_drawing() -> None:
    found = tables(candidates())
    assert [table.title for table in found] == [
        f"{number} candidates, {drawn}" for number in (2, 5, 10) for drawn in ("at random", "alike")
    ]
    for table in found:
        assert [row["responses"] for row in table.inside[: len(NUMBERS)]] == list(NUMBERS)
        assert {row["kind"] for row in table.inside} == {"same", "other", "later"}
        assert {row["kind"] for row in table.outside} == {"same", "other", "later", "unknown"}


def test_the_rate_is_exceeded_if_its_whole_interval_is_above_it() -> None:
    found = candidates()
    assert len(conclusions(found)) == 8
    assert "2 candidates at random, the right one among them, 25 responses" in conclusions(found)[0]
    inside, outside = conclusions(found)[-2:]
    # Nothing is promised for later releases.
    assert "In none of 60 rows" in inside
    assert "In none of 90 rows" in outside
    for row in found["figures"]:
        if row["kind"] in ("other", "later") and row["drawn"] == "alike" and row["candidates"] == 5:
            row["metrics"]["coverage"] = {"value": 0.0812, "low": 0.051, "high": 0.1}
    inside, outside = conclusions(found)[-2:]
    assert "In none of" in inside
    assert "in 5 of 90 rows: 5 candidates alike, other, n = 1, 8.1%; 5 candidates alike" in outside
    assert "later" not in outside
