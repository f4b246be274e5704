"""Numbers of an evaluation as people read them; what could not be measured is a dash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fingerprint.base.escaping import printable
from fingerprint.metrics import Metric

DASH = "–"
LONGEST_NAME = 60
"""Characters of a name that are shown, unless a place has less room."""


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 0 to 1 in per cent."""
    return DASH if share is None else f"{share:.{digits}%}"


def decimal(value: float | None) -> str:
    """Return a number with three decimals."""
    return DASH if value is None else f"{value:.3f}"


def short(value: float | None) -> str:
    """Return a number of unknown size with three significant digits."""
    return DASH if value is None else f"{value:.3g}"


def count(value: float | None) -> str:
    """Return a count with separated thousands."""
    return DASH if value is None else f"{value:,.0f}"


def big(value: float | None) -> str:
    """Return the number of a headline: a share in per cent, anything above one as a count."""
    if value is None:
        return DASH
    if value > 1:
        return count(value)
    return percent(value, 1 if 0 < value < 0.095 else 0)


def value_of(metric: str, value: float | None) -> str:
    """Return the value of a metric: shares in per cent, scores as numbers with three decimals."""
    return percent(value) if Metric(metric).is_share else decimal(value)


def interval(metric: str, found: Mapping[str, Any] | None) -> str:
    """Return a metric's value and, in brackets, its 95 % interval."""
    if found is None or found["value"] is None:
        return DASH
    text = value_of(metric, found["value"])
    low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        return text
    return f"{text} ({value_of(metric, low).removesuffix('%')}–{value_of(metric, high).removesuffix('%')})"


def name(text: object, most: int = LONGEST_NAME) -> str:
    """Return a name on one line, safe to show and of at most `most` characters."""
    shown = DASH if text is None else printable(str(text))
    return shown if len(shown) <= most else shown[: most - 1] + "…"
