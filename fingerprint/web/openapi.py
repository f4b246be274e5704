"""The OpenAPI document of the JSON API, made from the types of requests and verdicts."""

from __future__ import annotations

from typing import Any

import msgspec

from fingerprint import __version__
from fingerprint.model.calibration import Expect
from fingerprint.model.claim_verdict import SCHEMA as CLAIM_SCHEMA
from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.verdict import SCHEMA as VERDICT_SCHEMA
from fingerprint.model.verdict import Verdict
from fingerprint.verification.comparison import SCHEMA as COMPARISON_SCHEMA
from fingerprint.verification.comparison import Comparison
from fingerprint.web.questions import Question
from fingerprint.web.uploads import BODIES

_VERSION = "3.1.0"
_ANSWERS: dict[Question, tuple[type, int]] = {
    Question.IDENTIFY: (Verdict, VERDICT_SCHEMA),
    Question.VERIFY: (ClaimVerdict, CLAIM_SCHEMA),
    Question.COMPARE: (Comparison, COMPARISON_SCHEMA),
}
_SUMMARIES = {
    Question.IDENTIFY: "Say which lab's model wrote the responses",
    Question.VERIFY: "Say whether the claimed model wrote the responses",
    Question.COMPARE: "Say whether one model wrote both, or two",
}
_ERRORS = {
    "400": "The request is damaged, or its host is not allowed",
    "403": "The request comes from a page of another origin",
    "408": "The sending took too long",
    "413": "More bytes were sent than are allowed",
    "422": "The responses cannot be read or judged; the error says why",
    "500": "The program has a fault; its log says more",
    "503": "The queue is full; the header Retry-After says when to ask again",
}
_FILES = {
    "type": "array",
    "items": {"type": "string", "contentMediaType": "application/octet-stream"},
    "description": "Files of any format that the program reads (docs/formats.md). Together they are one case.",
}
_TEXTS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Pasted texts; each is read as a file. A plain text is one response.",
}
_FORM_FIELDS: dict[Question, dict[str, Any]] = {
    Question.IDENTIFY: {"expect": {"enum": [str(one) for one in Expect], "default": str(Expect.ANY)}},
    Question.VERIFY: {"claimed": {"type": "string"}},
    Question.COMPARE: {"other_files": _FILES, "other_text": _TEXTS},
}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the JSON API."""
    types = [*BODIES.values(), *(answer for answer, _ in _ANSWERS.values())]
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    for answer, version in _ANSWERS.values():
        schema = schemas[answer.__name__]
        schema["properties"] = {"schema": {"const": version}, **schema["properties"]}
        schema["required"] = ["schema", *schema["required"]]
    schemas["Error"] = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    return {
        "openapi": _VERSION,
        "info": {
            "title": "fingerprint",
            "version": __version__,
            "summary": "Says which lab's language model wrote a set of responses, and how sure that is",
        },
        "paths": {f"/api/{question}": {"post": _operation(question)} for question in Question},
        "components": {"schemas": schemas},
    }


def _operation(question: Question) -> dict[str, Any]:
    answer, _ = _ANSWERS[question]
    form = {"files": _FILES, "text": _TEXTS, **_FORM_FIELDS[question]}
    return {
        "operationId": str(question),
        "summary": _SUMMARIES[question],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _ref(BODIES[question].__name__)},
                "multipart/form-data": {"schema": {"type": "object", "properties": form}},
            },
        },
        "responses": {
            "200": {"description": "The verdict", "content": _json(answer.__name__)},
            **{status: {"description": said, "content": _json("Error")} for status, said in _ERRORS.items()},
        },
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
