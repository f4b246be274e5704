"""Files that are appended to, killed, repaired and shared."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fingerprint.collect.answers import AnswerFile, file_name
from fingerprint.errors import FingerprintError, InputError
from tests.collect.doubles import lines

ROOT = Path(__file__).resolve().parents[2]
URL = "https://example.org/v1"


def row(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "release": "tiny", "base_url": URL, "response": f"Antwort für {key} \u2028 \ud800", **more}


def opened(path: Path) -> AnswerFile:
    file = AnswerFile(path, "tiny", URL)
    file.open()
    return file


def test_a_kill_at_any_byte_leaves_a_file_that_continues(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    first = opened(path)
    assert [first.add(row(key)) for key in ("one", "two", "three")] == [True] * 3
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        again = opened(path)
        # A line that lacks nothing but its end is whole.
        kept = sum(end - 1 <= size for end in ends)
        assert again.keys == set(["one", "two", "three"][:kept])
        assert again.cut == (size - ([0, *ends][kept]) if size > [0, *ends][kept] else 0)
        for key in ("one", "two", "three"):
            again.add(row(key))
        assert path.read_bytes() == whole


def test_what_a_lost_disk_block_leaves_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    opened(path).add(row("one"))
    with path.open("ab") as file:
        file.write(b"\0" * 4096)
    again = opened(path)
    assert (again.keys, again.cut, len(lines(path))) == ({"one"}, 4096, 1)


def test_looking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    AnswerFile(path, "tiny", URL).look()
    assert not path.exists()
    opened(path).add(row("one"))
    torn = path.read_bytes() + b'{"key": "tw'
    path.write_bytes(torn)
    file = AnswerFile(path, "tiny", URL)
    file.look()
    assert (file.keys, path.read_bytes()) == ({"one"}, torn)


def test_another_run_s_answers_are_seen_and_not_written_twice(tmp_path: Path) -> None:
    mine, theirs = opened(tmp_path / "a.jsonl"), opened(tmp_path / "a.jsonl")
    assert theirs.add(row("one"))
    assert not mine.add(row("one"))
    assert mine.add(row("two"))
    assert not theirs.add(row("two", response="another"))
    assert len(lines(tmp_path / "a.jsonl")) == 2


WRITER = """
import sys, time
from pathlib import Path
from fingerprint.collect import answers
from fingerprint.collect.answers import AnswerFile
whole = answers.line
def slowly(record):
    # Between looking and writing, where another run must not come in.
    time.sleep(0.002)
    return whole(record)
answers.line = slowly
file = AnswerFile(Path(sys.argv[1]), "tiny", sys.argv[2])
file.open()
for i in range(50):
    text = sys.argv[3] * (1 + i * 40)
    file.add({"key": f"{sys.argv[3]}{i}", "release": "tiny", "base_url": sys.argv[2], "response": text})
    file.add({"key": f"both{i}", "release": "tiny", "base_url": sys.argv[2], "response": text})
"""


def test_two_processes_at_once_mix_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen([sys.executable, "-c", WRITER, path, URL, who], env=env) for who in "ab"]
    assert [process.wait(600) for process in running] == [0, 0]
    rows = lines(path)
    assert len(rows) == len({r["key"] for r in rows}) == 150
    assert all(set(r["response"]) in ({"a"}, {"b"}) for r in rows)


def test_the_log_goes_on_after_half_a_line(tmp_path: Path) -> None:
    file = opened(tmp_path / "a.jsonl")
    file.note({"what": "empty"})
    with file.log.open("ab") as log:
        log.write(b'{"what": "em')
    file.note({"what": "refused"})
    file.note({"what": "empty"})
    assert file.log.read_bytes().splitlines() == [
        b'{"what": "empty"}', b'{"what": "em', b'{"what": "refused"}', b'{"what": "empty"}'
    ]  # fmt: skip


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = opened(tmp_path / "a.jsonl")
    file.add(row("one"))
    before = file.path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(FingerprintError, match="No space left"):
            file.add(row("two"))
    assert file.path.read_bytes() == before
    assert file.add(row("two"))


@pytest.mark.parametrize("line", [b"{}", b'{"response": "mine"}', b"text", b'{"key": 3}', b"\xff", b"[" * 100_000])
def test_what_collect_did_not_write_is_left_alone(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    opened(path).add(row("one"))
    data = path.read_bytes() + line + b"\n"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        opened(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert path.read_bytes() == data


def test_answers_of_two_models_are_not_mixed(tmp_path: Path) -> None:
    opened(tmp_path / "a.jsonl").add(row("one"))
    with pytest.raises(InputError, match="release is 'tiny'; expected 'other'"):
        AnswerFile(tmp_path / "a.jsonl", "other", URL).open()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="cannot be written"):
        opened(tmp_path / "none" / "a.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(FingerprintError, match=r"folder\.jsonl"):
        opened(tmp_path / "folder.jsonl")


def test_names_of_files() -> None:
    assert file_name("openrouter", "z-ai/glm-4.6:free", None) == "openrouter--z-ai__glm-4.6%3Afree.jsonl"
    assert file_name("vllm", "../../etc/x", "http://[::1]:8000/v1").count("/") == 0
    long = [file_name("vllm", "x" * 300 + end, None) for end in "ab"]
    assert long[0] != long[1]
    assert max(map(len, long)) < 200
