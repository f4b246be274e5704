"""Findings about labels: names that the registry does not know, dates that contradict it, releases with too little."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fingerprint.corpora.check.finding import Finding, Mending
from fingerprint.corpora.check.sketches import Weighed
from fingerprint.data.registry import Registry, Release

# As many as a release needs to count as known (shared/README.md, and what training holds out of).
ENOUGH = 20
_DAY = re.compile(r"(?<!\d)(20[12]\d)-?(0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?!\d)")
_LATEST = 4_102_444_800


class Labels:
    """Sees batches in order."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._known: dict[str, Release | None] = {}
        self._unknown: Counter[str] = Counter()
        self._aliases: Counter[str] = Counter()
        self._early: Counter[str] = Counter()
        self._snapshots: Counter[str] = Counter()
        self._amount: Counter[str] = Counter()

    def see(self, start: int, seen: Weighed, mending: Mending) -> list[Release | None]:
        """The registry's entry of each row."""
        entries = []
        for i, name in enumerate(seen.release):
            if name not in self._known:
                self._known[name] = self._registry.resolve(name)
            entry = self._known[name]
            entries.append(entry)
            if entry is None:
                self._unknown[name or "(empty)"] += 1
                mending.leave_out([start + i], "a release that the registry does not know")
                continue
            self._amount[entry.release] += 1
            if name != entry.release:
                self._aliases[f"{name} is {entry.release}"] += 1
                mending.change(start + i, "release", entry.release)
            if entry.released and _before(_month(seen.date[i]), entry.released):
                self._early[f"{entry.release} (released {entry.released})"] += 1
            named = _DAY.search(seen.model[i])
            if entry.released and named and _before(f"{named[1]}-{named[2]}", entry.released):
                self._snapshots[f"{seen.model[i]} is {entry.release}, released {entry.released}"] += 1
        return entries

    def findings(self) -> Iterator[Finding]:
        """All of them, once every batch was seen."""
        yield from Finding.of("releases that the registry does not know", self._unknown, "left out")
        yield from Finding.of("aliases in place of releases", self._aliases, "release set to its name in the registry")
        yield from Finding.of("answered before the release came out", self._early)
        yield from Finding.of("names with a date before the release came out", self._snapshots)
        little = {release: count for release, count in self._amount.items() if count < ENOUGH}
        yield from Finding.of(f"releases with fewer than {ENOUGH} responses", Counter(little))


def _before(month: str, released: str) -> bool:
    """Whether `month` is over a month before the release: previews are named, and asked, a little early."""
    return bool(month) and _count(month) < _count(released) - 1


def _count(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7])


def _month(date: Any) -> str:
    """YYYY-MM of a day as text or in seconds since 1970; empty where it is none."""
    if isinstance(date, datetime):
        return date.strftime("%Y-%m")
    if isinstance(date, int | float) and not isinstance(date, bool) and 0 < date < _LATEST:
        return datetime.fromtimestamp(date, UTC).strftime("%Y-%m")
    found = _DAY.match(date) if isinstance(date, str) else None
    return f"{found[1]}-{found[2]}" if found else ""
