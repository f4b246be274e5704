"""Responses without the reasoning that some servers leave in their text: a fingerprint is of what a model answers."""

from __future__ import annotations

import re

_TAGS = "think|thinking|thought|reasoning|seed:think"
_WHOLE = re.compile(rf"\s*(?:<(?P<tag>{_TAGS})>.*?(?:</(?P=tag)>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z))", re.S)
# Templates that end with the opening tag leave only the closing one in the answer.
_HEADLESS = re.compile(rf"(?:(?!<(?:{_TAGS})>).)*?</(?:{_TAGS})>", re.S)


def without_reasoning(text: str) -> str:
    """The text after all traces at its beginning; nothing where the last has no end. Tags that are quoted further on
    are part of the answer."""
    headless = _HEADLESS.match(text)
    start = headless.end() if headless else 0
    while found := _WHOLE.match(text, start):
        start = found.end()
    return text[start:].lstrip() if start else text
