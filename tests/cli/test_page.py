"""`--html` and `--plot`: written whole or not at all, after the verdict, with what it comes from."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fingerprint.cli.main import group
from fingerprint.errors import FingerprintError, MissingExtra
from fingerprint.store.versions import identity
from tests import worlds


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Maps are kept where no user has any."""
    folder = tmp_path_factory.getbasetemp() / "page-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def call(*args: object) -> Result:
    return CliRunner().invoke(group, list(map(str, args)))


def test_identify_writes_a_page_and_a_picture(model: Path, tmp_path: Path, cache: Path) -> None:
    file, page, picture = worlds.case(tmp_path / "s.jsonl", "oak-1", 25), tmp_path / "p.html", tmp_path / "p.svg"
    result = call("identify", file, "--model", model, "--html", page, "--plot", picture)
    assert result.exit_code == 0, result.output
    text = page.read_text("utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in text
    assert identity(model) in text
    assert f"fingerprint identify {file} --model {model} --html {page}" in text
    assert '<svg class="map"' in text
    assert '<svg class="tree"' in text
    assert list((cache / "fingerprint" / "similarity").iterdir())
    drawing = picture.read_text("utf-8")
    assert "<svg" in drawing
    assert ">oak<" in drawing
    assert {one.name for one in tmp_path.iterdir()} == {"s.jsonl", "p.html", "p.svg"}
    again = tmp_path / "again.svg"
    call("identify", file, "--model", model, "--plot", again)
    assert again.read_bytes() == picture.read_bytes()


def test_verify_and_compare_write_pages(model: Path, comparing: Path, tmp_path: Path) -> None:
    first, second = (worlds.case(tmp_path / f"{name}.jsonl", name, 12) for name in ("oak-1", "fir-3"))
    page = tmp_path / "p.html"
    result = call("verify", first, "--claimed", "oak", "--model", model, "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    assert "a model of oak" in page.read_text("utf-8")
    result = call("verify", first, "--reference", second, "--model", comparing, "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    assert "the model of" in page.read_text("utf-8")
    result = call("compare", first, second, "--model", comparing, "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    text = page.read_text("utf-8")
    assert all(hashlib.sha256(one.read_bytes()).hexdigest() in text for one in (first, second))


def test_several_verdicts_and_folders_that_are_not_there_are_refused(model: Path, tmp_path: Path) -> None:
    files = [worlds.case(tmp_path / f"{name}.jsonl", name, 12) for name in ("oak-1", "fir-3")]
    for option, out in (("--html", tmp_path / "p.html"), ("--plot", tmp_path / "p.png")):
        result = call("identify", *files, "--model", model, option, out)
        assert result.exit_code == 2
        assert "give one FILE, or --together" in result.output
        assert not out.exists()
        missing = call("identify", files[0], "--model", model, option, tmp_path / "no" / out.name)
        assert isinstance(missing.exception, FingerprintError)
        assert "there is no folder" in str(missing.exception)
        assert not missing.stdout
    together = call("identify", *files, "--together", "--model", model, "--html", tmp_path / "p.html")
    assert together.exit_code == 0
    strange = call("identify", files[0], "--model", model, "--plot", tmp_path / "p.gif")
    assert "ends in .svg or .png" in str(strange.exception)
    assert call("compare", files[0], "--by", "time", "--html", tmp_path / "q.html").exit_code == 2


def test_a_page_that_cannot_be_written_leaves_the_old_one_and_the_verdict(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, page = worlds.case(tmp_path / "s.jsonl", "oak-1", 12), tmp_path / "p.html"
    page.write_text("old")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fingerprint.base.files.write_atomically", full)
    result = call("identify", file, "--model", model, "--html", page)
    assert isinstance(result.exception, FingerprintError)
    assert str(result.exception) == f"{page}: cannot be written (No space left on device)"
    assert "oak" in result.stdout
    assert page.read_text() == "old"


def test_what_is_missing_is_said_before_any_work(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "oak-1", 12)
    for module, option in (("jinja2", "--html"), ("matplotlib", "--plot")):
        monkeypatch.setitem(sys.modules, module, None)
        result = call("identify", file, "--model", model, option, tmp_path / "p.svg")
        assert isinstance(result.exception, MissingExtra)
        assert "llm-authorship[report]" in str(result.exception)
        assert not result.stdout


def test_trees_are_printed_in_the_newick_format(model: Path) -> None:
    labs = call("models", "tree", "--model", model).stdout
    assert labs.count("\n") == 1
    assert labs.endswith(";\n")
    assert labs.count("(") == labs.count(")") > 1
    assert "oak:" in labs
    assert "oak-1:" in call("models", "tree", "--model", model, "--level", "release").stdout
