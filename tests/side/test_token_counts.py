from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.side.token_counts import (
    FEWEST,
    KnownTokenizers,
    Tokenizer,
    agree,
    compare,
    group_by_tokenizer,
    one_count_each,
    residuals,
)

SIZES = {f"tokens-{i}": 10 + 3 * i for i in range(12)}
LABS = ["ash", "birch", "cedar"]


def counted(tokenizer: int, template: int = 0) -> dict[str, int]:
    rng = np.random.default_rng(tokenizer)
    return {key: size + template + int(rng.integers(-4, 5)) for key, size in SIZES.items()}


def known() -> list[Tokenizer]:
    releases = {"ash-1": counted(1, 5), "ash-2": counted(1, 40), "birch-1": counted(2, 7), "cedar-1": counted(3)}
    return group_by_tokenizer(releases, {"ash-1": "ash", "ash-2": "ash", "birch-1": "birch", "cedar-1": "cedar"})


def test_counts_are_compared_up_to_a_constant() -> None:
    assert agree(counted(1), counted(1, 123))
    assert not agree(counted(1), counted(2))
    assert set(residuals(counted(1), counted(1, 9)).values()) == {0}


def test_releases_with_one_tokenizer_stand_together() -> None:
    assert [dict(t.releases) for t in known()] == [
        {"ash-1": "ash", "ash-2": "ash"}, {"birch-1": "birch"}, {"cedar-1": "cedar"},
    ]  # fmt: skip


def test_the_lab_whose_tokenizer_it_is() -> None:
    found = compare(counted(2, 77), KnownTokenizers(known()), LABS)
    assert found is not None
    assert found.agree == ("birch-1",)
    assert found.llr["birch"] > 1
    assert found.llr["ash"] < 0
    # More releases with that one tokenizer make another less likely.
    assert found.llr["ash"] < found.llr["cedar"] < 0


def test_a_new_tokenizer_speaks_against_labs_that_keep_theirs() -> None:
    found = compare(counted(9, 3), KnownTokenizers(known()), LABS)
    assert found is not None
    assert found.agree == ()
    assert found.llr["ash"] < found.llr["cedar"] < 0


def test_a_provider_that_counts_one_prompt_otherwise_does_not_spoil_it() -> None:
    counts = counted(2, 77)
    counts["tokens-3"] += 2
    found = compare(counts, KnownTokenizers(known()), LABS)
    assert found is not None
    assert found.agree == ("birch-1",)
    assert max(found.llr, key=found.llr.__getitem__) == "birch"


def test_a_tokenizer_that_several_labs_have_tells_less() -> None:
    alone = compare(counted(2), KnownTokenizers(known()), LABS)
    releases = {"ash-1": counted(1), "birch-1": counted(2), "cedar-1": counted(2, 4)}
    shared = compare(
        counted(2),
        KnownTokenizers(group_by_tokenizer(releases, {"ash-1": "ash", "birch-1": "birch", "cedar-1": "cedar"})),
        LABS,
    )
    assert alone is not None
    assert shared is not None
    assert shared.llr["birch"] == pytest.approx(shared.llr["cedar"])
    assert alone.llr["birch"] > shared.llr["birch"] > 0


def test_evidence_stays_bounded_however_many_prompts() -> None:
    many = {f"{i}|": i % 50 + 5 for i in range(500)}
    releases = {"ash-1": many, "birch-1": {k: v + hash(k) % 3 for k, v in many.items()}}
    found = compare(many, KnownTokenizers(group_by_tokenizer(releases, {"ash-1": "ash", "birch-1": "birch"})), LABS)
    assert found is not None
    assert all(abs(ratio) < 5 for ratio in found.llr.values())
    assert found.llr["cedar"] == 0


def test_other_prompts_and_too_few_say_nothing() -> None:
    few = dict(list(counted(2).items())[: FEWEST - 1])
    assert compare(few, KnownTokenizers(known()), LABS) is None
    assert compare({f"other-{key}": n for key, n in counted(2).items()}, KnownTokenizers(known()), LABS) is None
    assert compare(counted(2), KnownTokenizers([]), LABS) is None


def test_one_system_prompt_at_a_time() -> None:
    rows = [("", "a", 10), ("", "b", 20), ("", "a", 10), ("", "a", 12), ("pirate", "a", 90)]
    assert one_count_each(rows) == {"a": 10, "b": 20}
    assert one_count_each([]) == {}


def test_what_is_counted_later_joins_what_it_agrees_with() -> None:
    later = {"ash-3": {**counted(1, 9), "later": 50}, "cedar-2": counted(4)}
    found = group_by_tokenizer(later, {"ash-3": "ash", "cedar-2": "cedar"}, known())
    assert [set(t.releases) for t in found] == [{"ash-1", "ash-2", "ash-3"}, {"birch-1"}, {"cedar-1"}, {"cedar-2"}]
    # In the constant of those that were there.
    assert found[0].counts == {**known()[0].counts, "later": 50 + 5 - 9}
    assert found[1:3] == known()[1:]
    assert group_by_tokenizer({"ash-2": counted(1, 40)}, {"ash-2": "ash"}, known()) == known()


def test_a_provider_that_rounds_its_counts() -> None:
    for step in (5, 10):
        counts = {key: -(-count // step) * step for key, count in counted(2, 77).items()}
        found = compare(counts, KnownTokenizers(known()), LABS)
        assert found is not None
        assert max(found.llr, key=found.llr.__getitem__) == "birch"
        assert found.llr["birch"] > 1


def test_a_count_without_what_was_cached_does_not_spoil_it() -> None:
    counts = counted(2, 777)
    counts["tokens-5"] -= 512
    found = compare(counts, KnownTokenizers(known()), LABS)
    assert found is not None
    assert found.agree == ("birch-1",)
    assert found.llr["birch"] > 1


def test_labs_whose_tokenizers_do_not_fit_are_ruled_out() -> None:
    found = compare(counted(2, 77), KnownTokenizers(known(), {"oak": 3}), [*LABS, "oak", "elm"])
    assert found is not None
    # Nothing is known about elm. Oak has a tokenizer of its own, which counts as birch's does by chance alone.
    assert set(found.ruled_out) == {"ash", "cedar", "oak"}
    new = compare(counted(9, 3), KnownTokenizers(known(), {"oak": 3}), [*LABS, "oak"])
    assert new is not None
    assert set(new.ruled_out) == set(LABS)
    assert new.llr["oak"] > max(new.llr[lab] for lab in LABS)


@given(st.integers(0, 500), st.integers(1, 9), st.sampled_from([1, 2, 3]))
def test_no_template_changes_the_evidence(template: int, step: int, tokenizer: int) -> None:
    table = KnownTokenizers(known())
    here, there = (compare(counted(tokenizer, n), table, LABS) for n in (template, template + step))
    assert here is not None
    assert there is not None
    assert here.tokenizers == there.tokenizers
    assert max(here.llr, key=here.llr.__getitem__) == max(there.llr, key=there.llr.__getitem__)
