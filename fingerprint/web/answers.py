"""Answers to questions by a loaded model, as verdicts, as JSON and as pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fingerprint.api import Fingerprint
from fingerprint.data.response import Case
from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.verdict import Verdict, VerdictWord
from fingerprint.report.advice import what_would_settle
from fingerprint.report.claim import render_claim
from fingerprint.report.comparison import render_text
from fingerprint.report.layout import counted
from fingerprint.report.text import render
from fingerprint.verification.comparison import Comparison
from fingerprint.web.pages import environment
from fingerprint.web.questions import Asked, Question, Watch

Found = Verdict | ClaimVerdict | Comparison


@dataclass(frozen=True)
class Page:
    """A verdict as it is shown and downloaded.

    Attributes:
        html: The page, which needs nothing else.
        json: The verdict for programs, in ASCII.
    """

    html: str
    json: str


PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy of a verdict's page: that of its own meta tag, and no frames."""


class Answers:
    """A loaded model that answers questions; several threads may ask at once.

    Args:
        model: The model.
        labs: The display name of each lab by its key.
    """

    def __init__(self, model: Fingerprint, labs: Mapping[str, str]):
        self.model, self.labs = model, labs

    def find(self, asked: Asked, watch: Watch) -> tuple[Found, list[Case]]:
        """Answer a question.

        Args:
            asked: The question.
            watch: Receives what is being done.

        Returns:
            The verdict, and the cases as they were read.

        Raises:
            FingerprintError: For what cannot be read, judged or claimed, and whatever `watch` raises.
        """
        # A claim that nobody knows is said before a long file is read.
        claim = self.model.claim(asked.claimed) if asked.question is Question.VERIFY else None
        cases = [given.read(watch) for given in asked.cases]
        responses = counted(sum(case.n_used for case in cases), "response")
        watch(f"Judging the style of {responses}")
        if claim is not None:
            return self.model.verify(cases[0], claim), cases
        if asked.question is Question.COMPARE:
            return self.model.compare(cases), cases
        return _advised(self.model.identify(cases[0], expect=asked.expect)), cases

    def json(self, asked: Asked, watch: Watch) -> str:
        """Answer a question with JSON in ASCII; arguments and errors as of `find`."""
        return _json(self.find(asked, watch)[0])

    def page(self, asked: Asked, watch: Watch) -> Page:
        """Answer a question with a page; arguments and errors as of `find`."""
        found, _ = self.find(asked, watch)
        return Page(self._rendered(found), _json(found))

    def _rendered(self, found: Found) -> str:
        text = _text(found, self.labs)
        return environment().get_template("verdict.html").render(text=text)


def _text(found: Found, labs: Mapping[str, str]) -> str:
    if isinstance(found, Verdict):
        return render(found, labs)
    return render_claim(found, labs) if isinstance(found, ClaimVerdict) else render_text(found)


def _json(found: Found) -> str:
    return json.dumps(found.to_dict(), indent=2, allow_nan=False)


def _advised(verdict: Verdict) -> Verdict:
    """The verdict with a warning where the model is old, and with what would settle it."""
    if warning := verdict.model.age_warning(date.today()):
        verdict = replace(verdict, warnings=(*verdict.warnings, warning))
    if verdict.verdict in (VerdictWord.LIKELY, VerdictWord.INCONCLUSIVE):
        return replace(verdict, advice=what_would_settle(verdict))
    return verdict
