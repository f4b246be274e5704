"""The map of releases: a dot for each, the names of a few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from fingerprint.report.evaluation.numbers import name
from fingerprint.report.evaluation.svg import Axis, Mark, marks, px

_WIDTH, _MARGIN = 880.0, 26.0
_LOWEST, _HIGHEST = 420.0, 720.0
_NAMED, _LETTERS = 26, 24
_LETTER, _LINE = 6.6, 15.0
# Where a name may stand beside its dot, the best place first.
_BESIDE = ((8.0, 4.0, "start"), (-8.0, 4.0, "end"), (0.0, -9.0, "middle"), (0.0, 18.0, "middle"))


@dataclass(frozen=True)
class Dot:
    """A release laid out."""

    mark: Mark
    shape: str
    tip: str


@dataclass(frozen=True)
class Map:
    """The map laid out; `names` are places, anchors and texts, `labs` each lab's mark and number of releases."""

    width: float
    height: float
    dots: list[Dot]
    names: list[tuple[str, str, str, str]]
    labs: list[tuple[str, Mark, int]]


def draw(points: Sequence[Mapping[str, Any]]) -> Map:
    """Lay out the map; both directions have the same unit, for only distances mean anything."""
    points = [p for p in points if p["x"] is not None and p["y"] is not None]
    left, right = min((p["x"] for p in points), default=0.0), max((p["x"] for p in points), default=1.0)
    low, high = min((p["y"] for p in points), default=0.0), max((p["y"] for p in points), default=1.0)
    unit = (_WIDTH - 2 * _MARGIN) / ((right - left) or 1.0)
    height = min(max(unit * (high - low) + 2 * _MARGIN, _LOWEST), _HIGHEST)
    unit = min(unit, (height - 2 * _MARGIN) / ((high - low) or 1.0))
    wide, tall = unit * (right - left), unit * (high - low)
    across, up = Axis("", left, right, ()), Axis("", low, high, ())
    places = {
        p["release"]: (
            across.place(p["x"], (_WIDTH - wide) / 2, (_WIDTH + wide) / 2),
            up.place(p["y"], (height + tall) / 2, (height - tall) / 2),
        )
        for p in points
    }
    sizes = Counter(p["lab"] for p in points)
    look = marks(sizes)
    dots = [
        Dot(look[p["lab"]], look[p["lab"]].at(*places[p["release"]], 4.5), f"{name(p['release'])} ({name(p['lab'])})")
        for p in points
    ]
    return Map(
        _WIDTH, height, dots, _names(points, places, list(look), height), [(lab, look[lab], sizes[lab]) for lab in look]
    )


def _names(
    points: Sequence[Mapping[str, Any]], places: Mapping[str, tuple[float, float]], labs: Sequence[str], height: float
) -> list[tuple[str, str, str, str]]:
    """Name the most typical release of each of the largest labs, where there is room."""
    taken: list[tuple[float, float, float, float]] = []
    chosen = []
    for lab in labs[:_NAMED]:
        own = [p["release"] for p in points if p["lab"] == lab]
        middle = median(places[r][0] for r in own), median(places[r][1] for r in own)
        release = min(own, key=lambda r: ((places[r][0] - middle[0]) ** 2 + (places[r][1] - middle[1]) ** 2, r))
        text = name(release, _LETTERS)
        x, y = places[release]
        wide = _LETTER * len(text)
        for start, base, anchor in _BESIDE:
            begin = x + start - {"start": 0.0, "end": wide, "middle": wide / 2}[anchor]
            box = (begin, y + base - _LINE + 3, begin + wide, y + base + 3)
            inside = box[0] > 4 and box[2] < _WIDTH - 4 and box[1] > 4 and box[3] < height - 4
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                chosen.append((px(x + start), px(y + base), anchor, text))
                break
    return chosen


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
