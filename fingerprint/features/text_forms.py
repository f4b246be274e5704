"""The two forms in which a response is counted: in full, and plain, with its markdown taken away.

Training sees both forms of a response, as two domains, so that a release is known by its words as well: a prompt or a
page may forbid layout.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Protocol

from fingerprint.data.names import mask_names

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.M)
_TABLE = re.compile(r"^[ \t]*\|.*$", re.M)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$", re.M)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]*", re.M)
_BULLET = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,2}[.)])[ \t]+", re.M)
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`")
_LINES = re.compile(r"[ \t]*\n\s*")


def plain(text: str) -> str:
    """Return `text` without fences, tables, rules, headings, list marks and emphasis, and with single line breaks."""
    for pattern in (_FENCE, _TABLE, _RULE, _HEADING, _BULLET, _EMPHASIS):
        text = pattern.sub("", text)
    return _LINES.sub("\n", text).strip()


class TextForm(StrEnum):
    """In which form a response is counted."""

    FULL = "full"
    PLAIN = "plain"

    def masked(self, text: str) -> str:
        """Return the form of a response that is counted, with the names that a model gives itself masked.

        The plain form is empty for a response that has code in it, and for one that has no markdown.
        """
        if self is TextForm.FULL:
            return mask_names(text)
        bare = plain(text)
        return "" if "```" in text or bare == text.strip() else mask_names(bare)


class Texts(Protocol):
    """Texts by row, in an order that does not change."""

    def __len__(self) -> int: ...
    def texts(self, start: int, stop: int) -> list[str]: ...


class EverySecond:
    """Every second row of a corpus: enough to learn the plain form of a release from."""

    def __init__(self, source: Texts):
        self.source = source

    def __len__(self) -> int:
        return (len(self.source) + 1) // 2

    def texts(self, start: int, stop: int) -> list[str]:
        """Return rows start to stop."""
        return self.source.texts(2 * start, min(2 * stop, len(self.source)))[::2]
