"""Words and phrases as people read them: runs of one to three words within a sentence, in lower case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ORDERS = (1, 2, 3)
"""Words in a phrase."""

# Code says what it does, not how somebody writes.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)
# A phrase ends at every mark but a comma, a hyphen and an apostrophe, and at the end of its line.
_BREAKS = re.compile(r"[^\w\s,'’-]+|\n+")
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class PhraseCounts:
    """Phrases of some texts.

    Attributes:
        counts: How often each occurs.
        words: Number of words.
    """

    counts: Counter[str]
    words: int


def count_phrases(texts: Iterable[str]) -> PhraseCounts:
    """Count the words and phrases of texts. Languages that write without spaces give whole clauses."""
    counts: Counter[str] = Counter()
    words = 0
    for text in texts:
        for phrase in phrases_of(text):
            counts[phrase] += 1
            words += " " not in phrase
    return PhraseCounts(counts, words)


def phrases_of(text: str) -> Iterator[str]:
    """Yield every word and phrase of a text."""
    for part in _BREAKS.split(_CODE.sub("\n", text)):
        words = [word.lower().replace("’", "'") for word in _WORDS.findall(part)]
        for order in ORDERS:
            yield from map(" ".join, zip(*(words[i:] for i in range(order)), strict=False))


def phrase_occurrences(phrase: str, text: str) -> list[tuple[int, int]]:
    """Return where a phrase occurs in a text, as pairs of begin and end.

    Args:
        phrase: As `phrases_of` yields it.
        text: A response.
    """
    words = (re.escape(word).replace("'", "['’]") for word in phrase.split(" "))
    pattern = r"(?i)(?<![\w'’])" + r"[\s,-]+".join(words) + r"(?![\w'’])"
    return [found.span() for found in re.finditer(pattern, text)]
