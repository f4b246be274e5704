"""Corpora to train on: labelled responses, read as every file is, their texts left on disk."""

from __future__ import annotations

import hashlib
import tempfile
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import digest, prompt_digest, text_hash
from fingerprint.data.containers import Place
from fingerprint.data.message import Message
from fingerprint.data.registry import Registry, Release, unknown_names
from fingerprint.data.response import APART, BROKEN, LEAST_CHARACTERS, prompt_tokens
from fingerprint.data.rows import Rows, opened_rows
from fingerprint.errors import InputError, MissingExtra

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")
# Reasons why a row is not used.
_SHORT = f"under {LEAST_CHARACTERS} characters"
_AGAIN = "duplicates within a release"
_APART = "about the model itself, or to count tokens"
# Columns whose values are mostly the same few texts.
_COLUMNS = ("release", "prompt", "asked", "corpus", "variant", "language", "domain")


@dataclass(frozen=True)
class Source:
    """One file of a corpus.

    Attributes:
        name: The file's name up to the first dot.
        rows: Responses that were read.
        sha256: Of its bytes.
        licence, source: What its metadata say.
        languages: That its rows name, sorted.
    """

    name: str
    rows: int
    sha256: str
    licence: str
    source: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """What a provider counted for one prompt.

    Attributes:
        release: The model that counted.
        digest: Of the prompt.
        system: Digest of the system prompt.
        tokens: The count.
    """

    release: str
    digest: str
    system: str
    tokens: int


@dataclass(frozen=True)
class Texts:
    """Texts in one file after the other, read where they are wanted.

    Attributes:
        path: The file.
        ends: (n,) where each text ends, in bytes.
    """

    path: Path
    ends: NDArray[np.int64]

    def read(self, rows: NDArray[np.int64]) -> list[str]:
        """Return some texts, by number."""
        starts = np.where(rows > 0, self.ends[rows - 1], 0)
        found = []
        with self.path.open("rb") as file:
            for start, end in zip(starts.tolist(), self.ends[rows].tolist(), strict=True):
                file.seek(start)
                found.append(file.read(end - start).decode())
        return found


