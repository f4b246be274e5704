from __future__ import annotations

import html
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fingerprint.web import desk
from fingerprint.web.answers import Answers, Page
from fingerprint.web.questions import Asked, Watch
from tests.web.conftest import opened

JSON = {"Accept": "application/json"}


def token(client: TestClient) -> str:
    (found,) = re.findall(r'name="token" value="([^"]+)"', client.get("/").text)
    return found


def ask(client: TestClient, data: dict[str, Any], **more: Any) -> Any:
    more.setdefault("files", {"files": ("", b"")})
    return client.post("/ask", data={"token": token(client), **data}, **more)


def followed(client: TestClient, address: str) -> Any:
    """The page of a verdict when it is there."""
    for _ in range(60):
        page = client.get(address)
        if "data-waits" not in page.text:
            return page
    raise AssertionError("no verdict came")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the app makes its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_form_leads_to_its_verdict(client: TestClient, oak: Path) -> None:
    taken = ask(client, {"question": "identify"}, files={"files": ("oak.jsonl", oak.read_bytes())})
    assert taken.status_code == 303
    page = followed(client, taken.headers["location"])
    assert page.status_code == 200
    assert "oak.jsonl" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert f"{taken.headers['location']}/verdict.json" in page.text


def test_the_verdict_can_be_downloaded(client: TestClient, oak: Path, ash: Path) -> None:
    sent = {"files": ("o", oak.read_bytes()), "other_files": ("a", ash.read_bytes())}
    address = ask(client, {"question": "compare"}, files=sent).headers["location"]
    data = client.get(f"{address}/verdict.json")
    assert data.headers["content-disposition"] == 'attachment; filename="verdict.json"'
    assert data.json()["pairs"][0]["verdict"] in ("same", "different", "inconclusive")
    page = client.get(f"{address}/verdict.html")
    assert page.headers["content-disposition"] == 'attachment; filename="verdict.html"'
    assert "/verdicts/" not in page.text, "the file is to be shown elsewhere"


def test_a_script_is_told_how_far_it_is(answers: Answers, texts: list[str]) -> None:
    go_on = threading.Event()

    class Slow(Answers):
        def page(self, asked: Asked, watch: Watch) -> Page:
            watch("Counting to a million")
            assert go_on.wait(60)
            return super().page(asked, watch)

    with opened(Slow(answers.model, answers.sha256, {}), workers=1) as client:
        taken = ask(client, {"question": "identify", "text": texts}, headers=JSON)
        assert taken.status_code == 202
        address = taken.json()["verdict"]
        assert client.get(address, headers=JSON).json() == {"done": False, "said": "Counting to a million"}
        second = ask(client, {"question": "identify", "text": texts}, headers=JSON).json()["verdict"]
        third = ask(client, {"question": "identify", "text": texts}, headers=JSON).json()["verdict"]
        assert client.get(second, headers=JSON).json() == {"done": False, "said": "Waiting"}
        assert client.get(third, headers=JSON).json() == {"done": False, "said": "Waiting: 1 before it"}
        page = client.get(address)
        assert 'http-equiv="refresh"' in page.text
        assert "Counting to a million" in page.text
        go_on.set()
        assert followed(client, third).status_code == 200


def test_progress_tells_rows(answers: Answers, tmp_path: Path, oak: Path) -> None:
    from fingerprint.web.questions import Given, Question, Upload

    said: list[str] = []
    path = tmp_path / "x"
    path.write_text(oak.read_text() * 40)
    answers.find(Asked(Question.IDENTIFY, (Given((Upload(path, "mine"),), most_bytes=10**9),)), said.append)
    assert said == [
        "Reading mine",
        "Reading mine: 100 rows so far",
        "Reading mine: 200 rows so far",
        "Reading mine: 300 rows so far",
        "Judging the style of 8 responses",
    ]


