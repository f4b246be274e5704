"""same-set: known releases on prompts that were left out."""

from __future__ import annotations

from fingerprint.base.keys import isin
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol
from fingerprint.evaluation.study import Study
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.splits import CaseKind


def same_set_cases(study: Study) -> Tested | None:
    """Return the test cases of all folds for which only the prompts were left out."""
    return study.select(lambda cases: isin(cases.kind, {CaseKind.SAME}) & cases.lab_known, Expect.KNOWN)


PROTOCOL = Protocol(
    name="same-set",
    question="Known releases answer other prompts, in corpora that the model was trained on.",
    left_out="A fifth of the prompts.",
    order=10,
    ask=same_set_cases,
    views=frozenset({View.ACCURACY, View.CURVES, View.CONFUSION, View.WORST_ERRORS}),
    by_kind=TYPICAL,
)
