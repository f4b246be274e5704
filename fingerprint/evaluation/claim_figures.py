"""The figures of verification: how well true and false claims are told apart, and what the verdicts did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import ndtr

from fingerprint.base.keys import isin
from fingerprint.evaluation.claims import JudgedClaims
from fingerprint.metrics import Level, Metric, metrics
from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.metrics.predictions import Bools
from fingerprint.metrics.trials import equal_error_rates, min_c_llr, misses, posterior_at_even_odds
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.claims import PROMISED, TARGET, Impostor
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS
from fingerprint.report.evaluation.claims import ALL_KINDS, Corpora

# Responses a case that a DET curve is drawn for.
_DRAWN = (5, 10, 25)
# False-accept rates of the points of a DET curve, from 0.1 % to 90 %: evenly spaced on its axis.
_ACCEPTS = ndtr(np.linspace(-3.09, 1.2816, 33))


@dataclass(frozen=True)
class _Cell:
    """Trials of one level and number of responses, with or without a corpus left out."""

    level: Level
    corpora: Corpora
    responses: int
    trials: JudgedClaims
    samples: Resamples

    @property
    def target(self) -> Bools:
        return isin(self.trials.kind, {TARGET})

    @property
    def about(self) -> dict[str, Any]:
        return {"level": str(self.level), "corpora": str(self.corpora), "responses": self.responses}

    def of_kind(self, kind: str) -> Bools:
        """The trials of a kind, of which ALL_KINDS are all that the false-accept rate is promised for."""
        return isin(self.trials.kind, PROMISED if kind == ALL_KINDS else {kind})


def claim_figures(trials: JudgedClaims, seed: int, resamples: int = 300) -> dict[str, Any]:
    """Compute what the report says about claims.

    Intervals are 95 % intervals of a bootstrap over groups of releases.

    Args:
        trials: T trials.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Returns:
        "false_alarms" and "false_accepts", the rates that the verdicts were to hold; "figures", for each level, number
        of responses, kind of trial, and corpora that the model knew or not: "trials", "releases" (groups of them),
        "promised", "in_domain" (a share) and "metrics" by name "value", "low" and "high"; and "det", of some of them
        the "points", each "false_accept" and "miss". True claims have the kind "target". EER, C_llr and minC_llr of an
        impostor kind are those against the true claims beside it; minC_llr has no interval.

    References:
        Brümmer & du Preez (2006), Application-Independent Evaluation of Speaker Detection; Martin et al. (1997), The
        DET Curve in Assessment of Detection Task Performance.
    """
    rows, curves = [], []
    for cell in _cells(trials, seed, resamples):
        for kind in (TARGET, ALL_KINDS, *map(str, Impostor)):
            at = cell.of_kind(kind)
            if not at.any():
                continue
            rows.append(_row(cell, kind, at))
            if kind != TARGET and cell.target.any() and cell.responses in _DRAWN:
                curves.append(cell.about | {"kind": kind, "points": _det(cell, at)})
    return {"false_alarms": FALSE_ALARMS, "false_accepts": FALSE_ACCEPTS, "figures": rows, "det": curves}


def _cells(trials: JudgedClaims, seed: int, resamples: int) -> Iterator[_Cell]:
    for level, corpora in product(reversed(Level), Corpora):
        left_out = corpora is Corpora.LEFT_OUT
        for count in np.unique(trials.count):
            some = trials.of(
                isin(trials.level, {level}) & (trials.corpus_left_out == left_out) & (trials.count == count)
            )
            if not len(some):
                continue
            rng = np.random.default_rng([seed, int(count), left_out])
            samples = Resamples.draw(some.group, resamples, rng)
            if samples.weight.shape[1] == 1:
                # Resamples of one group are all the same, which looks like certainty and is the lack of it.
                samples = Resamples(samples.weight[:1], samples.group)
            yield _Cell(level, corpora, int(count), some, samples)


def _row(cell: _Cell, kind: str, at: Bools) -> dict[str, Any]:
    trials, own = cell.trials.of(at), cell.samples.of(at)
    consistent = own.mean(isin(trials.verdict, {ClaimWord.CONSISTENT}))
    inconsistent = own.mean(isin(trials.verdict, {ClaimWord.INCONSISTENT}))
    if kind == TARGET:
        found = {Metric.FALSE_ALARM: inconsistent, Metric.TRUE_CONSISTENT: consistent}
    else:
        found = {Metric.FALSE_ACCEPT: consistent, Metric.FALSE_INCONSISTENT: inconsistent}
        if cell.target.any():
            found = _separation(cell, at) | found
    return cell.about | {
        "kind": kind,
        "promised": kind in (TARGET, ALL_KINDS) or kind in PROMISED,
        "trials": len(trials),
        "releases": len(np.unique(trials.group)),
        "in_domain": float(trials.in_domain.mean()),
        "metrics": {str(metric): interval(values) for metric, values in found.items()},
    }


def _separation(cell: _Cell, impostor: Bools) -> dict[Metric, Doubles]:
    """Of some impostors and the targets of a cell."""
    at = impostor | cell.target
    target, llr, samples = cell.target[at], cell.trials.llr[at], cell.samples.of(at)
    true = posterior_at_even_odds(llr, target)
    cost = metrics.c_llr(true, target.astype(np.int64), 2, samples)
    # Without targets or without impostors a resample has no cost of both.
    both = (samples.total(target) > 0) & (samples.total(~target) > 0)
    return {
        Metric.EER: equal_error_rates(llr, target, samples),
        Metric.C_LLR: np.where(both, cost, np.nan),
        Metric.MIN_C_LLR: np.array([min_c_llr(llr, target)]),
    }


def _det(cell: _Cell, impostor: Bools) -> list[dict[str, float]]:
    """Points at rates that so many impostors can tell."""
    at = impostor | cell.target
    accepts = _ACCEPTS[_ACCEPTS * impostor.sum() >= 1]
    miss = misses(cell.trials.llr[at], cell.target[at], accepts)
    return [
        {"false_accept": round(float(accept), 5), "miss": round(float(one), 5)}
        for accept, one in zip(accepts, miss, strict=True)
    ]
