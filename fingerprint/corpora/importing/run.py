"""What other tools wrote, as a corpus of ours: detect, look at three rows, label, write."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fingerprint.corpora.importing import llm_log
from fingerprint.corpora.importing.columns import Columns
from fingerprint.corpora.importing.containers import is_sqlite, items
from fingerprint.corpora.importing.formats import FORMATS
from fingerprint.corpora.importing.found import Format, Found, Item
from fingerprint.corpora.write import writing
from fingerprint.data.reasoning import without_reasoning
from fingerprint.data.registry import Registry, Release, unknown_names
from fingerprint.errors import FingerprintError, InputError

SHOWN = 3


@dataclass(frozen=True)
class Source:
    """What is imported. columns: our field to theirs. split, revision: of a data set of the Hub."""

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    split: str = "train"
    revision: str | None = None


@dataclass(frozen=True)
class Understood:
    """form: what it was taken for. columns: theirs by our fields, where it is a table. sample: its first responses."""

    form: str
    columns: Mapping[str, str]
    sample: tuple[Found, ...]


@dataclass(frozen=True)
class Labelling:
    """How rows get their labels: one release for all, or by the names in the file, of which `renamed` says what some
    stand for; with skip_unknown, rows of names that nobody knows are left out. The rest are values of our columns."""

    registry: Registry
    release: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    skip_unknown: bool = False
    language: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Imported:
    """Rows written, by release, and left out: why, how many."""

    releases: Counter[str]
    left_out: Counter[str]


def understand(source: Source) -> Understood:
    """What `source` is, by its first items. Raises InputError where it is nothing that is known."""
    if is_sqlite(source.name, llm_log.MAGIC):
        return Understood(llm_log.NAME, {}, tuple(itertools.islice(_usable(llm_log.read(Path(source.name))), SHOWN)))
    found = items(source.name, source.split, source.revision)
    form, first = _form(source, found)
    sample = tuple(itertools.islice(_usable(_read(form, itertools.chain([first], found))), SHOWN))
    return Understood(form.NAME, form.names if isinstance(form, Columns) else {}, sample)


def import_rows(
    source: Source, out: Path, labelling: Labelling, corpus: str, metadata: Mapping[str, str],
    report: Callable[[str, int, int], None],
) -> Imported:  # fmt: skip
    """Writes `out` (parquet or JSON lines), whole or not at all.

    Raises InputError for what cannot be read, names that the registry does not know (all of them, and what to add),
    and where nothing is left.
    """
    labels = _Labels(source, labelling)
    releases: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    with writing(out, metadata) as add:
        for found in _all(source):
            response = without_reasoning(found.response)
            if not response.strip():
                left_out["no response"] += 1
                continue
            entry = labels.of(found)
            if entry is None:
                left_out["a name that the registry does not know"] += 1
                continue
            add(_row(found, response, entry, labelling, corpus))
            releases[entry.release] += 1
            report("responses", releases.total(), releases.total())
        labels.complain()
        if not releases:
            raise InputError(source.name, "holds no response that could be imported")
    return Imported(releases, left_out)


class _Labels:
    def __init__(self, source: Source, labelling: Labelling):
        self._source, self._labelling = source, labelling
        self._registry = labelling.registry
        self._known: dict[str, Release | None] = {}
        self._fixed: Release | None = None
        if labelling.release is not None:
            self._fixed = self._registry.resolve(labelling.release)
            if self._fixed is None:
                raise unknown_names("--release", [labelling.release])
        strange = [name for name in labelling.renamed.values() if self._registry.resolve(name) is None]
        if strange:
            raise unknown_names("--rename", strange)

    def of(self, found: Found) -> Release | None:
        """The registry's entry for a response."""
        if self._fixed is not None:
            return self._fixed
        if not found.model:
            raise InputError(self._source.name, "does not say whose the responses are; name the release with --release")
        if found.model not in self._known:
            self._known[found.model] = self._registry.resolve(self._labelling.renamed.get(found.model, found.model))
        return self._known[found.model]

    def complain(self) -> None:
        """Raises for every name that is not known, unless these are skipped."""
        unknown = [name for name, entry in self._known.items() if entry is None]
        if unknown and not self._labelling.skip_unknown:
            raise unknown_names(self._source.name, unknown)


def _row(found: Found, response: str, entry: Release, labelling: Labelling, corpus: str) -> dict[str, Any]:
    return {
        "prompt_id": found.prompt_id, "prompt": found.prompt, "response": response, "source_model": found.model,
        "release": entry.release, "kind": entry.kind, "language": found.language or labelling.language,
        "domain": labelling.domain, "temperature": found.temperature, "corpus": corpus,
    }  # fmt: skip


def _all(source: Source) -> Iterator[Found]:
    if is_sqlite(source.name, llm_log.MAGIC):
        return llm_log.read(Path(source.name))
    found = items(source.name, source.split, source.revision)
    form, first = _form(source, found)
    return _read(form, itertools.chain([first], found))


def _form(source: Source, found: Iterator[Item]) -> tuple[Format, Item]:
    first = next(found, None)
    if first is None:
        raise InputError(source.name, "holds nothing")
    if not source.columns:
        for form in FORMATS:
            if form.fits(first):
                return form, first
    try:
        table = Columns.of(source.columns, first)
    except FingerprintError as error:
        raise InputError(source.name, str(error)) from None
    if table is None:
        names = ", ".join(map(str, itertools.islice(first, 20)))
        raise InputError(
            source.name,
            f"is of no form that is known, with {names}; say which holds the response (--column response=NAME)",
        )
    return table, first


def _read(form: Format, found: Iterator[Item]) -> Iterator[Found]:
    for item in found:
        if form.fits(item):
            yield from form.read(item)
        else:
            # Counted as what it is: an item without a response.
            yield Found("")


def _usable(found: Iterator[Found]) -> Iterator[Found]:
    return (one for one in found if one.response.strip())
