"""What is in corpora, counted in one pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fingerprint.corpora.rows import read_batches, text
from fingerprint.data.corpus import licence_and_source
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError

BY = ("release", "lab", "language", "domain", "corpus", "variant", "kind")


@dataclass
class Count:
    """Counts over some rows."""

    responses: int = 0
    characters: int = 0
    no_prompt: int = 0
    releases: set[str] = field(default_factory=set)
    labs: set[str] = field(default_factory=set)
    prompts: set[int] = field(default_factory=set)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "responses": self.responses,
            "releases": len(self.releases),
            "labs": len(self.labs),
            "prompts": len(self.prompts),
            "no_prompt": self.no_prompt,
            "mean_characters": round(self.characters / max(self.responses, 1)),
        }


@dataclass
class Stats:
    """The counts of corpora.

    Attributes:
        total: Over all rows.
        files: Licence, source and counts of each file.
        groups: By the values of a column, empty for rows without it.
        unknown: Rows of releases that the registry does not know, by name.
    """

    total: Count
    files: dict[str, dict[str, Any]]
    groups: dict[str, Count]
    unknown: Counter[str]


def count(paths: Sequence[Path], registry: Registry, by: str | None, report: Callable[[str, int, int], None]) -> Stats:
    """Count what is in corpora.

    Args:
        paths: Files and folders.
        registry: Resolves releases; one that it does not know counts under its own name, without a lab.
        by: One of BY, whose values make groups; None for no groups.
        report: Receives the progress.

    Raises:
        FingerprintError: `by` is not one of BY, or a file cannot be read.
    """
    if by is not None and by not in BY:
        raise FingerprintError(f"{by}: expected one of {', '.join(BY)}")
    stats = Stats(Count(), {}, defaultdict(Count), Counter())
    counts: dict[Path, Count] = defaultdict(Count)
    for batch in read_batches(paths):
        stem = batch.path.name.split(".")[0]
        for row in batch.rows:
            name = text(row, "release")
            entry = registry.resolve(name)
            if entry is None:
                stats.unknown[name] += 1
            values = {
                "release": entry.release if entry else name,
                "lab": entry.lab if entry else "",
                "kind": entry.kind if entry else "",
                "corpus": text(row, "corpus") or stem,
            }
            group = [stats.groups[values[by] if by in values else text(row, by)]] if by else []
            for one in (stats.total, counts[batch.path], *group):
                _add(one, row, values)
        report("responses", stats.total.responses, stats.total.responses)
    for path, one in counts.items():
        licence, source = licence_and_source(path)
        stats.files[str(path)] = {"licence": licence, "source": source} | one.to_dict()
    return stats


def _add(one: Count, row: dict[str, Any], values: dict[str, str]) -> None:
    one.responses += 1
    one.characters += len(row["response"])
    prompt = text(row, "prompt")
    one.no_prompt += not prompt.strip()
    one.releases.add(values["release"])
    if values["lab"]:
        one.labs.add(values["lab"])
    key = text(row, "prompt_id") or prompt
    if key:
        one.prompts.add(hash((values["corpus"], key)))
