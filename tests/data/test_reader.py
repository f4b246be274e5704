from __future__ import annotations

import gzip
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingerprint.data.containers import Place
from fingerprint.data.names import MASK
from fingerprint.data.reader import case_of, expanded, read_case
from fingerprint.data.response import Part, Response
from fingerprint.data.rows import TOOL_CALLS, Options, opened_rows
from fingerprint.data.streams import Limits, zstd
from fingerprint.errors import FingerprintError, InputError
from tests.data.samples import (
    AGENT,
    ASKED,
    HEADER,
    MODEL,
    MORE,
    SAID,
    SAMPLES,
    answer,
    called,
    inspect_sample,
    lines,
    whole,
)

EVERY = Options(parts=tuple(Part))
CODE = f"{SAID}\n\n```python\nprint('the pool is full of water')\n```\n\n{MORE}"


def file(folder: Path, data: bytes, name: str = "x.jsonl") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def texts(name: str, options: Options | None = None) -> list[str]:
    return [record.response for record in read_case(name, options).records]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (lines({"response": SAID}, {"response": MORE}), "x.jsonl"),
        (whole([{"response": SAID}, {"response": MORE}]), "x.json"),
        (whole([SAID, MORE]), "x.json"),
        (json.dumps([{"Output": SAID}, {"Output": MORE}]).encode(), "x"),
        (whole({"model": MODEL, "results": [{"completion": SAID}, {"completion": MORE}]}), "x.json"),
        (whole({"answer": SAID}) + b"\n" + whole({"answer": MORE}), "x.json"),
        (whole([{"role": "assistant", "content": SAID}, {"role": "assistant", "content": MORE}]), "x.json"),
        (lines([answer()], [answer(MORE)]), "x.jsonl"),
        (f'response\n"{SAID}"\n"{MORE}"\n'.encode(), "x.csv"),
        (f'id\tModelResponse\n1\t"{SAID}"\n2\t"{MORE}"\n'.encode(), "x.tsv"),
        (f'id|answer\r\n1|"{SAID}"\r\n2|"{MORE}"\r\n'.encode(), "x"),
        (f"## User\n\n{ASKED}\n\n## Assistant\n\n{SAID}\n\n## User\n\nx\n\n## AI\n\n{MORE}\n".encode(), "x.md"),
        (f"User: {ASKED}\n\nAssistant: {SAID}\n\nUser: more\n\nAssistant: {MORE}\n".encode(), "x.txt"),
        (f"**User:**\n\n{ASKED}\n\n---\n\n**Assistant:**\n\n{SAID}\n\n---\n\n**AI:**\n\n{MORE}".encode(), "x.md"),
    ],
)  # fmt: skip
def test_containers(tmp_path: Path, data: bytes, name: str) -> None:
    assert texts(file(tmp_path, data, name)) == [SAID, MORE]
    assert texts(file(tmp_path, gzip.compress(data), name + ".gz")) == [SAID, MORE]
    assert texts(file(tmp_path, zstd.compress(data[:20]) + zstd.compress(data[20:]), name + ".zst")) == [
        SAID,
        MORE,
    ]


def test_parquet_and_what_is_odd_in_it(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"response": [SAID, None, MORE], "picture": [b"\xff", b"", b""], "vector": [[0.5], [], None],
                      "when": pa.array([1, 2, None], pa.timestamp("ns"))})  # fmt: skip
    pq.write_table(table, tmp_path / "x.parquet")
    assert texts(str(tmp_path / "x.parquet")) == [SAID, MORE]
    damaged = pa.array([SAID.encode(), b"\xff\xfe no text"], pa.binary()).cast(pa.string(), safe=False)
    bad = pa.StringArray.from_buffers(2, *damaged.buffers()[1:3])
    pq.write_table(pa.table({"response": bad}), tmp_path / "y.parquet")
    with pytest.raises(InputError, match=r"y\.parquet: is not whole parquet"):
        read_case(str(tmp_path / "y.parquet"))


