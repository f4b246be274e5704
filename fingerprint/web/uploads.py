"""What a request sends: a form with files and pasted texts, or JSON."""

from __future__ import annotations

import shutil
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from fingerprint.errors import FingerprintError
from fingerprint.model.calibration import Expect
from fingerprint.web.questions import Asked, Given, Question, Upload, checked

MOST_FILES = 50
"""Files of one request, for both models together."""
MOST_PASTED = 5_000_000
"""Bytes of one pasted text."""
UNFOLDED = 4
"""A file may unfold to so many times the bytes that a request may have."""
# Pasted texts and the other fields of a form.
_MOST_FIELDS = 200
_LONGEST_NAME = 120
# The reader takes the ending of a table's name into account; all else it knows by its content.
_TABLES = (".csv", ".tsv", ".tab")

_Responses = Annotated[list[str | dict[str, Any]], msgspec.Meta(min_length=1)]


class IdentifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who wrote these responses?"""

    responses: _Responses
    expect: Expect = Expect.ANY


class VerifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Did the claimed model write these responses?"""

    responses: _Responses
    claimed: str


class CompareBody(msgspec.Struct, forbid_unknown_fields=True):
    """Did one model write both, or two?"""

    responses: _Responses
    other_responses: _Responses


BODIES: dict[Question, type[IdentifyBody | VerifyBody | CompareBody]] = {
    Question.IDENTIFY: IdentifyBody,
    Question.VERIFY: VerifyBody,
    Question.COMPARE: CompareBody,
}
"""The form of a JSON request for each question; a test holds it complete."""


@dataclass(frozen=True)
class Received:
    """The fields of a request, with a folder for its files.

    Attributes:
        folder: An empty folder that is removed when the question is answered.
        most_bytes: Bytes that a request may have.
    """

    folder: Path
    most_bytes: int

    async def form(self, form: FormData, question: Question) -> Asked:
        """Return what a form asks; its files are written to the folder.

        Raises:
            FingerprintError: The form is not complete.
        """
        cases = [await self._case(form, "files", "text")]
        if question is Question.COMPARE:
            cases.append(await self._case(form, "other_files", "other_text"))
        return checked(
            Asked(question, tuple(cases), _text(form, "claimed").strip(), _text(form, "expect") or Expect.ANY)
        )

    async def json(self, request: Request, question: Question) -> Asked:
        """Return what a JSON body asks.

        Raises:
            FingerprintError: It is not JSON, or not of the form that the question has.
        """
        data = await request.body()
        try:
            body = await run_in_threadpool(msgspec.json.decode, data, type=BODIES[question])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise FingerprintError(f"The body is not what was expected: {error}") from None
        cases = [Given(values=tuple(body.responses))]
        if isinstance(body, CompareBody):
            cases.append(Given(values=tuple(body.other_responses)))
        claimed = body.claimed.strip() if isinstance(body, VerifyBody) else ""
        return checked(Asked(question, tuple(cases), claimed, getattr(body, "expect", Expect.ANY)))

    async def _case(self, form: FormData, files: str, pasted: str) -> Given:
        found: list[Upload] = []
        for value in form.getlist(files):
            # A field where no file was chosen is sent all the same.
            if isinstance(value, UploadFile) and (value.filename or value.size):
                found.append(await run_in_threadpool(self._write, value, f"{files}-{len(found)}"))
        # A browser sends the ends of lines as Windows has them.
        texts = [text.replace("\r\n", "\n") for text in form.getlist(pasted) if isinstance(text, str) and text.strip()]
        for place, text in enumerate(texts, 1):
            path = self.folder / f"{pasted}-{place}"
            await run_in_threadpool(path.write_bytes, text.encode("utf-8", "replace"))
            found.append(Upload(path, "pasted text" if len(texts) == 1 else f"pasted text {place}"))
        return Given(tuple(found), most_bytes=UNFOLDED * self.most_bytes)

    def _write(self, file: UploadFile, place: str) -> Upload:
        name = PurePosixPath((file.filename or "").replace("\\", "/")).name or "file"
        bare = name.lower().removesuffix(".gz").removesuffix(".zst")
        ending = next((ending for ending in _TABLES if bare.endswith(ending)), "")
        path = self.folder / (place + ending)
        with path.open("xb") as out:
            shutil.copyfileobj(file.file, out)
        return Upload(path, name[-_LONGEST_NAME:])


def form_of(request: Request) -> AbstractAsyncContextManager[FormData]:
    """Receive the fields of a form; its files lie in memory, or in files without a name, until the block ends.

    Raises:
        HTTPException: It is damaged, or has too many files or too long fields.
    """
    return request.form(max_files=MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=MOST_PASTED)


def question_of(form: FormData) -> Question:
    """Return what a form asks.

    Raises:
        FingerprintError: It asks nothing that is known.
    """
    try:
        return Question(_text(form, "question"))
    except ValueError:
        raise FingerprintError(f"question: expected one of {', '.join(Question)}") from None


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
