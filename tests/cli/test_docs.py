from __future__ import annotations

from pathlib import Path

from tests.cli.help_page import page


def test_the_help_page_is_current() -> None:
    assert (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text() == page(), "run: make docs"
