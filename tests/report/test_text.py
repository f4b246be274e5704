from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import (
    UNKNOWN,
    VERDICTS,
    Calibration,
    Domain,
    FamilyShare,
    InputInfo,
    LabShare,
    ModelInfo,
    NewRelease,
    PartCounts,
    Reason,
    ReleaseShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    Statements,
    StyleMarker,
    TokenCounts,
    Verdict,
    VerdictWord,
)
from fingerprint.report.json import render_list, render_one, schema
from fingerprint.report.layout import bars, columns, fit
from fingerprint.report.text import HEADLINES, render

HOSTILE = "\x1b[2J\x1b]0;title\x07evil\u202eelif\u200b\r\n\ud800"
NAMES = {"zhipu": "Zhipu AI", "openai": "OpenAI"}
ROOT = Path(__file__).resolve().parents[2]
VALID = jsonschema.Draft202012Validator(schema())


def verdict(word: VerdictWord = VerdictWord.ATTRIBUTED, **changes: object) -> Verdict:
    made = Verdict(
        file="s.jsonl",
        read=InputInfo("25 rows of responses; 2 error rows left out", PartCounts(25, 3, 7), ("prose", "code")),
        n_responses=25,
        n_used=24,
        verdict=word,
        reason=Reason.KNOWN_RELEASE,
        explanation="Because.",
        labs=(LabShare("zhipu", 0.9), LabShare("openai", 0.07), LabShare(UNKNOWN, 0.03)),
        families=(FamilyShare("glm-4", "zhipu", 0.8), FamilyShare("gpt-5", "openai", 0.05)),
        releases=(
            ReleaseShare("glm-4.7", "zhipu", "glm-4", 0.8, 9.1),
            ReleaseShare("gpt-5", "openai", "gpt-5", 0.05, 1),
        ),
        new_releases=(NewRelease("zhipu", 0.1), NewRelease("openai", 0.02)),
        style_markers=(StyleMarker("bold", 4.0, 3.9, 0.5, "per 1,000 words", 2.5),),
        domain=Domain(0.7, None),
        calibration=Calibration(0.05, 25, 0.08, 0.04, 0.7),
        warnings=("1 response was a duplicate and counts once",),
        advice=None,
        candidates=None,
        side_evidence=SideEvidence(
            TokenCounts("", 8, ("glm-4.7",), (SideRatio("zhipu", 1.5),)),
            SelfIdentification("", (Statements("zhipu", 2),), (StatementRatio("zhipu", 0.7, 0.25),)),
            (LabShare("zhipu", 0.95), LabShare("openai", 0.04), LabShare(UNKNOWN, 0.01)),
        ),
        model=ModelInfo("default", "0.1.0", "2026-11-23", 447, "2026-08"),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_what_people_must_see() -> None:
    text = " ".join(render(verdict(), NAMES).split())
    for wanted in (
        "ATTRIBUTED to Zhipu AI",
        "closest to glm-4.7",
        "90.0 %",
        "unknown lab",
        "duplicate",
        "bold",
        "+2.5",
        "On held-out cases with 25 responses: the first lab is wrong in 8 %",
        "70 % are attributed, and 4.0 % of these attributions are wrong (allowed: 5 %)",
        "24 of 25 responses",
        "Read: 25 rows of responses; 2 error rows left out.",
        "447 releases",
        "2026-08",
        "the same as glm-4.7, on 8 prompts (LLR Zhipu AI +1.5)",
        "Zhipu AI in 2 responses",
        "known releases of Zhipu AI name another lab in 25 % of cases",
    ):
        assert wanted in text


def test_every_verdict_has_a_headline_of_its_own() -> None:
    assert set(HEADLINES) == set(VERDICTS)
    heads = {render(verdict(word), NAMES).split("\n")[0].removeprefix("s.jsonl: ").split(":")[0] for word in VERDICTS}
    assert heads == {"ATTRIBUTED to Zhipu AI", "NEW RELEASE of Zhipu AI", "UNKNOWN", "INCONCLUSIVE"}


def test_a_restricted_question_says_so() -> None:
    assert "Candidates: Zhipu AI, OpenAI." in render(verdict(candidates=("zhipu", "openai")), NAMES)


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
        explanation=HOSTILE,
        advice=HOSTILE,
        candidates=(HOSTILE,),
        style_markers=(StyleMarker(HOSTILE, 4.0, 3.9, 0.5, HOSTILE, 2.5),),
        model=ModelInfo(HOSTILE, HOSTILE, HOSTILE, 1, HOSTILE),
        side_evidence=SideEvidence(
            TokenCounts("", 8, (HOSTILE,), (SideRatio(HOSTILE, 1.5),)),
            SelfIdentification("", (Statements(HOSTILE, 2),), (StatementRatio(HOSTILE, 0.7, 0.25),)),
            (LabShare(HOSTILE, 1.0),),
        ),
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
    assert (one["schema"], len(one["labs"]), len(one["releases"])) == (2, 3, 1)
    assert json.loads(render_list([verdict(), verdict()]))[1]["labs"] == one["labs"]
    assert "\n" not in render_one(verdict(), indent=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"labs": (LabShare("zhipu", 1.0),)},
        {"labs": (LabShare("zhipu", 0.5), LabShare("unknown", 0.3))},
        {"labs": (LabShare("unknown", 0.3), LabShare("zhipu", 0.7))},
    ],
)
def test_a_verdict_keeps_its_promises(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="labs"):
        verdict(**changes)  # type: ignore[arg-type]


