"""What other tools wrote, as a corpus of ours: look at three responses, label, write."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fingerprint.corpora.write import writing
from fingerprint.data.containers import Place
from fingerprint.data.message import Message
from fingerprint.data.registry import Registry, Release, unknown_names
from fingerprint.data.rows import Options, Rows, opened_rows
from fingerprint.data.streams import STDIN
from fingerprint.errors import InputError

SHOWN = 3
_UNKNOWN = "responses of names that the registry does not know"


@dataclass(frozen=True)
class Source:
    """What is imported.

    Attributes:
        place: A file, or a data set of the Hub.
        options: How it is read.
    """

    place: Place
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Understood:
    """What a source was taken for.

    Attributes:
        form: The format, in words.
        columns: Its columns by our fields, where it is a table.
        sample: Its first responses.
    """

    form: str
    columns: Mapping[str, tuple[str, ...]]
    sample: tuple[Message, ...]


@dataclass(frozen=True)
class Labelling:
    """How rows get their labels.

    Attributes:
        registry: Resolves names.
        release: The release that wrote all responses; None for the names in the file.
        renamed: What some names in the file stand for.
        skip_unknown: Whether responses of names that nobody knows are left out.
        language, domain: Of responses of which the file does not say it.
    """

    registry: Registry
    release: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    skip_unknown: bool = False
    language: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Target:
    """What is written.

    Attributes:
        file: The parquet or JSON lines file.
        corpus: The corpus' name.
        metadata: Licence and source, which parquet keeps.
    """

    file: Path
    corpus: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """What was done.

    Attributes:
        summary: What was read, in one line.
        releases: Rows written, by release.
        left_out: Rows that were left out, by reason.
        warnings: What was mended, a sentence each.
    """

    summary: str
    releases: Counter[str]
    left_out: Counter[str]
    warnings: tuple[str, ...]


def understand(source: Source) -> Understood:
    """Return what a source is, by its first responses.

    Raises:
        InputError: It is nothing that is known, or standard input, which cannot be read twice.
    """
    if source.place.name == STDIN:
        raise InputError(STDIN, "expected a file: it is looked at before it is read")
    with opened_rows(source.place, source.options) as rows:
        sample = tuple(itertools.islice(rows.chosen(), SHOWN))
        return Understood(rows.format.title, rows.columns, sample)


def import_rows(
    source: Source, target: Target, labelling: Labelling, report: Callable[[str, int, int], None]
) -> Imported:
    """Write a corpus, whole or not at all.

    Args:
        source: What is imported.
        target: What is written.
        labelling: How rows get their labels.
        report: Receives the progress.

    Returns:
        What was written and what was left out.

    Raises:
        InputError: The source cannot be read, names releases that the registry does not know (all of them, and what to
            add), or holds no response.
    """
    labels = _Labels(source.place.name, labelling)
    releases: Counter[str] = Counter()
    unknown = 0
    with writing(target.file, target.metadata) as add, opened_rows(source.place, source.options) as rows:
        for message in rows.chosen():
            entry = labels.of(message.model)
            if entry is None:
                unknown += 1
                continue
            add(_row(message, entry, labelling, target.corpus))
            releases[entry.release] += 1
            report("responses", releases.total(), releases.total())
        labels.complain()
        if not releases:
            raise InputError(source.place.name, "; ".join(["holds no answer", *rows.not_judged()]))
    return Imported(rows.summary(), releases, _left_out(rows, unknown), tuple(rows.warnings()))


class _Labels:
    """The registry's entries for the names in a file."""

    def __init__(self, file: str, labelling: Labelling):
        self._file, self._labelling, self._registry = file, labelling, labelling.registry
        self._known: dict[str, Release | None] = {}
        self._fixed: Release | None = None
        if labelling.release is not None:
            self._fixed = self._registry.resolve(labelling.release)
            if self._fixed is None:
                raise unknown_names("--release", [labelling.release], self._registry)
        strange = [name for name in labelling.renamed.values() if self._registry.resolve(name) is None]
        if strange:
            raise unknown_names("--rename", strange, self._registry)

    def of(self, name: str) -> Release | None:
        """Return the entry for a name; None where there is none."""
        if self._fixed is not None:
            return self._fixed
        if not name:
            raise InputError(self._file, "does not say whose the responses are; name the release with --release")
        if name not in self._known:
            self._known[name] = self._registry.resolve(self._labelling.renamed.get(name, name))
        return self._known[name]

    def complain(self) -> None:
        """Raise for every name that is not known, unless these are skipped."""
        unknown = [name for name, entry in self._known.items() if entry is None]
        if unknown and not self._labelling.skip_unknown:
            raise unknown_names(self._file, unknown, self._registry)


def _row(message: Message, entry: Release, labelling: Labelling, corpus: str) -> dict[str, Any]:
    return {
        "prompt_id": message.prompt_id, "prompt": message.prompt, "response": message.text,
        "source_model": message.model, "release": entry.release, "variant": message.variant, "kind": entry.kind,
        "language": message.language or labelling.language, "domain": message.domain or labelling.domain,
        "temperature": message.temperature, "corpus": corpus,
    }  # fmt: skip


def _left_out(rows: Rows, unknown: int) -> Counter[str]:
    found = Counter({kind.plural: count for kind, count in rows.left_out.items() if count})
    return found + Counter({_UNKNOWN: unknown})
