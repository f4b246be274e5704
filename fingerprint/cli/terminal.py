"""What commands show on a terminal while they work: progress, the progress table, interrupts, the screen's width."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable

if TYPE_CHECKING:
    from rich.table import Table

    from fingerprint.collect.run import Counters

# The end of the line on Ctrl-C, for commands that keep features alone.
FEATURES = "goes on with the features made so far"
# A line longer than this is hard to read, however wide the terminal is.
_WIDEST = 100
# Seconds between two updates of the progress line: often enough to look alive, too seldom to cost time.
_EVERY = 0.1
_TABLE_UPDATES = 4


def screen() -> tuple[int, str]:
    """Return the columns to fill and the encoding of stdout."""
    return min(shutil.get_terminal_size().columns, _WIDEST), sys.stdout.encoding or "ascii"


@contextmanager
def resumable(again: str = "goes on where it was") -> Iterator[None]:
    """Say on stderr, after a Ctrl-C, what the same command does when it is given again."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"fingerprint: interrupted; the same command {again}", err=True)
        raise


class Progress:
    """Reporter of a long command: one line on stderr; silent if stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._stage = ""
        self._last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown and self._stage:
            sys.stderr.write("\n")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of a stage are done."""
        now = time.monotonic()
        if not self._shown or (now - self._last < _EVERY and done < total):
            return
        if self._stage and stage != self._stage:
            sys.stderr.write("\n")
        self._stage, self._last = stage, now
        sys.stderr.write(f"\r\x1b[K{stage}: {done:,} of {total:,}")
        sys.stderr.flush()


class ProgressTable:
    """The state of each model that is asked, a line each on stderr; silent if stderr is no terminal.

    Args:
        counters: Those of each model.
    """

    def __init__(self, counters: Sequence[Counters]):
        from rich.console import Console
        from rich.live import Live

        self._counters = counters
        shown = sys.stderr.isatty() and any(counted.unasked for counted in counters)
        console = Console(stderr=True, markup=False, highlight=False)
        self._live = (
            Live(console=console, get_renderable=self._table, refresh_per_second=_TABLE_UPDATES) if shown else None
        )

    def __enter__(self) -> ProgressTable:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def _table(self) -> Table:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for counters in self._counters:
            table.add_row(*cells(counters))
        return table


def cells(counters: Counters) -> tuple[str, ...]:
    """Return a line of the progress table: model, done, failed, rate, cost so far, time left."""
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
    """Return the cost so far as text, as far as it is known."""
    if counters.uncosted:
        return (
            f"${counters.cost:.4f} and {counters.uncosted:,} at an unknown price" if counters.cost else "price unknown"
        )
    return f"${counters.cost:.4f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
