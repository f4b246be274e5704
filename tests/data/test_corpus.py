from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from fingerprint.data.corpus import read_corpora
from fingerprint.data.reader import case_of
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError

TEXT = "A response that is long enough to be used, number {}."


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    path = tmp_path / "registry.csv"
    path.write_text("release,lab,family,line,released,kind,aliases\na,l,f,f,2025-01,lab,A-Chat|org/a\nb,l,f,f,,lab,\n")
    return Registry.load(path)


def corpus(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_labels_and_what_is_left_out(tmp_path: Path, registry: Registry) -> None:
    rows: list[dict[str, object]] = [
        {"release": "org/A", "response": TEXT.format(1), "prompt_id": "1", "language": "en"},
        {"release": "a", "response": TEXT.format(1), "prompt_id": "2"},
        {"release": "b", "response": TEXT.format(1), "prompt": "why?"},
        {"release": "b", "response": "short"},
        {"release": "b", "response": None},
    ]
    found = read_corpora([corpus(tmp_path / "c" / "first.jsonl", rows).parent], registry)
    assert found.release.tolist() == ["a", "b"]
    assert found.prompt[0] == "first|1"
    assert found.prompt[1].startswith("first|")
    assert found.texts(0, 2) == [TEXT.format(1)] * 2
    assert found.dropped == {
        "under 20 characters": 1,
        "duplicates within a release": 1,
        "rows without an answer": 1,
    }
    assert (found.sources[0].name, found.sources[0].rows) == ("first", 4)


def test_a_text_that_many_rows_share_is_held_once(tmp_path: Path, registry: Registry) -> None:
    rows: list[dict[str, object]] = [
        {"release": "a", "response": TEXT.format(i), "prompt_id": f"{i % 2}", "domain": "speech"} for i in range(20)
    ]
    found = read_corpora([corpus(tmp_path / "c.jsonl", rows)], registry)
    for column, different in ((found.release, 1), (found.corpus, 1), (found.domain, 1), (found.prompt, 2)):
        assert len({id(text) for text in column}) == different
    assert found.texts(0, 20) == [TEXT.format(i) for i in range(20)]


def test_a_column_may_be_null_for_the_first_ten_megabytes(tmp_path: Path, registry: Registry) -> None:
    rows: list[dict[str, object]] = [
        {"release": "a", "response": f"{i} " + "words " * 1700, "cost": i / 2 if i > 1100 else None,
         "usage": {"prompt_tokens": i if i > 1100 else None}}
        for i in range(1200)
    ]  # fmt: skip
    for name, order in (("up", rows), ("down", rows[::-1])):
        assert len(read_corpora([corpus(tmp_path / "c" / f"{name}.jsonl", order)], registry)) == 1200


def test_parquet_carries_its_licence(tmp_path: Path, registry: Registry) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"release": ["a"], "response": [TEXT], "corpus": ["mine"]})
    pq.write_table(table.replace_schema_metadata({"licence": "MIT", "source": "me/mine"}), tmp_path / "p.parquet")
    found = read_corpora([tmp_path / "p.parquet"], registry)
    assert found.corpus.tolist() == ["mine"]
    assert (found.sources[0].licence, found.sources[0].source) == ("MIT", "me/mine")


def test_unknown_names_are_listed_with_what_to_add(tmp_path: Path, registry: Registry) -> None:
    rows: list[dict[str, object]] = [{"release": f"new-{i:02}", "response": TEXT} for i in range(30)]
    with pytest.raises(
        InputError, match=r"30 release names .* new-00, new-01, .*\.\.\.; add a row .*release,lab"
    ) as caught:
        read_corpora([corpus(tmp_path / "x.jsonl", rows)], registry)
    assert "new-19" in str(caught.value)
    assert "new-20" not in str(caught.value)


def test_what_is_no_corpus(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.txt").write_text("x")
    lacks = corpus(tmp_path / "lacks.jsonl", [{"release": "a"}])
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no")
    for path in (tmp_path / "none", tmp_path / "empty", tmp_path / "x.txt", lacks, broken):
        with pytest.raises(InputError, match=path.name):
            read_corpora([path], registry)


def test_texts_are_cleaned_as_those_of_a_case(tmp_path: Path, registry: Registry) -> None:
    whole = TEXT.format(1)
    rows: list[dict[str, object]] = [
        {"release": "a", "response": f"<think>\nhm\n</think>\n\n{whole}</s>"},
        {"release": "a", "response": "<think>\nhm, and never an end"},
        {"release": "a", "response": "API Error: 500 and no more, whatever one asks"},
        {"release": "b", "response": f"{whole}\r\nIn two lines, with a \ud800 in it."},
    ]
    found = read_corpora([corpus(tmp_path / "c.jsonl", rows)], registry)
    assert found.texts(0, 2) == [whole, f"{whole}\nIn two lines, with a \ufffd in it."]
    assert found.dropped["rows with reasoning and no answer"] == found.dropped["error rows"] == 1
    assert case_of([str(row["response"]) for row in rows]).records[1].response == found.texts(1, 2)[0]


def test_any_format_that_says_whose_the_responses_are(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps([{"instruction": "why?", "output": TEXT.format(i), "generator": "b"} for i in range(3)]))
    found = read_corpora([path], registry)
    assert (found.release.tolist(), found.corpus.tolist()) == (["b"] * 3, ["outputs"] * 3)
    assert len(set(found.prompt)) == 1


def test_names_that_could_be_several_list_them(tmp_path: Path) -> None:
    path = corpus(tmp_path / "x.jsonl", [{"release": "mistral-large", "response": TEXT}])
    with pytest.raises(InputError, match=r"mistral-large \(mistral-large-2402 or mistral-large-2407 or .*\?\)"):
        read_corpora([path], Registry.load())


def test_numbers_where_names_are_expected_are_one_line(tmp_path: Path, registry: Registry) -> None:
    nameless: list[dict[str, object]] = [
        {"release": 3.5, "response": TEXT},
        {"release": None, "response": TEXT},
        {"response": TEXT},
    ]
    for row in nameless:
        with pytest.raises(InputError, match="without the name of its model"):
            read_corpora([corpus(tmp_path / "x.jsonl", [row])], registry)
    with pytest.raises(InputError, match="1 release names are not in the registry: 3;"):
        read_corpora([corpus(tmp_path / "x.jsonl", [{"release": 3, "response": TEXT}])], registry)
    assert len(read_corpora([corpus(tmp_path / "x.jsonl", [{"release": 3, "response": TEXT}])], registry, "a")) == 1


def test_another_process_reads_the_texts(tmp_path: Path, registry: Registry) -> None:
    rows: list[dict[str, object]] = [{"release": "a", "response": TEXT.format(i)} for i in range(9)]
    found = read_corpora([corpus(tmp_path / "c.jsonl", rows)], registry)
    # What is copied is what is sent to another process: no handle of this one.
    there = copy.deepcopy(found.of(np.array([7, 2])))
    assert there.texts(0, 2) == [TEXT.format(7), TEXT.format(2)]
    assert there.source().tolist() == [0, 0]
