"""Manifests of public corpora: where one lies, at which commit, under which licence, and how its rows are read."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.base.files import data_dir
from fingerprint.corpora.fetch.templates import ROOTS, compiled, holes
from fingerprint.corpora.rows import COLUMNS
from fingerprint.errors import InputError

SCHEMA = 2
KINDS = ("text", "json", "json lines")
USES = ("train", "evaluation only")
Template = str | tuple[str, ...]
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]*")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*/[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND_NAMES: dict[type, str] = {str: "text", list: "a list", dict: "an object"}


@dataclass(frozen=True)
class Source:
    """A GitHub repository at a commit.

    Attributes:
        repository: owner/name.
        commit: 40 hexadecimal digits.
    """

    repository: str
    commit: str


@dataclass(frozen=True)
class Part:
    """Files of one kind, and how their rows become ours.

    Attributes:
        files: Patterns of their paths (see fetch.templates.compiled).
        kind: One of KINDS.
        fields: The template of each column (see fetch.templates.render); in `prompts`, of key and prompt.
        prompt_key: The template of the key that finds the prompt among `prompts`.
    """

    files: tuple[str, ...]
    kind: str
    fields: Mapping[str, Template]
    prompt_key: str = ""


@dataclass(frozen=True)
class Manifest:
    """The description of a public corpus.

    Attributes:
        name: Its name.
        licence: SPDX identifier.
        use: One of USES.
        language: Languages of the responses (ISO 639).
        domain: Domains of the prompts.
        sources: The repositories.
        rows: Where responses are.
        prompts: Where prompts are, if not beside the responses.
        note: For people.
        sha256: Of the files that are read (see fetch.archive.digest), empty until somebody has fetched them.
    """

    name: str
    licence: str
    use: str
    language: tuple[str, ...]
    domain: tuple[str, ...]
    sources: tuple[Source, ...]
    rows: tuple[Part, ...]
    prompts: tuple[Part, ...]
    note: str
    sha256: str


def all_manifests() -> list[Manifest]:
    """Return the manifests that ship, by name."""
    return [read_manifest(path) for path in sorted((data_dir("corpora") / "manifests").glob("*.json"))]


def find_manifest(name: str) -> Manifest:
    """Return a manifest.

    Args:
        name: The name of one that ships, or a file (.json).

    Raises:
        InputError: There is none, or it is not valid.
    """
    if name.endswith(".json"):
        return read_manifest(Path(name))
    path = data_dir("corpora") / "manifests" / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.exists():
        known = [p.stem for p in sorted(path.parent.glob("*.json"))]
        near = difflib.get_close_matches(name, known, n=3) or known
        raise InputError(name, f"is no corpus with a manifest; near: {', '.join(near)} (fingerprint corpora list)")
    return read_manifest(path)


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        InputError: It cannot be read or is not valid.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), f"is not JSON ({error})") from None
    return _Reader(str(path)).manifest(found)


class _Reader:
    def __init__(self, file: str):
        self.file = file

    def manifest(self, found: Any) -> Manifest:
        self.expect(
            isinstance(found, dict) and found.get("schema") == SCHEMA, f"expected an object with schema {SCHEMA}"
        )
        unknown = sorted(found.keys() - Manifest.__dataclass_fields__.keys() - {"schema"})
        self.expect(not unknown, f"has fields that nothing reads: {', '.join(unknown)}")
        sources = tuple(self.source(s) for s in self.of(found, "sources", list))
        self.expect(bool(sources), "names no source")
        made = Manifest(
            self.match(found, "name", _NAME),
            self.of(found, "licence", str),
            self.of(found, "use", str),
            self.texts(found, "language"),
            self.texts(found, "domain"),
            sources,
            tuple(self.part(p, frozenset(COLUMNS), ("response", "source_model")) for p in self.of(found, "rows", list)),
            tuple(self.part(p, frozenset({"key", "prompt"}), ("key", "prompt")) for p in found.get("prompts", [])),
            found.get("note", ""),
            self.match(found, "sha256", _SHA256) if found.get("sha256") else "",
        )
        self.expect(made.use in USES, f"expected one of {', '.join(USES)} as use")
        return made

    def source(self, found: Any) -> Source:
        self.expect(isinstance(found, dict), "expected a list of objects as sources")
        return Source(self.match(found, "repository", _REPOSITORY), self.match(found, "commit", _COMMIT))

    def part(self, found: Any, allowed: frozenset[str], needed: Sequence[str]) -> Part:
        self.expect(isinstance(found, dict), "expected a list of objects as rows and prompts")
        files, kind, fields = self.texts(found, "files"), self.of(found, "kind", str), self.of(found, "fields", dict)
        self.expect(kind in KINDS, f"kind {kind!r} is not one of {', '.join(KINDS)}")
        strange = sorted(fields.keys() - allowed) + [n for n in needed if n not in fields]
        self.expect(not strange, f"fields are not as expected: {', '.join(strange)}")
        made = {name: tuple(t) if isinstance(t, list) else t for name, t in fields.items()}
        for name, template in made.items():
            parts = template if isinstance(template, tuple) else (template,)
            self.expect(all(isinstance(p, str) for p in parts), f"field {name} is no text")
            self.expect(
                holes(template) <= ROOTS, f"field {name} takes values that are not among {', '.join(sorted(ROOTS))}"
            )
        for pattern in files:
            try:
                compiled(pattern)
            except re.error as error:
                self.expect(False, f"pattern {pattern!r} cannot be read ({error})")
        return Part(files, kind, made, found.get("prompt_key", ""))

    def of(self, found: Mapping[str, Any], name: str, kind: type) -> Any:
        self.expect(isinstance(found.get(name), kind), f"expected {name} as {_KIND_NAMES[kind]}")
        return found[name]

    def texts(self, found: Mapping[str, Any], name: str) -> tuple[str, ...]:
        values = self.of(found, name, list)
        self.expect(all(isinstance(v, str) for v in values), f"{name} is no list of texts")
        return tuple(values)

    def match(self, found: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
        value = self.of(found, name, str)
        self.expect(form.fullmatch(value) is not None, f"{name} {value!r} does not match {form.pattern}")
        return str(value)

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise InputError(self.file, what)
