"""Style markers: countable properties of style with names for people, the reasons that a verdict gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORDS = re.compile(r"\w+")
_SENTENCES = re.compile(r"[.!?。！？…]+(?:\s|$)")
_PATTERNS: dict[str, tuple[str, str]] = {
    "headings": ("per 1,000 words", r"(?m)^#{1,6} "),
    "bulleted items": ("per 1,000 words", r"(?m)^[ \t]*[-*•] "),
    "numbered items": ("per 1,000 words", r"(?m)^[ \t]*\d{1,2}[.)] "),
    "bold passages": ("per 1,000 words", r"\*\*[^*\n]+\*\*"),
    "tables rows": ("per 1,000 words", r"(?m)^[ \t]*\|"),
    "horizontal rules": ("per 1,000 words", r"(?m)^(?:---+|\*\*\*+)[ \t]*$"),
    "code blocks": ("per 1,000 words", r"(?m)^```\w*"),
    "inline code": ("per 1,000 words", r"(?<!`)`[^`\n]+`(?!`)"),
    "em dashes": ("per 1,000 words", "—"),
    "en dashes": ("per 1,000 words", "–"),
    "semicolons": ("per 1,000 words", ";"),
    "colons": ("per 1,000 words", ":"),
    "parentheses": ("per 1,000 words", r"\("),
    "exclamation marks": ("per 1,000 words", "[!！]"),
    "question marks": ("per 1,000 words", "[?？]"),
    "typographic quotes": ("per 1,000 words", "[“”‘’]"),
    "straight quotes": ("per 1,000 words", '"'),
    "contractions": ("per 1,000 words", r"(?i)\b\w+['’](?:s|t|re|ve|ll|d|m)\b"),
    "emoji": ("per 1,000 words", "[\U0001f300-\U0001faff☀-➿]"),
    "ellipses": ("per 1,000 words", r"…|\.\.\."),
    "words in capitals": ("per 1,000 words", r"\b[A-Z]{2,}\b"),
}
_COMPILED = {name: re.compile(pattern) for name, (_, pattern) in _PATTERNS.items()}
NAMES: tuple[str, ...] = (*_PATTERNS, "words", "words a sentence", "words a paragraph")
UNITS: tuple[str, ...] = (*(unit for unit, _ in _PATTERNS.values()), "a response", "on average", "on average")


def measure(texts: Sequence[str]) -> NDArray[np.float32]:
    """Measure every style marker.

    Args:
        texts: Responses.

    Returns:
        (texts, markers) rates in the order of NAMES, in the units of UNITS.
    """
    return np.array([_measure(text) for text in texts], np.float32).reshape(-1, len(NAMES))


def occurrences(marker: str, text: str) -> list[tuple[int, int]]:
    """Return where a style marker occurs in a text, as pairs of begin and end.

    Args:
        marker: One of NAMES; those that measure a length occur nowhere.
        text: A response.
    """
    pattern = _COMPILED.get(marker)
    return [found.span() for found in pattern.finditer(text)] if pattern else []


def _measure(text: str) -> list[float]:
    words = max(sum(1 for _ in _WORDS.finditer(text)), 1)
    rates = [1000 * sum(1 for _ in p.finditer(text)) / words for p in _COMPILED.values()]
    sentences = max(sum(1 for _ in _SENTENCES.finditer(text)), 1)
    paragraphs = max(sum(1 for part in text.split("\n") if part.strip()), 1)
    return [*rates, float(words), words / sentences, words / paragraphs]
