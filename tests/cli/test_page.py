"""`--html` and `--plot`: written whole or not at all, after the verdict, with what it comes from."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fingerprint import Fingerprint, __version__
from fingerprint.cli.main import group
from fingerprint.errors import FingerprintError, MissingExtra
from fingerprint.model.similarity import Tree
from fingerprint.store.versions import identity

MODEL = Path(__file__).resolve().parents[2] / "models" / "default"


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return Fingerprint.load(MODEL)


@pytest.fixture(autouse=True)
def cache(known: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model is loaded once, and its map is one that costs no time."""
    monkeypatch.setattr(Fingerprint, "load", lambda *given: known)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "fingerprint" / "similarity"
    folder.mkdir(parents=True)
    places = [
        {"release": entry["release"], "lab": entry["lab"], "family": entry["family"], "x": i % 23, "y": i // 23}
        for i, entry in enumerate(known.loaded.releases)
    ]
    tree = {"height": 2.0, "support": 1.0, "children": [{"lab": "openai"}, {"lab": "google"}]}
    file = folder / f"{identity(MODEL)}-{__version__}.json"
    file.write_text(json.dumps({"releases": places, "labs": tree}))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of a few answers each."""
    out = []
    for name, ending in (
        ("a", "It's worth noting that this is not all."),
        ("b", "That is the whole answer, of course."),
    ):
        rows = [{"response": f"The {word} is on the table, and it's old. {ending}"} for word in ("book", "cup", "key")]
        out.append(tmp_path / f"{name}.jsonl")
        out[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
    return out


def call(*args: object) -> Result:
    return CliRunner().invoke(group, list(map(str, args)))


def test_identify_writes_a_page_and_a_picture(files: list[Path], tmp_path: Path) -> None:
    file, page, picture = files[0], tmp_path / "p.html", tmp_path / "p.svg"
    before = {one.name for one in tmp_path.iterdir()}
    result = call("identify", file, "--html", page, "--plot", picture)
    assert result.exit_code == 0, result.output
    text = page.read_text("utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in text
    assert identity(MODEL) in text
    assert f"fingerprint identify {file} --html {page} --plot {picture}" in text
    assert '<svg class="map"' in text
    assert '<svg class="tree"' in text
    drawing = picture.read_text("utf-8")
    assert "<svg" in drawing
    assert ">OpenAI<" in drawing
    assert {one.name for one in tmp_path.iterdir()} == before | {"p.html", "p.svg"}
    again = tmp_path / "again.svg"
    call("identify", file, "--plot", again)
    assert again.read_bytes() == picture.read_bytes()


def test_verify_and_compare_write_pages(files: list[Path], tmp_path: Path) -> None:
    first, second = files
    page = tmp_path / "p.html"
    result = call("verify", first, "--claimed", "openai", "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    assert "a model of OpenAI" in page.read_text("utf-8")
    result = call("verify", first, "--reference", second, "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    assert "the model of" in page.read_text("utf-8")
    result = call("compare", first, second, "--html", page)
    assert result.exit_code in (0, 1, 3), result.output
    text = page.read_text("utf-8")
    assert all(hashlib.sha256(one.read_bytes()).hexdigest() in text for one in (first, second))


@pytest.mark.parametrize("shown", [("--color", "never"), ("--verbose",)])
def test_how_text_is_shown_does_not_keep_a_page_from_being_written(
    shown: tuple[str, ...], files: list[Path], tmp_path: Path
) -> None:
    page = tmp_path / "p.html"
    result = call("identify", files[0], "--html", page, *shown)
    assert result.exit_code == 0, result.output
    assert "--color" not in page.read_text("utf-8")


def test_a_page_of_a_folder_names_each_file_in_it(files: list[Path], tmp_path: Path) -> None:
    page, folder = tmp_path / "p.html", tmp_path / "answers"
    folder.mkdir()
    for one in files:
        (folder / one.name).write_bytes(one.read_bytes())
    result = call("identify", folder, "--together", "--html", page)
    assert result.exit_code == 0, result.output
    text = page.read_text("utf-8")
    assert all(hashlib.sha256(one.read_bytes()).hexdigest() in text for one in files)


def test_several_verdicts_and_folders_that_are_not_there_are_refused(files: list[Path], tmp_path: Path) -> None:
    for option, out in (("--html", tmp_path / "p.html"), ("--plot", tmp_path / "p.png")):
        result = call("identify", *files, option, out)
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 2
        assert "give one FILE, or --together" in result.output
        assert not out.exists()
        missing = call("identify", files[0], option, tmp_path / "no" / out.name)
        assert isinstance(missing.exception, FingerprintError)
        assert "there is no folder" in str(missing.exception)
        assert not missing.stdout
    together = call("identify", *files, "--together", "--html", tmp_path / "p.html")
    assert together.exit_code == 0
    strange = call("identify", files[0], "--plot", tmp_path / "p.gif")
    assert "ends in .svg or .png" in str(strange.exception)
    over_time = call("compare", files[0], "--by", "time", "--html", tmp_path / "q.html")
    assert "leave out --html" in over_time.output


def test_a_page_needs_the_name_of_a_page(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*given: object) -> Fingerprint:
        raise AssertionError("work was done before the name was refused")

    first, second = files
    verbs: list[tuple[object, ...]] = [
        ("identify", first),
        ("verify", first, "--claimed", "openai"),
        ("compare", first, second),
        ("probe", "openai:gpt-4o", "--out", tmp_path / "answers"),
    ]
    with monkeypatch.context() as patched:
        patched.setattr(Fingerprint, "load", load)
        for verb in verbs:
            # A slip of the hand must not put a page in the place of the responses.
            result = call(*verb, "--html", second)
            assert isinstance(result.exception, FingerprintError), verb
            assert str(result.exception) == f"{second}: a page needs a name that ends in .html or .htm"
            assert not result.stdout
    assert second.read_text().startswith('{"response"')
    assert call("identify", first, "--html", tmp_path / "P.HTM").exit_code == 0


def test_a_page_that_cannot_be_written_leaves_the_old_one_and_the_verdict(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "p.html"
    page.write_text("old")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fingerprint.base.files.write_atomically", full)
    result = call("identify", files[0], "--html", page)
    assert isinstance(result.exception, FingerprintError)
    assert str(result.exception) == f"{page}: cannot be written (No space left on device)"
    assert "3 of 3 responses used" in " ".join(result.stdout.split())
    assert page.read_text() == "old"


def test_what_is_missing_is_said_before_any_work(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, option, name in (("jinja2", "--html", "p.html"), ("matplotlib", "--plot", "p.svg")):
        monkeypatch.setitem(sys.modules, module, None)
        result = call("identify", files[0], option, tmp_path / name)
        assert isinstance(result.exception, MissingExtra)
        assert "llm-authorship[report]" in str(result.exception)
        assert not result.stdout


def test_names_in_a_tree_cannot_control_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    root = {"height": 1.0, "support": 1.0, "children": [{"lab": "a\x1b[2J"}, {"lab": "b\u202e\nc"}]}
    monkeypatch.setattr(Fingerprint, "tree", lambda *given: Tree(root))
    shown = call("models", "tree").stdout
    assert shown.removesuffix("\n").isprintable()
    assert "a\\x1b[2J" in shown


def test_the_tree_of_labs_is_printed_in_the_newick_format(known: Fingerprint) -> None:
    labs = call("models", "tree").stdout
    assert labs.count("\n") == 1
    assert labs.endswith(";\n")
    assert labs.count("(") == labs.count(")") == len(known.labs) - 1
    assert all(f"{lab}:" in labs for lab in known.labs if lab.isalnum())
