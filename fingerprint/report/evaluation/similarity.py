"""The similarity of releases as drawings: a map with a dot for each release, and a tree with a line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from fingerprint.report.evaluation.numbers import name
from fingerprint.report.evaluation.svg import Axis, Mark, marks, path, px

# Of the map, in user units; letters and lines are of the size that style.css gives them.
_WIDTH, _MARGIN = 880.0, 26.0
_LOWEST, _HIGHEST = 420.0, 720.0
_NAMED, _LETTERS = 26, 24
_LETTER, _LINE = 6.6, 15.0
# Where a name may stand beside its dot, the best position first.
_BESIDE = ((8.0, 4.0, "start"), (-8.0, 4.0, "end"), (0.0, -9.0, "middle"), (0.0, 18.0, "middle"))


@dataclass(frozen=True)
class Dot:
    """A release laid out."""

    mark: Mark
    shape: str
    tip: str


@dataclass(frozen=True)
class Map:
    """The map laid out.

    Attributes:
        width: In user units.
        height: In user units.
        dots: A dot for each release.
        names: Positions, anchors and texts.
        labs: Each lab's mark and number of releases.
        cases: Where each case lies, and path data of the lines to the releases that are most like it.
    """

    width: float
    height: float
    dots: list[Dot]
    names: list[tuple[str, str, str, str]]
    labs: list[tuple[str, Mark, int]]
    cases: list[tuple[float, float, str]]


def draw_map(points: Sequence[Mapping[str, Any]], near: Sequence[Sequence[str]] = ()) -> Map:
    """Lay out the map; both directions have the same unit, for only distances mean anything.

    Args:
        points: The releases.
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
            look[p["lab"]], look[p["lab"]].at(*positions[p["release"]], 4.5), f"{name(p['release'])} ({name(p['lab'])})"
        )
        for p in points
    ]
    return Map(
        _WIDTH,
        height,
        dots,
        _names(points, positions, list(look), height, [release for of in shown for release in of]),
        [(lab, look[lab], sizes[lab]) for lab in look],
        [_case([positions[release] for release in of]) for of in shown if of],
    )


def _names(
    points: Sequence[Mapping[str, Any]],
    positions: Mapping[str, tuple[float, float]],
    labs: Sequence[str],
    height: float,
    near: Sequence[str],
) -> list[tuple[str, str, str, str]]:
    """Name the releases that are most like a case, and the most typical one of each of the largest labs."""
    taken: list[tuple[float, float, float, float]] = []
    chosen = []
    typical = [_typical([p["release"] for p in points if p["lab"] == lab], positions) for lab in labs[:_NAMED]]
    for release in dict.fromkeys((*near, *typical)):
        text = name(release, _LETTERS)
        x, y = positions[release]
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


def _case(near: Sequence[tuple[float, float]]) -> tuple[float, float, str]:
    # The median keeps a case off the empty space between two groups (Poličar et al. 2024, openTSNE).
    x, y = median(x for x, _ in near), median(y for _, y in near)
    return x, y, "".join(path([(x, y), one]) for one in near)


def _typical(releases: Sequence[str], positions: Mapping[str, tuple[float, float]]) -> str:
    """The release in the middle of its lab."""
    across, up = median(positions[r][0] for r in releases), median(positions[r][1] for r in releases)
    return min(releases, key=lambda r: ((positions[r][0] - across) ** 2 + (positions[r][1] - up) ** 2, r))


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
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


def draw_tree(root: Mapping[str, Any], looks: Mapping[str, Mark], wide: float = _TREE) -> Tree:
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
            leaves.append(Leaf(name(item["release"], _TREE_LETTERS), name(item["lab"], 20), node.y, look, shape))
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
