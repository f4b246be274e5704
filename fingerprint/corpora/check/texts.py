"""Findings about single responses: fragments, refusals, empty prompts, other languages, names of models."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from fingerprint.corpora.check.finding import Finding, Mending
from fingerprint.corpora.check.sketches import Weighed
from fingerprint.data.registry import Registry
from fingerprint.data.usable import LEAST_CHARACTERS

_ISO = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
_WORD = re.compile(r"[^\W\d_]+")


class Texts:
    """Sees batches in order."""

    def __init__(self, registry: Registry):
        self._short: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._prompts: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._labs = _labs_by_word(registry)

    def see(self, start: int, seen: Weighed, labs: list[str], mending: Mending) -> None:
        """labs: of each row, empty where the release is not known."""
        for i, release in enumerate(seen.release):
            if seen.length[i] < LEAST_CHARACTERS:
                self._short[release] += 1
                mending.leave_out([start + i], f"under {LEAST_CHARACTERS} characters")
            elif seen.refuses[i]:
                self._refusals[release] += 1
                mending.leave_out([start + i], "refuses and says nothing else")
            if seen.broken[i]:
                self._broken[release] += 1
            if seen.no_prompt[i]:
                self._prompts[f"{seen.corpus[i]}{' (nor an id)' if seen.no_id[i] else ''}"] += 1
            said = _ISO.fullmatch(seen.language[i].lower())
            if said and seen.found[i] not in ("", said.group(1)):
                self._languages[f"{seen.corpus[i]}: {seen.language[i]} is {seen.found[i]}"] += 1
                mending.change(start + i, "language", seen.found[i])
            if seen.names[i]:
                self._names[release] += 1
                for lab in {self._lab_of(name) for name in seen.names[i]} - {"", labs[i]} if labs[i] else ():
                    self._others[f"{release} names {lab}"] += 1

    def findings(self) -> Iterator[Finding]:
        """All of them, once every batch was seen."""
        yield from Finding.of(f"under {LEAST_CHARACTERS} characters", self._short, "left out")
        yield from Finding.of("refusals", self._refusals, "left out")
        yield from Finding.of("NUL or lone surrogate characters", self._broken, "replaced")
        yield from Finding.of("empty prompts", self._prompts)
        yield from Finding.of("wrong language", self._languages, "language set to what it is")
        # Training and identifying mask them.
        yield from Finding.of("names of models or makers", self._names)
        yield from Finding.of("names of another lab or its models", self._others)

    def _lab_of(self, name: str) -> str:
        return next((self._labs[word] for word in _WORD.findall(name) if word in self._labs), "")


def _labs_by_word(registry: Registry) -> dict[str, str]:
    """The first words of families, and those of labs' names, that stand for one lab alone."""
    labs: dict[str, set[str]] = defaultdict(set)
    for entry in registry.releases.values():
        if entry.kind == "lab":
            maker = _WORD.findall(f"{entry.lab} {registry.display(entry.lab)}".lower())
            for word in (*_WORD.findall(entry.family)[:1], *maker):
                labs[word].add(entry.lab)
    return {word: next(iter(found)) for word, found in labs.items() if len(found) == 1 and len(word) > 2}
