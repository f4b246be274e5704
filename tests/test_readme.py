"""Pages say what the program prints; the README says what the evaluation measured too, and is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme import ROOT, page

README = ROOT / "README.md"
_MOST_LINES = 110
# Runs of the program: who wrote it, is it the claimed one, one model or two.
_RUNS = 3


def test_the_readme_is_current_and_short() -> None:
    text = README.read_text("utf-8")
    assert (text.count("<!-- output: "), text.count("<!-- figures -->")) == (_RUNS, 1)
    assert text == page(text), "run: make docs"
    shown = re.sub(r"```text\n.*?```", "", text, flags=re.DOTALL)
    assert len(shown.splitlines()) <= _MOST_LINES


@pytest.mark.parametrize("name", ["verify", "compare"])
def test_the_runs_of_other_pages_are_current(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    assert "<!-- output: fingerprint" in text
    assert text == page(text), "run: make docs"


def test_links_of_the_readme_and_of_the_community_files_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "corpora/README.md"):
        file = ROOT / name
        links = re.findall(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)", file.read_text("utf-8"))
        for link in links:
            address, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = (file.parent / address).resolve() if address else file
            assert target.exists(), f"{name}: {link}"
            if anchor:
                assert anchor in _anchors(target), f"{name}: {link}"


def _anchors(page_file: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page_file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
