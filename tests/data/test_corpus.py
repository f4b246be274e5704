from __future__ import annotations

import json
from pathlib import Path

import pytest

from fingerprint.data.corpus import read_corpora
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
    assert found.dropped == {"under 20 characters": 2, "duplicates within a release": 1}
    assert (found.sources[0].name, found.sources[0].rows) == ("first", 5)


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
