"""One response, and one suspect: a file of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """A response and what is known of how it came about; all but `response` may be empty."""

    response: str
    prompt: str = ""
    prompt_id: str = ""
    system: str = ""
    language: str = ""
    usage: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """The usable responses of one file, of `n_responses` that it holds; `warnings` say what was left out."""

    file: str
    records: tuple[Record, ...]
    n_responses: int
    warnings: tuple[str, ...] = ()

    @property
    def n_used(self) -> int:
        return len(self.records)
