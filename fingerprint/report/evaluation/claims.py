"""What the reports show of verification: a conclusion in sentences, tables, and DET curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any

from fingerprint.metrics import Metric
from fingerprint.report.evaluation.numbers import percent
from fingerprint.report.evaluation.svg import Axis, Chart, Point, Rule, Series, draw, mark

ALL_KINDS = "all kinds"
"""The trials of all impostor kinds that the false-accept rate is promised for, together."""

_TARGET = "target"
_MANY = 25
# The ends of both axes of a DET curve. Rates beyond them are drawn on the edge.
_LOW, _HIGH = 0.001, 0.9
_TICKS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)

TRUE_METRICS = (Metric.FALSE_ALARM, Metric.TRUE_CONSISTENT)
"""What the reports say about true claims, in this order."""

FALSE_METRICS = (Metric.EER, Metric.C_LLR, Metric.MIN_C_LLR, Metric.FALSE_ACCEPT, Metric.FALSE_INCONSISTENT)
"""What the reports say about false claims, in this order."""


class Corpora(StrEnum):
    """Whether the model was trained on the corpora of a case."""

    KNOWN = "known corpora"
    LEFT_OUT = "corpora left out"


@dataclass(frozen=True)
class Table:
    """The rows of one level, with the corpora known or left out.

    Attributes:
        title: Says which.
        true: Rows about true claims, by number of responses.
        false: Rows about false claims, by impostor kind and then by number of responses.
    """

    title: str
    true: list[Mapping[str, Any]]
    false: list[Mapping[str, Any]]


def tables(found: Mapping[str, Any]) -> list[Table]:
    """Return the tables of one protocol, the finest level first."""
    out = []
    for level, corpora in _cells(found["figures"]):
        rows = [row for row in found["figures"] if (row["level"], row["corpora"]) == (level, corpora)]
        kinds = list(dict.fromkeys(row["kind"] for row in rows))
        false = [row for kind in kinds for row in rows if row["kind"] == kind != _TARGET]
        out.append(Table(_title(level, corpora), [row for row in rows if row["kind"] == _TARGET], false))
    return out


def _cells(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row["level"], row["corpora"]) for row in rows))


def _title(level: str, corpora: str) -> str:
    return f"Claims of a {level}, {corpora}"


def conclusions(found: Mapping[str, Any]) -> list[str]:
    """Return sentences: how well claims are told apart with 25 responses, and whether the stated rates hold.

    A rate is exceeded if the whole 95 % interval lies above it.

    Args:
        found: The figures of one protocol.
    """
    lines = []
    for row in found["figures"]:
        eer = row["metrics"].get(Metric.EER)
        if row["kind"] == ALL_KINDS and row["responses"] == _MANY and eer is not None:
            lines.append(
                f"{_title(row['level'], row['corpora'])}, {_MANY} responses: the EER is {percent(eer['value'])} "
                "against all impostor kinds together."
            )
    for metric, rate, what in (
        (Metric.FALSE_ALARM, found["false_alarms"], "The false-alarm rate"),
        (Metric.FALSE_ACCEPT, found["false_accepts"], "The false-accept rate"),
    ):
        promised = [row for row in found["figures"] if row["promised"] and metric in row["metrics"]]
        if not promised:
            continue
        over = [row for row in promised if (row["metrics"][metric]["low"] or 0.0) > rate]
        stated = f"{what} may be {percent(rate, 0)}."
        if over:
            cells = "; ".join(
                f"{row['level']}, {row['corpora']}, n = {row['responses']}, {row['kind']} "
                f"{percent(row['metrics'][metric]['value'])}"
                for row in over
            )
            lines.append(
                f"{stated} It is higher, with its whole 95 % interval, in {len(over)} of {len(promised)} rows: {cells}."
            )
        else:
            lines.append(f"{stated} In none of {len(promised)} rows is it higher with its whole 95 % interval.")
    return lines


def det_curves(found: Mapping[str, Any]) -> list[tuple[str, Chart]]:
    """Draw the detection error trade-off (DET): misses against false accepts, on probit axes.

    Args:
        found: The figures of one protocol.

    Returns:
        For each level, with the corpora known and left out: a title and a chart with a line for each number of
        responses, against all impostor kinds; then one with a line for each impostor kind.
    """
    charts = []
    for level, corpora in _cells(found["det"]):
        curves = [curve for curve in found["det"] if (curve["level"], curve["corpora"]) == (level, corpora)]
        most = max(curve["responses"] for curve in curves)
        for of, chosen in (
            (ALL_KINDS, [(f"{one['responses']} responses", one) for one in curves if one["kind"] == ALL_KINDS]),
            (
                f"{most} responses",
                [(one["kind"], one) for one in curves if one["responses"] == most and one["kind"] != ALL_KINDS],
            ),
        ):
            if chosen:
                title = f"{_title(level, corpora)}, {of}"
                charts.append((title, _det(title, chosen, found["false_accepts"])))
    return charts


def _det(title: str, curves: Sequence[tuple[str, Mapping[str, Any]]], allowed: float) -> Chart:
    probit = NormalDist().inv_cdf
    ticks = [(rate, f"{100 * rate:g}%") for rate in _TICKS]
    series = [
        Series(
            name,
            mark(number),
            [
                Point(
                    point["false_accept"],
                    point["miss"],
                    f"{name}: {percent(point['false_accept'])} of false claims accepted, {percent(point['miss'])} of "
                    "true ones missed",
                    radius=2.5,
                )
                for point in curve["points"]
            ],
        )
        for number, (name, curve) in enumerate(curves)
    ]
    return draw(
        f"DET curve. {title}",
        series,
        Axis("false claims accepted", _LOW, _HIGH, ticks, probit),
        Axis("true claims missed", _LOW, _HIGH, ticks, probit),
        [
            Rule((_LOW, _LOW), (_HIGH, _HIGH), "EER"),
            Rule((allowed, _LOW), (allowed, _HIGH), f"{percent(allowed, 0)} allowed"),
        ],
        small=True,
    )
