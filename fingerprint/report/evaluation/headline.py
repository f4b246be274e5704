"""The report in a minute: one sentence to quote, and cards of one figure and one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fingerprint.metrics import Level, Metric
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.report.evaluation.figures import TYPICAL, WHOLE, typical
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


_FIRST = "the right lab comes first in {value} of cases of {responses} responses."
_ATTRIBUTED = "the model attributes {value} of cases of {responses} responses"
_WRONG = "{value} of the attributions name a wrong lab, with {responses} responses a case."

_CARDS = (
    _Card("same-set", Metric.TOP_1, f"If the model knows the release and the source of the prompts, {_FIRST}"),
    _Card("other-set", Metric.TOP_1, f"If the source of the prompts is new to the model, {_FIRST}"),
    _Card("external-test", Metric.TOP_1, f"In corpora that the model was not trained on, {_FIRST}"),
    _Card("external-test", Metric.COVERAGE, f"In corpora that the model was not trained on, {_ATTRIBUTED}."),
    _Card("external-test", Metric.FALSE_ATTRIBUTION_RATE, f"In corpora that the model was not trained on, {_WRONG}"),
    _Card("unseen-release", Metric.TOP_1, f"If the model knows the lab but not the release, {_FIRST}"),
    _Card("unseen-release", Metric.COVERAGE, f"If it knows the lab but not the release, {_ATTRIBUTED}."),
    _Card("unseen-release", Metric.FALSE_ATTRIBUTION_RATE, f"If the model knows the lab but not the release, {_WRONG}"),
    _Card("unseen-release-other-set", Metric.TOP_1, f"If both the release and the source are new, {_FIRST}"),
    _Card("temporal-split", Metric.TOP_1, f"If the release came after all that the model knows, {_FIRST}"),
    _Card("unknown-lab", Metric.COVERAGE, f"If the lab is unknown, {_ATTRIBUTED}, and each of these is wrong."),
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
    """Return the report in one sentence that can be quoted as it is; empty without such figures.

    Args:
        figures: The report's list of figures.
    """
    said: list[str] = []
    responses = TYPICAL
    for protocol, where in (
        ("same-set", "of releases and sources that the model knows"),
        ("unseen-release", "of new releases"),
        ("other-set", "of new sources"),
        ("external-test", "of corpora that the model was not trained on"),
    ):
        found = _figure(figures, protocol)
        value = _value(found, Metric.TOP_1)
        # Corpora of the reader's own are the conclusion only where there is nothing else.
        if found is not None and value is not None and not (said and protocol == "external-test"):
            said.append(f"{_whole(value)} {where}")
            responses = found["responses"]
    *before, last = said or [""]
    listed = f"{', '.join(before)} and {last}" if before else last
    return f"With {responses} responses a case, the first lab is the right one in {listed}." if said else ""


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
