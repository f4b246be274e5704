from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import worlds

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "verdict.schema.json").read_text())


def run(*args: object, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    code = "import sys; from fingerprint.cli import main; main(sys.argv[1:])"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "90"}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, env=env, timeout=600, **kwargs
    )


def valid(output: str) -> Any:
    """The JSON of an output, valid by the published schema."""
    found = json.loads(output)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def imported(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code + "\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return {line.split(".")[0] for line in done.stdout.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    code = "from fingerprint.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert imported(code).isdisjoint({"numpy", "torch", "datasets", "pyarrow", "sklearn", "scipy"})


def test_identify_needs_the_light_install_only(model: Path, tmp_path: Path) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "ash-1")
    code = (
        "from fingerprint.api import Fingerprint\n"
        "from fingerprint.data.reader import read_case\n"
        f"Fingerprint.load({str(model)!r}).identify(read_case({str(file)!r}))"
    )
    heavy = {"torch", "datasets", "sklearn", "scipy", "joblib", "sentence_transformers", "transformers", "pandas"}
    assert imported(code).isdisjoint(heavy)


def test_json_of_one_file_and_of_several(model: Path, tmp_path: Path) -> None:
    files = [worlds.case(tmp_path / f"{r}.jsonl", r, 25) for r in ("oak-1", "fir-3")]
    one = valid(run("identify", files[0], "--model", model, "--format", "json", "--top", 2).stdout)
    assert (one["schema"], one["n_responses"], one["n_used"], one["labs"][0]["lab"]) == (2, 25, 25, "oak")
    assert len(one["releases"]) == len(one["families"]) == 2
    assert sum(share["probability"] for share in one["labs"]) == pytest.approx(1)
    assert one["verdict"] in {"attributed", "new-release", "likely", "unknown", "inconclusive"}
    assert one["set"][0]["lab"] == "oak"
    assert one["model"]["releases"] == 18
    several = valid(run("identify", *files, "--model", model, "--format", "json").stdout)
    assert [v["file"] for v in several] == [str(f) for f in files]


def test_what_is_expected_is_said_and_counts(model: Path, tmp_path: Path) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "oak-1", 25)
    json_of = {
        word: valid(run("identify", file, "--model", model, "--format", "json", *given).stdout)
        for word, given in {"any": [], "new": ["--expect", "new"], "known": ["--expect", "known"]}.items()
    }
    for word, one in json_of.items():
        rates = one["calibration"]
        assert rates["expect"] == word
        assert sum(kind["share"] for kind in rates["mixture"]) == pytest.approx(1)
        assert {row["kind"] for row in rates["kinds"]} <= {kind["kind"] for kind in rates["mixture"]}
        sizes = [size["responses"] for size in rates["sizes"]]
        assert sizes == sorted(sizes)
        assert rates["responses"] in sizes
        assert all(size["coverage"] <= size["likely_coverage"] for size in rates["sizes"])
    assert not all(kind["promised"] for kind in json_of["known"]["calibration"]["mixture"])
    # In this small world every lab is certain whatever is expected; what is promised is not the same.
    assert len({json.dumps(one["calibration"]["mixture"]) for one in json_of.values()}) == 3
    assert (
        "Expected: a known release, as in an audit"
        in run("identify", file, "--model", model, "--expect", "known", "--verbose").stdout
    )


def test_the_expectations_of_the_help_are_those_of_the_model() -> None:
    from fingerprint.cli.options import EXPECTATIONS
    from fingerprint.model.calibration import Expect

    assert tuple(Expect) == EXPECTATIONS


def test_advice_by_verdict() -> None:
    from fingerprint.cli.identify import annotated
    from fingerprint.model.verdict import VERDICTS, VerdictWord
    from tests.report.test_text import verdict

    advice = {word: annotated(verdict(word), Path("my model")).advice for word in VERDICTS}
    assert "fingerprint update 'my model' s.jsonl --release NAME" in (advice[VerdictWord.NEW_RELEASE] or "")
    for word in (VerdictWord.LIKELY, VerdictWord.INCONCLUSIVE):
        assert advice[word]
        assert "fingerprint update" not in (advice[word] or "")
    assert advice[VerdictWord.ATTRIBUTED] is advice[VerdictWord.UNKNOWN] is None


