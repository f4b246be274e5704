"""unseen-release: releases that were left out, of labs that are known by others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fingerprint.base.keys import isin
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, whole
from fingerprint.evaluation.study import Study
from fingerprint.metrics.predictions import Predictions
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.splits import CaseKind

_SEVERAL = "labs that keep two groups of releases"


def _ask(study: Study) -> Tested | None:
    return study.select(lambda cases: isin(cases.kind, {CaseKind.UNSEEN}) & cases.lab_known, Expect.NEW)


def _parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    yield from whole(study, tested)
    names, rows = study.sample.names, study.sample.rows
    groups = np.array([len(set(names.group[(names.lab == lab) & (rows > 0)])) for lab in range(len(names.labs))])
    # The group of the case itself is one of them, and left out.
    keeps_two = groups[names.lab[tested.predictions.release]] > 2
    yield _SEVERAL, tested.predictions.of(keeps_two)


PROTOCOL = Protocol(
    name="unseen-release",
    question="Releases that the model does not know, of labs that it knows by other releases.",
    left_out="The release with its group.",
    order=40,
    ask=_ask,
    parts=_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.WORST_ERRORS}),
    by_kind=TYPICAL,
)
