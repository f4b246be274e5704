"""`fingerprint corpora card`: what `corpora import` and `collect` write, as a data set of the Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from huggingface_hub import DatasetCard

from fingerprint.cli.main import group
from fingerprint.data.reader import expanded


def run(*args: object) -> str:
    done = CliRunner().invoke(group, [str(arg) for arg in args], prog_name="fingerprint", standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def written(path: Path, release: str, language: str, rows: int) -> Path:
    row = {"release": release, "language": language}
    lines = (json.dumps({**row, "response": f"answer {i}", "prompt": f"question {i}"}) for i in range(rows))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_card_of_what_import_writes(tmp_path: Path) -> None:
    source = written(tmp_path / "source.jsonl", "gpt-4o-2024-05-13", "en", 3)
    out = tmp_path / "set"
    out.mkdir()
    run("corpora", "import", source, "--out", out / "first.parquet", "--licence", "MIT")
    written(out / "b|<b>.jsonl", "never-heard-of", "ja", 2)
    text = run("corpora", "card", out)
    card = DatasetCard(text)
    found: dict[str, Any] = card.data.to_dict()  # type: ignore[no-untyped-call]
    assert found["language"] == ["en", "ja"]
    # One file states no licence.
    assert found["license"] == "other"
    assert found["size_categories"] == ["n<1K"]
    assert found["configs"][0]["data_files"] == [{"split": "train", "path": ["b|<b>.jsonl", "first.parquet"]}]
    assert found["pretty_name"] == "set"
    assert "5 responses by 2 releases to" in card.text
    assert "| first.parquet |" in card.text
    assert "b\\|&#60;b>.jsonl" in card.text
    assert "| gpt-4o-2024-05-13 | 3 | 3 |" in card.text
    assert text == run("corpora", "card", out)
    alone = DatasetCard(run("corpora", "card", out / "first.parquet")).data
    one: dict[str, Any] = alone.to_dict()  # type: ignore[no-untyped-call]
    assert (one["license"], one["language"]) == ("mit", ["en"])


def test_a_card_in_a_folder_is_no_response(tmp_path: Path) -> None:
    answers = written(tmp_path / "answers.jsonl", "x", "en", 2)
    (tmp_path / "README.md").write_text("# A data set\n")
    assert list(expanded([str(tmp_path)], lambda error: None)) == [str(answers)]
