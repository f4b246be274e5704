"""Changes to a response that a person or a server might make, for the question what a verdict survives."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from fingerprint.features.text_forms import plain

_EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿\ufe0f]")
_DASHES = re.compile(r"\s?[—–]\s?")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"})
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_CHARACTERS_A_WORD = 2


def stripped(text: str) -> str:
    """Without markdown."""
    return plain(text)


def cut(words: int) -> Callable[[str], str]:
    """The beginning: so many words, or twice as many characters where a script writes no spaces."""

    def change(text: str) -> str:
        ends = [m.end() for m in re.finditer(r"\S+", text)]
        if len(ends) * 20 < len(text):
            return text[: words * _CHARACTERS_A_WORD]
        return text if len(ends) <= words else text[: ends[words - 1]]

    return change


def lowered(text: str) -> str:
    """In lower case."""
    return text.lower()


def bare(text: str) -> str:
    """Without emoji, and with a comma for each dash."""
    return _DASHES.sub(", ", _EMOJI.sub("", text))


def straight(text: str) -> str:
    """With typewriter quotes."""
    return text.translate(_QUOTES)


def halved(text: str) -> str:
    """Half of the sentences, drawn by the text itself, so that a text is always halved alike."""
    parts = [part for part in _SENTENCE.split(text) if part.strip()]
    if len(parts) < 2:
        return text
    rng = np.random.default_rng(len(text))
    keep = np.sort(rng.permutation(len(parts))[: (len(parts) + 1) // 2])
    return " ".join(parts[i] for i in keep)


PERTURBATIONS: dict[str, Callable[[str], str]] = {
    "markdown stripped": stripped,
    "cut to 50 words": cut(50),
    "cut to 100 words": cut(100),
    "cut to 200 words": cut(200),
    "lower-cased": lowered,
    "emoji and dashes removed": bare,
    "plain quotes": straight,
    "half of the sentences": halved,
}
AS_IT_IS = "as it is"
MIXED = "mixed with 20 % of another model's"
MIXED_SHARE = 0.2