def test_bad_files_do_not_keep_others_from_an_answer(model: Path, tmp_path: Path) -> None:
    good = worlds.case(tmp_path / "good.jsonl", "oak-1")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"response": "long enough to be judged, it is"}\n{"response": \n')
    done = run("identify", bad, tmp_path / "none.jsonl", good, "--model", model, "--format", "jsonl")
    assert done.returncode == 2
    assert [valid(line)["file"] for line in done.stdout.splitlines()] == [str(good)]
    errors = done.stderr.splitlines()
    assert len(errors) == 2
    assert f"{bad}:2: " in errors[0]
    assert "Traceback" not in done.stderr


def test_text_for_people(model: Path, tmp_path: Path) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "cedar-2", 25)
    done = run("identify", file, "--model", model, "--verbose")
    assert done.returncode == 0
    assert "%" in done.stdout
    assert "Held-out cases with " in done.stdout
    assert "Expected: any kind of case (50 % known releases, 40 % new releases" in done.stdout
    assert "Style markers for" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 90


def test_standard_input(model: Path, tmp_path: Path) -> None:
    text = worlds.case(tmp_path / "s.jsonl", "ash-1").read_text()
    done = run("identify", "-", "--model", model, "--format", "json", input=text)
    assert valid(done.stdout)["file"] == "-"


def test_a_file_without_a_usable_response_ranks_nobody(model: Path, tmp_path: Path) -> None:
    short, empty = tmp_path / "short.jsonl", tmp_path / "empty.jsonl"
    short.write_text('{"response": "OK"}\n')
    empty.write_text('{"response": null}\n')
    done = run("identify", short, empty, "--model", model, "--format", "jsonl", "--style-only")
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.endswith("1 response had fewer than 20 characters (left out); no response is left to judge")
    assert second.endswith("holds no answer; 1 row without an answer left out")


