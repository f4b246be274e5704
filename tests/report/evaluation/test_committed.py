from __future__ import annotations

from pathlib import Path

from tests.report.evaluation.committed import pages

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "evaluation"


def test_the_committed_pages_are_what_the_program_writes_of_the_document() -> None:
    for name, text in pages(FOLDER).items():
        assert (FOLDER / name).read_text("utf-8") == text, "run: make docs"
