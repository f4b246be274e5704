from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fingerprint.api import Fingerprint
from fingerprint.store.versions import identity
from fingerprint.web.answers import Answers
from fingerprint.web.app import Settings, create_app
from tests import worlds

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def answers(model: Path) -> Answers:
    return Answers(Fingerprint.load(model), identity(model), {"oak": "Oak & Sons"})


@pytest.fixture
def client(answers: Answers) -> Iterator[TestClient]:
    with opened(answers) as found:
        yield found


@contextmanager
def opened(answers: Answers, **settings: Any) -> Iterator[TestClient]:
    """A client of an app; its host is the one that the app allows."""
    app = create_app(answers, Settings(("testserver",), **settings))
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def oak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Responses of oak-2."""
    return worlds.case(tmp_path_factory.mktemp("cases") / "oak.jsonl", "oak-2", 8)


@pytest.fixture(scope="session")
def ash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Responses of ash-1."""
    return worlds.case(tmp_path_factory.mktemp("cases") / "ash.jsonl", "ash-1", 8)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Responses of elm-2, of several lines each, as they are pasted."""
    return [worlds.write("elm-2", prompt) for prompt in range(700, 704)]


@pytest.fixture(scope="session")
def served(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `fingerprint serve`, run as people run it."""
    command = [sys.executable, "-m", "fingerprint", "serve", "--model", str(model), "--port", "0", "--max-upload", "5"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (0, 130)
