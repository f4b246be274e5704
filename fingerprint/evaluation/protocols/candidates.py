"""candidates: which of a few labs wrote the test cases of all folds, if any, as `identify --candidates` answers."""

from __future__ import annotations

from fingerprint.evaluation.candidates import JudgedCandidates
from fingerprint.evaluation.protocol import Protocol
from fingerprint.evaluation.study import Study
from fingerprint.report.evaluation.figures import View


def _ask(study: Study) -> JudgedCandidates | None:
    return None if study.folds is None else study.folds.candidates


PROTOCOL = Protocol(
    name="candidates",
    question="A few labs are in question, and the right one may be none of these.",
    left_out="What the kind of case says: prompts, a corpus, releases with their groups, or labs.",
    order=63,
    ask=_ask,
    views=frozenset({View.CANDIDATES}),
)
