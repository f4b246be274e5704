"""What a page shows, before it is HTML: one form for all kinds of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fingerprint.model.plain_words import PlainWords
from fingerprint.report.layout import Tone
from fingerprint.report.page.excerpts import Excerpt


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        key: Its name in links.
        title: Its heading.
        template: Of `templates/sections`, without its ending.
        view: What the template shows.
    """

    key: str
    title: str
    template: str
    view: dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """A row of a ranking.

    Attributes:
        name: What is ranked.
        share: From 0 to 1.
        note: What is said beside it; may be empty.
        is_first: Whether the verdict is about this row.
    """

    name: str
    share: float
    note: str = ""
    is_first: bool = False


@dataclass(frozen=True)
class Ranking:
    """A table with a bar for each row."""

    caption: str
    head: str
    rows: Sequence[Bar]


@dataclass(frozen=True)
class Marker:
    """A style marker with what it is compared with, and where it occurs in the case.

    Attributes:
        name: Of the style marker, with its unit.
        values: One for each column.
        says: The last column: what the marker is worth.
        excerpts: Of the case.
    """

    name: str
    values: Sequence[str]
    says: str
    excerpts: Sequence[Excerpt]


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        kicker: What kind of page it is.
        words: The verdict in plain words.
        word: The verdict as the program names it.
        tone: How the verdict is coloured.
        facts: Short facts below the headline: names and values.
        sentences: What else a reader has to know at once.
        warnings: What makes the verdict doubtful.
        sections: The parts, in their order.
    """

    kicker: str
    words: PlainWords
    word: str
    tone: Tone
    facts: Sequence[tuple[str, str]]
    sentences: Sequence[str]
    warnings: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple)
