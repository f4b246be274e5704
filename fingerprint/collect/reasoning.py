"""Reasoning traces that come as part of the text, as servers without a parser for them leave them."""

from __future__ import annotations

import re

_TAGS = "think|thinking|thought|reasoning|seed:think"
_WHOLE = re.compile(rf"\s*(?:<(?P<tag>{_TAGS})>.*?(?:</(?P=tag)>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z))", re.S)
# Templates that end with the opening tag leave only the closing one in the answer.
_HEADLESS = re.compile(r"(?:(?!<think>).)*?</think>", re.S)


def without_reasoning(text: str) -> str:
    """The text after a trace at its beginning; nothing where the trace has no end."""
    bare = text
    while found := _WHOLE.match(bare):
        bare = bare[found.end() :]
    if bare is text and (found := _HEADLESS.match(text)):
        bare = text[found.end() :]
    return text if bare is text else bare.lstrip()
