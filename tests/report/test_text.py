from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import (
    Calibration,
    FamilyShare,
    LabShare,
    ModelInfo,
    NewRelease,
    ReleaseShare,
    StyleMarker,
    Verdict,
)
from fingerprint.report.json import render_list, render_one
from fingerprint.report.layout import bars, columns, fit
from fingerprint.report.text import render

HOSTILE = "\x1b[2J\x1b]0;title\x07evil\u202eelif\u200b\r\n\ud800"
NAMES = {"zhipu": "Zhipu AI", "openai": "OpenAI"}


def verdict(word: str = "attributed", **changes: object) -> Verdict:
    made = Verdict(
        file="s.jsonl",
        n_responses=25,
        n_used=24,
        verdict=word,
        labs=(LabShare("zhipu", 0.9), LabShare("openai", 0.07), LabShare("unknown", 0.03)),
        families=(FamilyShare("glm-4", "zhipu", 0.8), FamilyShare("gpt-5", "openai", 0.05)),
        releases=(
            ReleaseShare("glm-4.7", "zhipu", "glm-4", 0.8, 9.1),
            ReleaseShare("gpt-5", "openai", "gpt-5", 0.05, 1),
        ),
        new_releases=(NewRelease("zhipu", 0.1), NewRelease("openai", 0.02)),
        warnings=("1 response was a duplicate and counts once",),
        model=ModelInfo("default", "0.1.0", "2026-11-23", 447, "2026-08"),
        candidates=None,
        calibration=Calibration(0.05, 25, 0.08, 0.04, 0.7),
        style_markers=(StyleMarker("bold", 4.0, 3.9, 0.5, "per 1,000 words", 2.5),),
        reason="Because.",
        ground=None,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_what_people_must_see() -> None:
    text = " ".join(render(verdict(), NAMES).split())
    for wanted in (
        "ATTRIBUTED to Zhipu AI", "glm-4.7", "90.0%", "unknown lab", "duplicate", "bold", "+2.5",
        "Calibrated at 25 responses", "wrong in 8%", "24 of 25 responses", "447 releases", "2026-08",
    ):  # fmt: skip
        assert wanted in text


@pytest.mark.parametrize(
    ("word", "headline"),
    [("new-release", "NEW RELEASE of Zhipu AI"), ("unknown", "UNKNOWN"), ("inconclusive", "INCONCLUSIVE")],
)
def test_each_verdict_has_its_headline(word: str, headline: str) -> None:
    assert headline in render(verdict(word), NAMES)


def test_a_restricted_question_says_so() -> None:
    assert "Asked only about these labs: Zhipu AI, OpenAI." in render(verdict(candidates=("zhipu", "openai")), NAMES)


def test_unknown_stays_in_sight_when_rankings_are_cut() -> None:
    text = render(verdict(), NAMES, top=1)
    assert "unknown lab" in text
    assert "gpt-5" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_hostile_names_stay_text(encoding: str) -> None:
    bad = verdict(
        file=HOSTILE,
        releases=(ReleaseShare(HOSTILE, "zhipu", HOSTILE, 0.8, 9.1),),
        families=(FamilyShare(HOSTILE, "zhipu", 0.8),),
        warnings=(HOSTILE,),
        reason=HOSTILE,
    )
    text = render(bad, {"zhipu": HOSTILE}, encoding=encoding)
    assert text.replace("\n", "").isprintable()
    text.encode(encoding)
    assert "\x1b" not in render_one(bad)
    assert render_one(bad).isascii()


@given(st.text())
def test_printable_is_printable_and_leaves_plain_text_alone(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.text(alphabet="ab語é \u0301", max_size=30), st.integers(4, 30))
def test_a_fitted_name_takes_its_width(text: str, width: int) -> None:
    assert columns(fit(text, width)) == width


def test_bars_grow_with_their_share() -> None:
    small, large = (line.count("#") for line in bars([("a", 0.2), ("b", 0.8)], 60, blocks=False))
    assert 0 < small < large


def test_json_is_one_object_or_a_list() -> None:
    one = json.loads(render_one(verdict(), top=1))
    assert (one["schema"], len(one["labs"]), len(one["releases"])) == (1, 3, 1)
    assert json.loads(render_list([verdict(), verdict()]))[1]["labs"] == one["labs"]
    assert "\n" not in render_one(verdict(), indent=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"labs": (LabShare("zhipu", 1.0),)},
        {"labs": (LabShare("zhipu", 0.5), LabShare("unknown", 0.3))},
        {"labs": (LabShare("unknown", 0.3), LabShare("zhipu", 0.7))},
        {"verdict": "perhaps"},
    ],
)
def test_a_verdict_keeps_its_promises(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"labs|verdict"):
        verdict(**{"word": changes.pop("verdict", "attributed"), **changes})  # type: ignore[arg-type]
