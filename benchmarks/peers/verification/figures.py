"""Equal error rates by protocol, number of responses and impostor kind, with intervals over releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.verification.trials import IMPOSTORS, SIZES, Trial
from fingerprint.metrics.bootstrap import Resamples, interval
from fingerprint.metrics.trials import equal_error_rate
from fingerprint.model.claims import TARGET

Interval = Mapping[str, float | None]


@dataclass(frozen=True)
class Cell:
    """One protocol, number of responses and impostor kind.

    Attributes:
        targets, impostors: Trials of true and of false claims.
        rates: The equal error rate of each method, with its interval.
        lead: By how much the rate of the best other method exceeds that of the first, with its interval.
        best: The best other method.
    """

    targets: int
    impostors: int
    rates: Mapping[str, Interval]
    lead: Interval
    best: str


def cells(
    trials: Sequence[Trial], scores: Mapping[str, Sequence[float]], resamples: int, seed: int
) -> dict[tuple[str, int, str], Cell]:
    """Compute the figures.

    Args:
        trials: T trials.
        scores: (T,) those of each method, the own one first; two methods or more.
        resamples: Of the bootstrap over the releases that wrote the cases. All methods have the same.
        seed: Draws them, and the order of trials whose scores are the same.

    Returns:
        By protocol, number of responses and impostor kind; only cells that have trials of both sorts.
    """
    rng = np.random.default_rng(seed)
    ranked = {name: _ranks(np.asarray(values), rng) for name, values in scores.items()}
    kinds = np.array([trial.kind for trial in trials], object)
    where = np.array([f"{trial.protocol} {trial.n}" for trial in trials], object)
    release = np.unique([trial.release for trial in trials], return_inverse=True)[1]
    out = {}
    for protocol in sorted({trial.protocol for trial in trials}, reverse=True):
        for n in SIZES:
            here = where == f"{protocol} {n}"
            for kind in IMPOSTORS:
                target = here & (kinds == TARGET)
                at = target | (here & (kinds == str(kind)))
                if not target.any() or (at == target).all():
                    continue
                samples = Resamples.draw(release[at], resamples, rng)
                rates = {name: _error_rates(rank[at], target[at], samples) for name, rank in ranked.items()}
                own, *others = rates
                best = min(others, key=lambda name: rates[name][0])
                out[protocol, n, str(kind)] = Cell(
                    targets=int(target.sum()),
                    impostors=int(at.sum() - target.sum()),
                    rates={name: interval(found) for name, found in rates.items()},
                    lead=interval(rates[best] - rates[own]),
                    best=best,
                )
    return out


def _ranks(scores: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Ranks, the same scores in random order: a method of few scores has the mean of the rates between two of them."""
    order = np.lexsort((rng.random(len(scores)), scores))
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(len(scores))
    return ranks


def _error_rates(rank: NDArray[np.float64], target: NDArray[np.bool_], samples: Resamples) -> NDArray[np.float64]:
    """(B,) the equal error rate in each sample; NaN without trials of both sorts."""
    found = np.full(len(samples.weight), np.nan)
    for i, weight in enumerate(samples.each().astype(int)):
        targets, impostors = (np.repeat(rank[of], weight[of]) for of in (target, ~target))
        if len(targets) and len(impostors):
            found[i] = equal_error_rate(targets, impostors)
    return found
