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
from fingerprint.config import ExpectationsConfig, MixtureConfig
from fingerprint.metrics import Level
from fingerprint.model.calibration import Expect
from fingerprint.model.decision import UNJUDGED, VERDICT_OF, percent
from fingerprint.model.plain_words import verdict_in_words
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    UNKNOWN,
    VERDICTS,
    Calibration,
    Candidates,
    Combined,
    CombinedRates,
    CombinedShare,
    Domain,
    EvidenceKind,
    FamilyShare,
    InputInfo,
    KindRates,
    KindShare,
    LabShare,
    ModelInfo,
    NewRelease,
    Novelty,
    PartCounts,
    Reason,
    ReleaseShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    SizeRates,
    StatementRatio,
    Statements,
    StyleMarker,
    Support,
    TokenCounts,
    Verdict,
    VerdictWord,
)
from fingerprint.report.advice import what_would_settle
from fingerprint.report.confidence import CONFIDENCE, TONES
from fingerprint.report.json import render_list, render_one, schema
from fingerprint.report.layout import Screen, Tone, bars, columns, fit
from fingerprint.report.rates import EXPECTED, KINDS
from fingerprint.report.text import render

HOSTILE = "\x1b[2J\x1b]0;title\x07evil\u202eelif\u200b\r\n\ud800"
NAMES = {"zhipu": "Zhipu AI", "openai": "OpenAI"}
ROOT = Path(__file__).resolve().parents[2]
VALID = jsonschema.Draft202012Validator(schema())


REASON_OF = {word: reason for reason, word in reversed(VERDICT_OF.items())}
ASKED = Candidates(("zhipu", "openai"), 0.5, 2, LabShare("mistral", 0.02))
ASKED_LABS = (LabShare("zhipu", 0.9), LabShare("openai", 0.07), LabShare(NONE_OF_THESE, 0.03))
RATES = Calibration(
    expect="any",
    mixture=(
        KindShare("same", 0.25, True),
        KindShare("other", 0.25, True),
        KindShare("unseen", 0.1, True),
        KindShare("both", 0.2, True),
        KindShare("later", 0.1, True),
        KindShare("unknown", 0.1, True),
    ),
    false_attributions=0.05,
    likely_errors=0.25,
    set_coverage=0.9,
    responses=10,
    kinds=(
        KindRates("same", 1369, 0.08, 0.9, 0.012, 0.96, 0.031, 0.01, 0.02),
        KindRates("other", 155, 0.5, 0.25, 0.049, 0.5, 0.24, 0.2, 0.19),
        KindRates("unknown", 90, 1.0, 0.0, 0.0, 0.2, 1.0, 0.05, 1.0),
    ),
    sizes=(SizeRates(1, 0.05, 0.2), SizeRates(10, 0.2, 0.4), SizeRates(25, 0.4, 0.62), SizeRates(50, 0.6, 0.7)),
)


