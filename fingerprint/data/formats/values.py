"""JSON values of unknown form, asked for what is wanted: what is of another type is nothing, never an error."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

Item = Mapping[str, Any]

# Seconds since 1970 at the beginnings of 2000 and 2100. What lies outside is no time: "time": 3.2 is a duration.
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800
# Seconds, milliseconds, microseconds and nanoseconds; their ranges do not overlap.
_UNITS = (1, 10**3, 10**6, 10**9)


def mapping(value: object) -> Item:
    """Return an object as it is; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Item]:
    """Return the objects in a list; none for anything else."""
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list | tuple) else []


def string(value: object) -> str:
    """Return text as it is; empty for anything else."""
    return value if isinstance(value, str) else ""


def name(value: object) -> str:
    """Return a name or number as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return ""


def first(item: Item, *keys: str) -> Any:
    """Return the value of the first of `keys` that is there and not None."""
    return next((item[key] for key in keys if item.get(key) is not None), None)


def number(value: object) -> float | None:
    """Return a number, or text that is one, as float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def stamp(value: object) -> str:
    """Return a time as text that `moment` reads: a number, a date of a table, or text; empty for anything else."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return value.isoformat() if isinstance(value, date) else name(value)


def moment(text: str) -> datetime | None:
    """Return the time that a text states.

    Args:
        text: ISO 8601, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970.

    Returns:
        The time in UTC, which is also taken where no zone is stated; None for anything else.
    """
    count = number(text)
    for unit in _UNITS:
        if count is not None and _EARLIEST * unit <= count < _LATEST * unit:
            return datetime.fromtimestamp(count / unit, UTC)
    try:
        found = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def parsed(value: str) -> Any:
    """Return what a text is as JSON; None where it is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def walk(value: object, key: str, most: int = 1_000) -> Iterator[Any]:
    """Yield what lies under `key` anywhere in a value, outermost first, looking at no more than `most` values."""
    queue: list[object] = [value]
    for at in range(most):
        if at >= len(queue):
            return
        current = queue[at]
        if isinstance(current, Mapping):
            if key in current:
                yield current[key]
            queue.extend(current.values())
        elif isinstance(current, list):
            queue.extend(current)
