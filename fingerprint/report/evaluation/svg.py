"""The shapes that all drawings consist of, as SVG path data, and charts of lines with bands, marks and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

# Room around the lines, for labels.
_TOP, _RIGHT, _BOTTOM, _LEFT = 14.0, 18.0, 46.0, 78.0
_SMALL_LEFT = 64.0

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
    """From values to positions: `ticks` are pairs of value and label, `bend` stretches a part of the axis."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    bend: Callable[[float], float] = float

    def position(self, value: float, start: float, end: float) -> float:
        """Return where between `start` and `end` a value lies, limited to this range."""
        low, high = self.bend(self.low), self.bend(self.high)
        share = (self.bend(min(max(value, self.low), self.high)) - low) / (high - low or 1.0)
        return start + (end - start) * share


@dataclass(frozen=True)
class Point:
    """A value with, where it has one, its interval; `tip` is shown on pointing at it."""

    x: float
    y: float | None
    tip: str
    low: float | None = None
    high: float | None = None
    radius: float = 4.0


@dataclass(frozen=True)
class Series:
    """One line; a point without a value breaks it."""

    name: str
    mark: Mark
    points: Sequence[Point]
    flagged: Point | None = None


@dataclass(frozen=True)
class Rule:
    """A straight line across the chart between two points in values; the label stands at its end, on one side."""

    start: tuple[float, float]
    end: tuple[float, float]
    label: str = ""
    anchor: str = "end"


@dataclass(frozen=True)
class Line:
    """A series laid out: path data of its pieces, bands and markers with their tips."""

    name: str
    mark: Mark
    pieces: list[str]
    bands: list[str]
    markers: list[tuple[str, str]]
    flag: tuple[str, str] | None

    @property
    def sample(self) -> str:
        """Path data of the marker in a legend of 34 by 12."""
        return self.mark.at(17, 6)


@dataclass(frozen=True)
class Chart:
    """A chart laid out in user units; ticks and rules hold positions and labels."""

    label: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_label: str
    y_label: str
    x_ticks: list[tuple[str, str]]
    y_ticks: list[tuple[str, str]]
    lines: list[Line]
    rules: list[tuple[str, str, str, str, str]]
    small: bool


def draw(
    label: str, series: Iterable[Series], x: Axis, y: Axis, rules: Iterable[Rule] = (), small: bool = False
) -> Chart:
    """Lay out a chart; `label` is its accessible name, `small` makes it one of several beside each other."""
    width, height = (320.0, 270.0) if small else (680.0, 380.0)
    left, right = _SMALL_LEFT if small else _LEFT, width - _RIGHT
    top, bottom = _TOP, height - _BOTTOM

    def position(across: float, up: float) -> tuple[float, float]:
        return x.position(across, left, right), y.position(up, bottom, top)

    lines = []
    for one in series:
        pieces = _pieces(one.points)
        lines.append(
            Line(
                one.name,
                one.mark,
                [path(position(p.x, _y(p)) for p in piece) for piece in pieces],
                [_band(position, piece) for piece in pieces if _has_band(piece)],
                [(one.mark.at(*position(p.x, _y(p)), p.radius), p.tip) for piece in pieces for p in piece if p.radius],
                (one.mark.at(*position(one.flagged.x, _y(one.flagged)), 8.0), one.flagged.tip) if one.flagged else None,
            )
        )
    drawn = []
    for rule in rules:
        end = position(*rule.end)
        drawn.append((path([position(*rule.start), end]), px(end[0]), px(end[1]), rule.label, rule.anchor))
    return Chart(
        label,
        width,
        height,
        left,
        right,
        top,
        bottom,
        x.label,
        y.label,
        [(px(x.position(value, left, right)), text) for value, text in x.ticks],
        [(px(y.position(value, bottom, top)), text) for value, text in y.ticks],
        lines,
        drawn,
        small,
    )


def _pieces(points: Sequence[Point]) -> list[list[Point]]:
    return [list(piece) for there, piece in groupby(points, lambda p: p.y is not None) if there]


def _y(point: Point) -> float:
    return point.y or 0.0


def _has_band(piece: Sequence[Point]) -> bool:
    return len(piece) > 1 and any(p.low is not None for p in piece)


def _band(position: Callable[[float, float], tuple[float, float]], piece: list[Point]) -> str:
    lower = [position(p.x, _y(p) if p.low is None else p.low) for p in piece]
    upper = [position(p.x, _y(p) if p.high is None else p.high) for p in piece]
    return path([*lower, *reversed(upper)]) + "z"
