"""`fingerprint serve` as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from fingerprint.cli.main import group
from fingerprint.errors import FingerprintError
from fingerprint.web.server import as_browsers_write


def test_fifty_requests_at_once_get_the_same_answer(served: str, oak: Path) -> None:
    data = oak.read_bytes()

    def ask(_: int) -> tuple[int, str]:
        answer = httpx2.post(f"{served}api/identify", files={"files": ("o", data)}, timeout=300)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(50) as pool:
        found = Counter(pool.map(ask, range(50)))
    ((status, text), count), *others = found.most_common()
    assert (status, count, others) == (200, 50, [])
    assert '"verdict"' in text


def test_it_takes_its_own_names_alone(served: str) -> None:
    port = served.rstrip("/").rpartition(":")[2]
    for host, status in {"localhost": 200, f"localhost:{port}": 200, "[::1]": 200, "evil.example": 400}.items():
        assert httpx2.get(served, headers={"Host": host}).status_code == status


def test_another_host_is_refused_unless_asked(model: Path) -> None:
    found = CliRunner().invoke(group, ["serve", "--model", str(model), "--host", "0.0.0.0"])
    assert isinstance(found.exception, FingerprintError)
    assert "everybody who reaches this address could use the server" in str(found.exception)
    assert "--expose" in str(found.exception)


@pytest.mark.parametrize(
    ("given", "name"),
    [("Fingerprint.Example.org", "fingerprint.example.org"), ("FE80::1", "[fe80::1]"), ("[::1]", "[::1]"), ("a", "a")],
)
def test_names_are_compared_as_browsers_write_them(given: str, name: str) -> None:
    assert as_browsers_write(given) == name


@pytest.mark.parametrize("name", ["https://a.example", "a.example:8000", "*", "*.example.org", "*a", "", "a b", "a/"])
def test_what_no_browser_sends_is_refused_as_a_name(model: Path, name: str) -> None:
    found = CliRunner().invoke(group, ["serve", "--model", str(model), "--allow-host", name])
    assert isinstance(found.exception, FingerprintError)
    assert "without http:// and port" in str(found.exception)


def test_an_address_in_use_is_said_in_one_line(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = subprocess.run(
            [sys.executable, "-m", "fingerprint", "serve", "--model", str(model), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert found.returncode == 2
    assert found.stderr.splitlines()[-1] == (
        f"fingerprint: 127.0.0.1:{port}: cannot be listened on (Address already in use); give another --port or --host"
    )
    assert "Traceback" not in found.stderr


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in [name for name in sys.modules if name.startswith("fingerprint.web")]:
        monkeypatch.delitem(sys.modules, name)
    found = CliRunner().invoke(group, ["serve"])
    assert "pip install 'llm-authorship[web]'" in str(found.exception)
