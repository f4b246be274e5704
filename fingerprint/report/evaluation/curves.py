"""The line charts of an evaluation: what is on which axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fingerprint.metrics import Level, Metric
from fingerprint.report.evaluation.figures import VERDICT_METRICS, Figures, View
from fingerprint.report.evaluation.numbers import count, interval, percent
from fingerprint.report.evaluation.svg import Axis, Chart, Mark, Point, Rule, Series, draw, mark

_QUARTERS = [(n / 4, f"{25 * n}%") for n in range(5)]
_HALVES = [(0.0, "0%"), (0.5, "50%"), (1.0, "100%")]
# Months that have room for their names on the axis.
_LABELS = 7


def _share(label: str, few: bool = False) -> Axis:
    return Axis(label, 0.0, 1.0, _HALVES if few else _QUARTERS)


def _mark(figures: Figures, protocol: str) -> Mark:
    """A protocol looks the same in every chart."""
    return mark(figures.number(protocol))


def accuracy(figures: Figures) -> dict[str, Chart]:
    """Draw how often the right name comes first by the number of responses.

    Args:
        figures: Of the report.

    Returns:
        A chart for each level at which anything was measured.
    """
    charts: dict[str, Chart] = {}
    protocols = figures.protocols(View.ACCURACY)
    numbers = sorted({n for p in protocols for n in figures.responses(p)})
    if not numbers:
        return charts
    for level in Level:
        small = level is not Level.LAB
        x = Axis("responses", numbers[0], numbers[-1], [(n, str(n)) for n in numbers], math.log)
        points = {p: [_accuracy(figures, p, n, level) for n in figures.responses(p)] for p in protocols}
        series = [
            Series(p, _mark(figures, p), own) for p, own in points.items() if any(one.y is not None for one in own)
        ]
        if series:
            label = f"How often the right {level} comes first, by the number of responses"
            y = _share(f"right {level} first", few=small)
            charts[level] = draw(label, series, x, y, _chance(figures, protocols[0], level, numbers), small)
    return charts


def _accuracy(figures: Figures, protocol: str, responses: int, level: Level) -> Point:
    found = figures.metric(protocol, responses, level, Metric.TOP_1)
    tip = f"{protocol}, {responses} responses: {interval(Metric.TOP_1, found)}"
    if found is None:
        return Point(responses, None, tip)
    return Point(responses, found["value"], tip, found.get("low"), found.get("high"))


def _chance(figures: Figures, protocol: str, level: Level, numbers: Sequence[int]) -> list[Rule]:
    row = figures.get(protocol, "all", figures.typical(protocol), level)
    if row is None or row["chance"] is None:
        return []
    return [Rule((numbers[0], row["chance"]), (numbers[-1], row["chance"]), "chance")]


def reliability(figures: Figures, bins: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Chart]:
    """Draw a reliability diagram for each protocol; the area of a dot is its number of cases."""
    charts = []
    for protocol in figures.ordered(bins):
        rows = bins[protocol]
        most = max((row["cases"] for row in rows), default=0) or 1
        points = [
            Point(
                row["probability"],
                row["right"],
                f"stated {percent(row['probability'])}, right {percent(row['right'])}, {count(row['cases'])} cases",
                radius=2 + 7 * math.sqrt(row["cases"] / most),
            )
            for row in rows
            if row["probability"] is not None
        ]
        charts.append(
            draw(
                f"{protocol}: how often the first lab is right, by its stated probability",
                [Series(protocol, Mark(_mark(figures, protocol).colour, 0), points)],
                _share("stated", few=True),
                _share("right", few=True),
                [Rule((0, 0), (1, 1))],
                small=True,
            )
        )
    return charts


def risk_coverage(figures: Figures, found: Mapping[str, Any]) -> Chart | None:
    """Draw the false-attribution rate by coverage; what the model's own threshold gives is flagged.

    Args:
        figures: Of the report.
        found: The report's "risk_coverage".

    Returns:
        The chart; None without any curve.
    """
    series = []
    for protocol in figures.ordered(found["curves"]):
        curve = [point for point in found["curves"][protocol] if point[Metric.COVERAGE] is not None]
        curve.sort(key=lambda point: point[Metric.COVERAGE])
        if curve:
            points = [_at_threshold(protocol, point, 0) for point in curve]
            flagged = _at_own_threshold(protocol, curve, found["threshold"])
            series.append(Series(protocol, _mark(figures, protocol), points, flagged))
    if not series:
        return None
    limit = found["false_attribution_rate"]
    ticks = [(v, f"{100 * v:.0f}%") for v in (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)]
    return draw(
        "The false-attribution rate, by coverage",
        series,
        _share("coverage: share of cases that are attributed"),
        Axis("false-attribution rate", 0, 1, ticks, math.sqrt),
        [] if limit is None else [Rule((0, limit), (1, limit), f"{percent(limit, 0)} allowed")],
    )


def _at_threshold(protocol: str, point: Mapping[str, Any], radius: float) -> Point:
    coverage, wrong = point[Metric.COVERAGE], point[Metric.FALSE_ATTRIBUTION_RATE]
    tip = (
        f"{protocol} at {percent(point['threshold'])}: {percent(coverage)} attributed, {percent(wrong)} of these wrong"
    )
    return Point(coverage, wrong, tip, radius=radius)


def _at_own_threshold(protocol: str, curve: Sequence[Mapping[str, Any]], threshold: float | None) -> Point | None:
    reached = [point for point in curve if threshold is not None and point["threshold"] >= threshold]
    nearest = min(reached, key=lambda point: point["threshold"], default=None)
    if nearest is None or nearest[Metric.FALSE_ATTRIBUTION_RATE] is None:
        return None
    return _at_threshold(protocol, nearest, 8)


def months(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw how often the right lab comes first in each month, how much is named, and how much of it wrongly."""
    metrics = {"lab top-1": "right lab first"} | {metric: str(metric) for metric in VERDICT_METRICS}
    series = []
    for number, (metric, title) in enumerate(metrics.items()):
        points = []
        for at, row in enumerate(rows):
            tip = f"{row['month']}, {title}: {percent(row[metric])} ({count(row['cases'])} cases)"
            low, high = (row["low"], row["high"]) if metric == "lab top-1" else (None, None)
            points.append(Point(at, row[metric], tip, low, high))
        series.append(Series(title, mark(number), points))
    every = math.ceil(len(rows) / _LABELS)
    x = Axis("month of release", 0, max(len(rows) - 1, 1), [(i, rows[i]["month"]) for i in range(0, len(rows), every)])
    return draw("Temporal split, month by month", series, x, _share("share of cases or attributions"))