@dataclass
class Corpus:
    """Responses in the order of the files' names. Texts stay on disk.

    Attributes:
        release: (rows,) canonical names.
        prompt: (rows,) keys of prompts, empty where neither id nor text is known.
        asked: (rows,) digests of the texts of prompts (`prompt_digest`), empty where the text is not known.
        corpus, variant, language, domain: (rows,) as the files say; a corpus without a name is named after its file.
        sources: The files.
        dropped: How many rows were left out, by reason.
        apart: (release, response) of answers about the model itself, which are not among the rows.
        counted: Token counts of all that was read.
        prompt_sizes: Bytes of the text of each prompt, by its digest.
    """

    release: NDArray[np.object_]
    prompt: NDArray[np.object_]
    asked: NDArray[np.object_]
    corpus: NDArray[np.object_]
    variant: NDArray[np.object_]
    language: NDArray[np.object_]
    domain: NDArray[np.object_]
    sources: tuple[Source, ...]
    dropped: dict[str, int]
    apart: tuple[tuple[str, str], ...]
    counted: tuple[Counted, ...]
    prompt_sizes: Mapping[str, int]
    _source: NDArray[np.int64] = field(repr=False)
    _texts: Texts = field(repr=False)
    _at: NDArray[np.int64] = field(repr=False)
    _folder: Any = field(repr=False)

    def __len__(self) -> int:
        return len(self._at)

    def __getstate__(self) -> dict[str, Any]:
        # Another process reads the folder's file; this one removes it.
        return {**self.__dict__, "_folder": None}

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the responses of rows start to stop."""
        return self._texts.read(self._at[start:stop])

    def sizes(self) -> NDArray[np.int64]:
        """Return (rows,) the bytes of each response."""
        return np.diff(self._texts.ends, prepend=0)[self._at]

    def of(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Corpus:
        """Return some rows; `sources` and `dropped` stay those of all."""
        return replace(self, **{name: getattr(self, name)[rows] for name in (*_COLUMNS, "_source", "_at")})

    def source(self) -> NDArray[np.int64]:
        """Return (rows,) which of `sources` each row comes from."""
        return self._source


def read_corpora(paths: Sequence[Path], registry: Registry, label: str | None = None) -> Corpus:
    """Read files and folders of labelled responses, cleaned as those of every case are.

    Args:
        paths: Files of any format that says which model wrote what; and folders of parquet files and JSON lines.
        registry: Resolves the names of models.
        label: The release that wrote all of them, whatever the files say.

    Returns:
        The responses that can be trained on.

    Raises:
        InputError: A file is missing or cannot be read, or says of no response whose it is; or the registry does not
            know all names: the error lists them.
    """
    files = corpus_files(paths)
    folder = tempfile.TemporaryDirectory(prefix="fingerprint-")
    path = Path(folder.name) / "texts"
    with path.open("wb") as texts:
        reading = _Reading(texts, registry, label)
        for file in files:
            reading.read(file)
    if reading.unknown:
        raise unknown_names(str(paths[0]), reading.unknown, registry)
    return reading.corpus(path, folder)


class _Reading:
    """The rows of all files so far."""

    def __init__(self, texts: IO[bytes], registry: Registry, label: str | None):
        self._texts, self._registry, self._label = texts, registry, label
        self._known: dict[str, Release | None] = {}
        self._same: dict[str, str] = {}
        self._columns: dict[str, list[str]] = {name: [] for name in _COLUMNS}
        self._ends, self._files = array("q"), array("q")
        self._seen: set[int] = set()
        self._sources: list[Source] = []
        self._dropped = Counter({_SHORT: 0, _AGAIN: 0})
        self._apart: list[tuple[str, str]] = []
        self._counted: list[Counted] = []
        self._prompt_sizes: dict[str, int] = {}
        self._size = 0

    @property
    def unknown(self) -> list[str]:
        """Names that the registry does not know."""
        return [name for name, entry in self._known.items() if entry is None]

    def read(self, path: Path) -> None:
        name = path.name.split(".")[0]
        count = 0
        languages: set[str] = set()
        with opened_rows(Place(str(path))) as rows:
            for message in rows.chosen():
                count += 1
                languages.add(message.language)
                self._add(path, message, message.corpus or name)
        self._count_left_out(rows)
        self._sources.append(
            Source(name, count, _sha256(path), *licence_and_source(path), tuple(sorted(languages - {""})))
        )

    def corpus(self, path: Path, folder: Any) -> Corpus:
        ends = np.frombuffer(self._ends, np.int64) if self._ends else np.zeros(0, np.int64)
        return Corpus(
            **{name: np.array(values, object) for name, values in self._columns.items()},
            sources=tuple(self._sources),
            dropped=dict(self._dropped),
            apart=tuple(self._apart),
            counted=tuple(self._counted),
            prompt_sizes=self._prompt_sizes,
            _source=np.array(self._files, np.int64),
            _texts=Texts(path, ends),
            _at=np.arange(len(ends)),
            _folder=folder,
        )

    def _add(self, path: Path, message: Message, corpus: str) -> None:
        release = self._release(path, message)
        text = BROKEN.sub("\ufffd", message.text)
        tokens = prompt_tokens(message.usage)
        if tokens:
            self._counted.append(Counted(release, digest(message.prompt), digest(message.system), tokens))
        if message.domain in APART:
            self._dropped[_APART] += 1
            self._apart.append((release, text))
            return
        marked = text_hash(f"{release}\0{text}")
        if len(text.strip()) < LEAST_CHARACTERS or marked in self._seen:
            self._dropped[_AGAIN if marked in self._seen else _SHORT] += 1
            return
        self._seen.add(marked)
        data = text.encode()
        self._texts.write(data)
        self._size += len(data)
        self._ends.append(self._size)
        self._files.append(len(self._sources))
        known_by = prompt_digest(message.prompt)
        if known_by:
            self._prompt_sizes.setdefault(known_by, len(message.prompt.encode("utf-8", "replace")))
        values = (
            release, _prompt_key(corpus, message.prompt_id, message.prompt), known_by, corpus, message.variant,
            message.language, message.domain,
        )  # fmt: skip
        for column, value in zip(self._columns.values(), values, strict=True):
            # The same text is the same object: of most columns few texts are different.
            column.append(self._same.setdefault(value, value))

    def _release(self, path: Path, message: Message) -> str:
        name = self._label or message.model
        if not name:
            said = "holds a response without the name of its model; expected a column `release`"
            raise InputError(str(path), f"{said}, or import it with --release")
        if name not in self._known:
            self._known[name] = self._registry.resolve(name)
        entry = self._known[name]
        return entry.release if entry else name

    def _count_left_out(self, rows: Rows) -> None:
        for kind, count in rows.left_out.items():
            self._dropped[kind.plural] += count


def corpus_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of corpora that paths name, by name.

    Args:
        paths: Files, and folders of files that end in SUFFIXES.

    Raises:
        InputError: A file is missing, or a folder holds none.
    """
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES))
            if not found:
                raise InputError(str(path), f"holds no file ending in {', '.join(SUFFIXES)}")
            out += found
        elif not path.exists():
            raise InputError(str(path), "no such file or folder")
        else:
            out.append(path)
    return sorted(set(out), key=lambda p: (p.name, str(p)))


def licence_and_source(path: Path) -> tuple[str, str]:
    """Return what a parquet file's metadata say of its licence and where it comes from; empty for other files."""
    if path.suffix != ".parquet":
        return "", ""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra(f"{path}: reading parquet", "parquet") from None

    metadata = pq.read_schema(path).metadata or {}
    licence, source = (metadata.get(key, b"").decode("utf-8", "replace") for key in (b"licence", b"source"))
    return licence, source


def _prompt_key(corpus: str, prompt_id: str, prompt: str) -> str:
    if prompt_id:
        return f"{corpus}|{prompt_id}"
    return f"{corpus}|{digest(prompt)}" if prompt else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