def verdict(word: VerdictWord = VerdictWord.ATTRIBUTED, **changes: object) -> Verdict:
    made = Verdict(
        file="s.jsonl",
        read=InputInfo("25 rows of responses; 2 error rows left out", PartCounts(25, 3, 7), ("prose", "code")),
        n_responses=25,
        n_used=24,
        verdict=word,
        reason=REASON_OF[word],
        explanation="Because.",
        level=Level.RELEASE if word is VerdictWord.ATTRIBUTED else None,
        novelty=Novelty.KNOWN if word is VerdictWord.ATTRIBUTED else None,
        support=Support.STRONG,
        set=(LabShare("zhipu", 0.9),),
        shortlist=(),
        labs=(LabShare("zhipu", 0.9), LabShare("openai", 0.07), LabShare(UNKNOWN, 0.03)),
        families=(FamilyShare("glm-4", "zhipu", 0.8), FamilyShare("gpt-5", "openai", 0.05)),
        releases=(
            ReleaseShare("glm-4.7", "zhipu", "glm-4", 0.8, 9.1),
            ReleaseShare("gpt-5", "openai", "gpt-5", 0.05, 1),
        ),
        new_releases=(NewRelease("zhipu", 0.1), NewRelease("openai", 0.02)),
        style_markers=(StyleMarker("bold", 4.0, 3.9, 0.5, "per 1,000 words", 2.5),),
        domain=Domain(0.7, None),
        calibration=RATES,
        warnings=("1 response was a duplicate and counts once",),
        advice=None,
        candidates=None,
        side_evidence=SideEvidence(
            TokenCounts("", 8, ("glm",), ("glm-4.7",), ("openai",), (SideRatio("zhipu", 1.5),)),
            SelfIdentification("", (Statements("zhipu", 2),), (StatementRatio("zhipu", 0.7, 0.25),)),
        ),
        combined=Combined(
            (EvidenceKind.STYLE, EvidenceKind.TOKEN_COUNTS, EvidenceKind.SELF_IDENTIFICATION),
            (CombinedShare("zhipu", 0.95, 3.4, 1.5, 0.7), CombinedShare(UNKNOWN, 0.05, 0.0, 0.0, 0.0)),
            CombinedRates(120, 14, 0.6, 0.04, 0.2),
        ),
        model=ModelInfo("default", "0.1.0", "2026-11-23", 447, "2026-08"),
        known_prompts=None,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


DETAILS = Screen(verbose=True)


def flat(one: Verdict, screen: Screen = DETAILS) -> str:
    return " ".join(render(one, NAMES, screen=screen).split())


def headline(one: Verdict) -> str:
    """The first line, on a screen that is wide enough for it."""
    return render(one, NAMES, screen=Screen(200)).split("\n")[0].removeprefix("s.jsonl: ")


def test_what_people_see_first() -> None:
    assert render(verdict(advice="Do this."), NAMES) == (
        "s.jsonl: A model of Zhipu AI wrote these responses: glm-4.7.\n"
        "Attributed: P(Zhipu AI) = 90.0 %. At most 5 % of attributions are wrong, in each\n"
        "  kind of case that is expected.\n"
        "Next: Do this.\n"
        "warning: 1 response was a duplicate and counts once\n"
        "\n"
        "Labs\n"
        "  Zhipu AI      90.0 %  ██████████████████████████████████████████████████▍\n"
        "  OpenAI         7.0 %  ███▉\n"
        "  unknown lab    3.0 %  █▋\n"
        "\n"
        "Releases\n"
        "  glm-4.7 (Zhipu AI)          80.0 %  █████████████████████████████████▋\n"
        "  a new release of Zhipu AI   10.0 %  ████▎\n"
        "  gpt-5 (OpenAI)               5.0 %  ██▏\n"
        "\n"
        "Labs by style, token counts and self-identification together (the verdict does\n"
        "  not rest on it)\n"
        "  Zhipu AI      95.0 %  █████████████████████████████████████████████████████▎\n"
        "  unknown lab    5.0 %  ██▊\n"
        "  In a replay of releases that the model did not know, 4 % of answers this sure\n"
        "    were wrong (120 cases of 14 releases, 60 % of all), and 20 % of them by\n"
        "    style alone.\n"
        "\n"
        "Read: 25 rows of responses; 2 error rows left out; 24 of 25 responses used.\n"
        "More with --verbose: families, releases, style markers, side evidence, how often\n"
        "  this is right.\n"
    )


def test_a_narrow_terminal() -> None:
    lines = render(verdict(), NAMES, screen=Screen(40)).splitlines()
    assert lines[:7] == [
        "s.jsonl: A model of Zhipu AI wrote these",
        "  responses: glm-4.7.",
        "Attributed: P(Zhipu AI) = 90.0 %. At",
        "  most 5 % of attributions are wrong, in",
        "  each kind of case that is expected.",
        "warning: 1 response was a duplicate and",
        "  counts once",
    ]
    assert max(map(len, lines)) <= 40
    assert max(map(len, render(verdict(), NAMES, screen=Screen(60, verbose=True)).splitlines())) <= 60


def test_only_the_headline_is_painted_and_each_of_its_lines_by_itself() -> None:
    def paint(line: str, tone: Tone) -> str:
        assert line.isprintable()
        return f"<{tone}>{line}</>"

    plain = render(verdict(file=HOSTILE), NAMES, screen=Screen(60)).splitlines()
    painted = render(verdict(file=HOSTILE), NAMES, screen=Screen(60, paint=paint)).splitlines()
    marked = [line for line in painted if line.startswith("<")]
    assert len(marked) > 1
    assert marked == painted[: len(marked)]
    assert [line.removeprefix("<firm>").removesuffix("</>") for line in painted] == plain


def test_every_verdict_and_reason_has_words_and_a_tone() -> None:
    assert set(TONES) == set(VERDICTS)
    assert set(CONFIDENCE) == set(Reason)
    for reason in Reason:
        word = VERDICT_OF[reason]
        said = flat(verdict(word, reason=reason))
        assert f"{word.replace('-', ' ').capitalize()}: " in said
        assert "{" not in said


def test_nothing_is_ranked_where_nothing_was_judged() -> None:
    for reason in UNJUDGED:
        unjudged = verdict(VerdictWord.INCONCLUSIVE, reason=reason, level=None)
        text = render(unjudged, NAMES)
        assert "Labs" not in text
        assert "90.0 %" not in text
        assert "token counts speak most for" in text
        # Their figures are still there for whoever wants them, unless there was nothing at all.
        assert "Labs" in render(unjudged, NAMES, screen=DETAILS)
    empty = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.NO_RESPONSES, n_used=0, support=Support.NONE)
    assert "90.0 %" not in render(empty, NAMES, screen=DETAILS)


