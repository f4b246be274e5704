"""The figures of a report: metrics with intervals, reliability, risk against coverage, confusion."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from fingerprint.base.keys import isin
from fingerprint.metrics import Level, Metric, metrics
from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.metrics.predictions import Ints, Predictions, Ranking
from fingerprint.model.verdict import ATTRIBUTIONS, VerdictWord

# Few enough for the smallest protocols to have cases in most bins.
_BINS = 10
_THRESHOLDS = np.linspace(0, 1, 51)
_LEVELS = tuple(Level)


def figures(predictions: Predictions, rows: Ints, seed: int, resamples: int = 300) -> list[dict[str, Any]]:
    """Compute every metric at every level and number of responses, with its interval.

    Intervals are 95 % intervals of a bootstrap over groups of releases (`ClassNames.group`), with the same resamples
    at every level. They are None if all cases are of one group. The interval of macro F1 may lie beside its value: a
    resample lacks a third of the groups, and with them their false positives for the names that are left.

    Args:
        predictions: About S cases.
        rows: (R,) training responses of each release, 0 for one that is no possible prediction.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Returns:
        For each number of responses and level, in the form of the report's "figures":

        - "responses", "level", "cases", and "releases" among these cases.
        - "chance": 1 / the number of names with training responses.
        - "majority": the share of the cases with a known name that the most frequent name would get right.
        - "metrics": by name "value", "low" and "high". top-1, top-3, macro recall and macro F1 are about the cases
          whose true name the model knows, and missing if there are none. Coverages and error rates are of verdicts
          that name this level or a finer one. Other metrics of attribution, and those of sets and unknown labs, are at
          the level of labs alone: of sets if any lab is known, of unknown labs if there are both. A metric that is
          not defined is None, such as the false-attribution rate without an attribution.
    """
    ranked = {level: Ranking.at(level, predictions) for level in Level}
    group = predictions.names.group[predictions.release]
    out = []
    for count in np.unique(predictions.count):
        at = predictions.count == count
        # A stream for each number of responses, so that a figure does not depend on which others there are.
        samples = Resamples.draw(group[at], resamples, np.random.default_rng([seed, int(count)]))
        if samples.weight.shape[1] == 1:
            # Resamples of one group are all the same, which looks like certainty and is the lack of it.
            samples = Resamples(samples.weight[:1], samples.group)
        some = predictions.of(at)
        for level, everything in ranked.items():
            ranking = everything.of(at)
            found = _naming(ranking, samples) | _probabilities(ranking, samples)
            found |= _verdicts(some, ranking, level, samples)
            if level is Level.LAB:
                found |= _attribution(some, ranking, samples) | _lists(some, samples) | _sets(some, samples)
                found |= _unknown_labs(some, ranking, samples)
            chance, majority = _guesses(ranking, _training_rows(predictions, rows, level))
            out.append(
                {
                    "responses": int(count),
                    "level": str(level),
                    "cases": len(some),
                    "releases": len(np.unique(some.release)),
                    "chance": chance,
                    "majority": majority,
                    "metrics": {str(metric): interval(values) for metric, values in found.items()},
                }
            )
    return out


def _training_rows(predictions: Predictions, rows: Ints, level: Level) -> Doubles:
    """Training responses of each name of a level."""
    names = predictions.names
    if level is Level.RELEASE:
        return np.asarray(rows, np.float64)
    code, of = (names.lab, names.labs) if level is Level.LAB else (names.family, names.families)
    return np.bincount(code, np.asarray(rows, np.float64), len(of)).astype(np.float64)


def _guesses(ranking: Ranking, training: Doubles) -> tuple[float | None, float | None]:
    """(chance, majority): the shares that are right without reading the responses."""
    choices = int((training > 0).sum())
    if not choices:
        return None, None
    name = ranking.name[ranking.nameable]
    return 1 / choices, float(np.mean(name == training.argmax())) if len(name) else None


def _naming(ranking: Ranking, samples: Resamples) -> dict[Metric, Doubles]:
    if not ranking.nameable.any():
        return {}
    known, of = ranking.of(ranking.nameable), samples.of(ranking.nameable)
    # Only names that occur count: of hundreds of names, a part of the cases has a few.
    occurs, name = np.unique(known.name, return_inverse=True)
    first = np.where(np.isin(known.first, occurs), np.searchsorted(occurs, known.first), -1)
    return {
        Metric.TOP_1: of.mean(known.rank < 1),
        Metric.TOP_3: of.mean(known.rank < 3),
        Metric.MACRO_RECALL: metrics.macro_recall(name, first, len(occurs), of),
        Metric.MACRO_F1: metrics.macro_f1(name, first, len(occurs), of),
    }


def _probabilities(ranking: Ranking, samples: Resamples) -> dict[Metric, Doubles]:
    return {
        Metric.LOG_LOSS: metrics.log_loss(ranking.true, samples),
        Metric.BRIER: metrics.brier(ranking.true, ranking.squares, samples),
        Metric.ECE: metrics.calibration_error(ranking.probability, ranking.right, samples),
    }


def _verdicts(some: Predictions, ranking: Ranking, level: Level, samples: Resamples) -> dict[Metric, Doubles]:
    """Of verdicts that name a level or a finer one."""
    named = isin(some.level, _LEVELS[_LEVELS.index(level) :])
    attributed = named & some.verdict_is(*ATTRIBUTIONS)
    with_likely = named & some.verdict_is(*ATTRIBUTIONS, VerdictWord.LIKELY)
    return {
        Metric.COVERAGE: samples.mean(attributed),
        Metric.FALSE_ATTRIBUTION_RATE: metrics.false_attributions(ranking.right, attributed, samples),
        Metric.LIKELY_COVERAGE: samples.mean(with_likely),
        Metric.LIKELY_ERROR: metrics.false_attributions(ranking.right, with_likely, samples),
    }


def _attribution(some: Predictions, ranking: Ranking, samples: Resamples) -> dict[Metric, Doubles]:
    """At the level of labs. For C_llr the unknown labs are one class."""
    attributed = some.verdict_is(*ATTRIBUTIONS)
    lab = np.where(some.lab_known, ranking.name, ranking.size)
    return {
        Metric.C_LLR: metrics.c_llr(ranking.true, lab, ranking.size + 1, samples),
        Metric.C_AT_1: metrics.c_at_1(ranking.right, attributed, samples),
        Metric.SELECTIVE_RISK: metrics.selective_risk(ranking.probability, ranking.right, samples),
        Metric.VERDICT_UNKNOWN: samples.mean(some.verdict_is("unknown")),
        Metric.VERDICT_NEW_RELEASE: samples.mean(some.verdict_is("new-release")),
    }


def _lists(some: Predictions, samples: Resamples) -> dict[Metric, Doubles]:
    """Of the short lists of labs; none holds an unknown lab."""
    return {
        Metric.LIST_COVERAGE: samples.mean(some.listed),
        Metric.LIST_ERROR: metrics.false_attributions(some.in_list, some.listed, samples),
    }


def _sets(some: Predictions, samples: Resamples) -> dict[Metric, Doubles]:
    """Of the sets of labs; no set can hold an unknown lab."""
    known = some.lab_known
    if not known.any():
        return {}
    of = samples.of(known)
    return {Metric.SET_SIZE: of.mean(some.set_size[known]), Metric.SET_COVERAGE: of.mean(some.in_set[known])}


def _unknown_labs(some: Predictions, ranking: Ranking, samples: Resamples) -> dict[Metric, Doubles]:
    """At the level of labs, with P(unknown) as the score of an unknown lab."""
    known = some.lab_known
    if known.all() or not known.any():
        return {}
    return {
        Metric.AUROC: metrics.auroc(some.unknown, ~known, samples),
        Metric.FPR: metrics.fpr_at_recall(some.unknown, ~known, samples),
        Metric.OSCR: metrics.oscr(ranking.probability, ranking.right, known, samples),
    }


def reliability(predictions: Predictions, level: Level = Level.LAB) -> list[dict[str, Any]]:
    """Compute a reliability diagram of the first name.

    Args:
        predictions: About S cases. The first name is never right if the model does not know the true one.
        level: What is named.

    Returns:
        For each of ten bins of equal width over the stated probability: "low" and "high", its "cases", and among these
        the mean "probability" and the share that is "right", both None if there are no cases.

    References:
        DeGroot & Fienberg (1983), The Comparison and Evaluation of Forecasters; Guo et al. (2017), section 2.
    """
    ranking = Ranking.at(level, predictions)
    code = metrics.bins(ranking.probability, _BINS)
    out = []
    for i in range(_BINS):
        of = code == i
        some = bool(of.any())
        out.append(
            {
                "low": i / _BINS,
                "high": (i + 1) / _BINS,
                "probability": float(np.mean(ranking.probability[of], dtype=np.float64)) if some else None,
                "right": float(np.mean(ranking.right[of])) if some else None,
                "cases": int(of.sum()),
            }
        )
    return out


def risk_coverage(predictions: Predictions) -> list[dict[str, Any]]:
    """Compute what a threshold on the probability of the first lab would attribute.

    Args:
        predictions: About S cases.

    Returns:
        For each threshold: "threshold", "coverage" (the share of cases at or above it) and "false-attribution rate"
        (the share of these whose first lab is wrong), None where there are no cases to take a share of.

    References:
        El-Yaniv & Wiener (2010), On the Foundations of Noise-free Selective Classification.
    """
    ranking = Ranking.at(Level.LAB, predictions)
    out = []
    for threshold in _THRESHOLDS:
        # In the type of the probabilities: in single precision 0.7 is less than 0.7 in double.
        above = ranking.probability >= ranking.probability.dtype.type(threshold)
        out.append(
            {
                "threshold": float(threshold),
                str(Metric.COVERAGE): float(np.mean(above)) if len(above) else None,
                str(Metric.FALSE_ATTRIBUTION_RATE): float(np.mean(~ranking.right[above])) if above.any() else None,
            }
        )
    return out


def confusion(predictions: Predictions, responses: int) -> list[dict[str, Any]]:
    """Count the first names of cases with a number of responses: labs, and within each lab families and releases.

    Args:
        predictions: About S cases.
        responses: The number of responses; other cases are left out.

    Returns:
        For each true lab, the largest first: "lab", "cases", "predicted" (counts by first lab) and "families"; each
        family likewise with "releases", and each release likewise.
    """
    some = predictions.of(predictions.count == responses)
    names, release = some.names, some.release
    if not len(some):
        return []
    first = {
        Level.LAB: some.labs().argmax(axis=1),
        Level.FAMILY: some.families().argmax(axis=1),
        Level.RELEASE: some.share.argmax(axis=1),
    }
    texts = {Level.LAB: names.labs, Level.FAMILY: names.families, Level.RELEASE: names.releases}
    code = {Level.LAB: names.lab[release], Level.FAMILY: names.family[release], Level.RELEASE: release}

    def counted(level: Level, name: int) -> dict[str, Any]:
        of = code[level] == name
        predicted = Counter(first[level][of].tolist()).most_common()
        return {
            str(level): texts[level][name],
            "cases": int(of.sum()),
            "predicted": [{str(level): texts[level][other], "cases": cases} for other, cases in predicted],
        }

    def within(level: Level, upper: Level, name: int) -> list[int]:
        return _by_size(code[level][code[upper] == name])

    return [
        counted(Level.LAB, lab)
        | {
            "families": [
                counted(Level.FAMILY, family)
                | {"releases": [counted(Level.RELEASE, r) for r in within(Level.RELEASE, Level.FAMILY, family)]}
                for family in within(Level.FAMILY, Level.LAB, lab)
            ]
        }
        for lab in _by_size(code[Level.LAB])
    ]


def _by_size(codes: Ints) -> list[int]:
    found, size = np.unique(codes, return_counts=True)
    return [int(code) for code in found[np.argsort(-size, kind="stable")]]
