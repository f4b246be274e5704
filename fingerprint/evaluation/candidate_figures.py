"""The figures of questions about a few labs: how much is attributed, and how much of it wrongly."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from fingerprint.base.keys import isin
from fingerprint.evaluation.candidates import JudgedCandidates
from fingerprint.metrics import Metric
from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS, VerdictWord
from fingerprint.report.evaluation.candidates import Drawn
from fingerprint.training.splits import CaseKind


def candidate_figures(
    questions: JudgedCandidates, promised: frozenset[str], seed: int, resamples: int
) -> dict[str, Any]:
    """Compute what the report says about questions about a few labs.

    Intervals are 95 % intervals of a bootstrap over groups of releases.

    Args:
        questions: Q of them.
        promised: The kinds of cases in which the rate holds.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Returns:
        "false_attributions", the rate that the verdicts were to hold; and "figures", for each number of candidates, how
        they were drawn, whether the right lab is one of them, kind of case and number of responses: "cases", "releases"
        (groups of them), "promised" and "metrics" by name "value", "low" and "high". Where the right lab is no
        candidate, each attribution is wrong, and the rate is a share of all cases: there is no false-attribution rate.
    """
    rows = []
    for candidates, drawn, inside in product(np.unique(questions.candidates).tolist(), Drawn, (True, False)):
        of = questions.of(
            (questions.candidates == candidates)
            & (questions.alike == (drawn is Drawn.ALIKE))
            & (questions.inside == inside)
        )
        for kind, count in product(CaseKind, np.unique(of.count).tolist()):
            some = of.of(isin(of.kind, {kind}) & (of.count == count))
            if not len(some):
                continue
            rng = np.random.default_rng([seed, candidates, count])
            metrics = _metrics(some, Resamples.draw(some.group, resamples, rng))
            rows.append(
                {
                    "candidates": candidates,
                    "drawn": str(drawn),
                    "inside": inside,
                    "kind": str(kind),
                    "responses": count,
                    "cases": len(some),
                    "releases": len(np.unique(some.group)),
                    "promised": str(kind) in promised,
                    "metrics": {str(metric): interval(values) for metric, values in metrics.items()},
                }
            )
    return {"false_attributions": FALSE_ATTRIBUTIONS, "figures": rows}


def _metrics(some: JudgedCandidates, samples: Resamples) -> dict[Metric, Doubles]:
    """Of questions in which the right lab is a candidate, or is not."""
    attributed = np.array([VerdictWord(word).is_attribution for word in some.verdict], bool)
    named = attributed | isin(some.verdict, {VerdictWord.LIKELY})
    found = {Metric.COVERAGE: samples.mean(attributed), Metric.LIKELY_COVERAGE: samples.mean(named)}
    if some.inside.all():
        found |= {
            Metric.FALSE_ATTRIBUTION_RATE: samples.of(attributed).mean(~some.right[attributed]),
            Metric.LIKELY_ERROR: samples.of(named).mean(~some.right[named]),
            Metric.SET_COVERAGE: samples.mean(some.in_set),
        }
    return found | {Metric.VERDICT_NONE_OF_THESE: samples.mean(isin(some.verdict, {VerdictWord.NONE_OF_THESE}))}