def test_errors_stand_above_the_form(client: TestClient) -> None:
    page = ask(client, {"question": "verify", "text": "A response that is long enough.", "claimed": "<b>oak-9</b>"})
    page = followed(client, page.headers["location"])
    assert page.status_code == 422
    assert '<p id="error-said"><b>oak-9</b>: not a release' in html.unescape(page.text)
    assert "<b>oak-9" not in page.text
    assert 'action="/ask"' in page.text
    assert ask(client, {"question": "else", "text": "x"}).status_code == 422
    assert client.get("/verdicts/none").status_code == 404
    assert client.get("/verdicts/none", headers=JSON).json()["error"].startswith("There is no such verdict.")


def test_hostile_texts_are_shown_as_text(client: TestClient) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m {{ 7*7 }} " * 3
    name = "<img src=x onerror=alert(3)>\u202e.txt"
    taken = ask(client, {"question": "identify", "text": evil}, files={"files": (name, evil.encode())})
    page = followed(client, taken.headers["location"])
    assert not re.search(r"<script|<img|\u202e|\x1b", page.text)


def test_a_browser_ends_lines_as_windows_does(client: TestClient, texts: list[str]) -> None:
    sent = [text.replace("\n", "\r\n") for text in texts]
    assert sent != texts
    address = ask(client, {"question": "identify", "text": [*sent, " \r\n"]}).headers["location"]
    found = client.get(f"{address}/verdict.json").json()
    assert found["n_responses"] == len(texts)
    assert "Windows" not in str(found["warnings"])


def test_nothing_is_stored(answers: Answers, temporary: Path, oak: Path) -> None:
    seen: list[int] = []

    class Looking(Answers):
        def page(self, asked: Asked, watch: Watch) -> Page:
            seen.append(len(files_in(temporary)))
            return super().page(asked, watch)

    with opened(Looking(answers.model, answers.sha256, {})) as client:
        big = oak.read_bytes() * 500
        for data in (big, big[:-10], b""):
            taken = ask(client, {"question": "identify", "text": "Some text of mine."}, files={"files": ("o", data)})
            followed(client, taken.headers["location"])
        client.post("/api/identify", files={"files": ("o", big)})
        client.post("/ask", files={"files": ("o", big)}, data={"token": "wrong"})
        ended_after = time.monotonic() + 10
        while files_in(temporary) and time.monotonic() < ended_after:
            time.sleep(0.05)
        assert files_in(temporary) == []
        assert [path.name for path in temporary.glob("*/*")] == []
    assert seen[:2] == [2, 2]
    assert list(temporary.iterdir()) == []


def test_verdicts_are_forgotten(client: TestClient, monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    monkeypatch.setattr(desk, "MOST_KEPT", 2)
    addresses = []
    for _ in range(3):
        addresses.append(ask(client, {"question": "identify", "text": texts}).headers["location"])
        assert followed(client, addresses[-1]).status_code == 200
    assert [client.get(address).status_code for address in addresses] == [404, 200, 200]
    monkeypatch.setattr(desk, "KEPT_SECONDS", 0.0)
    address = ask(client, {"question": "identify", "text": texts}).headers["location"]
    assert client.get(address).status_code == 404


def test_a_verdict_takes_no_more_than_its_time(answers: Answers, oak: Path) -> None:
    with opened(answers, seconds=0.0) as client:
        answer = client.post("/api/identify", files={"files": ("o", oak.read_bytes())})
    assert answer.status_code == 422
    assert answer.json()["error"] == "This takes more than 0 seconds. Send fewer or smaller files."


def test_a_full_queue_says_when_to_come_back(answers: Answers, texts: list[str]) -> None:
    go_on, begun = threading.Event(), threading.Event()

    class Slow(Answers):
        def json(self, asked: Asked, watch: Watch) -> str:
            begun.set()
            assert go_on.wait(60)
            return "{}"

    with opened(Slow(answers.model, answers.sha256, {}), workers=1, queue=0) as client:
        found: list[int] = []
        first = threading.Thread(
            target=lambda: found.append(client.post("/api/identify", json={"responses": texts}).status_code)
        )
        first.start()
        assert begun.wait(60)
        refused = client.post("/api/identify", json={"responses": texts})
        page = ask(client, {"question": "identify", "text": texts})
        go_on.set()
        first.join()
        again = client.post("/api/identify", json={"responses": texts})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert "too much to do" in page.text
    assert found == [200]
    assert again.status_code == 200
