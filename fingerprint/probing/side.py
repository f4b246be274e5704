"""Which probe of side evidence to ask next: those that tell most between the tokenizers that are still possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from fingerprint.base.keys import digest
from fingerprint.data.probes import Probe
from fingerprint.data.response import SELF_IDENTIFICATION, TOKEN_COUNTS, Response
from fingerprint.model.plda import Floats
from fingerprint.side.evidence import counted
from fingerprint.side.token_counts import FEWEST, Counts, KnownTokenizers

MOST = 8
"""Prompts at most whose tokens are counted."""

# Probability of one tokenizer, or of none of the known ones, at which no further prompt is needed.
_SURE = 0.99
# Answers about itself: a name is one observation, however often a model repeats it.
_ABOUT_ITSELF = 1


class SideChoice:
    """Chooses probes of side evidence.

    Args:
        known: What token counts are compared with.
        names: Whether the model can compare what a model says about itself.
    """

    def __init__(self, known: KnownTokenizers, names: bool):
        self._known, self._names = known, names

    def next(self, left: Sequence[Probe], answered: Sequence[Response]) -> int | None:
        """Choose a probe.

        Args:
            left: The probes of side evidence that are left.
            answered: The answers to such probes so far.

        Returns:
            The index in `left` of the next one; None if no other one is needed.
        """
        counts = counted(record for record in answered if record.domain == TOKEN_COUNTS)
        asked = sum(record.domain == TOKEN_COUNTS for record in answered)
        prompts = {digest(probe.messages[-1][1]): i for i, probe in enumerate(left) if probe.domain == TOKEN_COUNTS}
        # A provider that does not count is asked once.
        if not asked or counts:
            chosen = next_prompt(counts, self._known, list(prompts))
            if chosen is not None:
                return prompts[chosen]
        about = sum(record.domain == SELF_IDENTIFICATION for record in answered)
        if not self._names or about >= _ABOUT_ITSELF:
            return None
        return next((i for i, probe in enumerate(left) if probe.domain == SELF_IDENTIFICATION), None)


def next_prompt(counts: Counts, known: KnownTokenizers, left: Sequence[str]) -> str | None:
    """Choose the prompt whose count is expected to tell most between the tokenizers that are still possible.

    Args:
        counts: The counts so far, by the digest of the prompt.
        known: The tokenizers; each is as probable as any other before, and all together as a new one.
        left: Digests of the prompts that may be asked.

    Returns:
        The digest; None if no other prompt is needed, or none can be compared.
    """
    useful, asked = (
        [key for key in keys if any(key in one.counts for one in known.tokenizers)] for keys in (left, counts)
    )
    if not useful or len(counts) >= MOST:
        return None
    ratios = known.likelihood_ratios(counts)
    weight = np.exp(np.append(ratios, np.log(len(ratios))) - ratios.max())
    share = weight / weight.sum()
    if len(counts) >= FEWEST and share.max() >= _SURE:
        return None
    # Counts are compared by their differences: the shortest prompt comes first, all others are compared with it.
    if not asked:
        return min(useful, key=lambda key: _most(key, known))
    base = min(asked, key=lambda key: _most(key, known))
    return max(useful, key=lambda key: (_information(key, base, known, share), -_most(key, known)))


def _information(key: str, base: str, known: KnownTokenizers, share: Floats) -> float:
    """Return the entropy in nats of the difference between two counts; share: (T + 1,), the last is a new one."""
    by_difference: dict[int | None, float] = defaultdict(float)
    *shares, new = share.tolist()
    for one, weight in zip(known.tokenizers, shares, strict=True):
        is_known = key in one.counts and base in one.counts
        by_difference[one.counts[key] - one.counts[base] if is_known else None] += weight
    # A new one agrees with the most probable known one by chance.
    by_chance = 1 / (1 + known.spreads[key])
    by_difference[max(by_difference, key=by_difference.__getitem__)] += new * by_chance
    values = np.array([*by_difference.values(), new * (1 - by_chance)])
    values = values[values > 0]
    return float(-(values * np.log(values)).sum())


def _most(key: str, known: KnownTokenizers) -> int:
    return max(one.counts[key] for one in known.tokenizers if key in one.counts)
