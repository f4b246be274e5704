"""docs/model.md names functions and fields that exist, and links to sections that exist."""

from __future__ import annotations

import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

from fingerprint.config import Config

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "model.md").read_text()
NAMES = sorted(set(re.findall(r"`(fingerprint(?:\.\w+)+)`", PAGE)))
FIELDS = sorted(set(re.findall(r"`((?:features|embedding|plda|classifiers|splits|calibration)(?:\.\w+)?)`", PAGE)))
LINKS = sorted(set(re.findall(r"\]\(([^)]+\.md)(?:#([^)]+))?\)", PAGE)))


def found(name: str) -> object:
    """The module, class, function or method of a dotted name."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[cut:], module)
    raise ModuleNotFoundError(name)


def test_the_page_names_what_it_describes() -> None:
    assert len(NAMES) > 20
    assert len(FIELDS) > 8
    assert len(LINKS) > 10


@pytest.mark.parametrize("name", NAMES)
def test_every_function_that_the_page_names_exists(name: str) -> None:
    assert found(name) is not None


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_that_the_page_names_exists(field: str) -> None:
    assert reduce(getattr, field.split("."), Config()) is not None


@pytest.mark.parametrize(("file", "anchor"), LINKS)
def test_every_section_that_the_page_links_to_exists(file: str, anchor: str) -> None:
    titles = re.findall(r"^#+ (.+)$", (DOCS / file).read_text(), re.M)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert not anchor or anchor in anchors


def test_every_paper_that_the_page_cites_is_in_its_references() -> None:
    text, references = PAGE.split("## References")
    text = " ".join(text.split())
    for author, year in re.findall(r"([A-ZÜ][\wü]+)(?: (?:et al\.|& [\w -]+?))? \((\d{4})", text):
        assert re.search(rf"^- {author}.*\({year}\)", references, re.M), (author, year)
