"""Questions about cases that came over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from fingerprint.data.reader import case_of, read_case
from fingerprint.data.response import Case
from fingerprint.data.rows import Options
from fingerprint.data.streams import Limits
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.calibration import Expect
from fingerprint.report.layout import counted

Watch = Callable[[str], None]
"""Receives what is being done, in words; a FingerprintError that it raises ends the work."""

# Responses between two words of progress.
_EVERY = 100


class Question(StrEnum):
    """What can be asked; the names are those of the verbs and of the API."""

    IDENTIFY = "identify"
    VERIFY = "verify"
    COMPARE = "compare"


@dataclass(frozen=True)
class Upload:
    """A file that was sent.

    Attributes:
        path: Where it lies until the question is answered.
        name: What the sender calls it; hostile text.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class Given:
    """One case as it was sent: files, or values of JSON.

    Attributes:
        files: They are one case together.
        values: Texts, or objects as the lines of a file hold them.
        most_bytes: What a file may unfold to.
    """

    files: tuple[Upload, ...] = ()
    values: tuple[str | dict[str, Any], ...] = ()
    most_bytes: int = 0

    @property
    def name(self) -> str:
        """What the case is called in verdicts and errors."""
        if not self.files:
            return "responses"
        return self.files[0].name + (f" and {len(self.files) - 1} more" if len(self.files) > 1 else "")

    def read(self, watch: Watch) -> Case:
        """Read the case; `watch` is told how many responses were read so far.

        Raises:
            InputError: It cannot be read, or nothing of it can be judged. The error names files as their sender does.
        """
        case = self._files(watch) if self.files else case_of(self.values, self.name)
        if not case.n_used and not case.aside:
            raise InputError(self.name, "; ".join(case.warnings))
        return replace(case, file=self.name)

    def _files(self, watch: Watch) -> Case:
        done = 0

        def step() -> None:
            nonlocal done
            if done % _EVERY == 0:
                watch(f"Reading {self.name}" + (f": {counted(done, 'row')} so far" if done else ""))
            done += 1

        step()
        try:
            return read_case(
                [str(file.path) for file in self.files], Options(limits=Limits(self.most_bytes, watch=step))
            )
        except InputError as error:
            names = {str(file.path): file.name for file in self.files}
            raise InputError(names.get(error.file, self.name), error.expected, error.line) from None


@dataclass(frozen=True)
class Asked:
    """A question about the cases that were sent.

    Attributes:
        question: What is asked.
        cases: One case; two to compare.
        claimed: What is claimed, to verify.
        expect: What the responses probably are, to identify.
    """

    question: Question
    cases: tuple[Given, ...]
    claimed: str = ""
    expect: str = Expect.ANY


def checked(asked: Asked) -> Asked:
    """Return the question if it is complete.

    Raises:
        FingerprintError: It names no responses, or claims nothing.
    """
    if asked.question is Question.VERIFY and not asked.claimed.strip():
        raise FingerprintError("Say which model is claimed: a release, a line, a family or a lab.")
    empty = [place for place, given in enumerate(asked.cases) if not given.files and not given.values]
    if 0 in empty:
        raise FingerprintError("Give responses: drop or choose a file, or paste text.")
    if empty:
        raise FingerprintError("Give the responses of the second model too: drop or choose a file, or paste text.")
    return asked
