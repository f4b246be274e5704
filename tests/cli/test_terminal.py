"""What commands show: colour, progress, suggestions, completion, one warning a run."""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fingerprint.api import Fingerprint
from fingerprint.cli import terminal
from fingerprint.cli.main import group
from fingerprint.cli.terminal import Progress
from fingerprint.model.verdict import ModelInfo
from tests import worlds
from tests.cli.test_cli import run

ESCAPE = "\x1b"


@pytest.fixture
def loaded(model: Path, monkeypatch: pytest.MonkeyPatch) -> Fingerprint:
    """Loaded once for all commands of a test."""
    known = Fingerprint.load(model)
    monkeypatch.setattr(Fingerprint, "load", lambda *_: known)
    return known


def identify(*args: object, env: dict[str, str] | None = None) -> Result:
    """Within this process, where stdout is no terminal; click takes no colours away from what it keeps."""
    done = CliRunner().invoke(group, ["identify", *map(str, args)], standalone_mode=False, env=env, color=True)
    if done.exception:
        raise done.exception
    return done


@pytest.mark.parametrize(
    ("args", "env", "coloured"),
    [
        ([], {}, False),
        (["--color", "auto"], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "never"], {}, False),
        # An option is said now, and the environment was set for all.
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_without_a_terminal(
    loaded: Fingerprint, tmp_path: Path, args: list[str], env: dict[str, str], coloured: bool
) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "ash-1", 3)
    text = identify(file, *args, env=env).stdout
    assert (ESCAPE in text) is coloured
    if coloured:
        head, rest = text.split("\n", 1)
        assert head.startswith(f"{ESCAPE}[")
        assert head.endswith(f"{ESCAPE}[0m")
        assert ESCAPE not in rest[rest.index("\n") :].split("Labs")[-1]


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], coloured: bool) -> None:
    from click import Context

    from fingerprint.cli.identify import command
    from fingerprint.report.layout import Tone

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with command.make_context("identify", ["x"], parent=Context(group)):
        painted = terminal.screen().paint("said", Tone.FIRM)
    assert (painted != "said") is coloured


def test_hostile_text_in_colour_makes_no_other_escape(loaded: Fingerprint, tmp_path: Path) -> None:
    file = tmp_path / f"a{ESCAPE}[31mb.jsonl"
    file.write_text(json.dumps({"response": f"{ESCAPE}]0;owned\x07 and {ESCAPE}[2J more than twenty characters"}))
    text = identify(file, "--color", "always", "--verbose").stdout
    for code in ("[1m", "[0m", *(f"[{number}m" for number in range(31, 37))):
        text = text.replace(ESCAPE + code, "") if not code.startswith("[31") else text
    assert ESCAPE not in text
    assert "\\x1b[31mb.jsonl" in "".join(text.split())


@pytest.mark.parametrize("width", [40, 80])
def test_the_terminal_is_filled_and_no_more(
    loaded: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    # A short name, so that it can be wrapped.
    monkeypatch.chdir(tmp_path)
    worlds.case(Path("s.jsonl"), "ash-1", 5)
    for args in ([], ["--verbose"]):
        lines = identify("s.jsonl", *args, env={"COLUMNS": str(width)}).stdout.splitlines()
        assert max(map(len, lines)) > width - 12
        tables = [line for line in lines if len(line) > width]
        # What is measured stands in columns that need room.
        assert not tables or (width == 40 and args)


def test_an_old_model_is_said_once_a_run(loaded: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def old(self: ModelInfo, today: date) -> str:
        return "The model is old."

    monkeypatch.setattr(ModelInfo, "age_warning", old)
    files = [worlds.case(tmp_path / f"{name}.jsonl", name, 3) for name in ("ash-1", "oak-1", "fir-3")]
    text = identify(*files).stdout
    assert text.count("warning: The model is old.") == 1
    assert text.rstrip().endswith("The model is old.")
    found = json.loads(identify(*files, "--format", "json").stdout)
    assert [one["warnings"][-1] for one in found] == ["The model is old."] * 3


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["identfy"], "Did you mean 'identify'?"),
        (["corpora", "fetsh"], "Did you mean 'fetch'?"),
        (["models", "release"], "Did you mean 'releases'?"),
        (["identify", "--canditates", "x", "y"], "Did you mean '--candidates'?"),
        (["zzzz"], "No such command 'zzzz'."),
    ],
)
def test_what_is_misspelt_is_suggested(args: list[str], said: str) -> None:
    done = CliRunner().invoke(group, args)
    assert done.exit_code == 2
    assert done.stderr.rstrip().endswith(said)
    assert not done.stdout


def test_what_is_misspelt_and_hostile_stays_text() -> None:
    for args in ([f"{ESCAPE}[31midentify"], ["identify", f"--{ESCAPE}[31mmodel"]):
        done = run(*args)
        assert done.returncode == 2
        assert ESCAPE not in done.stderr


