from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fingerprint.cli.main import group
from fingerprint.evaluation import config, protocols
from fingerprint.evaluation.config import EvaluationConfig
from tests.cli.test_cli import imported, run


def test_help_names_the_protocols_and_imports_nothing_heavy() -> None:
    code = "from fingerprint.cli import main\ntry: main(['evaluate', '--help'])\nexcept SystemExit: pass"
    assert imported(code).isdisjoint({"numpy", "torch", "datasets", "pyarrow", "sklearn", "scipy"})
    text = CliRunner().invoke(group, ["evaluate", "--help"]).output
    assert all(name in " ".join(text.split()).replace("- ", "-") for name in protocols.names())


def test_a_corpus_outside_the_training(
    evaluated: tuple[dict[str, Any], Path],
    world: Path,
    model: Path,
    tiny_evaluation: EvaluationConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, "QUICK", tiny_evaluation)
    options = ["--registry", world / "registry.csv", "--cache", world / "cache", "--protocol", "external-test"]
    given = [world / "foreign.jsonl", "--model", model, "--out", tmp_path / "out", "--quick", *options]
    done: Result = CliRunner().invoke(group, ["evaluate", *map(str, given)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "written" in done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "--quick" in report["run"]["command"]
    assert "--cache" not in report["run"]["command"]
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_a_folder_that_is_no_model(world: Path, tmp_path: Path) -> None:
    done = run("evaluate", world / "corpora", "--model", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_protocol(tmp_path: Path) -> None:
    done = run("evaluate", tmp_path, "--out", tmp_path / "out", "--protocol", "wishful")
    assert done.returncode == 2
    assert "wishful" in done.stderr
