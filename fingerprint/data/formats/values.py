"""JSON values of unknown form, asked for what is wanted: what is of another type is nothing, never an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Item = Mapping[str, Any]


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
