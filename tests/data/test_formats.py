from __future__ import annotations

from pathlib import Path

import pytest

from fingerprint.data.containers import Place
from fingerprint.data.formats import FORMATS
from fingerprint.data.response import Part
from fingerprint.data.rows import Options, opened_rows
from tests.data.formats_page import page
from tests.data.samples import ASKED, SAMPLES, SHOWN


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(FORMATS)


@pytest.mark.parametrize("wanted", ["by content", "by name"])
@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_taken_and_what_is_left_out(name: str, wanted: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    path = tmp_path / sample.name
    path.write_bytes(sample.data)
    options = Options(format=name if wanted == "by name" else "", parts=tuple(Part))
    with opened_rows(Place(str(path)), options) as rows:
        found = list(rows)
    assert rows.format.name == name
    assert tuple(message.text for message in found) == sample.texts
    assert {message.model for message in found} == {sample.model}
    assert {message.prompt for message in found} == {sample.prompt}
    assert tuple((call.name, call.arguments) for message in found for call in message.calls) == sample.calls
    assert dict(+rows.left_out) == sample.left_out
    assert not any(SHOWN in str(message) for message in found)
    assert rows.summary().startswith(f"{len(found)} {rows.format.unit}")


def test_samples_tell_a_prompt_from_an_answer() -> None:
    assert all(ASKED not in text for sample in SAMPLES.values() for text in sample.texts)


def test_the_page_of_formats_is_current() -> None:
    assert (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text() == page(), "run: make docs"
