"""What a check finds and what is fixed, and the findings about labels and about single responses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fingerprint.corpora.check.features import RowFeatures
from fingerprint.data.cleaning import SAID
from fingerprint.data.registry import Registry, Release
from fingerprint.data.response import LEAST_CHARACTERS

# As many as a training needs to count a release as known.
ENOUGH = 20
_DAY = re.compile(r"(?<!\d)(20[12]\d)-?(0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?!\d)")
# Seconds since 1970 up to the year 2100: a larger number counts milliseconds or is no time.
_LATEST = 4_102_444_800
_ISO = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Finding:
    """One kind of fault.

    Attributes:
        name: What is wrong.
        rows: How many rows it concerns.
        cases: What it concerns and how many rows each, most first.
        fix: What --fix does about it; empty if only a person can fix it.
    """

    name: str
    rows: int
    cases: tuple[tuple[str, int], ...]
    fix: str = ""

    @classmethod
    def of(cls, name: str, cases: Counter[str], fix: str = "") -> list[Finding]:
        """Return the finding with these cases, in a list; an empty list if there are none."""
        rows = cases.total()
        return [cls(name, rows, tuple(sorted(cases.items(), key=lambda c: (-c[1], c[0]))), fix)] if rows else []


@dataclass
class Fixes:
    """What --fix does. Rows are numbered over all files.

    Attributes:
        left_out: Rows to leave out, and why.
        changed: Rows with new values of columns.
    """

    left_out: dict[int, str] = field(default_factory=dict)
    changed: dict[int, dict[str, str]] = field(default_factory=dict)

    def leave_out(self, rows: Iterable[int], why: str) -> None:
        """Leave rows out; the first reason given for a row counts."""
        for row in rows:
            self.left_out.setdefault(row, why)

    def change(self, row: int, column: str, value: str) -> None:
        """Give a column of a row a new value."""
        self.changed.setdefault(row, {})[column] = value


class LabelCheck:
    """Finds releases that the registry does not know, dates that contradict it, releases with too few responses.

    Args:
        registry: What the labels are compared with.
    """

    def __init__(self, registry: Registry):
        self._registry = registry
        self._known: dict[str, Release | None] = {}
        self._unknown: Counter[str] = Counter()
        self._aliases: Counter[str] = Counter()
        self._early: Counter[str] = Counter()
        self._snapshots: Counter[str] = Counter()
        self._amount: Counter[str] = Counter()

    def see(self, start: int, seen: RowFeatures, fixes: Fixes) -> list[Release | None]:
        """Check the next batch.

        Args:
            start: The number of its first row.
            seen: Its features.
            fixes: Receives what is to be fixed.

        Returns:
            The registry's entry of each row, None for an unknown release.
        """
        entries = []
        for i, name in enumerate(seen.release):
            if name not in self._known:
                self._known[name] = self._registry.resolve(name)
            entry = self._known[name]
            entries.append(entry)
            if entry is None:
                self._unknown[name or "(empty)"] += 1
                fixes.leave_out([start + i], "a release that the registry does not know")
                continue
            self._amount[entry.release] += 1
            if name != entry.release:
                self._aliases[f"{name} is {entry.release}"] += 1
                fixes.change(start + i, "release", entry.release)
            if entry.released and _before(_month(seen.date[i]), entry.released):
                self._early[f"{entry.release} (released {entry.released})"] += 1
            named = _DAY.search(seen.model[i])
            if entry.released and named and _before(f"{named[1]}-{named[2]}", entry.released):
                self._snapshots[f"{seen.model[i]} is {entry.release}, released {entry.released}"] += 1
        return entries

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, after the last batch."""
        yield from Finding.of("releases that the registry does not know", self._unknown, "left out")
        yield from Finding.of("aliases in place of releases", self._aliases, "release set to its name in the registry")
        yield from Finding.of("answered before the release came out", self._early)
        yield from Finding.of("names with a date before the release came out", self._snapshots)
        little = {release: count for release, count in self._amount.items() if count < ENOUGH}
        yield from Finding.of(f"releases with fewer than {ENOUGH} responses", Counter(little))


