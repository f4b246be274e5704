"""What a format of files is: a row of the table that `docs/formats.md` is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fingerprint.data.formats.values import Item, mapping
from fingerprint.data.message import Kind, LeftOut, Message


class Group(StrEnum):
    """Chapters of `docs/formats.md`."""

    API = "Answers of APIs"
    CHAT = "Chats and exports of accounts"
    AGENT = "Coding agents"
    EVALUATION = "Evaluation logs"
    TABLE = "Tables"
    TEXT = "Plain text"


class Shape(StrEnum):
    """What a format is parsed from: JSON objects (or rows of a table), text, or the path of a database."""

    ITEMS = "items"
    TEXT = "text"
    DATABASE = "database"


@dataclass(frozen=True)
class Format:
    """One form of files.

    name: for `--format-in`. title: for "3 responses of ...". group, writer, known_by, taken, left_out: for people, in
    `docs/formats.md`. fits: whether one item, or the beginning of a text, has this form. parse: yields what the model
    wrote, counts what is left out, and never fails because something is missing. unit: what one message is called.
    """

    name: str
    title: str
    group: Group
    writer: str
    known_by: str
    taken: str
    left_out: str
    fits: Callable[[Any], bool]
    parse: Callable[[Any, LeftOut], Iterator[Message]]
    shape: Shape = Shape.ITEMS
    unit: str = "response"


Read = Callable[[Item, LeftOut], Iterator[Message]]


def each(fits: Callable[[Item], bool], read: Read) -> Callable[[Iterable[Item], LeftOut], Iterator[Message]]:
    """Return a parser of files whose items stand alone; those that do not fit are counted.

    Args:
        fits: Whether an item has the form.
        read: Reads one that does.
    """

    def parse(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
        for item in items:
            if fits(item):
                yield from read(item, left_out)
            else:
                left_out[Kind.ERROR if is_error(item) else Kind.STRANGE] += 1

    return parse


def is_error(item: Item) -> bool:
    """Whether an item says that something failed."""
    return bool(item.get("error")) or item.get("type") == "error" or mapping(item.get("status")).get("error") is True
