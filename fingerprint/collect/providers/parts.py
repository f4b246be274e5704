"""Pieces that the answers of all APIs are made of, read with distrust."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fingerprint.collect.failure import Cause, Failure
from fingerprint.data.reasoning import without_reasoning

_MOST = 10**12


def dictionary(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[dict[str, Any]]:
    """The objects in a list, if it is one."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is text."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """The value if it can be a number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def dollars(value: object) -> float | None:
    """The value if it can be a sum of money; not a number is none, and no limit would hold against it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST:
        return float(value)
    return None


def total(*values: int | None) -> int | None:
    """The sum of the counts that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def said(words: str, calls: Iterable[tuple[str, object]]) -> str:
    """The answer as text: the calls of tools if there are any, one JSON object a line, else the words."""
    lines = [
        json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False, sort_keys=True)
        for name, arguments in calls
    ]
    return "\n".join(lines) or without_reasoning(words)


def missing(what: str) -> Failure:
    """For an answer that lacks what makes it one."""
    return Failure(Cause.MALFORMED, f"an answer without {what}")
