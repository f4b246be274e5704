"""`fingerprint models push` and `pull`, against a stand-in for the Hub that keeps what is committed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.store.folder import digest, load
from fingerprint.store.parsing import dump_json

TOKEN = "hf_" + "s" * 34
REPOSITORY = "someone/a-model"
COMMIT = "c0ffee" * 6 + "beef"


class Hub:
    """The part of the Hub's HTTP interface that the client uses here, for one repository."""

    def __init__(self, server: HTTPServer) -> None:
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.tokens: set[str | None] = set()
        self.asked: dict[str, Any] = {}
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.tokens.add(request.headers.get("Authorization"))
        if request.path == "/api/validate-yaml":
            data: Any = ModelCard(request.get_json()["content"]).data
            assert data.eval_results
            return self.json({"errors": [], "warnings": []})
        if request.path == "/api/repos/create":
            self.asked = request.get_json()
            return self.json({"url": f"{self.url}/{REPOSITORY}", "name": REPOSITORY})
        if request.path.startswith(f"/api/models/{REPOSITORY}/preupload/"):
            names = [file["path"] for file in request.get_json()["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            return self.json({"files": files})
        if request.path.startswith(f"/api/models/{REPOSITORY}/commit/"):
            for line in request.get_data().splitlines():
                one = json.loads(line)
                if one["key"] == "file":
                    self.files[one["value"]["path"]] = base64.b64decode(one["value"]["content"])
            made = {"commitUrl": f"{self.url}/{REPOSITORY}/commit/{COMMIT}", "commitOid": COMMIT, "hookOutput": ""}
            return self.json({**made, "success": True})
        if request.path.startswith(f"/api/models/{REPOSITORY}") and self.files:
            siblings = [
                {"rfilename": name, "size": self.sizes.get(name, len(data))} for name, data in self.files.items()
            ]
            return self.json({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings})
        name = request.path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
        if name in self.files:
            etag = hashlib.sha1(self.files[name]).hexdigest()
            return Response(self.files[name], headers={"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'})
        return Response("not found", 404, {"X-Error-Code": "RepoNotFound"})

    @staticmethod
    def json(value: object) -> Response:
        return Response(json.dumps(value), content_type="application/json")


@pytest.fixture
def hub(httpserver: HTTPServer) -> Hub:
    return Hub(httpserver)


def run(hub: Hub, tmp_path: Path, *args: object, token: str | None = TOKEN) -> subprocess.CompletedProcess[str]:
    # The client reads its address when it is imported, so each command is a process of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    if token:
        environment["HF_TOKEN"] = token
    command = [sys.executable, "-m", "fingerprint", "models", *map(str, args)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def test_a_model_goes_to_the_hub_and_back(hub: Hub, model: Path, tmp_path: Path) -> None:
    pushed = run(hub, tmp_path, "push", REPOSITORY, "--model", model, "--private")
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.strip() == f"{hub.url}/{REPOSITORY}/commit/{COMMIT}"
    assert (hub.asked["name"], hub.asked["organization"]) == ("a-model", "someone")
    assert hub.asked["visibility"] == "private"
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert hub.files["README.md"] == (model / "MODEL_CARD.md").read_bytes()

    hub.tokens.clear()
    # What others put there is left there.
    hub.files |= {".gitattributes": b"x", "malware.pkl": b"x"}
    (tmp_path / "hf").mkdir(exist_ok=True)
    (tmp_path / "hf" / "token").write_text("hf_of_the_disk")
    pulled = run(hub, tmp_path, "pull", REPOSITORY, "--out", tmp_path / "new", token=None)
    assert pulled.returncode == 0, pulled.stderr
    assert COMMIT in pulled.stdout
    assert hub.tokens == {None}
    assert load(tmp_path / "new").documents == load(model).documents
    names = [{p.relative_to(at).as_posix() for p in at.rglob("*") if p.is_file()} for at in (model, tmp_path / "new")]
    assert names[0] == names[1]


def test_nothing_huge_is_fetched(hub: Hub, model: Path, tmp_path: Path) -> None:
    assert run(hub, tmp_path, "push", REPOSITORY, "--model", model).returncode == 0
    manifest = json.loads(hub.files["model.json"])
    hub.sizes = {"model.json": 2_000_000}
    found = run(hub, tmp_path, "pull", REPOSITORY, "--out", tmp_path / "new")
    assert (found.returncode, found.stdout) == (2, "")
    assert f"{REPOSITORY}: model.json: over 1,000,000 bytes" in " ".join(found.stderr.split())
    hub.sizes = {"weights.safetensors": 600_000_000}
    manifest["files"]["weights.safetensors"]["size"] = 600_000_000
    hub.files["model.json"] = dump_json({**manifest, "digest": digest(manifest)})
    found = run(hub, tmp_path, "pull", REPOSITORY, "--out", tmp_path / "new")
    assert (found.returncode, found.stdout) == (2, "")
    assert f"{REPOSITORY}: over 500,000,000 bytes" in " ".join(found.stderr.split())
    assert not (tmp_path / "new").exists()


def test_what_is_no_sound_model_is_refused_whole(hub: Hub, model: Path, tmp_path: Path) -> None:
    assert run(hub, tmp_path, "push", REPOSITORY, "--model", model).returncode == 0
    sound = dict(hub.files)
    out = tmp_path / "new"
    for name, data, said in (
        ("labels.json", sound["labels.json"].replace(b"ash", b"ask", 1), f"{REPOSITORY}/labels.json"),
        ("labels.json", b"{}", "labels.json: not the file that model.json says"),
        ("model.json", b"{}", 'model.json: has no "format"'),
        ("model.json", None, "has no file model.json; it is no model of fingerprint"),
    ):
        hub.files = {**sound} if data is None else {**sound, name: data}
        if data is None:
            del hub.files[name]
        shutil.rmtree(tmp_path / "hf", ignore_errors=True)
        done = run(hub, tmp_path, "pull", REPOSITORY, "--out", out)
        assert done.returncode == 2, name
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert not out.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".new")]


def test_refusals_are_one_line_without_the_token(hub: Hub, model: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    shutil.copytree(model, taken)
    for args, token, said in (
        (("push", REPOSITORY, "--model", model), None, "HF_TOKEN: not set"),
        (("push", REPOSITORY, "--model", tmp_path), TOKEN, "no model folder"),
        (("pull", "nobody/nothing", "--out", tmp_path / "n"), TOKEN, "nobody/nothing: "),
        (("pull", "no name at all", "--out", tmp_path / "n"), TOKEN, "no name at all: "),
        (("pull", REPOSITORY, "--out", taken), TOKEN, "taken: holds a model"),
    ):
        done = run(hub, tmp_path, *args, token=token)
        assert done.returncode == 2, args
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert TOKEN not in done.stderr + done.stdout
    assert not (tmp_path / "n").exists()
