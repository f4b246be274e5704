from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fingerprint.report.evaluation.headline import Tone, conclusion, headline
from fingerprint.report.evaluation.html import render_html
from tests.report.evaluation.committed import pages
from tests.report.evaluation.made_up import report

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "evaluation"


def test_the_committed_pages_are_what_the_program_writes_of_the_document() -> None:
    for name, text in pages(FOLDER).items():
        assert (FOLDER / name).read_text("utf-8") == text, "run: make docs"


def figure(protocol: str, responses: int = 25, **metrics: float | None) -> dict[str, Any]:
    values = {name.replace("_", "-"): {"value": value} for name, value in metrics.items()}
    values = {{"false-attribution-rate": "false-attribution rate"}.get(name, name): of for name, of in values.items()}
    return {"protocol": protocol, "part": "all", "level": "lab", "responses": responses, "metrics": values}


def test_each_card_is_a_whole_sentence_with_its_figure_and_number_of_responses() -> None:
    for card in headline(report()["figures"]):
        assert re.match(r"^(If|In) .*\b25 responses.*\.$", card["text"])
        assert re.search(r"\d%", card["text"])


@pytest.mark.parametrize(
    ("protocol", "metrics", "tone"),
    [
        ("same-set", {"top_1": 0.8}, Tone.GOOD),
        ("same-set", {"top_1": 0.79}, Tone.NEITHER),
        ("other-set", {"top_1": 0.49}, Tone.BAD),
        ("unseen-release", {"coverage": 0.1}, Tone.BAD),
        ("unseen-release", {"false_attribution_rate": 0.05}, Tone.GOOD),
        ("external-test", {"false_attribution_rate": 0.051}, Tone.BAD),
        ("unknown-lab", {"coverage": 0.01}, Tone.GOOD),
        ("unknown-lab", {"coverage": 0.06}, Tone.BAD),
    ],
)
def test_good_is_green_and_bad_is_amber(protocol: str, metrics: dict[str, float], tone: Tone) -> None:
    (card,) = headline([figure(protocol, 25, **metrics)])
    assert card["tone"] == tone


def test_the_conclusion_is_one_sentence_of_what_was_measured() -> None:
    both = [figure("same-set", top_1=0.987), figure("unseen-release", top_1=0.05), figure("external-test", top_1=0.4)]
    assert conclusion(both) == (
        "With 25 responses a case, the first lab is the right one in 99% of releases and sources that the model knows "
        "and 5.0% of new releases."
    )
    own = [figure("external-test", 5, top_1=0.4), figure("external-test", 1, top_1=0.2)]
    assert conclusion(own) == (
        "With 5 responses a case, the first lab is the right one in 40% of corpora that the model was not trained on."
    )
    assert conclusion([]) == ""
    assert conclusion([figure("same-set", top_1=None)]) == ""


def test_labs_have_the_names_that_people_know_and_axes_say_what_they_are() -> None:
    text = render_html(report())
    assert "Alibaba (Qwen)" in text
    assert ">right lab first</text>" in text
    assert text.count("rotate(-90)") == text.count('class="chart')
