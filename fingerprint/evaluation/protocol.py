"""What a protocol is: a question, what is left out for it, how it is asked, and what the report shows of it.

A protocol is one file in `fingerprint.evaluation.protocols` with an object PROTOCOL. The file has the protocol's name,
with underscores in place of hyphens. Nothing else has to name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fingerprint.evaluation.candidates import JudgedCandidates
from fingerprint.evaluation.claims import JudgedClaims
from fingerprint.evaluation.fits import MoreCases, Tested
from fingerprint.evaluation.study import Study
from fingerprint.metrics import Metric
from fingerprint.metrics.predictions import Predictions
from fingerprint.report.evaluation.figures import EXPECT, WHOLE, View

Parts = Iterable[tuple[str, Predictions]]

Asked = Tested | JudgedClaims | JudgedCandidates
"""What a protocol gives."""


def whole(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    """Give all cases as one part; and once more under the expectation that fits them, if there is one."""
    yield WHOLE, tested.predictions
    if tested.expected is not None:
        yield f"{EXPECT}{tested.expect}", tested.expected


def parts_alone(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    """Give each part of the cases."""
    for part in tested.parts():
        yield part, tested.of(part)


def whole_and_parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    """Give what `whole` gives, then each part of the cases."""
    yield from whole(study, tested)
    yield from parts_alone(study, tested)


@dataclass(frozen=True)
class Protocol:
    """A question that an evaluation asks.

    Attributes:
        name: The name on the command line and in the report.
        question: What is asked, as a sentence for the report.
        left_out: What the model was trained without, as a sentence for the report.
        order: Where the protocol stands in the report, the lowest first.
        ask: Makes the test cases and the predictions, the judged claims or the judged questions about a few labs, about
            them; None if there are none.
        views: What the report shows beside the table of all figures.
        parts: Which figures are computed from predictions: pairs of a name and the predictions about some cases.
        metrics: The metrics of these figures; all that are defined by default.
        more_cases: Makes further test cases of the first fold's model, if the protocol needs such.
        by_kind: Responses a case in the table of all kinds of cases; None for a protocol that is not in it.
    """

    name: str
    question: str
    left_out: str
    order: int
    ask: Callable[[Study], Asked | None]
    views: frozenset[View]
    parts: Callable[[Study, Tested], Parts] = whole
    metrics: frozenset[Metric] = frozenset(Metric)
    more_cases: Callable[[Study], MoreCases] | None = None
    by_kind: int | None = None
