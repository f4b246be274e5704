from __future__ import annotations

import math
from pathlib import Path

import pytest

from fingerprint.comparison.phrases import log_odds, phrases_between, phrases_for_and_against
from fingerprint.data.phrase_table import PhraseTable
from fingerprint.errors import InputError
from fingerprint.features.phrases import count_phrases, phrase_occurrences, phrases_of

TABLE = PhraseTable(
    words=100_000,
    phrases=("the", "it's", "worth noting", "worth", "however"),
    labs=("ash", "oak"),
    observed=((6000, 3000), (900, 100), (300, 20), (310, 40), (20, 400)),
    expected=((6000.0, 3000.0), (600.0, 400.0), (190.0, 130.0), (200.0, 150.0), (250.0, 170.0)),
)


def test_phrases_stay_within_sentences_and_out_of_code() -> None:
    assert list(phrases_of("It’s late. Go home")) == ["it's", "late", "it's late", "go", "home", "go home"]
    assert list(phrases_of("a `code` b\n```py\nreturn x\n```")) == ["a", "b"]
    assert "one two three" in set(phrases_of("One, two three"))
    assert count_phrases(["a b", "a"]).words == 3
    assert count_phrases(["a b", "a"]).counts["a"] == 2


def test_a_phrase_is_found_as_it_was_counted() -> None:
    text = "It’s worth  noting; worthless. It's worth,\nnoting"
    assert [text[a:b] for a, b in phrase_occurrences("worth noting", text)] == ["worth  noting", "worth,\nnoting"]
    assert [text[a:b] for a, b in phrase_occurrences("it's", text)] == ["It’s", "It's"]
    assert phrase_occurrences("a.b", "aXb") == []


def test_log_odds_are_those_of_the_paper() -> None:
    """Equations 15, 16, 19 and 20 of Monroe et al., with a prior of 1,000 words."""
    alpha = 1000 * 0.01
    first, second = (30 + alpha) / (1000 + 1000 - 30 - alpha), (50 + alpha) / (5000 + 1000 - 50 - alpha)
    expected = (math.log(first) - math.log(second)) / math.sqrt(1 / (30 + alpha) + 1 / (50 + alpha))
    assert log_odds((30, 1000), (50, 5000), 0.01) == pytest.approx(expected)
    assert log_odds((50, 5000), (30, 1000), 0.01) == pytest.approx(-expected)
    assert log_odds((10, 1000), (100, 10_000), 0.01) == pytest.approx(0)


def test_what_a_lab_does_more_often_speaks_for_it_and_what_it_does_not_against() -> None:
    case = count_phrases(["It's worth noting that the train is late. It's worth noting that it's the bus too."] * 5)
    for_ash, against_ash = phrases_for_and_against(case, TABLE, "ash", 8)
    assert [one.phrase for one in for_ash] == ["worth noting", "it's"]
    assert against_ash == ()
    for_oak, against_oak = phrases_for_and_against(case, TABLE, "oak", 8)
    assert {one.phrase for one in against_oak} == {"it's", "worth noting"}
    assert for_oak == ()
    assert all(one.z > 0 and one.here > one.population for one in for_ash)
    assert for_ash[0].lab_ratio == pytest.approx(301 / 191)


def test_nothing_is_said_of_a_lab_that_is_not_there_or_of_another_language() -> None:
    english = count_phrases(["the train is worth noting"] * 50)
    assert phrases_for_and_against(english, TABLE, "elm", 8) == ((), ())
    assert phrases_for_and_against(count_phrases([]), TABLE, "ash", 8) == ((), ())
    finnish = count_phrases(["juna on myohassa ja bussi tulee aina ajoissa"] * 50)
    assert phrases_for_and_against(finnish, TABLE, "oak", 8) == ((), ())


def test_two_cases_differ_in_what_one_of_them_uses_more_often() -> None:
    first, second = count_phrases(["the train however is late"] * 40), count_phrases(["the bus it's late"] * 40)
    found = {one.phrase: one for one in phrases_between(first, second, TABLE, 8)}
    assert set(found) == {"however", "it's"}
    assert found["it's"].z > 0 > found["however"].z
    assert found["it's"].second == pytest.approx(250)
    assert phrases_between(first, count_phrases([]), TABLE, 8) == ()


def test_a_table_is_read_as_it_was_written_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    TABLE.write(tmp_path / "t")
    assert PhraseTable.load(tmp_path / "t") == TABLE
    (tmp_path / "t").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no table of phrases"):
        PhraseTable.load(tmp_path / "t")


def test_the_table_that_ships_holds_widespread_phrases_of_many_labs() -> None:
    table = PhraseTable.load()
    assert len(table.phrases) == len(set(table.phrases)) == len(table.observed) == len(table.expected)
    assert {"openai", "anthropic", "google", "alibaba"} <= set(table.labs)
    assert all(sum(row) > 0 for row in table.observed)
    # No training text: nothing is longer than three words.
    assert max(phrase.count(" ") for phrase in table.phrases) == 2
    for row, expected in zip(table.observed, table.expected, strict=True):
        assert sum(expected) == pytest.approx(sum(row), rel=0.01, abs=4)