def test_a_zipped_export_and_logs_packed_by_zstd(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", SAMPLES["chatgpt"].data)
    assert texts(str(tmp_path / "export.zip")) == [SAID]
    name = file(tmp_path, zstd_zip({"header.json": HEADER, "samples/1.json": inspect_sample([], AGENT)}), "x.eval")
    assert texts(name, EVERY) == [SAID, f'{{"tool": "{MASK}", "arguments": {{"path": "notes.md"}}}}'][::-1]
    data = Path(name).read_bytes()
    for cut in (data[:-30], data.replace(b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\x00", 1)):
        with pytest.raises(InputError, match="damaged, or packed in a way"):
            read_case(file(tmp_path, cut, "y.eval"))


def zstd_zip(members: dict[str, Any]) -> bytes:
    """A zip file as inspect_ai writes it, by hand: the standard library of today writes no method 93."""
    out, listed = b"", b""
    for name, value in members.items():
        plain = json.dumps(value).encode()
        packed = zstd.compress(plain)
        sizes = struct.pack("<IIIHH", zlib.crc32(plain), len(packed), len(plain), len(name), 0)
        fields = struct.pack("<HHHI", 63, 0, 93, 0) + sizes
        listed += b"PK\x01\x02\x3f\x00" + fields + bytes(10) + len(out).to_bytes(4, "little") + name.encode()
        out += b"PK\x03\x04" + fields + name.encode() + packed
    count = len(members).to_bytes(2, "little")
    return (
        out
        + listed
        + b"PK\x05\x06"
        + bytes(4)
        + count
        + count
        + len(listed).to_bytes(4, "little")
        + len(out).to_bytes(4, "little")
        + bytes(2)
    )


def test_the_parts_that_count(tmp_path: Path) -> None:
    name = file(tmp_path, lines({"messages": [answer(CODE, tool_calls=[called()])]}))
    found = read_case(name, EVERY)
    assert found.judged == (Part.PROSE, Part.CODE, Part.TOOLS)
    assert (found.parts[Part.PROSE], found.parts[Part.CODE], found.parts[Part.TOOLS]) == (1, 1, 1)
    assert [record.domain for record in found.records] == ["", TOOL_CALLS]
    found = read_case(name)
    assert found.judged == (Part.PROSE, Part.CODE)
    assert [record.response for record in found.records] == [CODE]
    assert found.parts == {Part.PROSE: 1, Part.CODE: 1, Part.TOOLS: 1}
    assert found.summary.endswith("; 1 tool call not judged (--parts tools)")
    assert texts(name, Options(parts={Part.PROSE}))[0] == CODE.replace(
        "```python\nprint('the pool is full of water')\n```", ""
    )
    assert texts(name, Options(parts={Part.CODE})) == ["print('the pool is full of water')\n"]
    (tools,) = texts(name, Options(parts={Part.TOOLS}))
    assert json.loads(tools) == {"tool": MASK, "arguments": {"path": "notes.md"}}


def test_names_of_tools_are_masked_in_prose_too(tmp_path: Path) -> None:
    name = file(tmp_path, lines({"messages": [answer(f"{SAID} I call read_file now.", tool_calls=[called()])]}))
    assert texts(name)[0] == f"{SAID} I call {MASK} now."


def test_turns_of_tools_alone_are_counted_where_tools_do_not_count(tmp_path: Path) -> None:
    name = file(tmp_path, SAMPLES["tau-bench"].data)
    assert read_case(name, Options(parts={Part.PROSE})).summary == (
        "1 assistant message of τ-bench results; 1 tool result and 1 turn of tool calls alone left out; "
        "1 tool call not judged (--parts tools)"
    )


def test_columns_that_are_named(tmp_path: Path) -> None:
    name = file(tmp_path, f'ask,gpt-4o,claude-2.1\n{ASKED},"{SAID}","{MORE}"\n'.encode(), "x.csv")
    with opened_rows(Place(name), Options(columns={"response": ("gpt-4o", "claude-2.1"), "prompt": ("ask",)})) as rows:
        assert [(m.model, m.text, m.prompt) for m in rows] == [("gpt-4o", SAID, ASKED), ("claude-2.1", MORE, ASKED)]
    with pytest.raises(InputError, match=r"no such column; there are ask, gpt-4o, claude-2\.1"):
        texts(name, Options(columns={"response": ("nobody",)}))
    with pytest.raises(InputError, match=r"with ask, gpt-4o, claude-2\.1; say which holds the response"):
        texts(name)


def test_a_form_that_is_named(tmp_path: Path) -> None:
    name = file(tmp_path, lines({"response": SAID}))
    assert texts(name, Options(format="text"))[0].startswith('{"response"')
    with pytest.raises(InputError, match="--format-in: 'nothing' is none of inspect, promptfoo"):
        Options(format="nothing")
    with pytest.raises(InputError, match="is no file of the form codex: it holds text"):
        texts(file(tmp_path, SAID.encode(), "x.md"), Options(format="codex"))


def test_rows_that_are_none_are_counted_and_said(tmp_path: Path) -> None:
    rows = [{"response": SAID}, {"error": "429"}, {"response": None}, {"response": ""}, {"response": 3}, {"other": 1},
            {"response": "API Error: 500 and no more"}, {"response": "<think>hm"}]  # fmt: skip
    assert read_case(file(tmp_path, lines(*rows))).summary == (
        "1 row of responses; 2 error rows, 3 rows without an answer, 1 row of another form "
        "and 1 row with reasoning and no answer left out"
    )


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no answer; 2 rows without an answer left out"):
        read_case(file(tmp_path, lines({"response": None}, {"response": " "})))


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    data = lines({"response": SAID}, {"response": MORE})
    assert read_case(file(tmp_path, data[:-20])).summary == "1 row of responses; 1 line cut off left out"
    with pytest.raises(InputError, match=r":2: is not JSON"):
        read_case(file(tmp_path, data[:-20] + b"\n"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"), (b" \n\n", "is empty"), (b"[", "not JSON"), (b"[]", "holds nothing"),
        (b"[1]\n", ":1: expected"),
        (b'{"response": "x"}\n[1]\n', ":2: expected a JSON object"), (b"[" * 100_000, "nested too deeply|not JSON"),
        (b'{"x": 1}\n', "of no form that is known, with x"), (b'{"x": ' + b"9" * 5_000 + b"}", "number too long"),
        (b"PAR1 and no more", "not whole parquet"), (b"PK\x03\x04 and no more", "damaged"),
        (b"SQLite format 3\0 and no more", "llm tool"), (b"\x1f\x8b\x08 no", "damaged"),
        (b'{"response": "\xff"}\n', "UTF-8"),
    ],
)  # fmt: skip
def test_what_is_nothing_known_is_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_case(file(tmp_path, data, "x.dat"))
    assert "\n" not in str(caught.value)


def test_several_files_as_one_case_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / ".hidden").mkdir(parents=True)
    one, two = file(tmp_path / "a", lines({"response": SAID}), "1.jsonl"), file(tmp_path / "a", MORE.encode(), "2.md")
    file(tmp_path / "a", b"\x89PNG", "picture.png")
    file(tmp_path / "a" / ".hidden", b"x", "3.md")
    failed: list[InputError] = []
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / "a"), "-", str(tmp_path / "empty"), "-", "none"]
    assert list(expanded(paths, failed.append)) == [one, two, "-", "none"]
    assert "is a folder without a file" in str(failed[0])
    assert "standard input can be read once" in str(failed[1])
    found = read_case([one, two])
    assert (found.n_used, found.file) == (2, f"{one} and 1 more")
    assert found.summary == "1 row of responses; 1 response of plain text"


def test_python_values() -> None:
    found = case_of([SAID, {"completion": MORE, "prompt": ASKED}, Response("As it is, and of some length.")])
    assert sorted(record.response for record in found.records) == sorted([SAID, MORE, "As it is, and of some length."])
    assert case_of([SAID + "</s>"]).records[0].response == SAID
    with pytest.raises(InputError, match="of no form that is known"):
        case_of([{"nothing": SAID}])


def test_several_models_in_one_file_are_said(tmp_path: Path) -> None:
    name = file(tmp_path, lines({"response": SAID, "model": "a"}, {"response": MORE, "model": "b"}))
    assert "2 models are named: one case is taken to be of one" in read_case(name).warnings


_USED = sorted(
    {"response", "messages", "role", "content", "type", "text", "message", "assistant", "user", "choices", "delta",
     "output", "model", "parts", "payload", "item", "tool_calls", "function", "name", "arguments", "mapping",
     "children",
     "current_node", "chat", "history", "internal", "versions", "steps", "items", "characters", "version", "traj",
     "trajectory", "info", "simulations", "candidates", "result", "body", "custom_id", "error", "done", "resps",
     "doc_id",
     "doc", "eval", "samples", "input", "epoch", "results", "prompt", "usage", "say", "ts", "mes", "is_user", "id"}
)  # fmt: skip
KEYS = st.sampled_from(_USED)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)


