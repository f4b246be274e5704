from __future__ import annotations

import numpy as np
import pytest

from fingerprint.features import style_markers
from fingerprint.features.text_forms import EverySecond, TextForm, plain


def test_plain_takes_layout_and_keeps_words() -> None:
    text = "# Title\n\nSome **bold** and *soft* `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n\n---\n1. three"
    assert plain(text) == "Title\nSome bold and soft code.\none\ntwo\nthree"


def test_plain_leaves_prose_alone() -> None:
    assert plain("2 * 3 is 6, a_b is a name.") == "2 * 3 is 6, a_b is a name."


def test_style_markers_are_rates_a_thousand_words() -> None:
    found = dict(
        zip(style_markers.NAMES, style_markers.measure(["# A\n\n" + "word " * 497 + "— **b** c"])[0], strict=True)
    )
    assert found["headings"] == np.float32(1000 / 500)
    assert found["em dashes"] == np.float32(1000 / 500)
    assert found["words"] == 500
    assert len(style_markers.NAMES) == len(style_markers.UNITS) == style_markers.measure([""]).shape[1]


def test_both_forms_mask_names_and_code_has_no_plain_form() -> None:
    text = "**I am Qwen.**\n\n- Yes."
    assert TextForm.FULL.masked(text) == "**I am \ue000.**\n\n- Yes."
    assert TextForm.PLAIN.masked(text) == "I am \ue000.\nYes."
    assert TextForm.PLAIN.masked("**Bold**\n```\nx = 1\n```") == ""
    assert TextForm.PLAIN.masked("  No markdown here. ") == ""


class Numbers:
    def __init__(self, size: int):
        self.size = size

    def __len__(self) -> int:
        return self.size

    def texts(self, start: int, stop: int) -> list[str]:
        return [str(i) for i in range(start, stop)]


@pytest.mark.parametrize("size", [0, 1, 6, 7])
def test_every_second_row_however_many_are_read_at_once(size: int) -> None:
    some = EverySecond(Numbers(size))
    wanted = [str(i) for i in range(0, size, 2)]
    assert len(some) == len(wanted)
    for step in (1, 2, 3, 10):
        blocks = [some.texts(i, min(i + step, len(some))) for i in range(0, len(some), step)]
        assert [text for block in blocks for text in block] == wanted
