from __future__ import annotations

import numpy as np

from fingerprint.features import style_markers
from fingerprint.features.plain import plain


def test_plain_takes_layout_and_keeps_words() -> None:
    text = "# Title\n\nSome **bold** and *soft* `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n\n---\n1. three"
    assert plain(text) == "Title\nSome bold and soft code.\none\ntwo\nthree"


def test_plain_leaves_prose_alone() -> None:
    assert plain("2 * 3 is 6, a_b is a name.") == "2 * 3 is 6, a_b is a name."


def test_habits_are_rates_a_thousand_words() -> None:
    found = dict(
        zip(style_markers.NAMES, style_markers.measure(["# A\n\n" + "word " * 497 + "— **b** c"])[0], strict=True)
    )
    assert found["headings"] == np.float32(1000 / 500)
    assert found["em dashes"] == np.float32(1000 / 500)
    assert found["words"] == 500
    assert len(style_markers.NAMES) == len(style_markers.UNITS) == style_markers.measure([""]).shape[1]
