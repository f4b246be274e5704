"""The parts of a protocol beside each other and beside what they are to be held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fingerprint.report.evaluation.figures import Figures

_BASE = "same-set"


@dataclass(frozen=True)
class Part:
    """A part at one number of responses: its figures at the three levels (None where not measured)."""

    name: str
    kind: str
    responses: int
    lab: dict[str, Any] | None
    family: dict[str, Any] | None
    release: dict[str, Any] | None

    @property
    def top(self) -> dict[str, Any] | None:
        """How often the right lab came first: value, low, high."""
        return None if self.lab is None else self.lab["metrics"].get("top-1")


def parts(figures: Figures, protocol: str) -> list[Part]:
    """Return the parts of a protocol without their sum; of `language: en` the kind is `language`."""
    found = []
    for part in figures.parts(protocol):
        if part != "all":
            kind, colon, title = part.partition(": ")
            found.append(_part(figures, protocol, part, title if colon else part, kind if colon else ""))
    return found


def beside(figures: Figures, protocol: str) -> list[Part]:
    """Return what the parts of a protocol are held against: the unchanged files, and the protocol's own sum."""
    rows = []
    if protocol != _BASE and figures.responses(_BASE):
        rows.append(_part(figures, _BASE, "all", _BASE, ""))
    if figures.responses(protocol):
        rows.append(_part(figures, protocol, "all", "all of them", ""))
    return rows


def _part(figures: Figures, protocol: str, part: str, title: str, kind: str) -> Part:
    responses = figures.typical(protocol, part)
    lab, family, release = (figures.get(protocol, part, responses, level) for level in ("lab", "family", "release"))
    return Part(title, kind, responses, lab, family, release)