class TextCheck:
    """Finds fragments, refusals, empty prompts, wrong languages and names of models.

    Args:
        registry: Says which names stand for which lab.
    """

    def __init__(self, registry: Registry):
        self._short: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._mended: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._prompts: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._labs = _labs_by_word(registry)

    def see(self, start: int, seen: RowFeatures, labs: list[str], fixes: Fixes) -> None:
        """Check the next batch.

        Args:
            start: The number of its first row.
            seen: Its features.
            labs: The lab of each row, empty for an unknown release.
            fixes: Receives what is to be fixed.
        """
        for i, release in enumerate(seen.release):
            if seen.length[i] < LEAST_CHARACTERS:
                self._short[release] += 1
                fixes.leave_out([start + i], f"under {LEAST_CHARACTERS} characters")
            elif seen.refuses[i]:
                self._refusals[release] += 1
                fixes.leave_out([start + i], "a refusal without other content")
            self._mended.update(SAID[name] for name in seen.mended[i])
            if seen.broken[i]:
                self._broken[release] += 1
            if seen.no_prompt[i]:
                self._prompts[f"{seen.corpus[i]}{' (nor an id)' if seen.no_id[i] else ''}"] += 1
            stated = _ISO.fullmatch(seen.language[i].lower())
            if stated and seen.found[i] not in ("", stated.group(1)):
                self._languages[f"{seen.corpus[i]}: {seen.language[i]} is {seen.found[i]}"] += 1
                fixes.change(start + i, "language", seen.found[i])
            if seen.names[i]:
                self._names[release] += 1
                for lab in {self._lab_of(name) for name in seen.names[i]} - {"", labs[i]} if labs[i] else ():
                    self._others[f"{release} names {lab}"] += 1

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, after the last batch."""
        yield from Finding.of(f"under {LEAST_CHARACTERS} characters", self._short, "left out")
        yield from Finding.of("refusals", self._refusals, "left out")
        yield from Finding.of("damage to the text", self._mended, "mended")
        yield from Finding.of("NUL or lone surrogate characters", self._broken, "replaced")
        yield from Finding.of("empty prompts", self._prompts)
        yield from Finding.of("wrong language", self._languages, "language set to the one found")
        # Training and identifying mask them.
        yield from Finding.of("names of models or labs", self._names)
        yield from Finding.of("names of another lab or its models", self._others)

    def _lab_of(self, name: str) -> str:
        return next((self._labs[word] for word in _WORD.findall(name) if word in self._labs), "")


def _before(month: str, released: str) -> bool:
    """Whether `month` is over a month before the release: previews have names and answers a little early."""
    return bool(month) and _months(month) < _months(released) - 1


def _months(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7])


def _month(date: Any) -> str:
    """YYYY-MM of a day as text or in seconds since 1970; empty if it is neither."""
    if isinstance(date, datetime):
        return date.strftime("%Y-%m")
    if isinstance(date, int | float) and not isinstance(date, bool) and 0 < date < _LATEST:
        return datetime.fromtimestamp(date, UTC).strftime("%Y-%m")
    found = _DAY.match(date) if isinstance(date, str) else None
    return f"{found[1]}-{found[2]}" if found else ""


def _labs_by_word(registry: Registry) -> dict[str, str]:
    """The first words of families, and those of labs' names, that stand for one lab alone."""
    labs: dict[str, set[str]] = defaultdict(set)
    for entry in registry.releases.values():
        if entry.kind == "lab":
            lab = _WORD.findall(f"{entry.lab} {registry.display(entry.lab)}".lower())
            for word in (*_WORD.findall(entry.family)[:1], *lab):
                labs[word].add(entry.lab)
    return {word: next(iter(found)) for word, found in labs.items() if len(found) == 1 and len(word) > 2}
