"""A model that is older than what it may be asked about."""

from __future__ import annotations

import calendar
from datetime import date

DAYS = 60


def stale(newest: str, today: date) -> str | None:
    """A warning where the newest release that a model knows (YYYY-MM, or empty) is over DAYS older than `today`;
    the month's last day counts."""
    if not newest:
        return None
    year, month = map(int, newest.split("-"))
    days = (today - date(year, month, calendar.monthrange(year, month)[1])).days
    if days <= DAYS:
        return None
    return (
        f"the newest release that the model knows is of {newest}, {days} days ago or more; what came out since is "
        "taken for something else (fingerprint update adds it)"
    )
