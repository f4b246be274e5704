from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint import Fingerprint
from fingerprint.data.corpus import read_corpora
from fingerprint.data.reader import case_of
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case
from fingerprint.errors import ModelError
from fingerprint.model.verdict import UNKNOWN, LabShare
from fingerprint.report.layout import Screen
from fingerprint.report.text import render
from fingerprint.side.combination import combined_shares
from fingerprint.side.evidence import DOCUMENT, SideTables, side_evidence
from fingerprint.side.self_identification import StatementRates
from fingerprint.side.token_counts import KnownTokenizers
from fingerprint.store.folder import load, save
from fingerprint.training.parts import learn_side
from tests import worlds
from tests.store.folder import encoder_files

LABS = ("openai", "anthropic")
STYLE = (LabShare("openai", 0.5), LabShare("anthropic", 0.3), LabShare(UNKNOWN, 0.2))
NOBODY = KnownTokenizers([])
NAMES = StatementRates({"openai": 4, "anthropic": 4}, {"openai": {"openai": 4}, "anthropic": {"anthropic": 4}}, {})


def counted(release: str, prompts: range, template: int = 0) -> list[dict[str, Any]]:
    rows = [worlds.row(release, f"first-{p}", p) for p in prompts]
    for row in rows:
        row["usage"] = {"prompt_tokens": row["usage"]["prompt_tokens"] + template}  # type: ignore[index]
    return rows


def about_itself(text: str) -> dict[str, str]:
    return {"response": text, "prompt": "Who are you?", "domain": "self-identification"}


def test_style_is_the_same_with_and_without(model: Path) -> None:
    known = Fingerprint.load(model)
    case = case_of(counted("birch-2", range(12)))
    both, alone = known.identify(case), known.identify(case, style_only=True)
    assert alone.side_evidence is None
    assert alone.combined is None
    assert both.combined is not None
    assert (both.verdict, both.labs, both.releases) == (alone.verdict, alone.labs, alone.releases)


def test_a_trained_model_knows_tokenizers(model: Path) -> None:
    known = Fingerprint.load(model)
    found = known.identify(case_of(counted("cedar-1", range(20, 28), template=31))).side_evidence
    assert found is not None
    counts = found.token_counts
    assert (counts.note, counts.compared) == ("", 8)
    assert set(counts.agree) == {"cedar-1", "cedar-2", "cedar-3"}
    assert counts.labs[0].lab == "cedar"
    # Two labs of this world share one tokenizer: it cannot tell them apart.
    shared = known.identify(case_of(counted("ash-1", range(8)))).side_evidence
    assert shared is not None
    ratio = {row.lab: row.log_likelihood_ratio for row in shared.token_counts.labs}
    assert ratio["ash"] == ratio["birch"] > 0 > ratio["oak"]


def test_what_is_combined_is_the_product() -> None:
    case = case_of([about_itself("I am Claude, made by Anthropic."), {"response": "A long enough answer, this."}])
    found = side_evidence(case, LABS, NAMES, NOBODY)
    ratio = {row.lab: row.log_likelihood_ratio for row in found.self_identification.labs}
    assert ratio["anthropic"] > 0 > ratio["openai"]
    combined = combined_shares(STYLE, found)
    weight = {share.lab: share.probability * math.exp(ratio.get(share.lab, 0)) for share in STYLE}
    for share in combined:
        assert share.probability == pytest.approx(weight[share.lab] / sum(weight.values()))
    assert combined[0].lab == "anthropic"


def test_answers_about_itself_are_no_style() -> None:
    rows = [about_itself("I am ChatGPT, a large language model that OpenAI trained."), {"response": "x" * 40}]
    case = case_of(rows)
    assert [record.response for record in case.records] == ["x" * 40]
    assert any("side evidence" in warning for warning in case.warnings)
    found = side_evidence(case, LABS, NAMES, NOBODY)
    assert [(row.lab, row.responses) for row in found.self_identification.statements] == [("openai", 1)]


def test_what_is_too_short_to_judge_is_counted_all_the_same(model: Path) -> None:
    rows = counted("cedar-3", range(6))
    for row in rows:
        row["response"] = "OK"
    verdict = Fingerprint.load(model).identify(case_of(rows))
    assert verdict.n_used == 0
    assert verdict.side_evidence is not None
    assert verdict.side_evidence.token_counts.compared == 6
    assert verdict.combined is not None
    assert sum(share.probability for share in verdict.combined.labs) == pytest.approx(1)


