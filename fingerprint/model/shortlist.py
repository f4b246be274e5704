"""A short list: a few labs, one of which probably wrote the responses, where no lab can be named.

A new release resembles the labs that its makers learned from, so that several labs may explain it alike. Then nobody
can tell which of them it is, but that it is one of them. A short list has as many labs as the config says, those with
the highest probabilities. It is shown where their probability together is high enough that, of the lists in each kind
of case, few lack the right lab.

References:
    Geifman, Y. and El-Yaniv, R. (2017). Selective classification for deep neural networks. NeurIPS 2017 (a threshold
    on the confidence that holds an error rate).
    Lapin, M., Hein, M. and Schiele, B. (2018). Analysis and optimization of loss functions for multiclass, top-k, and
    multilabel classification. IEEE Transactions on Pattern Analysis and Machine Intelligence 40 (the top-k error).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.config import CalibrationConfig
from fingerprint.metrics import Level
from fingerprint.model.calibration import KindFigures, Limits
from fingerprint.model.decision import most_probable
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.thresholds import UNKNOWN, Judged, least_thresholds

# Probabilities outside 0 to 1: a case that no threshold names, and one that each does.
_OUTSIDE, _INSIDE = -1.0, 1.0


@dataclass(frozen=True)
class Lists:
    """The short lists of S cases.

    Attributes:
        together: (S,) probability of the labs on the list together; 0 where the list would hold every lab.
        right: (S,) whether the right lab is on it.
    """

    together: Floats
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, labs: Floats, lab: Ints, size: int) -> Lists:
        """Return the short lists.

        Args:
            labs: (S, L) probabilities of the labs.
            lab: (S,) code of the right lab, -1 for an unknown one.
            size: Labs on a list.
        """
        first = most_probable(labs, size)
        together = np.take_along_axis(labs, first, axis=1).sum(axis=1)
        return cls(np.minimum(together, 1.0), (first == lab[:, None]).any(axis=1))


def shortlist_limits(
    cases: Judged, lists: Lists, named: Limits, promised: Sequence[str], config: CalibrationConfig
) -> Limits:
    """Find what the labs on a list have to reach together, so that at most a rate of the lists lack the right lab.

    Only lists that are shown count: those of cases in which no lab is named at the same rate. Of cases of unknown labs
    at most that rate is named or listed.

    Args:
        cases: Held-out cases.
        lists: Of the same cases.
        named: The thresholds from which on a lab is named.
        promised: The kinds in which the rates hold.
        config: Rates, margin and pooling.

    Returns:
        The limits by number of responses.
    """
    unknown, limits = isin(cases.kind, {UNKNOWN}), {}
    for size in np.unique(cases.count).tolist():
        values = []
        for i, rate in enumerate(config.rates):
            is_named = cases.probability[Level.LAB] >= named.limit(size, rate)
            shown = np.where(is_named, np.where(unknown, _INSIDE, _OUTSIDE), lists.together)
            tried = replace(cases, probability={Level.LAB: shown}, right={Level.LAB: lists.right})
            values.append(least_thresholds(tried, (Level.LAB, size), promised, config)[i])
        limits[str(size)] = np.minimum.accumulate(values).tolist()
    return Limits(config.rates, limits)


def with_lists(
    figures: Mapping[str, Mapping[str, KindFigures]], cases: Judged, lists: Lists, named: Limits, limits: Limits
) -> dict[str, dict[str, KindFigures]]:
    """Return the figures of the thresholds with what the limits of short lists do.

    Args:
        figures: By number of responses and kind.
        cases, lists, named: As of `shortlist_limits`.
        limits: What it found.
    """
    out: dict[str, dict[str, KindFigures]] = {}
    for size, kinds in figures.items():
        for kind, of in kinds.items():
            at = cases.at(kind, int(size))
            together, right, first = lists.together[at], lists.right[at], cases.probability[Level.LAB][at]
            coverage, error = [], []
            for rate in limits.rates:
                shown = (together >= limits.limit(int(size), rate)) & (first < named.limit(int(size), rate))
                coverage.append(float(shown.mean()))
                error.append(float((~right[shown]).mean()) if shown.any() else 0.0)
            out.setdefault(size, {})[kind] = replace(of, listed=coverage, list_error=error)
    return out
