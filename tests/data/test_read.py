from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.data import response, streams
from fingerprint.data.reader import case_of, read_case
from fingerprint.data.response import is_refusal
from fingerprint.data.rows import Options
from fingerprint.data.streams import Limits, zstd
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
    packers: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}
    data = packers[pack](data)
    assert read_case(file(tmp_path, data, "x" + form + pack)).records[0].response == LONG


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"response": [LONG, LONG + "!"], "prompt": ["a", None], "other": [1, 2]}), path)
    assert [r.prompt for r in read_case(str(path)).records] == ["a", ""]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(lines({"response": LONG}))))

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
    monkeypatch.setattr(response, "MOST_RESPONSES", 5)
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


BAD: dict[str, tuple[bytes, int | None, str]] = {
    "not JSON": (b'{"response": "' + LONG.encode() + b'"}\n{broken\n', 2, "JSON"),
    "not an object": (b"[1]\n", 1, "object"),
    "no response": (lines({"prompt": "p"}), None, "of no form that is known, with prompt"),
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


COUNTED: dict[str, tuple[dict[str, Any], str]] = {
    "no response": ({"prompt": "p"}, "1 row of another form"),
    "response is no text": ({"response": 3}, "1 row without an answer"),
    "response is null": ({"response": None}, "1 row without an answer"),
    "no assistant": ({"messages": [{"role": "user", "content": "x"}]}, "1 row without an answer"),
    "messages is no list": ({"messages": 3}, "1 row without an answer"),
    "content is a number": ({"messages": [{"role": "assistant", "content": 3}]}, "1 row without an answer"),
}


@pytest.mark.parametrize("name", COUNTED)
def test_rows_without_an_answer_are_counted_wherever_they_stand(tmp_path: Path, name: str) -> None:
    row, said = COUNTED[name]
    chat = {"messages": [{"role": "assistant", "content": LONG}]}
    sound = chat if isinstance(row.get("messages"), list) else {"response": LONG}
    for rows in ((row, sound), (sound, row)):
        found = read_case(file(tmp_path, lines(*rows)))
        assert [record.response for record in found.records] == [LONG]
        assert found.summary.endswith(f"; {said} left out")
    with pytest.raises(InputError):
        read_case(file(tmp_path, lines(row)))


def test_what_is_said_of_a_response_is_nothing_where_it_is_of_another_type(tmp_path: Path) -> None:
    (record,) = read_case(file(tmp_path, lines({"response": LONG, "prompt": [], "usage": 3, "domain": 1.5}))).records
    assert (record.response, record.prompt, record.usage, record.domain) == (LONG, "", None, "")


def test_no_such_file_and_folders(tmp_path: Path) -> None:
    for name in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError):
            read_case(str(name))


def test_a_line_that_is_too_long_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_LINE", 1_000_000)
    data = b'{"response": "' + b"x" * streams.LONGEST_LINE + b'"}\n'
    with pytest.raises(InputError, match="1,000,000") as caught:
        read_case(file(tmp_path, lines({"response": LONG}) + data))
    assert caught.value.line == 2


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_cut_off_packing(tmp_path: Path, pack: Any) -> None:
    data = pack(lines(*({"response": LONG + str(i)} for i in range(500))))
    with pytest.raises(InputError, match=r"damaged|cut off"):
        read_case(file(tmp_path, data[: len(data) // 2]))


def test_bombs_are_cut_short(tmp_path: Path) -> None:
    limits = Options(limits=Limits(most_bytes=1_000_000))
    with pytest.raises(InputError, match="unfolds"):
        read_case(file(tmp_path, gzip.compress(lines({"response": LONG}) * 50_000)), limits)


def test_damaged_parquet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="parquet"):
        read_case(file(tmp_path, b"PAR1 and then nothing of the kind", "x.parquet"))


def test_python_values() -> None:
    found = case_of([LONG, {"response": LONG + "?"}])
    assert found.n_used == 2
    with pytest.raises(InputError, match="of no form that is known"):
        case_of([{"words": LONG}])


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_case_or_one_clear_line(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            read_case(file(Path(folder), data))
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017 - an answer is as good as an error here