def test_a_folder_and_files_as_one_case(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        worlds.case(tmp_path / "in" / f"{number}.jsonl", "oak-1", 10)
    apart = valid(run("identify", tmp_path / "in", "--model", model, "--format", "json").stdout)
    assert [Path(verdict["file"]).name for verdict in apart] == ["0.jsonl", "1.jsonl", "2.jsonl"]
    one = valid(run("identify", tmp_path / "in", "--model", model, "--format", "json", "--together").stdout)
    assert one["file"] == f"{tmp_path / 'in' / '0.jsonl'} and 2 more"
    assert one["read"]["parts"]["prose"] == 30
    assert one["n_responses"] == 30


def test_what_was_read_and_the_parts_that_count(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    said = "A wall of stone keeps the wind away from the beds, and so does a hedge.\n\n```python\nprint(1)\n```"
    call = {"id": "c", "type": "function", "function": {"name": "read_file", "arguments": '{"path": "garden.md"}'}}
    turns = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": said, "tool_calls": [call]}]
    file.write_text(json.dumps({"messages": turns}) + "\n" + json.dumps({"messages": turns[:1]}) + "\n")
    found = valid(run("identify", file, "--model", model, "--format", "json").stdout)["read"]
    assert found == {
        "summary": "1 response of chats; 1 row without an answer left out; 1 tool call not judged (--parts tools)",
        "parts": {"prose": 1, "code": 1, "tools": 1},
        "judged": ["prose", "code"],
    }
    text = " ".join(run("identify", file, "--model", model).stdout.split())
    assert f"Read: {found['summary']}; 1 of 1 response used." in text
    tools = valid(run("identify", file, "--model", model, "--format", "json", "--parts", "tools").stdout)
    assert (tools["read"]["judged"], tools["n_used"]) == (["tools"], 1)
    for args in (["--parts", "poems"], ["--format-in", "nothing"], ["--column", "nobody"]):
        done = run("identify", file, "--model", model, *args)
        assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")


def test_a_wide_table_by_its_column(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text('ask,oak,elm\nwhy?,"The oak speaks at some length here.","And the elm answers it at length."\n')
    found = valid(run("identify", file, "--model", model, "--format", "json", "--column", "oak").stdout)
    assert (found["n_used"], found["read"]["summary"]) == (1, "1 row of responses")


def test_what_is_no_file_is_one_line(model: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    good = worlds.case(tmp_path / "good.jsonl", "oak-1")
    files = ["-", "-", tmp_path / "pipe", "/dev/null", good]
    done = run("identify", *files, "--model", model, "--format", "jsonl", input=good.read_text())
    assert [valid(line)["file"] for line in done.stdout.splitlines()] == ["-", str(good)]
    assert done.returncode == 2
    twice, pipe, device = done.stderr.splitlines()
    assert "standard input can be read once only" in twice
    assert "is a pipe or device" in pipe
    assert "is a pipe or device" in device


_FAULT = """
import sys
from fingerprint.data import reader
from fingerprint.cli import main
sound = reader.read_case
def read_case(names, options):
    if "bad" in names[0]:
        raise ZeroDivisionError("on two\\nlines")
    return sound(names, options)
reader.read_case = read_case
main(sys.argv[1:])
"""


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_what_nobody_foresaw_is_a_line_that_asks_for_a_report(model: Path, tmp_path: Path, debug: list[str]) -> None:
    good, bad = worlds.case(tmp_path / "good.jsonl", "oak-1"), worlds.case(tmp_path / "bad.jsonl", "oak-1")
    args = [sys.executable, "-c", _FAULT, "identify", *map(str, (bad, good)), "--model", str(model), "--format", "json"]
    done = subprocess.run([*args, *debug], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert [verdict["file"] for verdict in valid(done.stdout)] == [str(good)]
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"fingerprint: {bad}: ZeroDivisionError in <string>:8: on two lines; ")
    assert "report it" in last
    assert ("Traceback" in done.stderr) == bool(debug)


def test_the_last_net_is_under_every_verb() -> None:
    code = (
        "from fingerprint.data.registry import Registry\nfrom fingerprint.cli import main\n"
        "Registry.load = None\nmain(['corpora', 'add-release', 'x', '--alias', 'y'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (70, 1)
    assert done.stderr.startswith("fingerprint: TypeError in add_release.py:")


def test_candidates(model: Path, tmp_path: Path) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "ash-1")
    done = run("identify", file, "--model", model, "--candidates", "ash,oak", "--format", "json")
    assert valid(done.stdout)["candidates"]["labs"] == ["ash", "oak"]
    for alone in ("ash", "ash,ash"):
        done = run("identify", file, "--model", model, "--candidates", alone)
        assert (done.returncode, done.stdout) == (2, "")
        assert "fingerprint verify FILE --claimed ash" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = run("identify", file, "--model", model, "--candidates", "cedr")
    assert done.returncode == 2
    assert "similar: cedar" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    done = run("identify", file, "--model", model, "--candidates", "ash,0123456789")
    assert done.returncode == 2
    assert "similar" not in done.stderr
    assert "fingerprint models labs" in done.stderr


def test_hostile_names_and_responses_stay_text(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31mb.jsonl"
    file.write_text(json.dumps({"response": "\x1b]0;owned\x07 and \x1b[2J more than twenty characters"}) + "\n")
    missing = tmp_path / "c\x1b[31m\nd.jsonl"
    done = run("identify", file, missing, "--model", model)
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_models_that_are_none(tmp_path: Path) -> None:
    file = worlds.case(tmp_path / "s.jsonl", "ash-1")
    done = run("identify", file, "--model", tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["--false-attributions", "0"],
        ["--false-attributions", "1"],
        ["--top", "0"],
        ["--format", "xml"],
        ["--expect", "old"],
        [],
    ],
)
def test_wrong_options(args: list[str], tmp_path: Path) -> None:
    file = [str(worlds.case(tmp_path / "s.jsonl", "ash-1"))] if args else []
    assert run("identify", *file, *args).returncode == 2


def test_train_and_identify_from_the_command_line_name_mistakes(tmp_path: Path) -> None:
    done = run("train", tmp_path / "none", "--out", tmp_path / "m")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert run("train", tmp_path, "--out", tmp_path / "m", "--released-before", "2026").returncode == 2
    assert not (tmp_path / "m").exists()


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from fingerprint.cli.main import group
    from fingerprint.errors import MissingExtra

    monkeypatch.setitem(sys.modules, "fingerprint.training.run", None)
    result = CliRunner().invoke(group, ["train", str(tmp_path), "--out", str(tmp_path / "m")])
    assert isinstance(result.exception, MissingExtra)
    assert "llm-authorship[train]" in str(result.exception)
