"""unknown-lab: labs that were left out."""

from __future__ import annotations

from collections.abc import Iterator

from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, whole
from fingerprint.evaluation.protocols.same_set import same_set_cases
from fingerprint.evaluation.study import Study
from fingerprint.metrics.predictions import Predictions
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View

_BESIDE = "beside same-set cases"


def _ask(study: Study) -> Tested | None:
    # What a fold leaves out may be all that there is of a lab: its cases are of an unknown lab too.
    return study.select(lambda cases: ~cases.lab_known, Expect.NEW)


def _parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    yield from whole(study, tested)
    same = same_set_cases(study)
    if same is not None:
        yield _BESIDE, Predictions.joined([tested.predictions, same.predictions])


PROTOCOL = Protocol(
    name="unknown-lab",
    question="Releases of labs that the model does not know: it is right if it names no lab.",
    left_out="All releases of the lab.",
    order=60,
    ask=_ask,
    parts=_parts,
    views=frozenset({View.CURVES}),
    by_kind=TYPICAL,
)
