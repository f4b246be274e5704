"""Which lab is taken for which: a heat table of labs, and the rows of families and releases below it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEPS = 6
_LISTED = 5


@dataclass(frozen=True)
class Cell:
    """The cases of one lab with another first lab; `step` of 1 to 6 is how strongly the cell is coloured."""

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
    """One lab, family or release: how many of its cases are right, and what the others are taken for."""

    name: str
    cases: int
    right: int
    others: list[tuple[str, int]]
    more: int

    @property
    def share(self) -> float | None:
        """The share of right cases; None without cases."""
        return self.right / self.cases if self.cases else None


def heat(labs: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[tuple[Row, list[Cell | None]]]]:
    """Lay out the heat table.

    Args:
        labs: The list "labs" of the report's confusion.

    Returns:
        The predicted labs, and for each true lab its row and a cell for each predicted lab, None for an empty one.
    """
    predicted = dict.fromkeys(lab["lab"] for lab in labs)
    predicted |= dict.fromkeys(other["lab"] for lab in labs for other in lab["predicted"])
    rows = []
    for lab in labs:
        counts = {other["lab"]: other["cases"] for other in lab["predicted"]}
        counts[lab["lab"]] = row("lab", lab).right
        rows.append((row("lab", lab), [_cell(lab, other, counts.get(other, 0)) for other in predicted]))
    return list(predicted), rows


def row(kind: str, item: Mapping[str, Any]) -> Row:
    """Return the row of a lab, family or release; cases that "predicted" does not account for are right."""
    own, cases = item[kind], item["cases"]
    others = [(other[kind], other["cases"]) for other in item["predicted"] if other[kind] != own and other["cases"]]
    others.sort(key=lambda other: (-other[1], other[0]))
    listed = [other["cases"] for other in item["predicted"] if other[kind] == own]
    right = sum(listed) if listed else cases - sum(number for _, number in others)
    return Row(own, cases, max(right, 0), others[:_LISTED], sum(number for _, number in others[_LISTED:]))


def _cell(lab: Mapping[str, Any], other: str, cases: int) -> Cell | None:
    if not cases or not lab["cases"]:
        return None
    share = min(cases / lab["cases"], 1.0)
    return Cell(other, cases, share, max(math.ceil(share * _STEPS), 1), other == lab["lab"])
