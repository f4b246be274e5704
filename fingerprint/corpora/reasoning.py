"""Responses without the reasoning that some servers leave in them: a fingerprint is of what a model answers."""

from __future__ import annotations

import re

_END = re.compile(r"</(?:think|thinking|thought)>")
_BEGIN = re.compile(r"\s*<(?:think|thinking|thought)>")


def without_reasoning(text: str) -> str:
    """What follows the last end of a reasoning trace; empty where a trace was begun and cut off."""
    ends = list(_END.finditer(text))
    if ends:
        return text[ends[-1].end() :].lstrip("\n")
    return "" if _BEGIN.match(text) else text
