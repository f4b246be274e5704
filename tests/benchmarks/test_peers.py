"""Each peer on a toy corpus of two releases that write differently, and what is read off its scores."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from benchmarks.peers import catalogue
from benchmarks.peers.cases import Cases, case_verdict, rows_of, verdict_lines
from benchmarks.peers.delta import Delta
from benchmarks.peers.fast import FastText
from benchmarks.peers.linear import Pan, TfidfSvm
from benchmarks.peers.minilm import Encoder
from benchmarks.peers.page import Conditions, losses, page
from benchmarks.peers.peer import Peer, folds
from benchmarks.peers.run import OURS, SAME_ROWS, Settings
from benchmarks.peers.stealth import FUNCTION_WORDS, MARKERS, WIDTH, Stealth, features, without_prompts

TOPICS = ("the river", "a garden", "old trains", "winter bread", "the harbour", "small engines", "glass", "the moon")


def write(release: str, topic: str, draw: int) -> str:
    """Release `a` hedges in long sentences, `b` shouts in lists."""
    if release == "a":
        return f"However, one might perhaps say of {topic} that it is, in part, what it seems to be ({draw} times)."
    return f"**{topic.upper()}!**\n\n- Great! Here you go: {topic}\n- Sure! Number {draw}!\n- Absolutely amazing!"


def toy(draws: int = 3) -> tuple[list[str], list[str], list[str], list[str]]:
    rows = [(r, t, d) for r in "ab" for t in TOPICS for d in range(draws)]
    return [write(*row) for row in rows], [t for _, t, _ in rows], ["toy"] * len(rows), [r for r, _, _ in rows]


def fitted(name: str) -> Peer:
    needs = catalogue.kind(name).needs
    if needs and importlib.util.find_spec(needs[0]) is None:
        pytest.skip(f"wants {needs[1]}, which is not installed")
    return catalogue.make(name).fit(*toy())


@pytest.mark.parametrize("name", catalogue.PEERS)
def test_a_peer_tells_two_releases_apart_and_keeps_it_when_saved(name: str, tmp_path: Path) -> None:
    peer = fitted(name)
    asked = [write(release, "a quiet street", 9) for release in "abab"]
    found = peer.scores(asked)
    assert peer.releases == ["a", "b"]
    assert found.shape == (4, 2)
    assert found.argmax(axis=1).tolist() == [0, 1, 0, 1]
    if peer.lab_by == "sum":
        assert np.exp(found).sum(axis=1) == pytest.approx(np.ones(4), abs=1e-3)
    joblib.dump(peer, tmp_path / "peer.joblib")
    assert joblib.load(tmp_path / "peer.joblib").scores(asked) == pytest.approx(found, abs=1e-5)


def test_a_peer_answers_texts_that_hold_nothing_it_knows() -> None:
    for peer in (TfidfSvm().fit(*toy()), Pan().fit(*toy()), Stealth().fit(*toy())):
        assert np.isfinite(peer.scores(["", "日本語だけ", "\0 1 2 3"])).all()


def test_delta_answers_texts_without_words() -> None:
    pytest.importorskip("faststylometry", reason="wants faststylometry, which is not installed")
    assert np.isfinite(Delta().fit(*toy()).scores(["", "123 456"])).all()


def test_delta_is_what_its_package_computes() -> None:
    package = pytest.importorskip("faststylometry", reason="wants faststylometry, which is not installed")
    texts, prompts, corpora, releases = toy()
    peer = Delta().fit(texts, prompts, corpora, releases)
    tokens = [package.tokenise_remove_pronouns_en(text) for text in texts]
    asked = [package.tokenise_remove_pronouns_en(write("a", "some lamps", 1))]
    theirs = package.calculate_burrows_delta(
        package.Corpus(releases, [str(i) for i in range(len(texts))], tokens),
        package.Corpus(["?"], ["0"], asked), vocab_size=peer.chosen["vocab_size"], tok_match_pattern=r"^[^\W\d_]+$",
    )  # fmt: skip
    assert peer._deltas(asked)[0] == pytest.approx(np.nan_to_num(theirs.to_numpy()[:, 0]))


def test_fasttext_takes_a_label_in_a_text_for_text() -> None:
    pytest.importorskip("fasttext", reason="wants fasttext-numpy2, which is not installed")
    texts, *rest = toy()
    peer = FastText().fit([f"__label__b {text}" for text in texts], *rest)
    assert peer.scores([write("a", "a quiet street", 9)]).argmax() == 0


def test_embeddings_are_kept_with_what_they_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Encoder, "_new", lambda self, texts: np.ones((len(texts), 3), np.float32))
    Encoder(tmp_path).encode(["one", "two"])
    monkeypatch.setattr(Encoder, "_new", lambda self, texts: pytest.fail("encoded again"))
    again = Encoder(tmp_path)
    assert again.encode(["one", "two"]).shape == (2, 3)
    assert again.spent.seconds > 0
    assert again.spent.megabytes > 0


def test_the_stealth_lab_has_460_features() -> None:
    assert (len(FUNCTION_WORDS), len(set(FUNCTION_WORDS)), len(MARKERS), WIDTH) == (130, 130, 30, 460)
    assert features(["", "Hello.", "However, **yes**!\n\n- so it is"]).shape == (3, 460)


def test_what_a_prompt_does_to_all_its_releases_is_taken_away() -> None:
    x = np.array([[1.0], [3.0], [3.0], [9.0]])
    prompts, release = np.array(["p", "p", "p", "q"]), np.array([0, 1, 1, 0])
    assert without_prompts(x, prompts, release).ravel().tolist() == [-1, 1, 1, 9]


def test_no_prompt_is_on_both_sides_of_a_split() -> None:
    prompts = [f"p{i % 7}" for i in range(40)]
    for learn, ask in folds(prompts):
        assert not {prompts[i] for i in learn} & {prompts[i] for i in ask}


def test_rows_are_spread_over_corpora() -> None:
    release, corpus = np.array(["a"] * 20 + ["b"] * 5), np.array(["x"] * 18 + ["y"] * 2 + ["x"] * 5)
    at = rows_of(release, corpus, ["a", "b"], 6)
    assert sorted(corpus[at[at < 20]].tolist()) == ["x"] * 4 + ["y"] * 2
    assert (at >= 20).sum() == 5
    assert at.tolist() == rows_of(release, corpus, ["a", "b"], 6).tolist()


def test_a_lab_is_read_as_the_peer_says() -> None:
    scores, lab_of = np.log([0.4, 0.35, 0.25]), {"a": "one", "b": "two", "c": "two"}
    best = case_verdict(Stealth, scores, ["a", "b", "c"], lab_of)
    together = case_verdict(Pan, scores, ["a", "b", "c"], lab_of)
    assert [best["labs"][0]["lab"], together["labs"][0]["lab"]] == ["one", "two"]
    assert [best["verdict"], together["verdict"]] == ["attributed", "unknown"]
    assert together["labs"][0]["probability"] == pytest.approx(0.6)


def test_a_case_is_the_mean_of_its_responses() -> None:
    cases = Cases([{"file": "f"}], ["s", "t", "u"], [np.array([0, 2])])
    scores = np.array([[0.0, 1], [9, 0], [3, 0]])
    line = verdict_lines(Stealth, scores, ["a", "b"], {"a": "one", "b": "two"}, cases)
    assert json.loads(line)["releases"][0] == {"release": "a", "probability": 1.5}


def result(name: str, lab: float, seconds: float) -> dict[str, object]:
    row = {
        "protocol": "same-set",
        "cases": 3,
        "lab macro": lab,
        "lab top-1": 0.5,
        "release top-1": None,
        "release top-5": None,
        # The words of the bench's own script.
        "claimed": 0.8,
        "false claims": 0.25,
    }
    return {
        "name": name,
        "score": "s",
        "lab_by": "best",
        "abstains": name == OURS,
        "size": 1.0,
        "cold": [(seconds, 100.0)],
        "figures": [{**row, "n": 1}, {**row, "n": 5}],
    }


def test_the_page_says_where_fingerprint_loses() -> None:
    found: dict[str, Any] = {
        "rows": 6, "releases": 2, "labs": 2, "cases": 3, "responses": 9, "versions": {"numpy": "1"},
        "peers": {"svm": result("SVM", 0.7, 3), "stealth": result("Stealth", 0.4, 1), OURS: result(OURS, 0.6, 2),
                  SAME_ROWS: result("ours, the same rows", 0.3, 2)},
    }  # fmt: skip
    assert losses(found, OURS) == [("same-set", 5, "lab macro", 0.6, "SVM", 0.7)]
    settings = Settings(Path(), Path(), Path(), 3, None, 1, Path())
    text = page(found, Conditions("python -m benchmarks.peers", "2026-01-01", "CPU", 2, 0.1), settings)
    assert "| same-set | 5 | lab macro | 0.600 | SVM | 0.700 |" in text
    assert "| SVM | 3.00 s | 1.5 | 100 MB | 1.0 | 1 MB | - | - |" in text
    assert "| same-set | 5 | lab macro | 0.300 | Stealth | 0.400 |" in text
    assert f"| {OURS} | same-set | 5 | 0.800 | 0.250 |" in text
    found["peers"].pop("svm")
    assert "fingerprint: nowhere" in page(found, Conditions("", "", "", 2, 0.1), settings)
