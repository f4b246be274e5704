"""What commands show on a terminal while they work: progress, the progress table, interrupts, the screen's width."""

from __future__ import annotations

import os
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
    from fingerprint.report.layout import Screen, Tone

# The end of the line on Ctrl-C, for commands that keep features alone.
FEATURES = "goes on with the features made so far"
# A line longer than this is hard to read, however wide the terminal is.
_WIDEST = 100
# Seconds between two lines of progress where there is no terminal.
_MINUTE = 60
# By the tone of a headline.
_COLOURS = {"firm": "green", "leaning": "yellow", "open": "cyan", "against": "red"}
_TABLE_UPDATES = 4


def screen(verbose: bool = False) -> Screen:
    """Return how text is shown on stdout: in colour where --color, NO_COLOR and the terminal want it so.

    Args:
        verbose: Whether with all details.
    """
    from fingerprint.report.layout import PLAIN, Screen

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    paint = _painted if _is_coloured() else PLAIN.paint
    return Screen(width, sys.stdout.encoding or "ascii", verbose, paint)


def _is_coloured() -> bool:
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _painted(line: str, tone: Tone) -> str:
    return click.style(line, fg=_COLOURS[tone], bold=True)


@contextmanager
def resumable(again: str = "goes on where it was") -> Iterator[None]:
    """Say on stderr, after a Ctrl-C, what the same command does when it is given again."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"fingerprint: interrupted; the same command {again}", err=True)
        raise


class Progress:
    """Reporter of a long command, on stderr: on a terminal a bar with the time left, elsewhere a line a minute.

    A terminal shows lines too where `rich` is not installed.
    """

    def __init__(self) -> None:
        self._bar = _bar() if sys.stderr.isatty() else None
        self._last = time.monotonic()
        self._stage = _Stage("", 0, self._last)

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of a stage are done."""
        now = time.monotonic()
        if stage != self._stage.name or done < self._stage.done:
            self._stage = _Stage(stage, done, now)
        self._stage.done = done
        if self._bar:
            self._bar.update(self._stage, total)
        elif now - self._last >= _MINUTE:
            self._last = now
            left = self._stage.seconds_left(total, now)
            clock = "" if left is None else f", about {_clock(left)} left"
            click.echo(f"{printable(stage)}: {done:,} of {total:,}{clock}", err=True)


class _Stage:
    """A stage of a long command: its name, how many pieces were done at first, and are done now."""

    def __init__(self, name: str, done: int, began: float):
        self.name, self.first, self.done, self.began = name, done, done, began

    def seconds_left(self, total: int, now: float) -> float | None:
        """How long the rest takes at the pace so far; None before anything is done."""
        done = self.done - self.first
        return (now - self.began) / done * (total - self.done) if done > 0 else None


def _bar() -> _Bar | None:
    try:
        return _Bar()
    except ImportError:
        return None


class _Bar:
    """A bar for the stage at work, below a line for each stage that is done."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True, markup=False, highlight=False),
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        self._stage: _Stage | None = None
        self._total = 0

    def start(self) -> None:
        """Show the bar."""
        self._bars.start()

    def stop(self) -> None:
        """Leave a line of the stage at work, and no bar."""
        self._finish()
        self._bars.stop()

    def update(self, stage: _Stage, total: int) -> None:
        """Show how far a stage is."""
        if stage is not self._stage:
            self._finish()
            self._stage = stage
            self._bars.add_task(printable(stage.name), total=total, completed=stage.done)
        self._total = total
        self._bars.update(self._bars.task_ids[0], completed=stage.done, total=total)

    def _finish(self) -> None:
        """Put a line in the place of the bar of a stage."""
        if self._stage is not None:
            (task,) = self._bars.tasks
            took = _clock(task.elapsed or 0)
            self._bars.console.print(
                f"{printable(self._stage.name)}: {self._stage.done:,} of {self._total:,} in {took}"
            )
            self._bars.remove_task(task.id)
            self._stage = None


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
