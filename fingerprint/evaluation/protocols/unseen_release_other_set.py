"""unseen-release-other-set: releases that were left out, in a corpus that was left out."""

from __future__ import annotations

from fingerprint.base.keys import isin
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.evaluation.study import Study
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.splits import CaseKind


def _ask(study: Study) -> Tested | None:
    return study.select(lambda cases: isin(cases.kind, {CaseKind.BOTH}) & cases.lab_known, Expect.NEW)


PROTOCOL = Protocol(
    name="unseen-release-other-set",
    question="Releases that the model does not know, of labs that it knows by others, answer the prompts of a corpus "
    "that was left out.",
    left_out="The release with its group, and a whole corpus with all others of its repository.",
    order=45,
    ask=_ask,
    parts=whole_and_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.WORST_ERRORS}),
    by_kind=TYPICAL,
)
