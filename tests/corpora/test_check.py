from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fingerprint.corpora.check.duplicates import NEAR
from fingerprint.corpora.check.features import language, signature
from fingerprint.corpora.check.run import Checked, check, fix
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError
from tests.worlds import SHARED

REGISTRY = """release,lab,family,line,released,kind,aliases
oak-1,oak,oak,oak,2025-03,lab,Oak One|org/oak
oak-2,oak,oak,oak,,lab,
elm-1,elm,elm,elm,2025-03,lab,
"""
WORDS = [
    *SHARED,
    "river",
    "mountain",
    "paper",
    "window",
    "garden",
    "winter",
    "letter",
    "music",
    "bridge",
    "animal",
    "market",
]


def prose(seed: int, count: int = 60) -> str:
    """English of its own: no two seeds are alike."""
    rng = random.Random(seed)
    return " ".join(
        f"The {rng.choice(WORDS)} of the {rng.choice(WORDS)} is not {rng.choice(WORDS)}." for _ in range(count // 8)
    )


def babble(seed: int, words: int = 60) -> str:
    """Words that nobody else says: two seeds share next to nothing."""
    rng = random.Random(f"babble {seed}")
    return " ".join("".join(rng.choices("abcdefghijklmnoprstuvwz", k=rng.randint(2, 9))) for _ in range(words))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    path = tmp_path / "registry.csv"
    path.write_text(REGISTRY)
    return Registry.load(path)


def corpus(path: Path, *rows: dict[str, Any]) -> Path:
    given = [{"release": "oak-1", "prompt": "why?", "prompt_id": "1", "language": "en"} | row for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return path


def looked_at(path: Path, registry: Registry) -> tuple[Checked, dict[str, dict[str, int]]]:
    checked = check([path], registry, 1, lambda *_: None)
    return checked, {f.name: dict(f.cases) for f in checked.findings}


def test_a_clean_corpus_has_no_findings(tmp_path: Path, registry: Registry) -> None:
    path = corpus(tmp_path / "c.jsonl", *({"response": prose(i)} for i in range(25)))
    checked, found = looked_at(path, registry)
    assert (checked.rows, found, checked.fixes.left_out, checked.fixes.changed) == (25, {}, {}, {})


def test_the_same_within_a_release_and_under_two_names(tmp_path: Path, registry: Registry) -> None:
    path = corpus(
        tmp_path / "c.jsonl",
        {"response": prose(1)},
        {"response": f"  {prose(1)}\n"},
        {"response": prose(2)},
        {"response": prose(2), "release": "elm-1"},
        {"response": "The answer is forty-two."},
        {"response": "The answer is forty-two.", "release": "elm-1"},
        {"response": prose(1), "release": "Oak One"},
    )
    checked, found = looked_at(path, registry)
    assert found["the same response of a release again"] == {"oak-1": 2}
    assert found["the same response under two names (pairs)"] == {"elm-1 and oak-1": 2}
    # What is short may be said by two.
    assert sorted(checked.fixes.left_out) == [1, 2, 3, 6]


def test_nearly_the_same(tmp_path: Path, registry: Registry) -> None:
    first = babble(1, 400)
    nearly = first.replace(" ", ", ", 1) + " And so on."
    path = corpus(
        tmp_path / "c.jsonl",
        {"response": first},
        {"response": nearly},
        {"response": nearly.upper(), "release": "elm-1"},
        {"response": babble(2, 400)},
        {"response": first[: len(first) // 3] + babble(3, 400)},
    )
    checked, found = looked_at(path, registry)
    assert found["nearly the same response of a release again"] == {"oak-1": 1}
    assert found["nearly the same response under two names (pairs)"] == {"elm-1 and oak-1": 2}
    assert checked.fixes.left_out == {1: "nearly the same response of the release again"}


def test_similarity_is_estimated_well() -> None:
    """Against Jaccard's own, of texts that share more and less."""
    base = prose(1, 1_000)
    for share in (0.2, 0.5, 0.8, 0.95):
        cut = int(len(base) * share)
        other = base[:cut] + prose(2, 1_000)[cut:]
        a, b = ({t.lower()[i : i + 8] for i in range(len(t) - 7)} for t in (base, other))
        assert (signature(base) == signature(other)).mean() == pytest.approx(len(a & b) / len(a | b), abs=0.12)
    assert (signature(base) == signature(f"I am Claude. {base}".replace("Claude", "ChatGPT"))).mean() > NEAR


def test_nearly_the_same_is_found_among_many(tmp_path: Path, registry: Registry) -> None:
    rows = [{"response": babble(i)} for i in range(600)]
    rows += [{"response": babble(i) + " So it is."} for i in range(50)]
    _, found = looked_at(corpus(tmp_path / "c.jsonl", *rows), registry)
    assert found["nearly the same response of a release again"] == {"oak-1": 50}


def test_labels(tmp_path: Path, registry: Registry) -> None:
    path = corpus(
        tmp_path / "c.jsonl",
        {"response": prose(1), "release": "stranger"},
        {"response": prose(2), "release": "org/oak"},
        {"response": prose(3), "date": "2024-11-05"},
        {"response": prose(4), "timestamp": 1_700_000_000},
        {"response": prose(5), "created_at": "2025-02-27T10:00:00Z"},
        {"response": prose(6), "source_model": "oak-20240105"},
        {"response": prose(7), "source_model": "oak-20260105"},
        {"response": prose(8), "release": "oak-2", "date": "1999-01-01"},
    )
    checked, found = looked_at(path, registry)
    assert found["releases that the registry does not know"] == {"stranger": 1}
    assert found["aliases in place of releases"] == {"org/oak is oak-1": 1}
    assert found["answered before the release came out"] == {"oak-1 (released 2025-03)": 2}
    assert found["names with a date before the release came out"] == {"oak-20240105 is oak-1, released 2025-03": 1}
    assert found["releases with fewer than 20 responses"] == {"oak-1": 6, "oak-2": 1}
    assert checked.fixes.left_out == {0: "a release that the registry does not know"}
    assert checked.fixes.changed == {1: {"release": "oak-1"}}


def test_single_responses(tmp_path: Path, registry: Registry) -> None:
    japanese = "これは日本語で書かれた返答であり、十分な長さがあるので言語がわかります。山の話をしましょう。"
    path = corpus(
        tmp_path / "c.jsonl",
        {"response": "short"},
        {"response": "I'm sorry, but I can't help with that."},
        {"response": prose(1) + "\0"},
        {"response": prose(2), "prompt": " ", "prompt_id": None},
        {"response": prose(3), "prompt": ""},
        {"response": japanese},
        {"response": f"```python\n{japanese}\n```"},
        {"response": prose(4), "language": "de-DE"},
        {"response": prose(5), "language": "English"},
        {"response": "I am Oak, and not Elm of Elm, nor Claude by Anthropic. " + prose(6), "release": "elm-1"},
    )
    checked, found = looked_at(path, registry)
    assert found["under 20 characters"] == {"oak-1": 1}
    assert found["refusals"] == {"oak-1": 1}
    assert found["NUL or lone surrogate characters"] == {"oak-1": 1}
    assert found["empty prompts"] == {"c": 1, "c (nor an id)": 1}
    assert found["wrong language"] == {"c: en is ja": 1, "c: de-DE is en": 1}
    assert found["names of models or labs"] == {"elm-1": 1}
    assert {row: new for row, new in checked.fixes.changed.items() if "language" in new} == {
        5: {"language": "ja"},
        7: {"language": "en"},
    }


def test_names_of_another_lab(tmp_path: Path) -> None:
    path = corpus(
        tmp_path / "c.jsonl",
        {"response": "As an AI by OpenAI I say: " + prose(1), "release": "claude-2.1"},
        {"response": "As Claude I say: " + prose(2), "release": "claude-2.1"},
    )
    _, found = looked_at(path, Registry.load())
    assert found["names of models or labs"] == {"claude-2.1": 2}
    assert found["names of another lab or its models"] == {"claude-2.1 names openai": 1}


def test_a_fixed_copy_has_no_findings_left(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "corpora"
    folder.mkdir()
    rows = [{"response": prose(i)} for i in range(30)]
    corpus(
        folder / "a.jsonl",
        *rows,
        {"response": prose(3)},
        {"response": "no"},
        {"response": prose(50), "release": "Oak One"},
    )
    table = pa.table(
        {
            "temperature": ["0.7", "hot"],
            "release": ["oak-1", "nobody"],
            "response": [prose(40) + "\0", prose(41)],
            "extra": [1, 2],
        }
    )
    pq.write_table(table.replace_schema_metadata({"licence": "MIT", "source": "me/mine"}), folder / "b.parquet")
    checked, _ = looked_at(folder, registry)
    kept, left_out = fix([folder], checked, tmp_path / "clean", lambda *_: None)
    assert (kept, left_out.total()) == (32, 3)
    _, found = looked_at(tmp_path / "clean", registry)
    assert set(found) == {"empty prompts"}
    metadata = pq.read_schema(tmp_path / "clean/b.parquet").metadata
    assert (metadata[b"licence"], metadata[b"source"]) == (b"MIT", b"me/mine")
    assert pq.read_table(tmp_path / "clean/b.parquet")["temperature"].to_pylist() == [0.7]
    assert pq.read_table(tmp_path / "clean/b.parquet")["response"].to_pylist() == [prose(40) + "\ufffd"]
    with pytest.raises(InputError, match="is there already"):
        fix([folder], checked, tmp_path / "clean", lambda *_: None)
    with pytest.raises(InputError, match="is there already"):
        fix([folder], checked, folder, lambda *_: None)
    (tmp_path / "other").mkdir()
    corpus(tmp_path / "other" / "a.jsonl", {"response": prose(1)})
    with pytest.raises(InputError, match="copy of two files"):
        fix([folder, tmp_path / "other"], checked, tmp_path / "new", lambda *_: None)
    assert not (tmp_path / "new").exists()


def test_more_processes_say_the_same(tmp_path: Path, registry: Registry) -> None:
    rows = [{"response": prose(i // 2), "release": ("oak-1", "elm-1")[i % 3 == 0]} for i in range(2_300)]
    path = corpus(tmp_path / "c.jsonl", *rows)
    assert check([path], registry, 1, lambda *_: None).findings == check([path], registry, 2, lambda *_: None).findings


def test_lines_that_cannot_be_read_are_named(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "c.jsonl"
    for line, message in (("{", "not JSON"), ("[1]", "JSON object"), ('{"response": "x"}', "lacks 'release'")):
        path.write_text('{"release": "oak-1", "response": "x"}\n' + line + "\n")
        with pytest.raises(InputError, match=message) as caught:
            looked_at(path, registry)
        assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" * 30, ""),
        ("", ""),
        ("42", ""),
        (prose(1), "en"),
        ("```\n" + prose(1), ""),
        ("Это ответ на русском языке, и он достаточно длинный для того, чтобы язык был определён верно.", "ru"),
    ],
)
def test_language_is_said_only_where_it_is_sure(text: str, expected: str) -> None:
    assert language(text) == expected