def test_in_an_unknown_script_neither_support_nor_a_set_is_told() -> None:
    unread = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.UNKNOWN_SCRIPT, level=None, novelty=None)
    far = dataclasses.replace(unread, reason=Reason.OUT_OF_DOMAIN)
    for told in ("support to", "right in 90 %"):
        assert told not in flat(unread)
        assert told in flat(far)


def test_probabilities_that_are_not_0_or_1_do_not_read_so_and_counts_have_separators() -> None:
    assert [percent(share, 1) for share in (0.0, 0.0004, 0.0006, 0.9994, 0.9996, 1.0)] == [
        "0.0 %",
        "<0.1 %",
        "0.1 %",
        "99.9 %",
        ">99.9 %",
        "100.0 %",
    ]
    assert (percent(0.004, 0), percent(0.0, 0), percent(0.996, 0)) == ("<1 %", "0 %", ">99 %")
    labs = (LabShare("zhipu", 0.9998), LabShare("openai", 0.0001), LabShare(UNKNOWN, 0.0001))
    text = flat(verdict(labs=labs, n_responses=12_345, n_used=2_000))
    assert "Zhipu AI >99.9 %" in text
    assert "OpenAI <0.1 %" in text
    assert "2,000 of 12,345 responses used" in text


def test_what_people_see_with_details() -> None:
    text = flat(verdict())
    for wanted in (
        "A model of Zhipu AI wrote these responses: glm-4.7.",
        "90.0 %",
        "unknown lab",
        "duplicate",
        "Families",
        "Because.",
        "bold",
        "+2.5",
        "Expected: any kind of case (50 % known releases, 40 % new releases of known labs, 10 % unknown labs; ",
        "The responses give strong support to Zhipu AI against all others.",
        "If it is a lab that the model knows, it is Zhipu AI (right in 90 % of such cases).",
        "Held-out cases with 10 responses",
        "known release, known corpora 1,369 90 % 1.2 % 96 % 3.1 %",
        "known release, other corpora 155 25 % 4.9 % 50 % 24.0 %",
        "unknown lab 90 0 % - 20 % 100.0 %",
        "Allowed in each kind: 5 % wrong among the attributed, 25 % among the attributed or likely; for ",
        "24 of 25 responses",
        "Read: 25 rows of responses; 2 error rows left out;",
        "447 releases",
        "2026-08",
        "tokenizer glm, the same as glm-4.7, on 8 prompts (LLR Zhipu AI +1.5)",
        "ruled out, unless with a tokenizer that is new or another lab's: OpenAI",
        "Labs by style, token counts and self-identification together (the verdict does not rest on it)",
        "Zhipu AI against an unknown lab, in nats: style +3.4, counts +1.5, names +0.7",
        "4 % of answers this sure were wrong (120 cases of 14 releases, 60 % of all), and 20 % of them by style alone.",
        "Zhipu AI in 2 responses",
        "known releases of Zhipu AI name another lab in 25 % of cases",
    ):
        assert wanted in text
    assert "--verbose" not in text
    short = flat(verdict(), Screen())
    for hidden in ("Families", "Because.", "bold", "Expected:", "strong support", "Held-out", "447 releases", "LLR"):
        assert hidden not in short


