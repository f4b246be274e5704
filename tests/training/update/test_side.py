from __future__ import annotations

import json
from pathlib import Path

import pytest

from fingerprint.loading import load_model
from fingerprint.side.evidence import SideTables
from fingerprint.side.self_identification import StatementRates
from fingerprint.side.token_counts import KnownTokenizers, compare
from fingerprint.training.update.run import Settings, update
from tests import worlds


def learned(model: Path, corpus: Path, world: Path, out: Path) -> SideTables:
    update(model, [corpus], out, Settings(world / "registry.csv", cache=world / "cache", jobs=1, force=True), quiet)
    return load_model(out).side


def quiet(stage: str, done: int, total: int) -> None:
    pass


def test_token_counts_are_those_of_a_full_training(lesser: Path, model: Path, world: Path, tmp_path: Path) -> None:
    assert {name for t in load_model(lesser).side.tokenizers for name in t.releases}.isdisjoint(("elm-1", "oak-3"))
    found, whole = learned(lesser, world / "corpora", world, tmp_path / "m"), load_model(model).side
    assert {frozenset(t.releases) for t in found.tokenizers} == {frozenset(t.releases) for t in whole.tokenizers}
    for release in ("elm-2", "oak-3", "ash-1"):
        counts = next(t.counts for t in whole.tokenizers if release in t.releases)
        before, after = (compare(counts, KnownTokenizers(tables.tokenizers), worlds.LABS) for tables in (whole, found))
        assert after == pytest.approx(before)


def test_names_of_new_releases_are_heard_and_of_known_ones_no_second_time(
    lesser: Path, world: Path, tmp_path: Path
) -> None:
    rows = [worlds.row(release, f"n-{p}", 7000 + p) for release in ("oak-3", "ash-1") for p in range(12)]
    claims = {"oak-3": "I am ChatGPT, made by OpenAI.", "ash-1": "I am Claude, made by Anthropic."}
    rows += [
        {**worlds.row(name, "who", 1), "response": text, "domain": "self-identification"}
        for name, text in claims.items()
    ]
    corpus = tmp_path / "own.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before, after = load_model(lesser).side.names, learned(lesser, corpus, world, tmp_path / "m").names
    assert before == StatementRates({}, {}, {})
    assert after == StatementRates({"oak": 1}, {"oak": {"openai": 1.0}}, {})
