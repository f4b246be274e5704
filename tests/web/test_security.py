from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fingerprint.web.answers import Answers
from tests.web.conftest import opened
from tests.web.test_form import ask, token

EVERYWHERE = ("/", "/static/app.js", "/nothing", "/verdicts/none", "/api/openapi.json", "/api/identify")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "testserver.evil.example", "", "a b", "[::1"]
)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    for path in EVERYWHERE:
        assert client.get(path, headers={"Host": host}).status_code == 400
    assert client.post("/api/identify", json={"responses": ["x"]}, headers={"Host": host}).status_code == 400


def test_the_port_of_a_host_is_free(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "testserver:8123"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver:81"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
        {"Origin": "http://["},
    ],
)
def test_another_origin_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    good = token(client)
    for path in ("/ask", "/api/identify"):
        answer = client.post(
            path, data={"token": good}, files={"files": ("x", b"A text of some length.")}, headers=headers
        )
        assert answer.status_code == 403
        assert "another origin" in answer.text


def test_its_own_origin_is_taken(client: TestClient, texts: list[str]) -> None:
    headers = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert ask(client, {"question": "identify", "text": texts}, headers=headers).status_code == 303
    # Behind a proxy that speaks TLS.
    headers = {"Origin": "https://testserver"}
    assert ask(client, {"question": "identify", "text": texts}, headers=headers).status_code == 303


def test_a_form_needs_the_token_of_its_browser(client: TestClient, answers: Answers, texts: list[str]) -> None:
    data = {"question": "identify", "text": texts}
    sent = {"files": ("", b"")}
    good = token(client)
    for wrong in ("", "x", good[:-1], "\u00e9"):
        refused = client.post("/ask", data={**data, "token": wrong}, files=sent)
        assert refused.status_code == 403
        assert "from before the server was started" in refused.text
    assert client.post("/ask", data=data, files=sent).status_code == 403
    with opened(answers) as other:
        assert other.post("/ask", data={**data, "token": good}, files=sent).status_code == 403
    client.cookies.clear()
    assert client.post("/ask", data={**data, "token": good}, files=sent).status_code == 403


def test_the_cookie_is_for_this_site_alone(client: TestClient) -> None:
    cookie = client.get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_body_is_bounded_whatever_it_says_of_its_length(answers: Answers) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"responses": ["'
        for _ in range(100):
            yield b"x" * 1_000

    with opened(answers, most_bytes=50_000) as client:
        told = client.post("/api/identify", json={"responses": ["x" * 100_000]})
        untold = client.post("/api/identify", content=endless())
        page = ask(client, {"question": "identify"}, files={"files": ("x", b"x" * 100_000)})
        assert client.get("/").status_code == 200
    for answer in (told, untold):
        assert answer.status_code == 413
        assert answer.json()["error"].startswith("More than 50,000 bytes were sent")
    assert page.status_code == 413
    assert "More than 50,000 bytes were sent" in page.text


def test_files_and_fields_are_counted(client: TestClient) -> None:
    files = [("files", (f"{n}.txt", b"A text of some length.")) for n in range(51)]
    answer = client.post("/api/identify", files=files)
    assert answer.status_code == 400
    assert "Too many files" in answer.json()["error"]
    long = client.post("/api/identify", data={"text": "x" * 6_000_000}, files={"files": ("", b"")})
    assert long.status_code == 400


def test_a_file_unfolds_to_no_more_than_allowed(answers: Answers) -> None:
    with opened(answers, most_bytes=100_000) as client:
        answer = client.post("/api/identify", files={"files": ("b.gz", gzip.compress(b"word " * 200_000))})
    assert answer.status_code == 422
    assert answer.json()["error"] == "b.gz: unfolds to more than 400,000 bytes"


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\secret\\x.txt", "/etc/passwd", "..", "a/\x00b", "x" * 500])
def test_a_name_is_no_path(client: TestClient, name: str) -> None:
    answer = client.post("/api/identify", files={"files": (name, b"A text of some length, read as one response.")})
    assert answer.status_code == 200
    assert "/" not in answer.json()["file"]
    assert "\\" not in answer.json()["file"]
    assert len(answer.json()["file"]) <= 120


def test_a_path_stays_within_the_static_files(client: TestClient) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert client.get(path).status_code == 404