def test_every_verdict_has_a_headline_of_its_own() -> None:
    assert len({headline(verdict(word)) for word in VERDICTS}) == len(VERDICTS)


def test_a_short_set_is_an_answer_where_the_evidence_fits() -> None:
    two = (LabShare("zhipu", 0.5), LabShare("openai", 0.41))
    labs = (*two, LabShare(UNKNOWN, 0.09))
    unclear = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.BELOW_THRESHOLD, set=two, labs=labs)
    one_of = "it is one of 2 (right in 90 % of such cases): Zhipu AI, OpenAI."
    assert one_of in flat(unclear, Screen())
    # The labs of a mixed case say nothing; nor do many.
    assert one_of not in flat(dataclasses.replace(unclear, reason=Reason.TWO_SOURCES), Screen())
    many = tuple(LabShare(f"lab-{n}", 0.05) for n in range(14))
    assert "it is one of 14" not in flat(dataclasses.replace(unclear, set=many), Screen())


def test_a_long_set_is_counted_and_cut() -> None:
    many = tuple(LabShare(f"lab-{n}", 0.05) for n in range(14))
    text = flat(verdict(VerdictWord.INCONCLUSIVE, set=many, candidates=ASKED, labs=ASKED_LABS))
    assert (
        "If it is one of the candidates, it is one of 14 (right in 90 % of such cases): "
        "lab-0, lab-1, lab-2, lab-3, lab-4 and 9 more, all in --format json." in text
    )
    assert "lab-5 " not in text
    six = flat(verdict(VerdictWord.INCONCLUSIVE, set=many[:6]))
    assert "lab-4, lab-5." in six
    assert len(json.loads(render_one(verdict(set=many), top=1))["set"]) == 14


def test_no_response_supports_nobody() -> None:
    text = flat(verdict(VerdictWord.INCONCLUSIVE, reason=Reason.NO_RESPONSES, n_used=0, support=Support.NONE))
    assert "support to" not in text
    assert "If it is a lab" not in text


def test_every_kind_and_expectation_has_words_of_its_own() -> None:
    assert tuple(KINDS) == MixtureConfig.__struct_fields__
    assert tuple(EXPECTED) == tuple(Expect) == ExpectationsConfig.__struct_fields__
    assert len(set(KINDS.values())) == len(KINDS)


def test_a_kind_that_is_not_expected_is_promised_nothing() -> None:
    mixture = (KindShare("same", 0.48, True), KindShare("other", 0.48, True), KindShare("unknown", 0.04, False))
    text = flat(verdict(calibration=dataclasses.replace(RATES, expect="known", mixture=mixture)))
    assert "Expected: a known release, as in an audit (96 % known releases, 4 % unknown labs; --expect)." in text
    assert "unknown lab * 90" in text
    assert "known release, other corpora 155" in text
    assert "* Not expected with --expect known: nothing is promised here." in text
    assert "nothing is promised" not in flat(verdict())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal_and_about_a_screen_and_a_half(width: int) -> None:
    whole = dataclasses.replace(
        RATES, kinds=tuple(KindRates(kind, 9_999, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0) for kind in KINDS), mixture=()
    )
    lines = render(verdict(calibration=whole), NAMES, screen=Screen(width, verbose=True)).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= (60 if width >= 80 else 78)
    assert sum("later release" in line for line in lines) == 1


def test_more_responses_are_advised_by_what_was_measured() -> None:
    unclear = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.BELOW_THRESHOLD, n_used=12)
    known = "If you know from elsewhere that the model knows this release, use --expect known."
    stealth = "For a stealth model use --expect new: it may give a short list of labs."
    assert what_would_settle(unclear) == (
        "Give 13 more responses: with 25, 62 % of the expected cases are attributed or likely; with 10, 40 %. "
        f"{known} {stealth}"
    )
    assert stealth not in what_would_settle(dataclasses.replace(unclear, shortlist=LISTED))
    # From likely to attributed it takes more.
    assert what_would_settle(verdict(VerdictWord.LIKELY, n_used=12)).startswith(
        "Give 38 more responses: with 50, 60 % of the expected cases are attributed; with 10, 20 %."
    )
    audit = dataclasses.replace(unclear, calibration=dataclasses.replace(RATES, expect="known"))
    assert known not in what_would_settle(audit)
    assert stealth not in what_would_settle(audit)
    low = dataclasses.replace(RATES, sizes=(SizeRates(10, 0.1, 0.2), SizeRates(25, 0.2, 0.3), SizeRates(50, 0.1, 0.2)))
    assert "Give 13 more responses" in what_would_settle(dataclasses.replace(unclear, calibration=low))


