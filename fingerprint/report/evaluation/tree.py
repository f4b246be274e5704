"""The tree of releases: a dendrogram with a line for each release, and its well-supported branches as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fingerprint.report.evaluation.numbers import name
from fingerprint.report.evaluation.svg import Mark, px

LINE = 15.0
SURE = 0.5
_TREE, _NAMES, _MARGIN = 400.0, 430.0, 34.0
_LETTERS, _MEMBERS = 44, 6


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
    """The tree laid out, root at the left: path data of its branches, places of supports, leaves."""

    width: float
    height: float
    branches: list[str]
    supports: list[tuple[str, str, str]]
    leaves: list[Leaf]
    sure: list[Branch]


def draw(root: Mapping[str, Any], looks: Mapping[str, Mark]) -> Tree:
    """Lay out a tree of nodes (`height`, `support`, `children`) and leaves (`release`, `lab`).

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
            shape = look.at(_MARGIN + _TREE + 10, node.y, 3.6) if look else ""
            leaves.append(Leaf(name(item["release"], _LETTERS), name(item["lab"], 20), node.y, look, shape))
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
            one.x = _MARGIN + _TREE * (1 - one.height / (top.height or 1.0))
    sure = [node for node in inner if node.support is not None and node.support >= SURE]
    return Tree(
        _MARGIN + _TREE + _NAMES,
        LINE * len(leaves) + 16,
        [_elbow(node) for node in inner],
        [(px(node.x - 3), px(node.y - 3), f"{100 * (node.support or 0):.0f}") for node in sure],
        leaves,
        [_branch(node) for node in sorted(sure, key=lambda n: (-(n.support or 0), -len(n.releases)))],
    )


def _node(item: Mapping[str, Any]) -> _Node:
    return _Node(item.get("height") or 0.0, item.get("support"))


def _elbow(node: _Node) -> str:
    first, *between, last = node.children if len(node.children) > 1 else node.children * 2
    side = f"M{px(first.x)} {px(first.y)}H{px(node.x)}V{px(last.y)}H{px(last.x)}"
    return side + "".join(f"M{px(node.x)} {px(child.y)}H{px(child.x)}" for child in between)


def _branch(node: _Node) -> Branch:
    return Branch(node.support or 0.0, node.height, len(node.releases), node.releases[:_MEMBERS])
