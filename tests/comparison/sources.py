"""Made-up sources of text with prompts and styles, and the binomial bounds of a rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fingerprint.comparison.shared_prompts import SharedPrompts, shared_prompts
from fingerprint.data.response import Response

WORDS = tuple(first + second for first in ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti") for second in
              ("ban", "kel", "lim", "mon", "nur", "ras", "sel", "tin", "vo", "zu"))  # fmt: skip
TOPIC = np.random.default_rng(1).normal(size=(50, len(WORDS)))
STYLE = np.random.default_rng(2).normal(size=len(WORDS))


def texts(rng: np.random.Generator, prompt: int, count: int, style: float = 0.0, size: int = 30) -> list[str]:
    """Texts with the words of a prompt (0 to 49); `style` shifts the frequencies of words, whatever the prompt."""
    weight = np.exp(0.7 * TOPIC[prompt] + style * STYLE)
    drawn = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random((count, size)))
    return [" ".join(WORDS[min(i, len(WORDS) - 1)] for i in row) for row in drawn]


def pair(rng: np.random.Generator, draws: Sequence[tuple[int, int]], style: float = 0.0) -> SharedPrompts:
    """Two cases that answered one prompt for each of `draws`, that often; the second case has `style`."""
    first, second = [], []
    for number, (n, m) in enumerate(draws):
        prompt = int(rng.integers(50))
        first += [Response(text, prompt_id=str(number)) for text in texts(rng, prompt, n)]
        second += [Response(text, prompt_id=str(number)) for text in texts(rng, prompt, m, style)]
    return shared_prompts(first, second)


def at_least(count: int, trials: int, rate: float) -> float:
    """The probability of `count` or more among `trials` at a rate."""
    return sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(count, trials + 1))


def is_level(rejections: int, trials: int, rate: float = 0.05) -> bool:
    """Whether so many rejections are within the two-sided 99 % binomial bounds of the rate."""
    return at_least(rejections, trials, rate) > 0.005 and 1 - at_least(rejections + 1, trials, rate) > 0.005
