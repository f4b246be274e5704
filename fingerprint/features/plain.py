"""A response with its markdown taken away: how a model writes where the prompt or the page forbids layout.

Training sees both forms of a response, as two domains, so that a release is known by its words as well.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.M)
_TABLE = re.compile(r"^[ \t]*\|.*$", re.M)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$", re.M)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]*", re.M)
_BULLET = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,2}[.)])[ \t]+", re.M)
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`")
_LINES = re.compile(r"[ \t]*\n\s*")


def plain(text: str) -> str:
    """`text` without fences, tables, rules, headings, list marks and emphasis, and with single line breaks."""
    for pattern in (_FENCE, _TABLE, _RULE, _HEADING, _BULLET, _EMPHASIS):
        text = pattern.sub("", text)
    return _LINES.sub("\n", text).strip()
