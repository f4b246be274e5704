from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import ROOT, imported, run
from tests.corpora.served import mirror, repository

SAID = "What a model would say, at some length, of a matter."


def test_the_group_and_its_light_verbs_import_nothing_heavy() -> None:
    heavy = {"numpy", "torch", "datasets", "pyarrow", "sklearn", "scipy", "joblib", "datasketch", "py3langid"}
    for args in (["corpora", "--help"], ["corpora", "import", "--help"], ["corpora", "check", "--help"]):
        code = f"from fingerprint.cli import main\ntry: main({args})\nexcept SystemExit: pass"
        assert imported(code).isdisjoint(heavy)


def test_list_and_show() -> None:
    listed = json.loads(run("corpora", "list", "--format", "json").stdout)
    assert len(listed) == 41
    licences = {"AGPL-3.0-or-later", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "GPL-3.0", "MIT", "none"}
    assert {m["licence"] for m in listed if m["use"] == "train"} == licences
    shown = run("corpora", "show", "zeroeval")
    assert "github.com/WildEval/ZeroEval at 8c1485ed" in shown.stdout
    assert json.loads(run("corpora", "show", "zeroeval", "--format", "json").stdout)["licence"] == "Apache-2.0"
    for name in ("zeroval", "../releases", "x.json"):
        done = run("corpora", "show", name)
        assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")
    assert "zeroeval" in run("corpora", "show", "zeroval").stderr


def test_fetch_of_a_corpus_that_it_does_not_read_says_where_the_responses_are(tmp_path: Path) -> None:
    done = run("corpora", "fetch", "creative_writing", "--out", str(tmp_path / "x.parquet"))
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "results/*.html" in done.stderr.splitlines()[-1]


def test_fetch_says_licence_and_what_it_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"answers/gpt-4-0314__q.txt": SAID, "answers/no\x1b[2Jbody__q.txt": SAID}
    commit = repository(tmp_path / "repo", files)
    mirror(tmp_path / "repo", commit, tmp_path / "mirror", "them/it")
    (tmp_path / "it.json").write_text(json.dumps({
        "schema": 2, "name": "it", "licence": "CC-BY-4.0", "use": "train", "language": ["en"], "domain": ["chat"],
        "sources": [{"repository": "them/it", "commit": commit}], "sha256": None,
        "rows": [{"files": ["answers/<model>__*.txt"], "kind": "text",
                  "fields": {"response": "{text}", "source_model": "{path.model}"}}],
    }))  # fmt: skip
    args = ["corpora", "fetch", tmp_path / "it.json", "--from", tmp_path / "mirror", "--cache", tmp_path / "cache"]
    done = run(*args, "--out", tmp_path / "it.parquet")
    assert done.returncode == 0
    assert "licence CC-BY-4.0" in done.stderr
    assert "1 responses from 2 files" in done.stdout
    assert "1 names that the registry does not know" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    found = json.loads(run(*args, "--out", tmp_path / "it.parquet", "--format", "json").stdout)
    assert (found["rows"], found["licence"], list(found["unknown"].values())) == (1, "CC-BY-4.0", [1])
    done = run(*args, "--out", tmp_path / "none" / "it.parquet")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)


def test_import_shows_three_rows_escaped_and_names_the_option(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({"response": f"\x1b]0;owned\x07 {i} " + SAID}) + "\n" for i in range(5)))
    done = run("corpora", "import", path, "--out", tmp_path / "o.parquet", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout.count("  response  ") == 3
    assert "\x1b" not in done.stdout + done.stderr
    assert "--release" in done.stderr
    assert not (tmp_path / "o.parquet").exists()
    done = run(
        "corpora", "import", path, "--out", tmp_path / "o.parquet", "--release", "claude-2.1", "--licence", "MIT"
    )
    assert (done.returncode, done.stdout.splitlines()[-1].split(": ")[1]) == (0, "5 responses of 1 release written")
    done = run("corpora", "import", path, "--out", tmp_path / "o.parquet", "--release", "claude-2", "--format", "json")
    found = json.loads(done.stdout)
    assert (found["form"], len(found["sample"]), found["releases"]) == ("responses", 3, {"claude-2": 5})
    done = run("corpora", "import", path, "--out", tmp_path / "o.jsonl", "--licence", "MIT")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_import_asks_a_person(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"response": SAID}) + "\n")
    ours, theirs = pty.openpty()
    code = "import sys; from fingerprint.cli import main; main(sys.argv[1:])"
    args = [sys.executable, "-c", code, "corpora", "import", str(path), "--out", str(tmp_path / "o.jsonl")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(args, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    os.write(ours, b"claude-2.1\n")
    _, errors = child.communicate(timeout=600)
    os.close(ours)
    os.close(theirs)
    assert "Whose are the responses?" in errors
    assert json.loads((tmp_path / "o.jsonl").read_text())["release"] == "claude-2.1"


def test_check_and_stats(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"release": r, "response": SAID, "prompt": "why?"} for r in ("claude-2.1", "claude-2.1", "no\x1b[31mbody")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run("corpora", "check", path, "--jobs", 1, "--fix", tmp_path / "clean")
    assert done.returncode == 0
    assert "releases that the registry does not know: 1" in done.stdout
    assert "\x1b" not in done.stdout
    assert len((tmp_path / "clean" / "x.jsonl").read_text().splitlines()) == 1
    found = json.loads(run("corpora", "check", path, "--jobs", 1, "--format", "json").stdout)
    assert {f["finding"]: f["rows"] for f in found["findings"]}["the same response of a release again"] == 1
    assert "claude-2.1" in run("corpora", "stats", path, "--by", "release").stdout
    assert json.loads(run("corpora", "stats", path, "--format", "json").stdout)["total"]["responses"] == 3
    assert run("corpora", "stats", tmp_path / "none").returncode == 2


def test_add_release(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("release,lab,family,line,released,kind,aliases\noak-1,oak,oak,oak,2025-03,lab,\n")
    done = run("corpora", "add-release", "oak-2", "--lab", "oak", "--family", "oak", "--registry", path)
    assert (done.returncode, path.read_text().splitlines()[-1]) == (0, "oak-2,oak,oak,oak,,lab,")
    done = run("corpora", "add-release", "oak-2", "--lab", "oak", "--family", "oak", "--registry", path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("verb", ["import", "check"])
def test_a_missing_extra_is_named(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from fingerprint.cli.main import group
    from fingerprint.errors import MissingExtra

    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setitem(sys.modules, "datasketch", None)
    (tmp_path / "x.csv").write_text("response\nx\n")
    # Of what import reads, only a data set of the Hub needs more than the light install has.
    given = {"import": ["somebody/answers", "--out", str(tmp_path / "o.jsonl")], "check": [str(tmp_path / "x.csv")]}
    result = CliRunner().invoke(group, ["corpora", verb, *given[verb]])
    assert isinstance(result.exception, MissingExtra)
    assert "llm-authorship[corpora]" in str(result.exception)
