"""Corpora to train on: files and folders of labelled responses, read through `datasets` and left on disk."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import digest, isin, text_hash
from fingerprint.data.opening import MOST_BYTES
from fingerprint.data.registry import Registry, unknown_names
from fingerprint.data.response import APART, prompt_tokens
from fingerprint.errors import InputError, MissingExtra

LEAST_CHARACTERS = 20
_BLOCK = 10_000
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")
_OPTIONAL = ("prompt_id", "prompt", "system", "variant", "language", "domain", "corpus")
_ASKED = ("prompt_id", "prompt", "system")


@dataclass(frozen=True)
class Source:
    """One file: its name, rows as read, content hash, and what its metadata say of licence and origin."""

    name: str
    rows: int
    sha256: str
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What a provider counted for one prompt; digest tells the prompt, system is the system prompt's digest."""

    release: str
    prompt_id: str
    digest: str
    system: str
    tokens: int


@dataclass
class Corpus:
    """Rows in the order of the files' names. Arrays (rows,) of str: release (canonical), prompt (a key, empty where
    neither id nor text is known), corpus, variant, language, domain. Texts stay on disk.

    Not among the rows: apart, (release, response) of answers about the model itself; counted, of all that was read.
    """

    release: NDArray[np.object_]
    prompt: NDArray[np.object_]
    corpus: NDArray[np.object_]
    variant: NDArray[np.object_]
    language: NDArray[np.object_]
    domain: NDArray[np.object_]
    sources: tuple[Source, ...]
    dropped: dict[str, int]
    apart: tuple[tuple[str, str], ...]
    counted: tuple[Counted, ...]
    _rows: Any = field(repr=False)
    _at: NDArray[np.int64] = field(repr=False)
    _folder: Any = field(repr=False)

    def __len__(self) -> int:
        return len(self._at)

    def __getstate__(self) -> dict[str, Any]:
        # Another process reads the folder's files; this one removes them.
        return {**self.__dict__, "_folder": None}

    def texts(self, start: int, stop: int) -> list[str]:
        """Responses of rows start to stop."""
        return [str(text) for text in self._rows[self._at[start:stop].tolist()]["response"]]

    def of(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Corpus:
        """Some rows; `sources` and `dropped` stay those of all."""
        names = ("release", "prompt", "corpus", "variant", "language", "domain", "_at")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def source(self) -> NDArray[np.int64]:
        """(rows,) which of `sources` each comes from."""
        return np.searchsorted(np.cumsum([s.rows for s in self.sources]), self._at, side="right")


def read_corpora(paths: Sequence[Path], registry: Registry, label: str | None = None) -> Corpus:
    """Reads files and folders of parquet and JSON lines with `response` and `release` a row. label: the release that
    wrote all of them, whatever the files say.

    Raises InputError for a missing or unreadable file or column, and with the list of all release names that the
    registry does not know; MissingExtra without `datasets`.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtra("reading corpora", "train") from None
    files = corpus_files(paths)
    folder = tempfile.TemporaryDirectory(prefix="fingerprint-")
    datasets.disable_progress_bars()
    parts, sources = [], []
    for path in files:
        part = _read(path, folder.name, datasets)
        sources.append(_source(path, part))
        parts.append(_columns(path, part, label))
    rows = datasets.concatenate_datasets(parts)
    names = _column(rows, "release")
    known = {name: registry.resolve(name) for name in set(names)}
    unknown = [name for name, entry in known.items() if entry is None]
    if unknown:
        raise unknown_names(str(paths[0]), unknown)
    release = np.array([entry.release for entry in map(known.__getitem__, names) if entry], object)
    columns = {name: _column(rows, name) for name in ("prompt", "corpus", "variant", "language", "domain")}
    apart = isin(columns["domain"], APART)
    at, dropped = _usable(rows, release, apart)
    return Corpus(
        release=release[at],
        **{name: column[at] for name, column in columns.items()},
        sources=tuple(sources),
        dropped=dropped,
        apart=tuple((str(release[i]), str(rows[int(i)]["response"])) for i in np.flatnonzero(apart)),
        counted=_counted(rows, release),
        _rows=rows.select_columns(["response"]),
        _at=at,
        _folder=folder,
    )


def _column(rows: Any, name: str) -> NDArray[np.object_]:
    """(rows,) of str, in which the same text is the same object: of most columns few texts are different."""
    same: dict[str, str] = {}
    return np.fromiter((same.setdefault(text, text) for text in _values(rows, name)), object, len(rows))


def _values(rows: Any, name: str) -> Iterator[str]:
    """One column, read a few rows at a time and without the others."""
    return (text for batch in rows.select_columns([name]).iter(_BLOCK) for text in batch[name])


def corpus_files(paths: Sequence[Path]) -> list[Path]:
    """The files of corpora that `paths` (files and folders) name, by name. Raises InputError where there is none."""
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES))
            if not found:
                raise InputError(str(path), f"holds no file ending in {', '.join(SUFFIXES)}")
            out += found
        elif not path.exists():
            raise InputError(str(path), "no such file or folder")
        elif not path.name.endswith(SUFFIXES):
            raise InputError(str(path), f"expected a name ending in {', '.join(SUFFIXES)}")
        else:
            out.append(path)
    return sorted(set(out), key=lambda p: (p.name, str(p)))


def _read(path: Path, cache: str, datasets: Any) -> Any:
    kind = "parquet" if path.suffix == ".parquet" else "json"
    # In one piece: a column that is null throughout a first piece could hold nothing else in the next.
    more = {"chunksize": MOST_BYTES} if kind == "json" else {"batch_size": _BLOCK, "fragment_scan_options": _streamed()}
    try:
        return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache, **more)
    except Exception as error:  # datasets wraps whatever its readers raise
        cause = error.__cause__ or error
        raise InputError(str(path), f"cannot be read as {kind} ({' '.join(str(cause).split())[:200]})") from None


def _streamed() -> Any:
    """Else a file is fetched ahead of its use, which is for networks, and lies in memory whole."""
    from pyarrow.dataset import ParquetFragmentScanOptions

    return ParquetFragmentScanOptions(use_buffered_stream=True, pre_buffer=False)


def _columns(path: Path, part: Any, label: str | None) -> Any:
    """The columns that the trainer knows, as text, and a key for each prompt."""
    for name in ("response", "release") if label is None else ("response",):
        if name not in part.column_names:
            raise InputError(str(path), f"lacks the column {name!r}")
    stem = path.name.split(".")[0]

    def clean(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        size = len(batch["response"])
        text = {k: ["" if v is None else str(v) for v in batch.get(k) or [""] * size] for k in _OPTIONAL}
        corpus = [c or stem for c in text["corpus"]]
        counted = [prompt_tokens(usage) or 0 for usage in batch.get("usage") or [None] * size]
        rows = zip(corpus, text["prompt_id"], text["prompt"], strict=True)
        return {
            "response": [r if isinstance(r, str) else "" for r in batch["response"]],
            "release": [label or ("" if r is None else str(r)) for r in batch.get("release") or [None] * size],
            "prompt": [_prompt_key(*row) for row in rows],
            "corpus": corpus,
            "counted": counted,
            "asked": [
                [i, digest(p), digest(s)] if n else ["", "", ""]
                for n, i, p, s in zip(counted, *(text[k] for k in _ASKED), strict=True)
            ],
            **{k: text[k] for k in ("variant", "language", "domain")},
        }

    return part.map(clean, batched=True, remove_columns=part.column_names, load_from_cache_file=False)


def _prompt_key(corpus: str, prompt_id: str, prompt: str) -> str:
    if prompt_id:
        return f"{corpus}|{prompt_id}"
    return f"{corpus}|{hashlib.sha256(prompt.encode()).hexdigest()[:16]}" if prompt else ""


def _source(path: Path, part: Any) -> Source:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return Source(path.name.split(".")[0], len(part), digest.hexdigest(), *licence_and_source(path))


def licence_and_source(path: Path) -> tuple[str, str]:
    """What a parquet file's metadata say of its licence and where it comes from; empty for other files."""
    if path.suffix != ".parquet":
        return "", ""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    licence, source = (metadata.get(key, b"").decode("utf-8", "replace") for key in (b"licence", b"source"))
    return licence, source


def _counted(rows: Any, release: NDArray[np.object_]) -> tuple[Counted, ...]:
    tokens = np.array(rows["counted"][:])
    at = np.flatnonzero(tokens)
    asked = rows.select_columns(["asked"])
    out = []
    for i in at:
        prompt_id, prompt, system = asked[int(i)]["asked"]
        out.append(Counted(str(release[i]), prompt_id, prompt, system, int(tokens[i])))
    return tuple(out)


def _usable(
    rows: Any, release: NDArray[np.object_], apart: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Rows with something to read, once each within a release, but those that `apart` (rows,) marks; and how many
    were left out for what."""
    marks, long = np.zeros(len(rows), np.uint64), np.zeros(len(rows), bool)
    for at, text in enumerate(_values(rows, "response")):
        long[at] = len(text.strip()) >= LEAST_CHARACTERS
        marks[at] = text_hash(f"{release[at]}\0{text}")
    full = np.flatnonzero(long & ~apart)
    keep = full[np.sort(np.unique(marks[full], return_index=True)[1])]
    dropped = {
        "under 20 characters": int((~long & ~apart).sum()),
        "duplicates within a release": len(full) - len(keep),
    }
    if apart.any():
        dropped["about the model itself, or to count tokens"] = int(apart.sum())
    return keep, dropped