def read_or_refused(folder: Path, data: bytes, name: str = "x.dat", options: Options | None = None) -> None:
    """No input ends in anything but a case or one line that says what is wrong."""
    try:
        found = read_case(file(folder, data, name), options)
        assert all(isinstance(record.response, str) and isinstance(record.prompt, str) for record in found.records)
        assert "\n" not in found.summary
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - an answer is as good as an error here


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_any_bytes(data: bytes, tmp_path: Path) -> None:
    read_or_refused(tmp_path, data)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.lists(JSON, min_size=1, max_size=4), form=st.sampled_from([None, *sorted(SAMPLES)]))
def test_any_json(value: list[Any], form: str | None, tmp_path: Path) -> None:
    options = Options(format=form or "")
    read_or_refused(tmp_path, "\n".join(json.dumps(one) for one in value).encode(), options=options)
    read_or_refused(tmp_path, json.dumps(value).encode(), options=options)


def _paths(value: Any) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *rest) for key, part in inner for rest in _paths(part))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


_JSON_SAMPLES = sorted(name for name, sample in SAMPLES.items() if sample.data[:1] in b"[{")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(_JSON_SAMPLES), data=st.data(), new=JSON)
def test_sound_files_with_one_value_of_another_kind(name: str, data: st.DataObject, new: Any, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    try:
        value = json.loads(sample.data)
    except ValueError:
        value = [json.loads(line) for line in sample.data.splitlines()]
    path = data.draw(st.sampled_from(_paths(value)))
    read_or_refused(tmp_path, json.dumps(_replaced(value, path, new)).encode(), options=Options(format=name))
    read_or_refused(tmp_path, json.dumps(_replaced(value, path, new)).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SAMPLES)), data=st.data())
