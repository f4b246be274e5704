"""The similarity of releases as drawings: a map with a dot for each release, and a tree with a line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from math import dist
from statistics import median
from typing import Any

from fingerprint.report.evaluation.numbers import name
from fingerprint.report.evaluation.svg import Axis, Mark, marks, path, px

# Of the map, in user units; letters and lines are of the size that style.css gives them.
_WIDTH, _MARGIN = 1180.0, 30.0
_LOWEST, _HIGHEST = 560.0, 1000.0
_LETTERS = 24
# A letter's width and a line's height: of the names of labs, and of releases.
_LAB, _RELEASE = (8.4, 17.0), (5.2, 11.5)
# Where a name may stand beside its dot, the best position first.
_BESIDE = ((7.0, 3.5, "start"), (-7.0, 3.5, "end"), (0.0, -8.0, "middle"), (0.0, 15.0, "middle"))
_ANCHORS = {"start": 0.0, "end": 1.0, "middle": 0.5}

Display = Callable[[str], str]
"""Gives the name of a lab for people."""

_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Dot:
    """A release laid out."""

    mark: Mark
    shape: str
    tip: str


@dataclass(frozen=True)
class Label:
    """A name laid out; `lab` says whether it is that of a lab."""

    x: str
    y: str
    anchor: str
    text: str
    lab: bool


@dataclass(frozen=True)
class Map:
    """The map laid out.

    Attributes:
        width: In user units.
        height: In user units.
        dots: A dot for each release.
        names: Of labs and releases.
        labs: Each lab's name for people, mark and number of releases.
        cases: Where each case lies, and path data of the lines to the releases that are most like it.
    """

    width: float
    height: float
    dots: list[Dot]
    names: list[Label]
    labs: list[tuple[str, Mark, int]]
    cases: list[tuple[float, float, str]]


def draw_map(points: Sequence[Mapping[str, Any]], display: Display, near: Sequence[Sequence[str]] = ()) -> Map:
    """Lay out the map; both directions have the same unit, for only distances mean anything.

    Args:
        points: The releases.
        display: Names the labs.
        near: For each case that is shown, the releases that are most like it, the most similar first. They are named,
            and the case lies among them.
    """
    points = [p for p in points if p["x"] is not None and p["y"] is not None]
    left, right = min((p["x"] for p in points), default=0.0), max((p["x"] for p in points), default=1.0)
    low, high = min((p["y"] for p in points), default=0.0), max((p["y"] for p in points), default=1.0)
    unit = (_WIDTH - 2 * _MARGIN) / ((right - left) or 1.0)
    height = min(max(unit * (high - low) + 2 * _MARGIN, _LOWEST), _HIGHEST)
    unit = min(unit, (height - 2 * _MARGIN) / ((high - low) or 1.0))
    wide, tall = unit * (right - left), unit * (high - low)
    across, up = Axis("", left, right, ()), Axis("", low, high, ())
    positions = {
        p["release"]: (
            across.position(p["x"], (_WIDTH - wide) / 2, (_WIDTH + wide) / 2),
            up.position(p["y"], (height + tall) / 2, (height - tall) / 2),
        )
        for p in points
    }
    sizes = Counter(p["lab"] for p in points)
    look = marks(sizes)
    shown = [[release for release in of if release in positions] for of in near]
    dots = [
        Dot(
            look[p["lab"]],
            look[p["lab"]].at(*positions[p["release"]], 4.0),
            f"{name(p['release'])} ({name(display(p['lab']))})",
        )
        for p in points
    ]
    return Map(
        _WIDTH,
        height,
        dots,
        _names(points, positions, [(lab, display(lab)) for lab in look], height, list(chain(*shown))),
        [(display(lab), look[lab], sizes[lab]) for lab in look],
        [_case([positions[release] for release in of]) for of in shown if of],
    )


def _names(
    points: Sequence[Mapping[str, Any]],
    positions: Mapping[str, tuple[float, float]],
    labs: Sequence[tuple[str, str]],
    height: float,
    near: Sequence[str],
) -> list[Label]:
    """Name the releases near a case, each lab at its most typical release, then all others that have room."""
    taken: list[_Box] = []
    chosen: list[Label] = []
    for release in dict.fromkeys(near):
        _place(positions[release], name(release, _LETTERS), False, height, (taken, chosen))
    of_lab = {lab: [p["release"] for p in points if p["lab"] == lab] for lab, _ in labs}
    for lab, shown in labs:
        middle = tuple(median(positions[r][axis] for r in of_lab[lab]) for axis in (0, 1))
        release = min(of_lab[lab], key=lambda r: (dist(positions[r], middle), r))
        _place(positions[release], name(shown, _LETTERS), True, height, (taken, chosen))
    # One of each lab after the other, so that no lab's names take all the room.
    for turn in zip_longest(*of_lab.values()):
        for release in (one for one in turn if one is not None and one not in near):
            _place(positions[release], name(release, _LETTERS), False, height, (taken, chosen))
    return chosen


def _place(
    at: tuple[float, float], text: str, lab: bool, height: float, so_far: tuple[list[_Box], list[Label]]
) -> None:
    """Put a name beside a point, if one of the positions is free; so_far: the room that is taken, and the names."""
    taken, chosen = so_far
    letter, line = _LAB if lab else _RELEASE
    wide = letter * len(text)
    for start, base, anchor in _BESIDE:
        x, y = at[0] + start, at[1] + base
        begin = x - wide * _ANCHORS[anchor]
        box = (begin, y - line + 3, begin + wide, y + 3)
        inside = box[0] > 4 and box[2] < _WIDTH - 4 and box[1] > 4 and box[3] < height - 4
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            chosen.append(Label(px(x), px(y), anchor, text, lab))
            return


def _case(near: Sequence[tuple[float, float]]) -> tuple[float, float, str]:
    # The median keeps a case off the empty space between two groups (Poličar et al. 2024, openTSNE).
    x, y = median(x for x, _ in near), median(y for _, y in near)
    return x, y, "".join(path([(x, y), one]) for one in near)


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


LINE = 15.0
"""The height of a release in the tree, in user units."""

SUPPORTED = 0.5
"""The support from which on a branch is listed."""

_TREE, _NAMES, _TREE_MARGIN = 400.0, 430.0, 34.0
_TREE_LETTERS, _MEMBERS = 44, 6


@dataclass
class _Node:
    height: float
    support: float | None
    x: float = 0.0
    y: float = 0.0
    children: list[_Node] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Branch:
    """A branch that came back in at least half of the bootstrap samples."""

    support: float
    height: float
    releases: int
    members: list[str]


@dataclass(frozen=True)
class Leaf:
    """A release laid out; `mark` is that of its lab on the map."""

    release: str
    lab: str
    y: float
    mark: Mark | None
    shape: str


@dataclass(frozen=True)
class Tree:
    """The tree laid out, root at the left: path data of its branches, positions of supports, leaves."""

    width: float
    height: float
    branches: list[str]
    supports: list[tuple[str, str, str]]
    leaves: list[Leaf]
    supported: list[Branch]
    names_at: float


def draw_tree(root: Mapping[str, Any], looks: Mapping[str, Mark], display: Display, wide: float = _TREE) -> Tree:
    """Lay out a tree of nodes (`height`, `support`, `children`) and leaves (`release`, `lab`), `wide` without names.

    No recursion: a tree that always grows by one release is as deep as it has releases.
    """
    leaves: list[Leaf] = []
    inner: list[_Node] = []
    top = _node(root)
    stack = [(root, top, False)]
    while stack:
        item, node, seen = stack.pop()
        if not item.get("children"):
            node.y = LINE * (len(leaves) + 0.5) + 8
            look = looks.get(item["lab"])
            shape = look.at(_TREE_MARGIN + wide + 10, node.y, 3.6) if look else ""
            lab = name(display(item["lab"]), 20)
            leaves.append(Leaf(name(item["release"], _TREE_LETTERS), lab, node.y, look, shape))
            node.releases = [item["release"]]
        elif seen:
            # A branch without a height begins where its parts do.
            node.height = max([node.height, *(child.height for child in node.children)])
            node.y = (node.children[0].y + node.children[-1].y) / 2
            node.releases = [release for child in node.children for release in child.releases]
            inner.append(node)
        else:
            node.children = [_node(child) for child in item["children"]]
            stack.append((item, node, True))
            stack += [(c, n, False) for c, n in reversed(list(zip(item["children"], node.children, strict=True)))]
    for node in inner:
        for one in (node, *node.children):
            one.x = _TREE_MARGIN + wide * (1 - one.height / (top.height or 1.0))
    supported = [node for node in inner if node.support is not None and node.support >= SUPPORTED]
    return Tree(
        _TREE_MARGIN + wide + _NAMES,
        LINE * len(leaves) + 16,
        [_elbow(node) for node in inner],
        [(px(node.x - 3), px(node.y - 3), f"{100 * (node.support or 0):.0f}") for node in supported],
        leaves,
        [_branch(node) for node in sorted(supported, key=lambda n: (-(n.support or 0), -len(n.releases)))],
        _TREE_MARGIN + wide + 18,
    )


def _node(item: Mapping[str, Any]) -> _Node:
    return _Node(item.get("height") or 0.0, item.get("support"))


def _elbow(node: _Node) -> str:
    first, *between, last = node.children if len(node.children) > 1 else node.children * 2
    side = f"M{px(first.x)} {px(first.y)}H{px(node.x)}V{px(last.y)}H{px(last.x)}"
    return side + "".join(f"M{px(node.x)} {px(child.y)}H{px(child.x)}" for child in between)


def _branch(node: _Node) -> Branch:
    return Branch(node.support or 0.0, node.height, len(node.releases), node.releases[:_MEMBERS])