def test_other_prompts_are_advised_where_more_of_the_same_tell_nothing() -> None:
    most = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.BELOW_THRESHOLD, n_used=60)
    assert what_would_settle(most).startswith("Give responses to other prompts")
    unclear = dataclasses.replace(most, n_used=12)
    assert "other prompts" not in what_would_settle(unclear)
    assert "other prompts" in what_would_settle(dataclasses.replace(unclear, domain=Domain(1.2, 0.9)))
    far = what_would_settle(dataclasses.replace(unclear, reason=Reason.OUT_OF_DOMAIN))
    assert "other prompts" in far
    assert "more responses:" not in far
    assert "file of its own" in what_would_settle(dataclasses.replace(unclear, reason=Reason.TWO_SOURCES))


LISTED = (LabShare("zhipu", 0.4), LabShare("openai", 0.3), LabShare(HOSTILE, 0.1))


def test_a_short_list_is_said_first_with_how_often_such_a_list_is_wrong() -> None:
    unclear = verdict(VerdictWord.INCONCLUSIVE, reason=Reason.BELOW_THRESHOLD, level=None, shortlist=LISTED[:2])
    assert headline(unclear) == (
        "These responses do not show which lab's model wrote them. The lab is probably one of Zhipu AI and OpenAI."
    )
    told = (
        "At most 25 % of such lists lack the right lab, in each kind of case that is expected. On held-out cases with "
        "10 responses, 2.0 to 19.0 % did, by kind of case."
    )
    assert told in flat(unclear)
    assert verdict_in_words(unclear).how_often_wrong == told
    assert "such lists" not in flat(dataclasses.replace(unclear, shortlist=()))
    hostile = render(dataclasses.replace(unclear, shortlist=LISTED), NAMES)
    assert all(line.isprintable() for line in hostile.splitlines())
    assert json.loads(render_one(unclear))["shortlist"][1] == {"lab": "openai", "probability": 0.3}


def test_who_asks_for_any_kind_of_case_is_told_what_holds_for_a_stealth_model() -> None:
    later = KindRates("later", 286, 0.6, 0.1, 0.25, 0.5, 0.42, 0.0, 0.0)
    mixture = tuple(dataclasses.replace(one, promised=one.kind != "later") for one in RATES.mixture)
    rates = dataclasses.replace(RATES, mixture=mixture, kinds=(*RATES.kinds, later))
    for word, level, share in ((VerdictWord.ATTRIBUTED, Level.LAB, 25), (VerdictWord.LIKELY, Level.LAB, 42)):
        told = f"Of releases that came after all that the model knows, {share} % got a wrong lab."
        found = verdict(word, level=level, calibration=rates)
        assert f"{told} For a stealth model use --expect new." in flat(found)
        assert verdict_in_words(found).how_often_wrong.endswith(told)
        # Where the rates hold for them too, and where nobody asks for one.
        assert told not in flat(verdict(word, level=level))
        assert told not in flat(verdict(word, level=level, calibration=dataclasses.replace(rates, expect="known")))
    assert "stealth" not in flat(verdict(VerdictWord.UNKNOWN, level=None, calibration=rates))
    # Of a few such cases a share says nothing.
    few = dataclasses.replace(rates, kinds=(*RATES.kinds, dataclasses.replace(later, cases=40)))
    found = verdict(calibration=few)
    assert "Nothing is promised for releases that came after all that the model knows." in flat(found)
    assert "Nothing is promised" in verdict_in_words(found).how_often_wrong


def test_a_restricted_question_says_so() -> None:
    text = flat(verdict(candidates=ASKED, labs=ASKED_LABS))
    assert "Candidates: Zhipu AI, OpenAI. Taken for granted: 50 % for them together, 50 % for all other labs." in text
    assert "none of these" in text
    assert "look more like" not in text