def test_the_published_schema_is_that_of_the_program() -> None:
    assert json.loads((ROOT / "docs" / "verdict.schema.json").read_text()) == schema(), "make docs"
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("word", VERDICTS)
def test_every_verdict_is_valid_json_of_the_schema(word: VerdictWord) -> None:
    bare = verdict(word, families=(), releases=(), new_releases=(), style_markers=(), domain=None, side_evidence=None)
    for one in (verdict(word), bare, verdict(word, candidates=("zhipu",), advice="Add it.", domain=Domain(0.7, 0.9))):
        VALID.validate(json.loads(render_one(one)))
        VALID.validate(json.loads(render_one(one, top=1, indent=None)))
    VALID.validate(json.loads(render_list([verdict(word), bare])))
    for reason in Reason:
        VALID.validate(json.loads(render_one(verdict(word, reason=reason))))


def test_what_probing_adds_is_valid() -> None:
    probe = {"stopped": "the verdict is firm", "given_up": False, "note": None, "answered": 5}
    VALID.validate({**json.loads(render_one(verdict())), "probe": probe})
    assert not VALID.is_valid({**json.loads(render_one(verdict())), "probe": {"stopped": 3}})


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


def test_the_schema_refuses_what_it_does_not_know() -> None:
    whole = json.loads(render_one(verdict(candidates=("zhipu",))))
    assert VALID.is_valid(whole)
    for i in range(len(list(objects(whole)))):
        more = copy.deepcopy(whole)
        list(objects(more))[i]["more"] = 1
        assert not VALID.is_valid(more), list(list(objects(whole))[i])
        for key in list(objects(whole))[i]:
            less = copy.deepcopy(whole)
            del list(objects(less))[i][key]
            assert not VALID.is_valid(less), key
    for key, wrong in (("schema", 1), ("verdict", "perhaps"), ("reason", "because"), ("n_used", "24"), ("labs", {})):
        assert not VALID.is_valid({**whole, key: wrong})
    assert not VALID.is_valid({**whole, "labs": [{"lab": "zhipu", "probability": 1.5}]})


def test_the_score_of_the_bench_reads_what_it_needs() -> None:
    one = json.loads(render_one(verdict()))
    assert one["file"] == "s.jsonl"
    assert one["verdict"] == "attributed"
    assert one["labs"][0] == {"lab": "zhipu", "probability": 0.9}
    assert one["releases"][0]["release"] == "glm-4.7"
    assert one["releases"][0]["probability"] == 0.8
