"""The few shapes that all charts are drawn with, as SVG path data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

COLOURS = 8
_SIDES = 0.89
_CROSS = tuple(
    (a * right - b * down, a * down + b * right)
    for right, down in ((1, 0), (0, 1), (-1, 0), (0, -1))
    for a, b in ((1.2, -0.4), (1.2, 0.4), (0.4, 0.4))
)
# Around the origin, for a radius of one; drawn to look equally heavy.
_OUTLINES: tuple[tuple[tuple[float, float], ...], ...] = (
    (),
    ((-_SIDES, -_SIDES), (_SIDES, -_SIDES), (_SIDES, _SIDES), (-_SIDES, _SIDES)),
    ((0, -1.2), (1.15, 0.85), (-1.15, 0.85)),
    ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    ((0, 1.2), (1.15, -0.85), (-1.15, -0.85)),
    _CROSS,
    ((-1.3, -0.55), (1.3, -0.55), (1.3, 0.55), (-1.3, 0.55)),
)


@dataclass(frozen=True)
class Mark:
    """How a series or a lab is drawn: one of eight colours, one of seven shapes, full or hollow."""

    colour: int
    shape: int
    hollow: bool = False

    def at(self, x: float, y: float, radius: float = 4.0) -> str:
        """Return the path data of this mark around a point."""
        outline = _OUTLINES[self.shape]
        if outline:
            return path([(x + radius * dx, y + radius * dy) for dx, dy in outline]) + "z"
        r, width = px(radius), px(2 * radius)
        return f"M{px(x - radius)} {px(y)}a{r} {r} 0 1 0 {width} 0a{r} {r} 0 1 0-{width} 0z"


def mark(number: int) -> Mark:
    """Return the mark of the `number`-th series; neighbours differ in both colour and shape, 112 in either."""
    shapes = len(_OUTLINES)
    return Mark(number % COLOURS, number % shapes, bool(number // (COLOURS * shapes) % 2))


def marks(sizes: Mapping[str, int]) -> dict[str, Mark]:
    """Return a mark for each name, the largest first."""
    return {key: mark(i) for i, key in enumerate(sorted(sizes, key=lambda key: (-sizes[key], key)))}


def px(value: float) -> str:
    """Return a length in user units with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the path data of straight lines through points."""
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in points)


@dataclass(frozen=True)
class Axis:
    """From values to places: `ticks` are pairs of value and label, `bend` stretches a part of the axis."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    bend: Callable[[float], float] = float

    def place(self, value: float, start: float, end: float) -> float:
        """Return where between `start` and `end` a value lies, kept between them."""
        low, high = self.bend(self.low), self.bend(self.high)
        share = (self.bend(min(max(value, self.low), self.high)) - low) / (high - low or 1.0)
        return start + (end - start) * share
