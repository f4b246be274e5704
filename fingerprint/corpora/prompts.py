"""The prompts of a public corpus as probes: brought by its manifest, kept in the user's cache, without a response."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.base.files import write_atomically
from fingerprint.base.keys import BottomK, prompt_digest
from fingerprint.corpora.fetch.run import MOST_PROMPT, Context, CorpusRows, verified, wanted
from fingerprint.corpora.manifest import Manifest, find_manifest
from fingerprint.data.probes import Probe, ProbeSet, load_probes
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError

PREFIX = "corpus:"
"""What a set of probes begins with that is a public corpus: corpus:NAME, or corpus:NAME:N for N of its prompts."""

# Count as no licence: without one nobody may copy the texts.
_NO_LICENCE = ("", "none")
# The format of the kept files: another one has another name.
_FORMAT = 1


class NoPrompts(InputError):
    """A corpus was fetched, and none of its prompts is all that was asked."""


@dataclass(frozen=True)
class CorpusSet:
    """A set of probes that is named on the command line.

    Attributes:
        manifest: The corpus.
        most: How many of its prompts; None for all.
    """

    manifest: Manifest
    most: int | None = None

    @classmethod
    def of(cls, name: str) -> CorpusSet:
        """Read corpus:NAME or corpus:NAME:N.

        Raises:
            InputError: There is no such corpus, its licence or its manifest does not allow its use as probes, or it has
                no prompts.
        """
        corpus, _, number = name.removeprefix(PREFIX).partition(":")
        if number and not (number.isascii() and number.isdecimal() and int(number) > 0):
            raise InputError(name, f"expected {PREFIX}NAME or {PREFIX}NAME:N, with a number of prompts above 0")
        manifest = find_manifest(corpus)
        if why := unusable(manifest):
            raise InputError(name, why)
        return cls(manifest, int(number) if number else None)

    @property
    def name(self) -> str:
        """The name of the set."""
        return f"{PREFIX}{self.manifest.name}" + (f":{self.most}" if self.most else "")

    def kept(self, cache: Path) -> Path:
        """Return the file of its prompts in a cache; another manifest has another file."""
        source = json.dumps([_FORMAT, repr(self.manifest)])
        return cache / "prompts" / f"{self.manifest.name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.jsonl"

    def load(self, cache: Path, registry: Registry, context: Context) -> ProbeSet:
        """Return its probes, fetched once.

        Of more prompts than are wanted, those with the lowest digests are taken: always the same.

        Args:
            cache: The user's cache folder.
            registry: Resolves the names of models: a prompt counts that a known one answered.
            context: Where archives come from and stay.

        Raises:
            InputError: The corpus cannot be fetched or kept, or is not what the manifest pins.
            NoPrompts: It has none that can be asked. That is kept too, so that it is not fetched for it again.
        """
        path = self.kept(cache)
        if not path.is_file():
            fetched = self._fetched(registry, context)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, fetched)
            except OSError as error:
                raise InputError(str(path), f"cannot be written ({error.strerror})") from None
        if not path.stat().st_size:
            raise NoPrompts(self.name, "the corpus has no prompt that is all that was asked")
        found = load_probes(str(path))
        probes = found.probes
        if self.most is not None:
            sample = BottomK[Probe](self.most)
            for probe in probes:
                sample.add(probe, int(probe.id, 16))
            probes = sample.values()
        return ProbeSet(self.name, self.manifest.sources[0].commit[:12], "", found.sha256, probes)

    def about(self) -> str:
        """Return where the prompts are from and under which licence, for people."""
        sources = ", ".join(f"github.com/{s.repository} at {s.commit[:12]}" for s in self.manifest.sources)
        return f"{self.name}: prompts of {sources}; licence {self.manifest.licence}"

    def _fetched(self, registry: Registry, context: Context) -> bytes:
        with tempfile.TemporaryFile() as spool:
            patterns = wanted(self.manifest)
            files = [verified(source, patterns, spool, context) for source in self.manifest.sources]
            probes = _probes(CorpusRows(self.manifest, files, registry), self.manifest)
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in probes).encode()


def unusable(manifest: Manifest) -> str:
    """Return why the prompts of a corpus cannot be probes; empty if they can."""
    if manifest.licence.lower() in _NO_LICENCE:
        return "its repository states no licence, so its prompts must not be copied; name another corpus"
    if not manifest.rows:
        return f"its files are not read by fetch: {manifest.note}"
    if not any("prompt" in part.fields or part.prompt_key for part in manifest.rows):
        return "has no prompts: its manifest does not say where they are"
    return ""


def _probes(rows: CorpusRows, manifest: Manifest) -> list[dict[str, Any]]:
    """The prompts as lines of a file of probes: those that are whole, and all that was asked in one question."""
    found: dict[str, dict[str, Any]] = {}
    # A question with several texts has the chat templates of its models in them; a text with several is their frame.
    texts, questions = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for row in rows:
        prompt, question = row["prompt"], row["prompt_id"]
        digest = prompt_digest(prompt)
        if not digest:
            continue
        texts[question or digest].add(digest)
        questions[digest].add(question or digest)
        if len(prompt) < MOST_PROMPT and digest not in found:
            kind = {
                "language": row.get("language") or _only(manifest.language),
                "domain": row.get("domain") or _only(manifest.domain),
            }
            found[digest] = {"id": digest, "messages": [{"role": "user", "content": prompt}], **kind}
    return [
        probe
        for digest, probe in found.items()
        if len(questions[digest]) == 1 and all(len(texts[question]) == 1 for question in questions[digest])
    ]


def _only(values: tuple[str, ...]) -> str:
    """The value of a corpus that has one; empty where it could be several."""
    return values[0] if len(values) == 1 else ""
