"""How far each of several models is, one line each on stderr; silent where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fingerprint.collect.tally import Tally
from fingerprint.report.escape import printable


class Board:
    """Shows tallies for as long as it is entered, a few times a second."""

    def __init__(self, tallies: Sequence[Tally]):
        self._tallies = tallies
        shown = sys.stderr.isatty() and any(tally.unasked for tally in tallies)
        console = Console(stderr=True, markup=False, highlight=False)
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4) if shown else None

    def __enter__(self) -> Board:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for tally in self._tallies:
            table.add_row(*cells(tally))
        return table


def cells(tally: Tally) -> tuple[str, ...]:
    """Model, done, failed, rate, cost so far, time left."""
    left = tally.seconds_left()
    return (
        printable(tally.model),
        f"{tally.before + tally.done:,} of {tally.total:,}",
        f"{tally.failed.total() + tally.refused + tally.empty:,} without answer",
        f"{tally.rate():.1f}/s",
        dollars(tally),
        "given up" if tally.stopped else "" if left is None else f"{_clock(left)} left",
    )


def dollars(tally: Tally) -> str:
    """What was spent, as far as it is known."""
    if tally.uncosted:
        return f"${tally.cost:.4f} and {tally.uncosted:,} at an unknown price" if tally.cost else "price unknown"
    return f"${tally.cost:.4f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
