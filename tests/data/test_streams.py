from __future__ import annotations

import gzip
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fingerprint.data import streams
from fingerprint.data.streams import Lines, opened, read_all, text, zstd
from fingerprint.errors import InputError

LINES = [f"line {i}, of some length" for i in range(500)]
PLAIN = "".join(line + "\n" for line in LINES).encode()
Pack = Callable[[bytes], bytes]


def file(folder: Path, data: bytes) -> str:
    path = folder / "x"
    path.write_bytes(data)
    return str(path)


def lines(name: str) -> list[str]:
    with opened(name) as stream:
        return [line for _, line in Lines(stream)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_packed_or_not(tmp_path: Path, pack: Pack) -> None:
    name = file(tmp_path, pack(b"\xef\xbb\xbf" + PLAIN))
    assert lines(name) == LINES
    with opened(name) as stream:
        assert text(stream).splitlines() == LINES
    with opened(name) as stream:
        assert (stream.path is None) == (pack is not bytes)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_every_frame_is_read(tmp_path: Path, pack: Pack) -> None:
    assert lines(file(tmp_path, pack(PLAIN) + pack(PLAIN) + pack(b"last"))) == [*LINES, *LINES, "last"]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("cut", [0.5, 0.98, "in the second frame", "garbage"])
def test_what_is_cut_off_or_damaged_says_so(tmp_path: Path, pack: Pack, cut: float | str) -> None:
    data = pack(os.urandom(200_000) + PLAIN)
    if isinstance(cut, float):
        data = data[: int(len(data) * cut)]
    else:
        data += pack(PLAIN)[:-20] if cut == "in the second frame" else b"neither"
    with pytest.raises(InputError, match=r"damaged or cut off|not UTF-8"):
        lines(file(tmp_path, data))
    with pytest.raises(InputError, match="damaged or cut off"), opened(file(tmp_path, data)) as stream:
        read_all(stream)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_bombs_are_cut_short(tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_RATIO_FROM", 1_000_000)
    name = file(tmp_path, pack(b"\n" * 40_000_000))
    with pytest.raises(InputError, match="unfolds to more than 400 times its size"):
        lines(name)
    with pytest.raises(InputError, match="unfolds to more than 500,000 bytes"), opened(name, 500_000) as stream:
        read_all(stream)


def test_a_long_line_is_read_in_little_time_and_a_longer_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = file(tmp_path, PLAIN + b"x" * 10_000_000 + b"\n")
    began = time.process_time()
    assert len(lines(name)[-1]) == 10_000_000
    assert time.process_time() - began < 1
    monkeypatch.setattr(streams, "LONGEST_LINE", 9_000_000)
    with pytest.raises(InputError, match=":501: is a line of over 9,000,000 bytes"):
        lines(name)


def test_what_is_not_utf8_says_where(tmp_path: Path) -> None:
    name = file(tmp_path, b"one\ntwo \xff\n")
    with pytest.raises(InputError, match=r":2: is not UTF-8 \(byte 5"):
        lines(name)
    with pytest.raises(InputError, match=r":2: is not UTF-8"), opened(name) as stream:
        text(stream)
    with pytest.raises(InputError, match="is UTF-16, not UTF-8"):
        lines(file(tmp_path, "one\ntwo\n".encode("utf-16")))


def test_a_line_without_its_end_is_known(tmp_path: Path) -> None:
    for data, unended in ((b"one\ntwo\n", False), (b"one\ntwo", True)):
        with opened(file(tmp_path, data)) as stream:
            found = Lines(stream)
            assert [line for _, line in found] == ["one", "two"]
            assert found.unended is unended


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("pipe", "pipe or device"),
        (".", "is a folder"),
        ("none", "cannot be opened"),
        ("a\0b", "no name"),
    ):
        with pytest.raises(InputError, match=said), opened(str(tmp_path / name)):
            pass
    with pytest.raises(InputError, match="pipe or device"), opened("/dev/zero"):
        pass


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(zstd.compress(PLAIN)))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert lines("-") == LINES
