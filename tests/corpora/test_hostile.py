"""Whatever an archive or a file holds, it ends in rows or in one error for people; and a kill leaves no half file."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.corpora.fetch.archive import Limits, extract
from fingerprint.corpora.fetch.templates import compiled
from fingerprint.data.formats import FORMATS, Shape
from fingerprint.data.message import LeftOut, Message
from fingerprint.errors import InputError
from tests.cli.test_cli import ROOT

INNER = (
    "choices", "message", "content", "type", "text", "turns", "body", "output", "model", "from", "value", "role",
    "answer", "messages", "samples", "eval", "model_generate_config", "temperature", "gen_args_0", "arg_0",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(("text", "user", "assistant", "[", "x")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=8,
)
ITEMS = [
    keys.split()
    for keys in (
        "instruction output generator", "question_id model_id choices", "uid ans_id messages", "conversations",
        "custom_id response error", "custom_id result", "model_a model_b conversation_a conversation_b",
        "model_a model_b response_a response_b", "eval samples", "epoch input output messages",
        "epoch input output messages eval samples", "doc_id doc resps arguments", "response messages",
    )
]  # fmt: skip


def packed() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("r/take/a.txt", "r/take/" + "long/" * 30 + "b.txt", "r/ü.txt"):
            info = tarfile.TarInfo(name)
            info.size = 700
            tar.addfile(info, io.BytesIO(b"x" * 700))
    return held.getvalue()


PACKED = packed()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.binary(min_size=1, max_size=12)), max_size=4))
def test_archives_with_any_bytes_in_them(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(PACKED)
    for at, new in changes:
        data[at : at + len(new)] = new
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "spool").open("w+b") as spool:
        path = Path(folder) / "x.tar.gz"
        path.write_bytes(gzip.compress(bytes(data), 1))
        try:
            found = extract(path, [compiled("take/**/*.txt")], spool, Limits())
        except InputError:
            pass
        else:
            assert all(found.read(name) is not None for name in found.files)
        assert sorted(p.name for p in Path(folder).iterdir()) == ["spool", "x.tar.gz"]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ITEMS).flatmap(lambda keys: st.fixed_dictionaries(dict.fromkeys(keys, JSON))))
def test_items_with_anything_in_them(item: dict[str, object]) -> None:
    for form in FORMATS.values():
        if form.shape is Shape.ITEMS and form.fits(item):
            left_out: LeftOut = Counter()
            for found in form.parse(iter([item]), left_out):
                assert isinstance(found, Message)
                assert all(isinstance(text, str) for text in (found.text, found.model, found.prompt, found.prompt_id))


def test_a_kill_while_importing_leaves_the_old_file(tmp_path: Path) -> None:
    source, out = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    with source.open("w") as file:
        for number in range(200_000):
            file.write(json.dumps({"response": f"A response of some length, number {number}."}) + "\n")
    out.write_text("what was there\n")
    code = "import sys; from fingerprint.cli import main; main(sys.argv[1:])"
    args = [sys.executable, "-c", code, "corpora", "import", str(source), "--out", str(out), "--release", "claude-2.1"]
    child = subprocess.Popen(args, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)
    while child.poll() is None and not any(p.stat().st_size > 100_000 for p in tmp_path.glob(".out.jsonl.*")):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert out.read_text() == "what was there\n"
