"""What the reports show of questions about a few labs: a conclusion in sentences, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fingerprint.metrics import Metric
from fingerprint.report.evaluation.numbers import percent

_MANY = 25

INSIDE_METRICS = (
    Metric.COVERAGE,
    Metric.FALSE_ATTRIBUTION_RATE,
    Metric.LIKELY_COVERAGE,
    Metric.LIKELY_ERROR,
    Metric.SET_COVERAGE,
    Metric.VERDICT_NONE_OF_THESE,
)
"""What the reports say about cases whose right lab is a candidate, in this order."""

OUTSIDE_METRICS = (Metric.COVERAGE, Metric.LIKELY_COVERAGE, Metric.VERDICT_NONE_OF_THESE)
"""What the reports say about cases whose right lab is none."""


class Drawn(StrEnum):
    """How the candidates beside the right lab were drawn."""

    RANDOM = "at random"
    ALIKE = "alike"


@dataclass(frozen=True)
class Table:
    """The rows of one number of candidates that were drawn in one way.

    Attributes:
        title: Says which.
        inside: Rows of cases whose right lab is a candidate, by kind and then by number of responses.
        outside: The same of cases whose right lab is none.
    """

    title: str
    inside: list[Mapping[str, Any]]
    outside: list[Mapping[str, Any]]


def tables(found: Mapping[str, Any]) -> list[Table]:
    """Return the tables of one protocol, the fewest candidates first."""
    out = []
    for candidates, drawn in dict.fromkeys((row["candidates"], row["drawn"]) for row in found["figures"]):
        rows = [row for row in found["figures"] if (row["candidates"], row["drawn"]) == (candidates, drawn)]
        inside, outside = ([row for row in rows if row["inside"] is value] for value in (True, False))
        out.append(Table(f"{candidates} candidates, {drawn}", inside, outside))
    return out


def conclusions(found: Mapping[str, Any]) -> list[str]:
    """Return sentences: how much is attributed with 25 responses, and whether the stated rate holds.

    The rate is exceeded if the whole 95 % interval lies above it.

    Args:
        found: The figures of one protocol.
    """
    rate = percent(found["false_attributions"], 0)
    among = f"Where the right lab is a candidate, {rate} of attributions may be wrong."
    none = f"Where it is none, {rate} of cases may be attributed: each of these is wrong."
    lines = []
    for inside, metric, what in ((True, Metric.FALSE_ATTRIBUTION_RATE, among), (False, Metric.COVERAGE, none)):
        promised = [row for row in found["figures"] if row["promised"] and row["inside"] is inside]
        over = [row for row in promised if (row["metrics"][metric]["low"] or 0.0) > found["false_attributions"]]
        if not promised:
            continue
        if over:
            cells = "; ".join(
                f"{row['candidates']} candidates {row['drawn']}, {row['kind']}, n = {row['responses']}, "
                f"{percent(row['metrics'][metric]['value'])}"
                for row in over
            )
            lines.append(
                f"{what} The share is higher, with its whole 95 % interval, in {len(over)} of {len(promised)} rows: "
                f"{cells}."
            )
        else:
            lines.append(f"{what} In none of {len(promised)} rows is the share higher with its whole 95 % interval.")
    return [*_coverage(found), *lines]


def _coverage(found: Mapping[str, Any]) -> list[str]:
    return [
        f"{row['candidates']} candidates {row['drawn']}, the right one among them, {_MANY} responses to other prompts "
        f"of known corpora: {percent(row['metrics'][Metric.COVERAGE]['value'], 0)} of cases are attributed."
        for row in found["figures"]
        if row["inside"] and row["kind"] == "same" and row["responses"] == _MANY
    ]
