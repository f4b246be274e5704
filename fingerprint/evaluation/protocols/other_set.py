"""other-set: a corpus that was left out."""

from __future__ import annotations

from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.evaluation.study import Study
from fingerprint.report.evaluation.figures import View
from fingerprint.training.splits import CaseKind


def _ask(study: Study) -> Tested | None:
    # Nothing is known about a lab that this corpus alone has: its cases belong to an unknown lab.
    return study.select(lambda cases: (cases.kind == CaseKind.OTHER) & cases.lab_known)


PROTOCOL = Protocol(
    name="other-set",
    question="Releases of known labs answer the prompts of a corpus that was left out.",
    left_out="A whole corpus.",
    order=20,
    ask=_ask,
    parts=whole_and_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.WORST_ERRORS}),
)
