"""other-set: a corpus that was left out."""

from __future__ import annotations

from collections.abc import Iterator

from fingerprint.base.keys import isin
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, parts_alone, whole
from fingerprint.evaluation.study import Study
from fingerprint.metrics.predictions import Predictions
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.splits import CaseKind

_KNOWN, _ONLY_THERE = "releases that other corpora have", "releases that no other corpus has"


def other_set_cases(study: Study) -> Tested | None:
    """Return the test cases of all folds for which a whole corpus was left out."""
    # Nothing is known about a lab that this corpus alone has: its cases belong to an unknown lab.
    return study.select(lambda cases: isin(cases.kind, {CaseKind.OTHER}) & cases.lab_known, Expect.KNOWN)


def _parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    yield from whole(study, tested)
    known = tested.predictions.known
    for part, at in ((_KNOWN, known), (_ONLY_THERE, ~known)):
        if at.any():
            yield part, tested.predictions.of(at)
    yield from parts_alone(study, tested)


PROTOCOL = Protocol(
    name="other-set",
    question="Releases of known labs answer the prompts of a corpus that was left out.",
    left_out="A whole corpus, with all others of its repository.",
    order=20,
    ask=other_set_cases,
    parts=_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.WORST_ERRORS}),
    by_kind=TYPICAL,
)
