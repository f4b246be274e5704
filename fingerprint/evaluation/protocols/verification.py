"""verification: claims about the test cases of all folds, true and false, as `fingerprint verify` judges them."""

from __future__ import annotations

from fingerprint.evaluation.claims import JudgedClaims
from fingerprint.evaluation.protocol import Protocol
from fingerprint.evaluation.study import Study
from fingerprint.report.evaluation.figures import View


def _ask(study: Study) -> JudgedClaims | None:
    return None if study.folds is None else study.folds.claims


PROTOCOL = Protocol(
    name="verification",
    question="Somebody says, rightly or wrongly, that a release or a lab wrote the responses.",
    left_out="A fifth of the prompts, releases with their groups, and labs; for half of the figures, a whole corpus.",
    order=65,
    ask=_ask,
    views=frozenset({View.CLAIMS}),
)
