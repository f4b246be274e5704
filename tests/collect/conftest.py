from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.collect.doubles import KEY, KEYS


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of nobody's, and none of whoever runs the tests."""
    for name in KEYS.values():
        monkeypatch.setenv(name, KEY)
    for name in ("GOOGLE_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def threaded_server() -> Iterator[HTTPServer]:
    """Stopping one takes half a second."""
    with HTTPServer(host="localhost", threaded=True) as server:
        yield server


@pytest.fixture
def httpserver(threaded_server: HTTPServer) -> HTTPServer:
    """As the plugin's, and with a thread for each request."""
    threaded_server.clear()
    return threaded_server
