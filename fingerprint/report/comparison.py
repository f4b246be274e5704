"""The comparison of a new model with the old one, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fingerprint.base.escaping import printable

_HEAD = ("of", "figure", "suspects", "old", "new", "drop", "95 % interval", "allowed", "")


def render(comparison: Mapping[str, Any]) -> str:
    """Lines of text, ending with a newline. comparison: as `Comparison.to_dict` gives it."""
    rows = [_HEAD, *map(_row, comparison["figures"])]
    width = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ["  ".join(map(str.ljust, row, width)).rstrip() for row in rows]
    if len(rows) == 1:
        lines = ["Nothing was held back that the two models could be compared on."]
    if comparison["lost"]:
        lines.append(f"Releases that it no longer knows: {printable(', '.join(comparison['lost']))}")
    return "\n".join(lines) + "\n"


def _row(figure: Mapping[str, Any]) -> Sequence[str]:
    old, new, drop, low, high = (_number(figure[name]) for name in ("old", "new", "drop", "low", "high"))
    worse = "worse" if figure["worse"] else ""
    return (
        figure["group"],
        figure["figure"],
        str(figure["suspects"]),
        old,
        new,
        drop,
        f"{low} to {high}",
        _number(figure["allowed"]),
        worse,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
