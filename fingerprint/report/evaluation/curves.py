"""The line charts of an evaluation: what is on which axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fingerprint.report.evaluation.chart import Chart, Point, Rule, Series, draw
from fingerprint.report.evaluation.figures import LEVELS, MAIN, PROTOCOLS, Figures
from fingerprint.report.evaluation.numbers import count, interval, percent
from fingerprint.report.evaluation.svg import Axis, Mark, mark

_QUARTERS = [(n / 4, f"{25 * n}%") for n in range(5)]
_HALVES = [(0.0, "0%"), (0.5, "50%"), (1.0, "100%")]
_LABELS = 7


def _share(label: str, few: bool = False) -> Axis:
    return Axis(label, 0.0, 1.0, _HALVES if few else _QUARTERS)


def _mark(protocol: str) -> Mark:
    """A protocol looks the same in every chart."""
    order = list(PROTOCOLS)
    return mark(order.index(protocol) if protocol in PROTOCOLS else len(order))


def accuracy(figures: Figures) -> dict[str, Chart]:
    """How often the right one came first by the number of responses: level → chart, where anything was measured."""
    charts = {}
    protocols = figures.protocols(MAIN)
    numbers = sorted({n for p in protocols for n in figures.responses(p)})
    if not numbers:
        return {}
    for level in LEVELS:
        small = level != "lab"
        x = Axis("responses", numbers[0], numbers[-1], [(n, str(n)) for n in numbers], math.log)
        points = {p: [_accuracy(figures, p, n, level) for n in figures.responses(p)] for p in protocols}
        series = [Series(p, _mark(p), own) for p, own in points.items() if any(one.y is not None for one in own)]
        if series:
            label = f"How often the right {level} came first, by the number of responses"
            y = _share(f"right {level} first", few=small)
            charts[level] = draw(label, series, x, y, _chance(figures, protocols[0], level, numbers), small)
    return charts


def _accuracy(figures: Figures, protocol: str, responses: int, level: str) -> Point:
    found = figures.metric(protocol, "all", responses, level, "top-1")
    tip = f"{protocol}, {responses} responses: {interval('top-1', found)}"
    if found is None:
        return Point(responses, None, tip)
    return Point(responses, found["value"], tip, found.get("low"), found.get("high"))


def _chance(figures: Figures, protocol: str, level: str, numbers: Sequence[int]) -> list[Rule]:
    row = figures.get(protocol, "all", figures.typical(protocol), level)
    if row is None or row["chance"] is None:
        return []
    return [Rule((numbers[0], row["chance"]), (numbers[-1], row["chance"]), "chance")]


def reliability(bins: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Chart]:
    """What the first lab's probability said against how often it was right; the area of a dot is its suspects."""
    charts = []
    for protocol in _ordered(bins):
        rows = bins[protocol]
        most = max((row["suspects"] for row in rows), default=0) or 1
        points = [
            Point(
                row["predicted"],
                row["right"],
                f"said {percent(row['predicted'])}, right {percent(row['right'])}, {count(row['cases'])} suspects",
                radius=2 + 7 * math.sqrt(row["suspects"] / most),
            )
            for row in rows
            if row["predicted"] is not None
        ]
        charts.append(
            draw(
                f"{protocol}: how often the first lab was right, by the probability it was given",
                [Series(protocol, Mark(_mark(protocol).colour, 0), points)],
                _share("said", few=True),
                _share("right", few=True),
                [Rule((0, 0), (1, 1))],
                small=True,
            )
        )
    return charts


def claims(report: Mapping[str, Any]) -> Chart | None:
    """The share of false claims against the share of claims made; what the shipped threshold gives is flagged."""
    curves = report["curves"]
    series = []
    for protocol in _ordered(curves):
        curve = sorted((c for c in curves[protocol] if c["coverage"] is not None), key=lambda c: c["coverage"])
        if curve:
            points = [_claim(protocol, c, 0) for c in curve]
            series.append(Series(protocol, _mark(protocol), points, _shipped(protocol, curve, report["threshold"])))
    if not series:
        return None
    limit = report["false_claims"]
    ticks = [(v, f"{100 * v:.0f}%") for v in (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)]
    return draw(
        "The share of claims that are false, by the share of suspects about which a claim is made",
        series,
        _share("suspects about which a claim is made"),
        Axis("claims that are false", 0, 1, ticks, math.sqrt),
        [] if limit is None else [Rule((0, limit), (1, limit), f"{percent(limit, 0)} promised")],
    )


def _claim(protocol: str, row: Mapping[str, Any], radius: float) -> Point:
    made, false = percent(row["coverage"]), percent(row["false claims"])
    tip = f"{protocol} at {percent(row['threshold'])}: {made} claimed, {false} of these false"
    return Point(row["coverage"], row["false claims"], tip, radius=radius)


def _shipped(protocol: str, curve: Sequence[Mapping[str, Any]], threshold: float | None) -> Point | None:
    reached = [c for c in curve if threshold is not None and c["threshold"] >= threshold]
    nearest = min(reached, key=lambda c: c["threshold"], default=None)
    return None if nearest is None or nearest["false claims"] is None else _claim(protocol, nearest, 8)


def months(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """The months of `at_the_time`: how often the right lab came first, how much was claimed, and how much falsely."""
    metrics = {"lab top-1": "right lab", "coverage": "claimed", "false claims": "of these false"}
    series = []
    for number, (metric, title) in enumerate(metrics.items()):
        points = []
        for at, row in enumerate(rows):
            tip = f"{row['month']}, {title}: {percent(row[metric])} of {count(row['cases'])} suspects"
            low, high = (row["low"], row["high"]) if metric == "lab top-1" else (None, None)
            points.append(Point(at, row[metric], tip, low, high))
        series.append(Series(title, mark(number), points))
    every = math.ceil(len(rows) / _LABELS)
    x = Axis("month of release", 0, max(len(rows) - 1, 1), [(i, rows[i]["month"]) for i in range(0, len(rows), every)])
    return draw("At the time of release, month by month", series, x, _share("share of suspects or claims"))


def _ordered(protocols: Iterable[str]) -> list[str]:
    order = list(PROTOCOLS)
    return sorted(protocols, key=lambda p: order.index(p) if p in PROTOCOLS else len(order))
