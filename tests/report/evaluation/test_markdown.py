from __future__ import annotations

import json
import re

import pytest

from fingerprint.report.evaluation.markdown import escaped, render_markdown
from tests.report.evaluation.made_up import HOSTILE, report

HEADINGS = [
    "By kind of case", "same-set", "other-set", "unseen-release", "unseen-release-other-set", "temporal-split",
    "unknown-lab", "perturbed", "by-language-and-domain",
    "controls", "Attributions", "temporal-split, month by month", "candidates", "verification",
    "The worst errors", "How this report was made",
]  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    return render_markdown(report())


def test_all_in_brief(text: str) -> None:
    assert re.findall(r"(?m)^## (.*)$", text) == HEADINGS
    assert re.findall(r"(?m)^# (.*)$", text) == ["Evaluation of the model default"]
    assert len(text) < 100_000
    assert "- **97%** With 25 responses" in text
    verdicts = r"60\.0% \| 4\.0% \| 80\.0% \| 20\.0% \| 15\.0% \| 18\.0% \| 2\.500 \| 91\.0% \| 0\.040"
    top = r"9\d\.\d% \([\d.]+–[\d.]+\) \| \d+\.\d% \| \d+\.\d%"
    assert re.search(rf"(?m)^\| all \| 25 \| \d+ \| 2\.0% \| {top} \| {verdicts} \|$", text)
    assert re.search(rf"(?m)^\| same-set \| A fifth of the prompts\. \| 25 \| \d+ \| {top} \| {verdicts} \|$", text)
    assert re.search(
        r"(?m)^\| unknown-lab, expect new \| A fifth of the prompts\. \| 25 \| \d+ \| – \| – \| – \| 60\.0%", text
    )


def test_tables_hold_together(text: str) -> None:
    for table in re.findall(r"(?m)(?:^\|.*\n)+", text):
        widths = {line.count("|") for line in table.splitlines()}
        assert len(widths) == 1, table[:200]


def test_hostile_text_stays_text(text: str) -> None:
    assert not re.search(r"[<>]|https?://|(?<!\\)[`\[\]]", text)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "&#60;script&#62;alert(1)&#60;/script&#62;" in text


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, "www.evil.example", "@someone", "a|b\\|c", "![x](y)", "&lt;b&gt;", "$x$"]
)
def test_what_begins_anything_is_escaped(hostile: str) -> None:
    shown = escaped(hostile)
    assert "\n" not in shown
    assert not re.search(r"[<>|@$]|&(?!#\d+;)|www\.|://", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*(?<!\\)[`*\[\]~!]", shown)


def test_what_begins_a_line_is_escaped_and_plain_names_are_not() -> None:
    assert [escaped(t) for t in ("- a", "1. a", "# a", "    a")] == [r"\- a", r"1\. a", r"\# a", "a"]
    assert escaped("gpt-4o_mini 0.1") == "gpt-4o_mini 0.1"
    assert escaped("_a_") == r"\_a\_"
    assert escaped(None) == "–"


def test_absent_protocols_are_left_out_and_null_is_a_dash() -> None:
    asked = report(protocols=("same-set", "temporal-split"), releases=60)
    text = render_markdown(json.loads(re.sub(r": -?\d+\.\d+(e-\d+)?", ": null", json.dumps(asked))))
    assert re.findall(r"(?m)^## (.*)$", text) == [
        h for h in HEADINGS if h.startswith(("same-set", "temporal-split")) or h[0].isupper()
    ]
    assert "None" not in text
    assert re.search(r"(?m)^\| all \| 10 \| \d+( \| –){13} \|$", text)