def test_a_lab_outside_that_fits_better_is_named_as_a_hint() -> None:
    labs = (LabShare(NONE_OF_THESE, 0.97), LabShare("zhipu", 0.02), LabShare("openai", 0.01))
    outside = dataclasses.replace(ASKED, outside=LabShare("mistral", 0.8))
    text = flat(verdict(VerdictWord.NONE_OF_THESE, candidates=outside, labs=labs))
    assert "None of these: P(none of these) = 97.0 %." in text
    assert "look more like mistral, which is no candidate (P = 80 %; its error rate was not measured)." in text


def test_the_rates_of_cases_outside_stand_by_themselves() -> None:
    kinds = (*RATES.kinds[:1], RATES.kinds[2], dataclasses.replace(RATES.kinds[0], kind="outside:same", cases=77))
    rates = dataclasses.replace(RATES, kinds=kinds)
    lines = render(
        verdict(candidates=ASKED, labs=ASKED_LABS, calibration=rates), NAMES, screen=Screen(100, verbose=True)
    ).split("\n")
    head = lines.index("The same, of labs that are no candidates")
    assert lines[head - 1].startswith("  known release, known corpora")
    assert lines[head + 1].split()[4] == "77"
    assert lines[head + 2].startswith("  unknown lab")
    assert "for labs that are no candidates, as many of all their cases." in " ".join(" ".join(lines).split())


def test_unknown_stays_in_sight_when_rankings_are_cut() -> None:
    text = render(verdict(), NAMES, top=1, screen=DETAILS)
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
        candidates=Candidates((HOSTILE,), 0.5, 2, LabShare(HOSTILE, 0.99)),
        labs=ASKED_LABS,
        style_markers=(StyleMarker(HOSTILE, 4.0, 3.9, 0.5, HOSTILE, 2.5),),
        set=(LabShare(HOSTILE, 0.6), LabShare("zhipu", 0.3)),
        calibration=dataclasses.replace(
            RATES, expect=HOSTILE, kinds=(KindRates(HOSTILE, 9, 0.1, 0.5, 0.1, 0.5, 0.1, 0.0, 0.0),), mixture=()
        ),
        model=ModelInfo(HOSTILE, HOSTILE, HOSTILE, 1, HOSTILE),
        side_evidence=SideEvidence(
            TokenCounts("", 8, (HOSTILE,), (HOSTILE,), (HOSTILE,), (SideRatio(HOSTILE, 1.5),)),
            SelfIdentification("", (Statements(HOSTILE, 2),), (StatementRatio(HOSTILE, 0.7, 0.25),)),
        ),
        combined=Combined((EvidenceKind.STYLE,), (CombinedShare(HOSTILE, 1.0, 1.0, 0.0, 0.0),), None),
    )
    for screen in (Screen(encoding=encoding), Screen(encoding=encoding, verbose=True)):
        for word in VERDICTS:
            for level in Level:
                one = dataclasses.replace(bad, verdict=word, level=level, reason=REASON_OF[word])
                text = render(one, {"zhipu": HOSTILE}, screen=screen)
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
    bare = verdict(
        word,
        families=(),
        releases=(),
        new_releases=(),
        style_markers=(),
        domain=None,
        side_evidence=None,
        combined=None,
    )
    for one in (
        verdict(word),
        bare,
        verdict(word, candidates=ASKED, labs=ASKED_LABS, advice="Add it.", domain=Domain(0.7, 0.9)),
    ):
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
    whole = json.loads(render_one(verdict(candidates=ASKED, labs=ASKED_LABS)))
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


def numbers(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a number."""
    return (one for one in objects(value) if one.get("type") == "number")


def test_shares_have_a_range_in_the_schema_and_nothing_else_has() -> None:
    free = {"distance", "limit", "log_likelihood_ratio", "case", "first_lab", "second_lab"}
    free |= {"style", "token_counts", "self_identification"}
    for name, definition in schema()["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            if list(numbers(value)):
                assert ("maximum" in value) == (key not in free), f"{name}.{key}"


def test_the_score_of_the_bench_reads_what_it_needs() -> None:
    one = json.loads(render_one(verdict()))
    assert one["file"] == "s.jsonl"
    assert one["verdict"] == "attributed"
    assert one["labs"][0] == {"lab": "zhipu", "probability": 0.9}
    assert one["releases"][0]["release"] == "glm-4.7"
    assert one["releases"][0]["probability"] == 0.8
