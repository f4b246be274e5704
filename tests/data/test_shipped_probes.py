from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations

import pytest

from fingerprint.base.files import data_dir
from fingerprint.data.probes import Probe, ProbeSet, listed, load_probes
from fingerprint.data.simulation import MOST_RESULT_BYTES, size

# What the sets must hold, by the domain or the language of their probes.
FEWEST = {
    "everyday": 12, "explanation": 12, "advice": 12, "opinion": 12, "creative": 12, "reasoning": 12, "code": 12,
    "tool-use": 8, "agent-toolcalls": 12, "agent-coding": 6,
    "format": 10, "refusal-edge": 10, "self-identification": 8, "token-counts": 16,
    "de": 8, "zh": 8, "ja": 8, "es": 8, "fr": 8, "ru": 8,
}  # fmt: skip
TOOLS = ("tool-use", "agent-toolcalls", "agent-coding")
APART = {"identity": "self-identification", "tokens": "token-counts"}


@pytest.fixture(scope="module")
def sets() -> dict[str, ProbeSet]:
    return {name: load_probes(name) for name in listed()}


def probes(sets: dict[str, ProbeSet]) -> list[Probe]:
    return [probe for some in sets.values() for probe in some.probes]


def asked(probe: Probe) -> str:
    return " ".join(content for role, content in probe.messages if role == "user")


def test_there_is_enough_of_every_kind(sets: dict[str, ProbeSet]) -> None:
    apart = {probe.id for name in APART for probe in sets[name].probes}
    kinds = Counter(probe.domain for probe in probes(sets))
    kinds.update(probe.language for probe in probes(sets) if probe.id not in apart)
    assert {kind: kinds[kind] for kind, fewest in FEWEST.items() if kinds[kind] < fewest} == {}
    assert len(probes(sets)) - len(apart) >= 160
    assert len(sets["core"].probes) == 24
    assert len({probe.domain for probe in sets["core"].probes}) >= 8


def test_every_set_is_a_file_and_says_what_it_is_for(sets: dict[str, ProbeSet]) -> None:
    folder = data_dir("corpora") / "probes"
    assert {path.stem for path in folder.glob("*.jsonl")} == set(sets)
    assert all(len(some.purpose) > 25 and some.version for some in sets.values())


def test_every_probe_says_what_it_is(sets: dict[str, ProbeSet]) -> None:
    for probe in probes(sets):
        assert probe.domain in FEWEST, probe.id
        assert probe.domain == "token-counts" or re.fullmatch("[a-z]{2}", probe.language), probe.id
        assert bool(probe.tools) == (probe.domain in TOOLS), probe.id
        assert bool(probe.simulation) == (probe.domain in TOOLS[1:]), probe.id
        json.dumps([dict(tool) for tool in probe.tools])


def test_what_is_no_style_stands_in_sets_of_its_own(sets: dict[str, ProbeSet]) -> None:
    for name, some in sets.items():
        domains = {probe.domain for probe in some.probes}
        assert domains == {APART[name]} if name in APART else not domains & set(APART.values())


def test_ids_are_unique_over_all_sets_and_begin_with_the_set(sets: dict[str, ProbeSet]) -> None:
    ids = Counter(probe.id for probe in probes(sets))
    assert max(ids.values()) == 1
    assert all(probe.id.startswith(f"{name}-") for name, some in sets.items() for probe in some.probes)


def test_no_two_probes_ask_nearly_the_same(sets: dict[str, ProbeSet]) -> None:
    def grams(text: str) -> set[str]:
        return {text[i : i + 4] for i in range(len(text) - 3)} or {text}

    # What token counts are asked with is the same by purpose.
    seen = {p.id: grams(asked(p).casefold()) for p in probes(sets) if p.domain != "token-counts"}
    alike = {
        (a, b): round(len(seen[a] & seen[b]) / len(seen[a] | seen[b]), 2)
        for a, b in combinations(seen, 2)
        if len(seen[a] & seen[b]) > 0.4 * len(seen[a] | seen[b])
    }
    assert alike == {}
    assert len({asked(p) for p in probes(sets)}) == len(probes(sets))


def test_a_probe_of_a_language_is_written_in_it(sets: dict[str, ProbeSet]) -> None:
    scripts = {
        "zh": "[一-鿿]",
        "ja": "[ぁ-んァ-ヶ]",
        "ru": "[а-яё]",
        "de": "[a-zäöüß]",
        "fr": "[a-zéèêàç]",
        "es": "[a-zñáéíóú¿]",
    }
    for probe in probes(sets):
        if script := scripts.get(probe.language):
            assert len(re.findall(script, asked(probe).lower())) > 3, probe.id
    assert not any(re.search("[ぁ-んァ-ヶ]", asked(p)) for p in probes(sets) if p.language == "zh")


def test_every_tool_of_a_task_gives_results_and_tasks_are_tasks(sets: dict[str, ProbeSet]) -> None:
    for probe in sets["agents"].probes:
        assert probe.simulation is not None
        ruled = {rule.tool for rule in probe.simulation.rules}
        assert ruled >= set(probe.simulation.tools) - {"write_file", "edit_file", "read_file"}, probe.id
        # A result behind a rule that fits every call of its tool would never be given.
        for tool in ruled:
            rules = [rule for rule in probe.simulation.rules if rule.tool == tool]
            assert all(rule.arguments for rule in rules[:-1]), probe.id
        assert size(rule.result for rule in probe.simulation.rules) <= MOST_RESULT_BYTES / 2, probe.id
