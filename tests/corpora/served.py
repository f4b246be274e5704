"""A repository, its archive as GitHub makes it, and a server for it that may be slow of mind or hostile."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WHO = ["-c", "user.name=Ünï Cöde", "-c", "user.email=u@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *args: str) -> bytes:
    return subprocess.run(["git", "-C", folder, *WHO, *args], check=True, capture_output=True).stdout


def repository(folder: Path, files: dict[str, str | bytes], message: str = "all\n\nof it") -> str:
    """Makes a repository with one commit on another, and gives its name."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--date=2024-05-06T07:08:09+0530", "-m", message)
    return git(folder, "rev-parse", "HEAD").decode().strip()


def mirror(repo: Path, commit: str, base: Path, name: str) -> Path:
    """Writes what a mirror holds of a repository, and gives the archive."""
    folder = base / name
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{commit}.tar.gz"
    prefix = f"{name.split('/')[1]}-{commit}/"
    archive.write_bytes(git(repo, "archive", "--format=tar.gz", f"--prefix={prefix}", commit))
    (folder / f"{commit}.commit").write_bytes(git(repo, "cat-file", "commit", commit))
    return archive


@dataclass
class Behaviour:
    """How the server misbehaves: cut each answer after so many bytes, ignore ranges, send elsewhere, fail
    so many times, once answer from so many bytes before what was asked."""

    cut: int | None = None
    ranges: bool = True
    tagged: bool = True
    elsewhere: str | None = None
    fail: int = 0
    slips: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def serving(base: Path, behaviour: Behaviour) -> Iterator[str]:
    """The address of a server of the files under `base` on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            behaviour.asked.append((self.path, asked))
            if behaviour.fail:
                behaviour.fail -= 1
                self.send_error(503)
                return
            if behaviour.elsewhere and self.path.endswith(".tar.gz"):
                self.send_response(302)
                self.send_header("Location", behaviour.elsewhere)
                self.end_headers()
                return
            path = base / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            data = path.read_bytes()
            start = 0
            if asked and behaviour.ranges and self.headers.get("If-Range") == self.tag(data):
                start = int(asked.removeprefix("bytes=").rstrip("-")) - self.slip()
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            if behaviour.tagged:
                self.send_header("ETag", self.tag(data))
            rest = data[start:]
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest if behaviour.cut is None else rest[: behaviour.cut])

        def slip(self) -> int:
            behaviour.slips, now = 0, behaviour.slips
            return now

        def tag(self, data: bytes) -> str:
            return f'"{hash(data)}"'

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
