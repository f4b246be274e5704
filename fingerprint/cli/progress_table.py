"""How far each of several models is, one line each on stderr; silent where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fingerprint.base.escaping import printable
from fingerprint.collect.counters import Counters


class ProgressTable:
    """Shows tallies for as long as it is entered, a few times a second."""

    def __init__(self, tallies: Sequence[Counters]):
        self._tallies = tallies
        shown = sys.stderr.isatty() and any(counters.unasked for counters in tallies)
        console = Console(stderr=True, markup=False, highlight=False)
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4) if shown else None

    def __enter__(self) -> ProgressTable:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for counters in self._tallies:
            table.add_row(*cells(counters))
        return table


def cells(counters: Counters) -> tuple[str, ...]:
    """Model, done, failed, rate, cost so far, time left."""
    left = counters.seconds_left()
    return (
        printable(counters.model),
        f"{counters.before + counters.done:,} of {counters.total:,}",
        f"{counters.failed.total() + counters.refused + counters.empty:,} without answer",
        f"{counters.rate():.1f}/s",
        dollars(counters),
        "given up" if counters.stopped else "" if left is None else f"{_clock(left)} left",
    )


def dollars(counters: Counters) -> str:
    """What was spent, as far as it is known."""
    if counters.uncosted:
        return (
            f"${counters.cost:.4f} and {counters.uncosted:,} at an unknown price" if counters.cost else "price unknown"
        )
    return f"${counters.cost:.4f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
