"""How well unknown labs are told from known ones, over all thresholds at once.

As in metrics.py: arrays over S suspects, B samples, (B,) out, NaN where a sample lacks one of the two kinds.
"""

from __future__ import annotations

import numpy as np

from fingerprint.evaluation.predictions import Bools, Floats
from fingerprint.metrics.bootstrap import Doubles, Resamples, ratio

RECALL = 0.95


def auroc(score: Floats, positive: Bools, samples: Resamples) -> Doubles:
    """Chance that a positive scores higher than a negative, ties counting half (Hanley & McNeil 1982)."""
    return _higher(score, positive, ~positive, samples)


def oscr(probability: Floats, right: Bools, known: Bools, samples: Resamples) -> Doubles:
    """Area under the open-set classification rate curve: over thresholds on the first lab's probability, the share of
    known suspects above it and right against the share of unknown ones above it (Dhamija, Gunther & Boult 2018).

    That is the chance that a known suspect is named right and more surely than an unknown one is named at all, ties
    counting half; never above top-1. probability, right, known: (S,).
    """
    return _higher(probability, right & known, ~known, samples, of=known)


def false_alarms(score: Floats, positive: Bools, samples: Resamples) -> Doubles:
    """Share of negatives at or above the highest threshold that 95 % of positives reach (FPR at 95 % TPR: Liang, Li &
    Srikant 2018)."""
    hits, alarms = (np.cumsum(kind[:, ::-1], axis=1) for kind in samples.by_score(score, positive, ~positive))
    recall = ratio(hits, np.broadcast_to(hits[:, -1:], hits.shape))
    at = np.argmax(recall >= RECALL, axis=1)
    found = ratio(alarms[np.arange(len(at)), at], alarms[:, -1])
    return np.where(hits[:, -1] > 0, found, np.nan)


def _higher(score: Floats, above: Bools, below: Bools, samples: Resamples, of: Bools | None = None) -> Doubles:
    """Share of the pairs of `of` (`above` where it is None) and `below` in which the first is `above` and higher."""
    high, low = samples.by_score(score, above, below)
    pairs = (high * (np.cumsum(low, axis=1) - low / 2)).sum(axis=1)
    return ratio(pairs, samples.total(above if of is None else of) * low.sum(axis=1))
