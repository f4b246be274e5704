from __future__ import annotations

import numpy as np

from fingerprint.base.keys import prompt_digest
from fingerprint.config import ProbingConfig
from fingerprint.data.probes import Probe, ProbeSet
from fingerprint.model.prompts import PromptTable, codes_of
from fingerprint.probing.known import KnownPrompts, once_each
from tests.probing.test_choice import KINDS, information

CONFIG = ProbingConfig()
# Prompt, corpus, kind, bytes of an answer, releases, whole, gain.
ROWS = [
    ("short", "talk", 0, 400, 9, True, 1.0),
    ("long", "talk", 0, 40_000, 9, True, 1.0),
    ("telling", "talk", 0, 400, 9, True, 2.0),
    ("frame", "talk", 0, 400, 9, False, 5.0),
    ("alone", "talk", 0, 400, 1, True, 5.0),
    ("sort", "programs", 1, 400, 9, True, 1.0),
    ("rhyme", "verses", 2, 400, 9, True, 1.0),
]


def prompts() -> KnownPrompts:
    corpora = sorted({row[1] for row in ROWS})
    columns = list(zip(*ROWS, strict=True))
    table = PromptTable(
        tuple(corpora), tuple(KINDS), codes_of([prompt_digest(text) for text in columns[0]]),
        corpus=np.array([corpora.index(name) for name in columns[1]]), kind=np.array(columns[2]),
        size=np.full(len(ROWS), 40), answer_size=np.array(columns[3], float), answers=np.array(columns[4]) * 2,
        releases=np.array(columns[4]), whole=np.array(columns[5]), gain=np.array(columns[6]),
    )  # fmt: skip
    return KnownPrompts(table.of(np.lexsort((table.corpus, table.hash))), information(), CONFIG)


def probes(*texts: str) -> ProbeSet:
    made = [Probe(text, (("user", text),), language="xx", domain="own") for text in texts]
    return ProbeSet("some", "", "", "", tuple(made))


def test_corpora_are_ranked_by_what_they_tell_about_the_labs_in_question() -> None:
    assert prompts().corpora(np.array([0.5, 0.5, 0.0]))[0] == "programs"
    assert prompts().corpora(np.array([0.0, 0.5, 0.5]))[0] == "verses"
    # Neither code nor verses tell the first lab from the last one.
    assert prompts().corpora(np.array([0.5, 0.0, 0.5])) == ["talk"]


def test_prompts_get_the_kind_that_the_model_knows_them_by() -> None:
    some = probes("short", "sort", "frame", "alone", "never seen")
    found = prompts().known(some, only=False).probes
    assert [(one.domain, one.language) for one in found] == [KINDS[0], KINDS[1], KINDS[0], KINDS[0], ("own", "xx")]
    # What is not whole, or answered by too few releases, is not asked.
    assert [one.id for one in prompts().known(some, only=True).probes] == ["short", "sort"]


def test_probes_of_side_evidence_stay_so_though_a_corpus_has_their_prompt() -> None:
    own = ProbeSet("some", "", "", "", (Probe("a", (("user", "short"),), domain="token-counts"),))
    assert prompts().known(own, only=False) == own


def test_what_tells_more_for_less_is_worth_more() -> None:
    worth = prompts().worth([probes("short", "long", "telling", "never seen")])
    short, long, telling = (worth[prompt_digest(text)] for text in ("short", "long", "telling"))
    assert prompt_digest("never seen") not in worth
    assert telling == 2 * short
    # 100 tokens and 10,000, each beside the 500 of a request and a fifth of the ten that are sent.
    assert short / long == (500 + 10_000 + 2) / (500 + 100 + 2)


def test_a_prompt_of_several_sets_is_in_the_first() -> None:
    one, other = probes("Name a river.", "Name a hill."), probes("Name  a\nriver.", "Name a lake.", "Name a lake. ")
    apart = ProbeSet(
        "apart",
        "",
        "",
        "",
        tuple(Probe(text, (("user", text),), domain="token-counts") for text in ("Name a hill.", " ")),
    )
    found = once_each([one, other, apart, apart])
    assert [[probe.id for probe in some.probes] for some in found] == [
        ["Name a river.", "Name a hill."], ["Name a lake."], ["Name a hill.", " "], [],
    ]  # fmt: skip


def test_chats_of_several_turns_are_no_known_prompt() -> None:
    chat = Probe("short", (("system", "Be brief."), ("user", "short")))
    assert prompts().known(ProbeSet("some", "", "", "", (chat,)), only=True).probes == ()
