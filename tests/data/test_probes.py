from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fingerprint.data.probes import listed, load_probes
from fingerprint.errors import FingerprintError, InputError

USER = {"role": "user", "content": "Why is the sky blue?"}
TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}}}


def task(**more: Any) -> dict[str, Any]:
    """A task of several steps; None leaves a field out."""
    row = {"id": "b", "messages": [USER], "tools": [TOOL], "max_steps": 4,
           "results": [{"tool": "weather", "result": "rain"}], **more}  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


WRONG_TASKS: list[tuple[dict[str, Any], str]] = [
    ({"max_steps": None}, "as max_steps"),
    ({"max_steps": 1}, "as max_steps"),
    ({"max_steps": 21}, "as max_steps"),
    ({"max_steps": True}, "as max_steps"),
    ({"results": None}, "list of results"),
    ({"results": []}, "list of results"),
    ({"tools": None}, "expected tools"),
    ({"results": ["rain"]}, "each result as"),
    ({"results": [{"tool": "weather"}]}, "each result as"),
    ({"results": [{"tool": "weather", "result": "rain", "n": 1}]}, "each result as"),
    ({"results": [{"tool": "wether", "result": "rain"}]}, "'wether' is none of the tools"),
    ({"results": [{"tool": ["weather"], "result": "rain"}]}, "is none of the tools"),
    ({"results": [{"tool": "weather", "result": ""}]}, "text of at most"),
    ({"results": [{"tool": "weather", "result": "x" * 6_001}]}, "text of at most"),
    ({"results": [{"tool": "weather", "result": "rain", "arguments": {"city": 1}}]}, "a pattern for each"),
    ({"results": [{"tool": "weather", "result": "rain", "arguments": {"town": "*"}}]}, "no town"),
]


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    full = {"id": "b", "messages": [system, USER], "tools": [TOOL], "max_tokens": 9, "language": "de", "domain": "x",
            "draws": 2}  # fmt: skip
    file = written(tmp_path / "mine.jsonl", {"id": "a", "messages": [USER]}, "", full)
    found = load_probes(str(file))
    assert (found.name, found.version, found.sha256) == ("mine", "", hashlib.sha256(file.read_bytes()).hexdigest())
    first, second = found.probes
    assert (first.messages, first.tools, first.max_tokens, first.draws) == (
        (("user", USER["content"]),),
        (),
        None,
        None,
    )
    assert (second.tools, second.max_tokens, second.language, second.domain, second.draws) == ((TOOL,), 9, "de", "x", 2)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"id": "b", "messages": [{"role": "user", "content": "\\ud800"}]}', "surrogate"),
        ([], "expected an object"),
        ({"messages": [USER]}, "as id"),
        ({"id": 3, "messages": [USER]}, "as id"),
        ({"id": "a", "messages": [USER]}, "there twice"),
        ({"id": "b"}, "list of messages"),
        ({"id": "b", "messages": [{"role": "tool", "content": "x"}]}, "a role"),
        ({"id": "b", "messages": [{"role": "user", "content": ["x"]}]}, "text as content"),
        ({"id": "b", "messages": [USER, {"role": "assistant", "content": "x"}]}, "last turn"),
        ({"id": "b", "messages": [USER], "tools": [{"name": "weather"}]}, "each tool"),
        ({"id": "b", "messages": [USER], "max_tokens": 0}, "as max_tokens"),
        ({"id": "b", "messages": [USER], "draws": True}, "as draws"),
        ({"id": "b", "messages": [USER], "lanugage": "de"}, "lanugage"),
        *((task(**wrong), says) for wrong, says in WRONG_TASKS),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, row: Any, says: str) -> None:
    file = written(tmp_path / "mine.jsonl", {"id": "a", "messages": [USER]}, row)
    with pytest.raises(InputError, match=says) as error:
        load_probes(str(file))
    assert str(error.value).startswith(f"{file}:2: ")


def test_no_such_set_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="no such set"):
        load_probes("no-such-set")
    with pytest.raises(InputError, match="is empty"):
        load_probes(str(written(tmp_path / "none.jsonl")))


def test_the_list_of_sets(tmp_path: Path) -> None:
    entry = {"name": "core", "version": "1", "purpose": "to start with"}
    file = written(tmp_path / "sets.json", {"sets": [entry]})
    assert listed(file) == {"core": {"version": "1", "purpose": "to start with"}}
    with pytest.raises(InputError, match="purpose"):
        listed(written(tmp_path / "sets.json", {"sets": [{"name": "core", "version": "1"}]}))


def test_what_ships_can_be_loaded() -> None:
    for name, entry in listed().items():
        found = load_probes(name)
        assert (found.name, found.version, found.purpose) == (name, entry["version"], entry["purpose"])
