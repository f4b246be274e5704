"""The report in a minute: one sentence to quote, and cards of one figure and one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fingerprint.metrics import Level, Metric
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.report.evaluation.figures import WHOLE, typical
from fingerprint.report.evaluation.numbers import percent

# From which share of right first labs on a figure is good, and below which it is bad; the same of attributed cases.
_GOOD, _BAD = 0.8, 0.5


class Tone(StrEnum):
    """What a figure means to somebody who relies on the model."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = "neither"


@dataclass(frozen=True)
class _Card:
    """protocol, metric: which figure; text: a whole sentence with {responses} and {value}."""

    protocol: str
    metric: Metric
    text: str


_CARDS = (
    _Card(
        "same-set",
        Metric.TOP_1,
        "Known release, known source: with {responses} responses, the right lab comes first in {value} of cases.",
    ),
    _Card(
        "other-set",
        Metric.TOP_1,
        "New source: with {responses} responses from a corpus that was left out, the right lab comes first in {value} "
        "of cases.",
    ),
    _Card(
        "external-test",
        Metric.TOP_1,
        "Corpora outside the training: with {responses} responses, the right lab comes first in {value} of cases.",
    ),
    _Card(
        "external-test",
        Metric.COVERAGE,
        "Corpora outside the training: with {responses} responses, the model attributes {value} of cases.",
    ),
    _Card(
        "external-test",
        Metric.FALSE_ATTRIBUTION_RATE,
        "Corpora outside the training: of the cases of {responses} responses that the model attributes, {value} are "
        "attributed to a wrong lab.",
    ),
    _Card(
        "unseen-release",
        Metric.TOP_1,
        "New release of a known lab: with {responses} responses, the right lab comes first in {value} of cases.",
    ),
    _Card(
        "unseen-release",
        Metric.COVERAGE,
        "New release of a known lab: with {responses} responses, the model attributes {value} of cases.",
    ),
    _Card(
        "unseen-release",
        Metric.FALSE_ATTRIBUTION_RATE,
        "New release of a known lab: of the cases of {responses} responses that the model attributes, {value} are "
        "attributed to a wrong lab.",
    ),
    _Card(
        "unseen-release-other-set",
        Metric.TOP_1,
        "New release, new source: with {responses} responses, the right lab comes first in {value} of cases.",
    ),
    _Card(
        "temporal-split",
        Metric.TOP_1,
        "Later release: with {responses} responses, a model of what was released before puts the right lab first in "
        "{value} of cases.",
    ),
    _Card(
        "unknown-lab",
        Metric.COVERAGE,
        "Unknown lab: with {responses} responses, the model attributes {value} of cases, and each of these is wrong.",
    ),
)


def headline(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the cards: each has "text" (a whole sentence), "value" and "tone" (of `Tone`).

    Args:
        figures: The report's list of figures.
    """
    lines = []
    for card in _CARDS:
        found = _figure(figures, card.protocol)
        value = _value(found, card.metric)
        if found is not None and value is not None:
            text = card.text.format(responses=found["responses"], value=_whole(value))
            lines.append({"text": text, "value": value, "tone": str(_tone(card, value))})
    return lines


def conclusion(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the report in one sentence or two that can be quoted as they are; empty without such figures.

    Args:
        figures: The report's list of figures.
    """
    said: list[tuple[str, Mapping[str, Any]]] = []
    for protocol, where in (
        ("same-set", "if the model knows the release and the source of the prompts"),
        ("other-set", "if the source is new to it"),
        ("unseen-release", "if the release is new to it"),
        ("external-test", "in corpora that it was not trained on"),
    ):
        found = _figure(figures, protocol)
        value = _value(found, Metric.TOP_1)
        # Corpora of the reader's own are the conclusion only where there is nothing else.
        if found is not None and value is not None and not (said and protocol == "external-test"):
            said.append((f"in {_whole(value)} of cases {where}", found))
    if not said:
        return ""
    *before, (last, found) = said
    start = f"With {found['responses']} responses, the first lab that the model names is the right one "
    first = start + (", ".join(text for text, _ in before) + " and " if before else "") + last + "."
    verdicts = [
        (_value(one, Metric.COVERAGE), _value(one, Metric.FALSE_ATTRIBUTION_RATE), one)
        for one in (_figure(figures, name) for name in ("unseen-release", "external-test"))
    ]
    for coverage, wrong, one in verdicts:
        if one is not None and coverage is not None:
            of = "of new releases" if one["protocol"] == "unseen-release" else "in these corpora"
            how = "" if wrong is None else f", and {_whole(wrong)} of these attributions name a wrong lab"
            return f"{first} It attributes {_whole(coverage)} of cases {of}{how}."
    return first


def _figure(figures: Sequence[Mapping[str, Any]], protocol: str) -> Mapping[str, Any] | None:
    """Of the labs, over all cases of the protocol with the usual number of responses."""
    of = {
        figure["responses"]: figure
        for figure in figures
        if (figure["protocol"], figure["part"], figure["level"]) == (protocol, WHOLE, Level.LAB)
    }
    return of[typical(of)] if of else None


def _value(figure: Mapping[str, Any] | None, metric: Metric) -> float | None:
    return figure["metrics"].get(metric, {}).get("value") if figure is not None else None


def _whole(value: float) -> str:
    return percent(value, 0 if value == 0 or value >= 0.095 else 1)


def _tone(card: _Card, value: float) -> Tone:
    if card.metric is Metric.FALSE_ATTRIBUTION_RATE or card.protocol == "unknown-lab":
        return Tone.GOOD if value <= FALSE_ATTRIBUTIONS else Tone.BAD
    if value >= _GOOD:
        return Tone.GOOD
    return Tone.BAD if value < _BAD else Tone.NEITHER
