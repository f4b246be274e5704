from __future__ import annotations

import pytest

from fingerprint.data.probes import Probe, load_probes
from fingerprint.data.registry import Registry
from fingerprint.data.response import Response
from fingerprint.data.tokenizers import TokenizerTable
from fingerprint.probing.side import MOST, SideChoice, next_prompt
from fingerprint.side.evidence import SideTables
from fingerprint.side.token_counts import FEWEST, KnownTokenizers, Tokenizer


@pytest.fixture(scope="module")
def known() -> KnownTokenizers:
    return SideTables((), None).known_tokenizers(TokenizerTable.load(), Registry.load())


PROBES = [*load_probes("tokens").probes, *load_probes("identity").probes]


def session(known: KnownTokenizers, count: dict[str, int] | None, names: bool = True) -> list[Probe]:
    """What is asked; count: the tokens of each probe, None for a provider that does not count."""
    choice, left, answered, asked = SideChoice(known, names), list(PROBES), list[Response](), list[Probe]()
    while (chosen := choice.next(left, answered)) is not None:
        probe = left.pop(chosen)
        asked.append(probe)
        usage = count and {"prompt_tokens": count[probe.id]} if probe.domain == "token-counts" else None
        answered.append(Response("OK", probe.messages[0][1], probe.id, domain=probe.domain, usage=usage))
    return asked


@pytest.mark.parametrize("tokenizer", range(len(TokenizerTable.load().tokenizers)))
def test_few_prompts_name_a_known_tokenizer(tokenizer: int, known: KnownTokenizers) -> None:
    table = TokenizerTable.load()
    counts = {name: prompt.counts[tokenizer] + 11 for name, prompt in table.prompts.items()}
    asked = session(known, counts)
    assert [probe.domain for probe in asked][-1] == "self-identification"
    assert {probe.domain for probe in asked[:-1]} == {"token-counts"}
    assert FEWEST <= len(asked) - 1 <= MOST
    seen = {table.prompts[probe.id].digest: counts[probe.id] for probe in asked[:-1]}
    ratios = known.likelihood_ratios(seen)
    assert ratios.argmax() == tokenizer
    assert sorted(ratios)[-1] - sorted(ratios)[-2] > 3


def test_counts_are_compared_with_the_shortest_prompt_whatever_its_digest() -> None:
    # Beside "z" only "m" tells the two apart, beside "a" only "n".
    one, other = {"z": 10, "a": 40, "m": 60, "n": 60}, {"z": 10, "a": 50, "m": 70, "n": 60}
    known = KnownTokenizers([Tokenizer({"x": "ash"}, one), Tokenizer({"y": "birch"}, other)])
    assert next_prompt({}, known, ["a", "m", "n", "z"]) == "z"
    assert next_prompt({"a": 45, "z": 10}, known, ["m", "n"]) == "m"
    # A prompt that no tokenizer counted is no base.
    assert next_prompt({"": 45}, known, ["a", "m", "n", "z"]) == "z"


def test_a_provider_that_does_not_count_is_asked_once(known: KnownTokenizers) -> None:
    assert [probe.domain for probe in session(known, None)] == ["token-counts", "self-identification"]


def test_names_are_asked_for_where_they_can_be_compared(known: KnownTokenizers) -> None:
    assert [probe.domain for probe in session(known, None, names=False)] == ["token-counts"]


def test_probes_that_no_tokenizer_counted_are_not_asked() -> None:
    assert [probe.domain for probe in session(KnownTokenizers([]), None)] == ["self-identification"]
