"""Short excerpts of a case, with what a page speaks about marked in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Spans = Sequence[tuple[int, int]]

# Characters before and after the first mark: a line on a wide screen, two or three on a phone.
_BEFORE, _AFTER = 50, 70
# A match can be as long as a whole line, such as a bold passage.
_LONGEST_MARK = 80
_BREAKS = re.compile(r"[ \t]*[\r\n]+\s*")
_SPACES = re.compile(r"[ \t\xa0]+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of one response.

    Attributes:
        response: Number of the response, from 1.
        pieces: Text, and whether it is marked. It is not safe to show before it is escaped.
        is_cut: Whether the response goes on (before, after) the excerpt.
    """

    response: int
    pieces: tuple[tuple[str, bool], ...]
    is_cut: tuple[bool, bool]


def excerpts(texts: Sequence[str], find: Callable[[str], Spans], most: int) -> tuple[Excerpt, ...]:
    """Return excerpts of different responses, the first occurrence in each.

    Args:
        texts: The responses.
        find: Returns where what is looked for occurs in a text, in order.
        most: Excerpts at most.
    """
    return tuple(one for one, _ in zip(_each(texts, find), range(most), strict=False))


def _each(texts: Sequence[str], find: Callable[[str], Spans]) -> Iterator[Excerpt]:
    for number, text in enumerate(texts, 1):
        if spans := find(text):
            yield _excerpt(number, text, spans)


def _excerpt(number: int, text: str, spans: Spans) -> Excerpt:
    begin, end = _window(text, spans[0])
    inside = [(start, min(stop, end)) for start, stop in spans if begin <= start < end]
    edges = sorted({begin, end, *(edge for span in inside for edge in span)})
    starts = {start for start, _ in inside}
    pieces = [(_one_line(text[start:stop]), start in starts) for start, stop in pairwise(edges)]
    return Excerpt(number, tuple((piece, marked) for piece, marked in pieces if piece), (begin > 0, end < len(text)))


def _window(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Where an excerpt begins and ends: at words, if there are any near."""
    start, stop = span[0], min(span[1], span[0] + _LONGEST_MARK)
    begin, end = max(start - _BEFORE, 0), min(stop + _AFTER, len(text))
    if begin and (space := text.find(" ", begin, start)) >= 0:
        begin = space + 1
    if end < len(text) and (space := text.rfind(" ", stop, end)) >= 0:
        end = space
    return begin, end


def _one_line(text: str) -> str:
    """Line breaks as a sign that people see, and no long gaps."""
    return _SPACES.sub(" ", _BREAKS.sub(" \u21b5 ", text))
