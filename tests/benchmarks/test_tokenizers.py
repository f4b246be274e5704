from __future__ import annotations

import numpy as np
import pytest

from benchmarks.combined import Replayed, World, rates
from benchmarks.tokenizers.__main__ import exact, session, tens
from benchmarks.tokenizers.choose import chosen, differing
from benchmarks.tokenizers.pool import AFTER, BARE, BEFORE, POOL, Group
from fingerprint.data.probes import load_probes
from fingerprint.data.registry import Registry
from fingerprint.data.tokenizers import TokenizerTable
from fingerprint.model.verdict import UNKNOWN
from fingerprint.side.evidence import SideTables
from fingerprint.side.self_identification import StatementRates


def test_a_constant_is_no_difference() -> None:
    assert differing([10, 20, 30], [17, 27, 37]) == 0
    assert differing([10, 20, 30], [17, 27, 38]) == 1


def test_prompts_are_chosen_that_separate_the_closest_pair() -> None:
    # "same" separates no pair; "split" separates the two tokenizers that "far" cannot.
    counts = {"bare": [1, 1, 1], "same": [5, 5, 5], "far": [9, 9, 30], "split": [4, 8, 40]}
    groups = (Group(2, dict.fromkeys(["same", "far", "split"], "")),)
    assert chosen(counts, "bare", groups) == ["bare", "split", "far"]
    assert chosen(counts, "bare", (Group(1, {"far": ""}), Group(1, {"same": "", "split": ""})))[1] == "split"


def test_the_probes_are_texts_of_the_pool() -> None:
    texts = {name: text for group in POOL for name, text in group.texts.items()} | {"bare": BARE}
    probes = load_probes("tokens").probes
    assert len(probes) == 1 + sum(group.chosen for group in POOL)
    for probe in probes:
        assert probe.messages[0][1] == BEFORE + texts[probe.id.removeprefix("tokens-")] + AFTER


@pytest.mark.parametrize("noise", [exact, tens])
def test_a_session_names_the_suspect_or_nobody(noise: object) -> None:
    table = TokenizerTable.load()
    known = SideTables((), None).known_tokenizers(table, Registry.load())
    at = [one.name for one in known.tokenizers].index("o200k")
    counts = {name: prompt.counts[at] for name, prompt in table.prompts.items()}
    found = session(counts, known, ["openai", "google"], noise, np.random.default_rng(0))  # type: ignore[arg-type]
    assert (found.named, found.ruled_out) == (("o200k",), ("google",))


def test_a_case_is_replayed_without_what_it_leaves_out() -> None:
    names = StatementRates({"openai": 4, "google": 4}, {"openai": {"openai": 4}, "google": {"google": 4}}, {})
    case = {"release": "gpt-5", "kind": "unseen", "expect": "any", "responses": 10, "weight": 1.0,
            "labs": {"openai": 0.3, "google": 0.4, "alibaba": 0.2, UNKNOWN: 0.1}}  # fmt: skip
    found = World(names, np.random.default_rng(0)).replay(case)
    assert found is not None
    assert found.public
    # By style google is first; the counts are those of gpt-4o too.
    assert found.right["style"][2] == "google"
    assert found.right["none"][2] == "openai"
    gone = World(names, np.random.default_rng(0)).replay({**case, "kind": "unknown"})
    assert gone is not None
    assert gone.right["none"][1] < found.right["none"][1]
    assert World(names, np.random.default_rng(0)).replay({**case, "release": "no-such"}) is None


def test_rates_need_enough_cases_and_releases() -> None:
    def row(i: int) -> Replayed:
        right = dict.fromkeys(("style", "none"), (i % 4 > 0, 0.9 if i % 2 else 0.4, "openai"))
        return Replayed("unseen", "any", 10, f"r{i % 24}", 1.0, True, right)

    found = rates([row(i) for i in range(96)], 0.5)
    assert found is not None
    # Odd numbers are above the limit, and none of them is a multiple of four.
    assert (found.cases, found.share, found.wrong) == (48, 0.5, 0.0)
    assert rates([row(i) for i in range(40)], 0.5) is None
