"""The figures of a report, looked up by protocol, part, number of responses and level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fingerprint.metrics import Level, Metric

TYPICAL = 25
"""Responses a case wherever a report has room for one number: in every table, curve and sentence the same."""

WHOLE = "all"
"""The part of a protocol that is all of its cases."""

EXPECT = "expect "
"""What the name of a part begins with whose cases are predicted under another expectation than "any"."""

# The unchanged cases, with which the parts of other protocols are compared.
_BASE = "same-set"

VERDICT_METRICS = (
    Metric.COVERAGE,
    Metric.FALSE_ATTRIBUTION_RATE,
    Metric.LIKELY_COVERAGE,
    Metric.LIKELY_ERROR,
)
"""How much is named and how much of it wrongly: attributions, then with `likely`."""

SET_METRICS = (Metric.LIST_COVERAGE, Metric.LIST_ERROR, Metric.SET_SIZE, Metric.SET_COVERAGE)
"""What is said of several labs: how many cases without a name get a short list, and how many of the lists lack the
right lab; how many labs a set has, and how often it holds the right one."""

MONTH_METRICS = (Metric.VERDICT_NEW_RELEASE, *VERDICT_METRICS)
"""What the reports say about the verdicts of a month, in this order."""

ATTRIBUTION_METRICS = (
    *VERDICT_METRICS,
    *SET_METRICS,
    Metric.SELECTIVE_RISK,
    Metric.VERDICT_UNKNOWN,
    Metric.VERDICT_NEW_RELEASE,
)
"""What the reports say about attributions, in this order."""


class View(StrEnum):
    """What a report shows of a protocol, beside the table of all figures."""

    ACCURACY = "accuracy"
    """How often the right name comes first, by the number of responses."""
    CURVES = "curves"
    """The reliability diagram, and the false-attribution rate by coverage."""
    CONFUSION = "confusion"
    """Which labs, families and releases are taken for which."""
    WORST_ERRORS = "worst-errors"
    """The wrong predictions with the highest confidence."""
    MONTHS = "months"
    """The parts as months on an axis."""
    CLAIMS = "claims"
    """How often the verdicts on claims are right, with DET curves; of a protocol of claims alone."""
    CANDIDATES = "candidates"
    """How much is attributed where a few labs are in question; of a protocol of such questions alone."""
    PARTS = "parts"
    """A section of its own with the parts beside each other."""


def typical(numbers: Iterable[int]) -> int:
    """Return TYPICAL or, of these numbers of responses, the next below or above it."""
    there = sorted(numbers)
    return max((n for n in there if n <= TYPICAL), default=there[0] if there else TYPICAL)


class Figures:
    """The lists "protocols" and "figures" of a report.

    Args:
        report: The content of report.json.
    """

    def __init__(self, report: Mapping[str, Any]):
        self._protocols: dict[str, dict[str, Any]] = {p["name"]: p for p in report["protocols"]}
        self._rows = {(r["protocol"], r["part"], r["responses"], r["level"]): r for r in report["figures"]}

    def protocols(self, view: View | None = None) -> list[str]:
        """Return the protocols with figures, in the order of the report: all, or those with a view."""
        there = {key[0] for key in self._rows}
        return [name for name, of in self._protocols.items() if name in there and (view is None or view in of["views"])]

    def question(self, protocol: str) -> str:
        """Return what a protocol asks, as a sentence."""
        return str(self._protocols[protocol]["question"])

    def left_out(self, protocol: str) -> str:
        """Return what the model was trained without, as a sentence."""
        return str(self._protocols[protocol]["left_out"])

    def ordered(self, protocols: Iterable[str]) -> list[str]:
        """Return protocols in the order of the report."""
        return sorted(protocols, key=self.number)

    def number(self, protocol: str) -> int:
        """Return where a protocol stands in the report; one that is not described stands last."""
        order = list(self._protocols)
        return order.index(protocol) if protocol in order else len(order)

    def by_kind(self, protocol: str) -> int | None:
        """Return the number of responses in the table of all kinds: as wished, or the next below or above."""
        wished, there = self._protocols[protocol]["by_kind"], self.responses(protocol)
        if wished is None or not there:
            return None
        return max((n for n in there if n <= wished), default=min(there))

    def parts(self, protocol: str) -> list[str]:
        """Return the parts of a protocol: `all`, then the others as they came."""
        there = dict.fromkeys(key[1] for key in self._rows if key[0] == protocol)
        return sorted(there, key=lambda part: part != WHOLE)

    def responses(self, protocol: str, part: str = WHOLE) -> list[int]:
        """Return the numbers of responses that there are figures for."""
        return sorted({key[2] for key in self._rows if key[:2] == (protocol, part)})

    def typical(self, protocol: str, part: str = WHOLE) -> int:
        """Return the number of responses to show where there is room for one."""
        there = self.responses(protocol, part)
        return typical(there)

    def get(self, protocol: str, part: str, responses: int, level: str) -> dict[str, Any] | None:
        """Return one figure, or None."""
        return self._rows.get((protocol, part, responses, level))

    def metric(self, protocol: str, responses: int, level: str, metric: Metric) -> dict[str, Any] | None:
        """Return value, low and high of a metric of all cases of a protocol, or None."""
        row = self.get(protocol, WHOLE, responses, level)
        return None if row is None else row["metrics"].get(metric)

    def all_of(self, protocol: str) -> list[dict[str, Any]]:
        """Return all figures of a protocol by part, responses and level."""
        keys = [
            (protocol, part, n, level)
            for part in self.parts(protocol)
            for n in self.responses(protocol, part)
            for level in Level
        ]
        return [self._rows[key] for key in keys if key in self._rows]

    def metrics(self, protocol: str) -> list[str]:
        """Return the metrics that any figure of a protocol has, in the order in which they came."""
        return list(dict.fromkeys(m for row in self.all_of(protocol) for m in row["metrics"]))


@dataclass(frozen=True)
class Kind:
    """One kind of case at one number of responses.

    Attributes:
        protocol: Its name.
        part: All cases, or the same cases under another expectation.
        left_out: What the model was trained without, as a sentence.
        responses: A case.
        lab: The figure at the level of labs.
        release: That at the level of releases, or None.
    """

    protocol: str
    part: str
    left_out: str
    responses: int
    lab: dict[str, Any]
    release: dict[str, Any] | None


def kinds(figures: Figures) -> tuple[list[Kind], list[Kind]]:
    """Return the kinds of cases in the order of the report: as they are, and under the expectation that fits each."""
    out: tuple[list[Kind], list[Kind]] = ([], [])
    for protocol in figures.protocols():
        responses = figures.by_kind(protocol)
        if responses is None:
            continue
        for part in figures.parts(protocol):
            lab = figures.get(protocol, part, responses, Level.LAB)
            if lab is not None and (part == WHOLE or part.startswith(EXPECT)):
                release = figures.get(protocol, part, responses, Level.RELEASE)
                one = Kind(protocol, part, figures.left_out(protocol), responses, lab, release)
                out[part != WHOLE].append(one)
    return out


@dataclass(frozen=True)
class Part:
    """A part of a protocol at one number of responses, with its figure at each level or None.

    Attributes:
        name: Of the part.
        kind: What it is one of, such as `language`; empty where nothing says so.
        responses: A case.
        lab, family, release: The figures.
    """

    name: str
    kind: str
    responses: int
    lab: dict[str, Any] | None
    family: dict[str, Any] | None
    release: dict[str, Any] | None

    @property
    def top(self) -> dict[str, Any] | None:
        """How often the right lab comes first: value, low, high."""
        return None if self.lab is None else self.lab["metrics"].get(Metric.TOP_1)


def parts_of(figures: Figures, protocol: str) -> list[Part]:
    """Return the parts of a protocol without their sum; of `language: en` the kind is `language`."""
    found = []
    for part in figures.parts(protocol):
        if part != WHOLE:
            kind, colon, title = part.partition(": ")
            found.append(_part(figures, protocol, part, title if colon else part, kind if colon else ""))
    return found


def compared_with(figures: Figures, protocol: str) -> list[Part]:
    """Return what the parts of a protocol are compared with: the unchanged cases, and the protocol's own sum."""
    rows = []
    if protocol != _BASE and figures.responses(_BASE):
        rows.append(_part(figures, _BASE, WHOLE, _BASE, ""))
    if figures.responses(protocol):
        rows.append(_part(figures, protocol, WHOLE, "all of them", ""))
    return rows


def _part(figures: Figures, protocol: str, part: str, title: str, kind: str) -> Part:
    responses = figures.typical(protocol, part)
    lab, family, release = (figures.get(protocol, part, responses, level) for level in Level)
    return Part(title, kind, responses, lab, family, release)