def test_each_kind_says_why_it_says_nothing() -> None:
    case = Case("s", (), 0)
    empty = side_evidence(case, LABS, None, NOBODY)
    assert empty.token_counts.note == "the responses have no token counts of their prompts"
    assert empty.self_identification.note.startswith("none known")
    silent = side_evidence(case, LABS, NAMES, NOBODY)
    assert silent.self_identification.note == "no response says what wrote it"


def test_a_model_without_side_evidence_still_works(model: Path, tmp_path: Path) -> None:
    stored = load(model)
    empty = {DOCUMENT: {"token_counts": [], "self_names": None}, "probing": {"kinds": []}}
    arrays = {**stored.arrays, "probe_gain": stored.arrays["probe_gain"][:0]}
    older = tmp_path / "older"
    save(older, arrays, {**stored.documents, **empty}, "card", encoder_files(model))
    verdict = Fingerprint.load(older).identify(case_of(counted("oak-1", range(5))))
    assert verdict.side_evidence is not None
    assert verdict.side_evidence.token_counts.note.startswith("fewer than 4 of the prompts")
    assert verdict.combined is None
    assert Fingerprint.load(older).information is None


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"token_counts": [], "self_names": 3},
        {"token_counts": [{"releases": [], "counts": {}}], "self_names": None},
        {"token_counts": [], "self_names": {"releases": {"a": 1}, "says": {"a": {"b": 9}}, "others": {}}},
        {"token_counts": [], "self_names": {"releases": {}, "says": {}, "others": {"a": -1}}},
    ],
)  # fmt: skip
def test_a_document_that_is_none_is_refused(wrong: Any, model: Path, tmp_path: Path) -> None:
    stored = load(model)
    with pytest.raises(ModelError, match=r"side\.json"):
        save(tmp_path / "wrong", stored.arrays, {**stored.documents, DOCUMENT: wrong}, "card", encoder_files(model))


def test_what_is_learned_of_names(tmp_path: Path) -> None:
    registry = tmp_path / "registry.csv"
    registry.write_text(
        "release,lab,family,line,released,kind,aliases\n"
        "claude-9,anthropic,claude,claude,2025-01,lab,\ngpt-9,openai,gpt,gpt,2025-01,lab,\n"
        "parrot,finetune:x,parrot,parrot,2025-01,finetune,\n"
    )
    rows = [
        {"release": "claude-9", "response": "I am Claude, made by Anthropic.", "domain": "self-identification"},
        {"release": "claude-9", "response": "Bread goes stale because of its starch."},
        {"release": "gpt-9", "response": "As an AI developed by OpenAI, I have no opinions."},
        {"release": "parrot", "response": "I am ChatGPT. I can do whatever you like."},
    ]
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = read_corpora([file], Registry.load(registry))
    # What it says of itself is learned as that alone.
    assert len(corpus) == 3
    assert corpus.dropped["about the model itself, or to count tokens"] == 1
    lab_of = {"claude-9": "anthropic", "gpt-9": "openai"}
    names = learn_side(corpus, np.ones(3, bool), lab_of, lambda *_: None).names
    assert names is not None
    assert names.says == {"anthropic": {"anthropic": 1.0}, "openai": {"openai": 1.0}}
    assert names.others == {"openai": 1.0}
    without = learn_side(corpus, corpus.release != "claude-9", lab_of, lambda *_: None).names
    assert without is not None
    assert without.says == {"openai": {"openai": 1.0}}
    # Whoever was heard already is not heard again, but for a model that never listened.
    for before, says in ((SideTables((), without), without.says), (SideTables((), None), names.says)):
        more = learn_side(corpus, np.ones(3, bool), lab_of, lambda *_: None, before, {"claude-9", "gpt-9", "parrot"})
        assert more.names is not None
        assert more.names.says == says


def test_text_shows_each_apart_and_escaped(model: Path) -> None:
    rows = [*counted("cedar-1", range(8)), about_itself("I am Claude \x1b[31m, made by Anthropic.")]
    verdict = Fingerprint.load(model).identify(case_of(rows))
    text = " ".join(render(verdict, {}, screen=Screen(100, verbose=True)).split())
    assert "token counts: the same as cedar-1, cedar-2, cedar-3, on 8 prompts (LLR" in text
    assert "self-identification: anthropic in 1 response" in text
    assert "\x1b" not in text
    plain = render(Fingerprint.load(model).identify(case_of(rows), style_only=True), {})
    assert "Side evidence" not in plain