def test_sound_files_with_bytes_changed(name: str, data: st.DataObject, tmp_path: Path) -> None:
    changed = bytearray(SAMPLES[name].data)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    read_or_refused(tmp_path, bytes(changed))
    read_or_refused(tmp_path, bytes(changed[:cut]))


def test_other_rows_tell_a_json_string_without_an_escape_from_an_answer_in_quotes(tmp_path: Path) -> None:
    plain, escaped = "An answer that stands on one line alone.", "An answer\nthat stands on two lines of its own."
    for others, expected in (([escaped], [plain, escaped, plain]), ([], ['"' + plain + '"'])):
        file = tmp_path / f"{len(others)}.jsonl"
        rows = [plain, *others, plain] if others else [plain]
        file.write_text("".join(json.dumps({"response": json.dumps(row)}) + "\n" for row in rows))
        with opened_rows(Place(str(file))) as read:
            assert [message.text for message in read] == expected


@pytest.mark.parametrize("damage", [(b"CREATE TABLE", b"CREATE TABL\xcc"), (b"responses", b"respons\xcc(")])
def test_a_schema_that_is_no_text_is_refused_in_one_line(tmp_path: Path, damage: tuple[bytes, bytes]) -> None:
    file = tmp_path / "logs.db"
    file.write_bytes(SAMPLES["llm"].data.replace(*damage))
    with pytest.raises(InputError, match="no whole log of the llm tool") as caught:
        read_case(str(file), Options(format="llm"))
    assert "\n" not in str(caught.value)


def test_whoever_watches_the_reading_can_end_it(tmp_path: Path) -> None:
    seen = 0

    def watch() -> None:
        nonlocal seen
        seen += 1
        if seen > 30:
            raise FingerprintError("enough")

    name = file(tmp_path, lines(*({"response": f"{SAID} {n}"} for n in range(100))))
    with pytest.raises(FingerprintError, match="enough"):
        read_case(name, Options(limits=Limits(watch=watch)))
    assert seen == 31


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_read_whole_is_longer_than_a_block(tmp_path: Path, pack: Any) -> None:
    rows = [{"response": f"{SAID} {n}"} for n in range(3_000)]
    assert len(whole(rows)) > 200_000
    assert read_case(file(tmp_path, pack(whole(rows)), "x.json")).n_responses == 3_000
    with pytest.raises(InputError, match="unfolds to more than 300,000 bytes"):
        read_case(file(tmp_path, pack(b"word " * 100_000)), Options(limits=Limits(most_bytes=300_000)))
