"""Who was taken for whom: a heat table of labs, and what lies below each lab."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEPS = 6
_NAMED = 5


@dataclass(frozen=True)
class Cell:
    """The suspects of one lab that were named as another; `step` of 1 to 6 is how strongly it is coloured."""

    lab: str
    cases: int
    share: float
    step: int
    right: bool

    @property
    def text(self) -> str:
        """The share in whole per cent."""
        return f"{100 * self.share:.0f}" if self.share >= 0.005 else "<1"


@dataclass(frozen=True)
class Row:
    """One lab, family or release: how many of its suspects were named right, and as what the others were."""

    name: str
    cases: int
    right: int
    others: list[tuple[str, int]]
    more: int

    @property
    def share(self) -> float | None:
        """The share that was named right."""
        return self.right / self.cases if self.cases else None


def heat(labs: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[tuple[Row, list[Cell | None]]]]:
    """Return the labs that were named, and for each lab asked about a cell for each of them, or None."""
    named = dict.fromkeys(lab["lab"] for lab in labs)
    named |= dict.fromkeys(other["lab"] for lab in labs for other in lab["named"])
    rows = []
    for lab in labs:
        counts = {other["lab"]: other["suspects"] for other in lab["named"]}
        counts[lab["lab"]] = row("lab", lab).right
        rows.append((row("lab", lab), [_cell(lab, other, counts.get(other, 0)) for other in named]))
    return list(named), rows


def row(kind: str, item: Mapping[str, Any]) -> Row:
    """Return the row of a lab, family or release; what `named` does not account for was named right."""
    own, cases = item[kind], item["suspects"]
    others = [(other[kind], other["suspects"]) for other in item["named"] if other[kind] != own and other["suspects"]]
    others.sort(key=lambda other: (-other[1], other[0]))
    listed = [other["suspects"] for other in item["named"] if other[kind] == own]
    right = sum(listed) if listed else cases - sum(number for _, number in others)
    return Row(own, cases, max(right, 0), others[:_NAMED], sum(number for _, number in others[_NAMED:]))


def _cell(lab: Mapping[str, Any], other: str, cases: int) -> Cell | None:
    if not cases or not lab["suspects"]:
        return None
    share = min(cases / lab["suspects"], 1.0)
    return Cell(other, cases, share, max(math.ceil(share * _STEPS), 1), other == lab["lab"])
