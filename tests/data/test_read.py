from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.data import opening, usable
from fingerprint.data.reading import case_of, read_case
from fingerprint.data.usable import is_refusal
from fingerprint.errors import InputError

LONG = "A response that is long enough to be judged."


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def file(folder: Path, data: bytes, name: str = "x.jsonl") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def test_json_lines_with_all_that_may_be_there(tmp_path: Path) -> None:
    row = {
        "response": LONG,
        "prompt": "p",
        "prompt_id": 7,
        "system": "s",
        "language": "en",
        "usage": {"prompt_tokens": 3},
    }
    (record,) = read_case(file(tmp_path, b"\xef\xbb\xbf" + lines(row) + b"\n")).records
    assert (record.response, record.prompt, record.prompt_id, record.system) == (LONG, "p", "7", "s")
    assert record.usage == {"prompt_tokens": 3}


def test_chat_form_takes_the_last_assistant_turn(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "not this one, it came before the other"},
        {"role": "user", "content": [{"type": "text", "text": "second"}]},
        {"role": "assistant", "content": [{"type": "text", "text": LONG}, {"type": "image"}]},
        {"role": "user", "content": "third"},
    ]
    (record,) = read_case(file(tmp_path, lines({"messages": turns}))).records
    assert (record.response, record.prompt, record.system) == (LONG, "second", "s")


@pytest.mark.parametrize("pack", ["", ".gz", ".zst"])
@pytest.mark.parametrize("form", [".jsonl", ".txt"])
def test_packed_as_they_are(tmp_path: Path, form: str, pack: str) -> None:
    data = lines({"response": LONG}) if form == ".jsonl" else LONG.encode()
    data = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[pack](data)
    assert read_case(file(tmp_path, data, "x" + form + pack)).records[0].response == LONG


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"response": [LONG, LONG + "!"], "prompt": ["a", None], "other": [1, 2]}), path)
    assert [r.prompt for r in read_case(str(path)).records] == ["a", ""]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(lines({"response": LONG}))))  # type: ignore[arg-type]

    monkeypatch.setattr("sys.stdin", Stdin)
    assert read_case("-").n_used == 1


def test_what_cannot_be_judged_is_counted_and_said(tmp_path: Path) -> None:
    rows = [LONG, LONG, "short", "I'm sorry, but I can't help with that.", "with a \x00 and a \ud800 in it, but long"]
    found = read_case(file(tmp_path, lines(*({"response": r} for r in rows))))
    assert (found.n_responses, found.n_used) == (5, 2)
    assert found.records[1].response == "with a \ufffd and a \ufffd in it, but long"
    assert len(found.warnings) == 4
    assert all(w.startswith("1 response ") for w in found.warnings)


def test_of_more_than_can_tell_some_are_drawn_whatever_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usable, "MOST_RESPONSES", 5)
    rows = [f"{LONG} Number {i}." for i in range(40)]
    found, back = case_of([*rows, rows[3]]), case_of(rows[::-1])
    assert (found.n_responses, found.n_used) == (41, 5)
    kept = [record.response for record in found.records]
    assert kept == [record.response for record in back.records][::-1]
    assert kept == sorted(kept, key=rows.index)
    assert kept != rows[:5]
    assert found.warnings[-1] == "35 responses left out: 5 drawn evenly say as much"
    counted = case_of([LONG, *({"response": "No.", "usage": {"prompt_tokens": 9}} for _ in range(7))])
    assert len(counted.aside) == 5
    assert "2 responses left out of the side evidence" in counted.warnings[-1]


def test_only_refusals_is_no_error(tmp_path: Path) -> None:
    found = read_case(file(tmp_path, lines({"response": "Sorry, I cannot do that for you."})))
    assert found.n_used == 0
    assert found.warnings[-1] == "no response is left to judge"


@pytest.mark.parametrize(
    "text",
    [
        "I’m sorry, but I can't assist with that request.",
        "К сожалению, я не могу с этим помочь.",
        "申し訳ありませんが、お手伝いできません。",
        "抱歉，我无法帮助您完成这个请求。",
        "Valitettavasti en voi auttaa tässä.",
        "Es tut mir leid, dabei kann ich nicht helfen.",
        "Lo siento, no puedo ayudar con eso.",
        "Désolé, je ne peux pas vous aider.",
    ],
)
def test_refusals(text: str) -> None:
    assert is_refusal(text)
    assert not is_refusal(text + " Here is what I can offer instead. " * 10)
    assert not is_refusal("The word you look for is: " + text)


BAD = {
    "not JSON": (b'{"response": "' + LONG.encode() + b'"}\n{broken\n', 2, "JSON"),
    "not an object": (b"[1]\n", 1, "object"),
    "no response": (lines({"prompt": "p"}), 1, "no response"),
    "response is no text": (lines({"response": 3}), 1, "number"),
    "response is null": (lines({"response": None}), 1, "null"),
    "prompt is no text": (lines({"response": LONG, "prompt": []}), 1, "prompt"),
    "usage is no object": (lines({"response": LONG, "usage": 3}), 1, "usage"),
    "no assistant": (lines({"messages": [{"role": "user", "content": "x"}]}), 1, "assistant"),
    "messages is no list": (lines({"messages": "x"}), 1, "list"),
    "content is a number": (lines({"messages": [{"role": "assistant", "content": 3}]}), 1, "content"),
    "not UTF-8": (lines({"response": LONG}) + b'{"response": "\xff"}\n', 2, "UTF-8"),
    "nested without end": (b"[" * 100_000 + b"\n", 1, "nested"),
    "empty": (b"", None, "empty"),
    "blank": (b"\n\n", None, "empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lines_say_where(tmp_path: Path, name: str) -> None:
    data, line, words = BAD[name]
    with pytest.raises(InputError, match=words) as caught:
        read_case(file(tmp_path, data))
    assert caught.value.line == line


def test_no_such_file_and_folders(tmp_path: Path) -> None:
    for name in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError):
            read_case(str(name))


def test_a_line_of_ten_megabytes_is_refused_while_it_is_read(tmp_path: Path) -> None:
    data = b'{"response": "' + b"x" * opening.LONGEST_LINE + b'"}\n'
    with pytest.raises(InputError, match="10,000,000") as caught:
        read_case(file(tmp_path, lines({"response": LONG}) + data))
    assert caught.value.line == 2


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_cut_off_packing(tmp_path: Path, pack: Any) -> None:
    data = pack(lines(*({"response": LONG + str(i)} for i in range(500))))
    with pytest.raises(InputError, match=r"damaged|cut off"):
        read_case(file(tmp_path, data[: len(data) // 2]))


def test_bombs_are_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 1_000_000)
    with pytest.raises(InputError, match="unfolds"):
        read_case(file(tmp_path, gzip.compress(b"\n" * 3_000_000)))


def test_damaged_parquet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="parquet"):
        read_case(file(tmp_path, b"PAR1 and then nothing of the kind", "x.parquet"))


def test_python_values() -> None:
    found = case_of([LONG, {"response": LONG + "?"}])
    assert found.n_used == 2
    with pytest.raises(InputError, match="no response"):
        case_of([{"text": LONG}])


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_suspect_or_one_clear_line(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            read_case(file(Path(folder), data))
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017 - an answer is as good as an error here
