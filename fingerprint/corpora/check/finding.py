"""What a check says: findings, and what is to be done about rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """rows: how many it is about. cases: what it is about, and how many rows each, most first. mended: what --fix
    does about it, empty where only a person can."""

    name: str
    rows: int
    cases: tuple[tuple[str, int], ...]
    mended: str = ""

    @classmethod
    def of(cls, name: str, cases: Counter[str], mended: str = "") -> list[Finding]:
        """The finding that has these cases, if there are any."""
        rows = cases.total()
        return [cls(name, rows, tuple(sorted(cases.items(), key=lambda c: (-c[1], c[0]))), mended)] if rows else []


@dataclass
class Mending:
    """What --fix does: rows (their number over all files) to leave out and why, and new values of columns."""

    left_out: dict[int, str] = field(default_factory=dict)
    changed: dict[int, dict[str, str]] = field(default_factory=dict)

    def leave_out(self, rows: Iterable[int], why: str) -> None:
        """The first reason that is given for a row counts."""
        for row in rows:
            self.left_out.setdefault(row, why)

    def change(self, row: int, column: str, value: str) -> None:
        """A new value."""
        self.changed.setdefault(row, {})[column] = value
