"""Answers to questions by a loaded model, as verdicts, as JSON and as pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fingerprint.api import Fingerprint
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case
from fingerprint.errors import FingerprintError
from fingerprint.model.claim_verdict import Claimed, ClaimVerdict
from fingerprint.model.verdict import Verdict, VerdictWord
from fingerprint.report.advice import dated, what_would_settle
from fingerprint.report.layout import counted
from fingerprint.report.page import GivenFile, PageContext, Provenance, Surroundings, render_page
from fingerprint.store.versions import identity
from fingerprint.verification.comparison import Comparison
from fingerprint.web.questions import Asked, Question, Watch

Found = Verdict | ClaimVerdict | Comparison

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy of a verdict's page. Its meta tag allows no style but one; frames are said here alone."""

# What stands for a command line in the page of a verdict.
_COMMANDS = {
    Question.IDENTIFY: "fingerprint serve: who wrote them?",
    Question.VERIFY: "fingerprint serve: is it really the model that is claimed?",
    Question.COMPARE: "fingerprint serve: one model or two?",
}


@dataclass(frozen=True)
class Page:
    """A verdict as it is shown and downloaded.

    Attributes:
        html: The page, which needs nothing else.
        json: The verdict for programs, in ASCII.
    """

    html: str
    json: str


@dataclass(frozen=True)
class Answers:
    """A loaded model that answers questions; several threads may ask at once.

    Attributes:
        model: The model.
        sha256: Of its manifest.
        labs: The display name of each lab by its key.
        surroundings: What lies around a case; None leaves out map and tree of a page.
    """

    model: Fingerprint
    sha256: str
    labs: Mapping[str, str]
    surroundings: Surroundings | None = None

    @classmethod
    def load(cls, folder: Path, encoder: str | None = None) -> Answers:
        """Read a model folder, and draw the map of its releases if that was not done before.

        Args:
            folder: The model folder.
            encoder: As of `Fingerprint.load`.

        Raises:
            ModelError: For a folder that is not a sound model.
        """
        model, sha256 = Fingerprint.load(folder, encoder), identity(folder)
        return cls(model, sha256, Registry.load().labs, Surroundings.load(model.loaded, sha256))

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
        claim = self._claim(asked.claimed) if asked.question is Question.VERIFY else None
        cases = [given.read(watch) for given in asked.cases]
        responses = counted(sum(case.n_used for case in cases), "response")
        watch(f"Judging the style of {responses}")
        if claim is not None:
            return self.model.verify(cases[0], claim), cases
        if asked.question is Question.COMPARE:
            return self.model.compare(cases), cases
        return _advised(self.model.identify(cases[0], expect=asked.expect)), cases

    def _claim(self, name: str) -> Claimed:
        try:
            return self.model.claim(name)
        except FingerprintError as error:
            # Here it is a field of a form, no option of a command.
            raise FingerprintError(str(error).removeprefix("--claimed: ")) from None

    def json(self, asked: Asked, watch: Watch) -> str:
        """Answer a question with JSON in ASCII; arguments and errors as of `find`."""
        return _json(self.find(asked, watch)[0])

    def page(self, asked: Asked, watch: Watch) -> Page:
        """Answer a question with a page; arguments and errors as of `find`."""
        found, cases = self.find(asked, watch)
        watch("Making the page")
        # As the sender names them: where they lie here is nobody's business.
        files = [replace(GivenFile.of(file.path), name=file.name) for given in asked.cases for file in given.files]
        provenance = Provenance.now(files, self.sha256, _COMMANDS[asked.question])
        context = PageContext(tuple(cases), self.model.loaded, self.surroundings, self.labs, provenance)
        return Page(render_page(found, context), _json(found))


def _json(found: Found) -> str:
    return json.dumps(found.to_dict(), indent=2, allow_nan=False)


def _advised(verdict: Verdict) -> Verdict:
    """The verdict with a warning where the model is old, and with what would settle it."""
    verdict = dated(verdict)
    if verdict.verdict in (VerdictWord.LIKELY, VerdictWord.INCONCLUSIVE):
        return replace(verdict, advice=what_would_settle(verdict))
    return verdict
