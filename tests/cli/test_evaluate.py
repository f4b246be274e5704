from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fingerprint.cli.evaluate import PROTOCOLS
from fingerprint.evaluation.protocols import NAMES
from tests.cli.test_cli import run


def test_the_choices_are_the_protocols() -> None:
    assert PROTOCOLS == NAMES


def test_a_corpus_new_to_the_model(evaluated: Any, world: Path, model: Path, tmp_path: Path) -> None:
    done = run(
        "evaluate", world / "foreign.jsonl", "--model", model, "--out", tmp_path / "out", "--protocol", "other-set",
        "--registry", world / "registry.csv", "--cache", world / "cache", "--quick",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "written" in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "--quick" in report["made"]["command"]
    assert "--cache" not in report["made"]["command"]
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_a_model_that_is_none(world: Path, tmp_path: Path) -> None:
    done = run("evaluate", world / "corpora", "--model", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_protocol(tmp_path: Path) -> None:
    done = run("evaluate", tmp_path, "--out", tmp_path / "out", "--protocol", "wishful")
    assert done.returncode == 2
    assert "wishful" in done.stderr
