from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from fingerprint.base.files import data_dir
from fingerprint.base.keys import digest
from fingerprint.data.probes import listed, load_probes
from fingerprint.data.registry import Registry
from fingerprint.data.tokenizers import TABLE, TokenizerTable, users
from fingerprint.errors import InputError


@pytest.fixture(scope="module")
def table() -> TokenizerTable:
    return TokenizerTable.load()


def test_any_two_tokenizers_differ_on_six_of_the_probes(table: TokenizerTable) -> None:
    probes = load_probes("tokens").probes
    assert len(probes) == 24
    rows = [table.prompts[probe.id].counts for probe in probes]
    for one, other in combinations(range(len(table.tokenizers)), 2):
        # A template adds a constant to all counts, and nobody knows which.
        shifts = Counter(row[one] - row[other] for row in rows)
        assert len(rows) - max(shifts.values()) >= 6, (table.tokenizers[one].name, table.tokenizers[other].name)


def test_the_counts_are_of_the_probes_as_they_are(table: TokenizerTable) -> None:
    probes = {probe.id: probe for name in listed() for probe in load_probes(name).probes}
    plain = {name for name, probe in probes.items() if len(probe.messages) == 1 and not probe.tools}
    assert set(table.prompts) == plain
    stale = [name for name in plain if table.prompts[name].digest != digest(probes[name].messages[0][1])]
    # Write them anew: fingerprint corpora tokenizers FOLDER
    assert stale == []


def test_each_probe_of_tokens_asks_for_one_token() -> None:
    for probe in load_probes("tokens").probes:
        assert probe.max_tokens == 1
        text = probe.messages[0][1]
        # No template can merge anything with what tells tokenizers apart.
        assert text.startswith("Reply with") or probe.id == "tokens-bare"
        assert text.endswith("\n\nEnd")


def test_every_user_is_in_the_registry_and_has_one_tokenizer(table: TokenizerTable) -> None:
    registry = Registry.load()
    named = Counter(name for one in table.tokenizers for name in users(one.users, registry))
    named.update(users(table.elsewhere, registry).keys())
    assert [name for name, count in named.items() if count > 1] == []
    assert all(one.sources and all(source.licence for source in one.sources) for one in table.tokenizers)


def test_a_table_is_read_as_it_was_written(table: TokenizerTable, tmp_path: Path) -> None:
    path = tmp_path / TABLE
    path.write_bytes(table.encode())
    assert TokenizerTable.load(path) == table
    assert (data_dir("corpora") / TABLE).read_bytes() == table.encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompts": {"a": {"digest": "d", "counts": [1, 2]}}}, "has 2 counts"),
        ({"prompts": {"a": {"digest": "d", "counts": ["many"]}}}, "is no table"),
        ({"prompts": {"a": {"digest": "d"}}}, "is no table"),
        ({"strange": 1}, "is no table"),
        ({"tokenizers": 3}, "is no table"),
    ],
)
def test_a_table_that_is_none_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / TABLE
    path.write_text(json.dumps({"tokenizers": [], "elsewhere": {}, "prompts": {}} | change))
    with pytest.raises(InputError, match=said):
        TokenizerTable.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        TokenizerTable.load(tmp_path / "none.json")


def test_a_name_is_a_release_before_it_is_a_family() -> None:
    registry = Registry.load()
    assert users({"microsoft": ("phi-4",)}, registry) == {"phi-4": "microsoft"}
    assert set(users({"anthropic": ("claude-2",)}, registry).values()) == {"anthropic"}
    with pytest.raises(InputError, match="no release or family of 'openai'"):
        users({"openai": ("phi-4",)}, registry)
