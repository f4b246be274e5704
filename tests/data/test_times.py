"""When a response was written, from a file to `Response.time` and to a point in time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fingerprint.data.formats.values import moment, stamp
from fingerprint.data.reader import case_of, read_case
from fingerprint.data.response import Response, usable

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECONDS = 1_767_355_200
SAID = "Tide pools fill with the sea twice a day."


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T12:00:00Z", "2026-01-02T13:00:00+01:00", "2026-01-02 12:00", " 2026-01-02 12:00:00 UTC ",
        str(SECONDS), f"{SECONDS}.0", str(SECONDS * 10**3), str(SECONDS * 10**6), str(SECONDS * 10**9),
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_usual_form(text: str) -> None:
    assert moment(text) == NOON


@pytest.mark.parametrize(
    "text", ["", "soon", "3.2", "-5", "nan", "inf", "1e999", "2026", "9" * 5_000, "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SECONDS, str(SECONDS)), (SECONDS + 0.5, "1767355200.5"), (NOON, "2026-01-02T12:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"), ("today", "today"), (float("nan"), ""), (None, ""), (True, ""), ([1], ""),
    ],
)  # fmt: skip
def test_a_value_becomes_text(value: object, text: str) -> None:
    assert stamp(value) == text


@pytest.mark.parametrize("column", ["created_at", "createdAt", "Created", "timestamp", "time", "Date"])
@pytest.mark.parametrize("value", [SECONDS, SECONDS * 1000, "2026-01-02T12:00:00Z", SECONDS + 0.0])
def test_a_column_of_a_table_is_the_time(column: str, value: Any) -> None:
    (record,) = case_of([{"response": SAID, column: value}]).records
    assert moment(record.time) == NOON


def test_answers_of_apis_and_rows_of_messages_keep_their_time(tmp_path: Path) -> None:
    message = {"role": "assistant", "content": SAID}
    rows: list[dict[str, Any]] = [
        {"object": "chat.completion", "created": SECONDS, "choices": [{"index": 0, "message": message}]},
        {"messages": [{"role": "user", "content": "Why?"}, message], "created_at": "2026-01-02T12:00:00Z"},
    ]
    for number, row in enumerate(rows):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps(row) + "\n", "utf-8")
        (record,) = read_case(str(path)).records
        assert moment(record.time) == NOON


def test_a_case_keeps_its_repeats_with_their_times() -> None:
    days = [Response(SAID, prompt_id="1", time=f"2026-01-0{day}") for day in (1, 2, 3)]
    case = usable("x", [*days, Response("too short", time="2026-01-01")])
    assert case.records == (days[0],)
    assert case.repeats == tuple(days[1:])
