from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from starlette.testclient import TestClient

from fingerprint.data.reader import read_case
from fingerprint.web.answers import Answers
from fingerprint.web.openapi import document
from fingerprint.web.questions import Question
from fingerprint.web.security import HEADERS
from fingerprint.web.uploads import BODIES
from tests.data.samples import SAMPLES
from tests.web.conftest import opened


def valid(question: Question, value: object) -> None:
    """Hold an answer to what the OpenAPI document says of it."""
    whole = document()
    schema = whole["paths"][f"/api/{question}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(value, {**schema, "components": whole["components"]})


def test_identify_says_what_the_library_says(client: TestClient, answers: Answers, oak: Path) -> None:
    answer = client.post("/api/identify", files={"files": ("oak.jsonl", oak.read_bytes())}, data={"expect": "known"})
    assert answer.status_code == 200
    expected = answers.model.identify(read_case(str(oak)), expect="known")
    found = answer.json()
    assert found["file"] == "oak.jsonl"
    assert found["labs"] == json.loads(msgspec.json.encode(expected.labs))
    assert found["calibration"]["expect"] == "known"
    valid(Question.IDENTIFY, found)


def test_json_and_files_give_the_same(client: TestClient, oak: Path) -> None:
    rows = [json.loads(line) for line in oak.read_text().splitlines()]
    sent = client.post("/api/identify", json={"responses": rows}).json()
    uploaded = client.post("/api/identify", files={"files": ("x", oak.read_bytes())}).json()
    assert sent["labs"] == uploaded["labs"]


def test_a_packed_file_and_pasted_texts_are_one_case(client: TestClient, oak: Path, texts: list[str]) -> None:
    found = client.post(
        "/api/identify", files={"files": ("oak.jsonl.gz", gzip.compress(oak.read_bytes()))}, data={"text": texts}
    ).json()
    assert found["n_used"] == 12
    assert found["file"] == "oak.jsonl.gz and 4 more"


def test_verify(client: TestClient, oak: Path) -> None:
    found = client.post("/api/verify", files={"files": ("o", oak.read_bytes())}, data={"claimed": "oak-2"}).json()
    assert found["claimed"]["name"] == "oak-2"
    assert found["verdict"] in ("consistent", "inconclusive")
    valid(Question.VERIFY, found)


def test_compare(client: TestClient, oak: Path, ash: Path) -> None:
    found = client.post(
        "/api/compare", files={"files": ("o", oak.read_bytes()), "other_files": ("a", ash.read_bytes())}
    ).json()
    assert [case["file"] for case in found["cases"]] == ["o", "a"]
    valid(Question.COMPARE, found)


def test_a_table_is_known_by_its_name(client: TestClient, texts: list[str]) -> None:
    table = "what\tsaid\n" + "".join(f"{n}\t{text}\n" for n, text in enumerate(t.replace("\n", " ") for t in texts))
    answer = client.post("/api/identify", files={"files": ("a b.TSV", table.encode())})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("a b.TSV: is of no form that is known, with what, said")


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_error_names_a_path_of_the_server(client: TestClient, name: str) -> None:
    data = SAMPLES[name].data
    for sent in (data, data[: len(data) // 2], data[:7] + b"\xff\xfe" + data[9:]):
        answer = client.post("/api/identify", files={"files": ("mine.dat", sent)})
        assert answer.status_code in (200, 422)
        assert "fingerprint-" not in answer.text
        assert "/tmp" not in answer.text


@pytest.mark.parametrize(
    ("path", "sent", "said"),
    [
        ("identify", {"data": {"expect": "any"}}, "Give responses"),
        ("identify", {"files": {"files": ("e.jsonl", b"")}}, "e.jsonl: is empty; expected responses"),
        ("identify", {"data": {"text": "short", "expect": "any"}}, "pasted text: "),
        ("identify", {"data": {"text": "A response of some length.", "expect": "x"}}, "expect: x: expected any"),
        ("identify", {"json": {"responses": []}}, "Expected `array` of length >= 1 - at `$.responses`"),
        ("identify", {"json": {"responses": ["a"], "more": 1}}, "unknown field `more`"),
        ("identify", {"content": b"{"}, "The body is not what was expected"),
        ("identify", {"content": b"[" * 100_000}, "The body is not what was expected"),
        ("identify", {"json": {"responses": [{"nothing": 1}]}}, "responses: is of no form that is known, with nothing"),
        ("verify", {"json": {"responses": ["A response of some length."], "claimed": " "}}, "Say which model"),
        ("verify", {"json": {"responses": ["A response of some length."], "claimed": "oak-9"}}, "oak-9: not a release"),
        ("compare", {"data": {"text": "A response of some length."}}, "of the second model too"),
    ],
)
def test_errors_are_for_people(client: TestClient, path: str, sent: dict[str, Any], said: str) -> None:
    if "files" not in sent and "data" in sent:
        # Without a file, the client would send no multipart form.
        sent["files"] = {"files": ("", b"")}
    answer = client.post(f"/api/{path}", **sent)
    assert answer.status_code == 422
    assert said in answer.json()["error"]


def test_an_unforeseen_error_says_nothing_of_itself(answers: Answers, oak: Path) -> None:
    class Faulty(Answers):
        def json(self, *_: object) -> str:
            raise ZeroDivisionError("a secret")

    with opened(Faulty(answers.model, answers.sha256, {})) as client:
        answer = client.post("/api/identify", files={"files": ("o", oak.read_bytes())})
    assert answer.status_code == 500
    assert answer.json() == {"error": "A fault of the program. Its log says more."}
    assert HEADERS.items() <= dict(answer.headers).items()


def test_the_document_describes_what_is_served(client: TestClient) -> None:
    served = client.get("/api/openapi.json").json()
    assert served == json.loads(json.dumps(document()))
    assert served["openapi"].startswith("3.1")
    for path, item in served["paths"].items():
        assert set(item) == {"post"}
        assert client.get(path).status_code == 405
    jsonschema.Draft202012Validator.check_schema({"$defs": served["components"]["schemas"]})


def test_every_question_has_its_body() -> None:
    assert list(BODIES) == list(Question)