def completed(*words: str) -> list[str]:
    """What bash offers for the last of the words of a command line."""
    line = ["fingerprint", *words]
    env = {
        "_FINGERPRINT_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    done = CliRunner().invoke(group, prog_name="fingerprint", env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return [offer.partition(",")[2] for offer in done.stdout.splitlines() if offer]


def test_a_shell_completes_names(model: Path, tmp_path: Path) -> None:
    of_model = ("--model", str(model))
    assert completed("ident") == ["identify"]
    assert completed("models", "r") == ["releases", "rollback"]
    assert "--verbose" in completed("identify", "--ver")
    assert set(completed("verify", *of_model, "--claimed", "oak-")) == {"oak-1", "oak-2", "oak-3", "oak-family"}
    assert completed("identify", *of_model, "--candidates", "ash,o") == ["ash,oak"]
    assert completed("identify", *of_model, "--candidates", "oak,o") == []
    assert "core" in completed("collect", "--probes", "c")
    assert "everyday" in completed("probe", "--probes", "e")
    assert "claude-opus-4.7" in completed("train", "--exclude-release", "claude-opus-4")
    assert completed("train", "--exclude-lab", "anthr") == ["anthropic"]
    fetched = completed("corpora", "fetch", "a")
    assert fetched
    assert all(name.startswith("a") for name in fetched)
    assert completed("identify", "s.js") == ["s.js"]


def test_completion_fails_to_nothing(tmp_path: Path) -> None:
    assert completed("verify", "--model", str(tmp_path / "none"), "--claimed", "o") == []
    (tmp_path / "labels.json").write_text('{"labs": 3, "releases": [{"release": 5}]}')
    assert completed("verify", "--model", str(tmp_path), "--claimed", "o") == []
    (tmp_path / "labels.json").write_text(json.dumps({"labs": [f"o{ESCAPE}[2J", "oak"], "releases": []}))
    assert completed("verify", "--model", str(tmp_path), "--claimed", "o") == ["oak"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in its first element."""
    now = [1000.0]
    monkeypatch.setattr("fingerprint.cli.terminal.time.monotonic", lambda: now[0])
    return now


def report(progress: Progress, clock: list[float], stages: int = 1) -> None:
    """Ten seconds for each of thirty pieces."""
    for stage in range(stages):
        for done in range(31):
            progress(f"stage {stage}{ESCAPE}[2J", done * 100, 3_000)
            clock[0] += 10


def test_without_a_terminal_there_is_a_line_a_minute_with_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress() as progress:
        report(progress, clock)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "stage 0\\x1b[2J: 600 of 3,000, about 4:00 left"
    assert len(lines) == 5
    assert lines[-1] == "stage 0\\x1b[2J: 3,000 of 3,000, about 0:00 left"


def test_a_short_command_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress("stage", 0, 10)
        clock[0] += 59
        progress("stage", 10, 10)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_bar_and_keeps_a_line_a_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress() as progress:
        for stage in ("one", "two"):
            for done in range(0, 3_001, 1_500):
                progress(stage + ESCAPE + "[2J", done, 3_000)
    out, err = capsys.readouterr()
    assert out == ""
    assert "left" in err
    assert f"{ESCAPE}[2J" not in err
    assert "one\\x1b[2J: 3,000 of 3,000 in 0:00" in err
    assert "two\\x1b[2J: 3,000 of 3,000 in 0:00" in err


def test_what_a_model_knows_is_listed(model: Path) -> None:
    def listed(what: str) -> Any:
        return json.loads(run("models", what, "--model", model, "--format", "json").stdout)

    releases, labs = listed("releases"), listed("labs")
    assert {one["release"] for one in releases} == set(worlds.RELEASES)
    assert [one["lab"] for one in labs] == sorted(worlds.LABS)
    for lab in labs:
        own = [one for one in releases if one["lab"] == lab["lab"]]
        assert lab["releases"] == len(own)
        assert lab["responses"] == sum(one["responses"] for one in own) > 0
        assert (lab["oldest"], lab["newest"]) == (min(o["released"] for o in own), max(o["released"] for o in own))
        assert set(lab["domains"]) == {domain for one in own for domain in one["domains"]}
        assert not any(domain.endswith("/plain") for domain in lab["domains"])
        assert lab["held_out"] == sum(one["held_out"] for one in own)
        right = [one["held_out"] * one["lab_right"] for one in own if one["held_out"]]
        assert lab["lab_right"] == pytest.approx(sum(right) / lab["held_out"], abs=1e-3)
    # The small world is easy: who recognised nothing would have mixed up the rows.
    assert sum(one["held_out"] * one["lab_right"] for one in labs) > 0.7 * sum(one["held_out"] for one in labs)
    text = run("models", "releases", "--model", model).stdout
    assert all(release in text for release in worlds.RELEASES)
    assert "held out" in run("models", "labs", "--model", model).stdout.splitlines()[0]


def test_a_file_that_needs_an_extra_says_which(
    loaded: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = tmp_path / "s.parquet"
    file.write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    good = worlds.case(tmp_path / "good.jsonl", "ash-1", 3)
    done = identify(file, good)
    assert done.return_value == 2
    (line,) = done.stderr.splitlines()
    assert "s.parquet: reading parquet needs packages that are not installed: pip install 'llm-" in line
    assert line.endswith("[parquet]'")
    assert "A model of ash wrote these responses" in " ".join(done.stdout.split())


def test_the_page_of_the_terminal_names_every_extra_for_users() -> None:
    root = Path(__file__).resolve().parents[2]
    extras = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    page = (root / "docs" / "terminal.md").read_text("utf-8")
    # The others are for those who work on this package.
    assert [name for name in extras if name not in ("docs", "peers", "test") and f"| `{name}` |" not in page] == []
