"""Where cases lie on the map of releases and in the tree of labs."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingerprint.model.similarity import case_point, case_similarity
from fingerprint.report.evaluation.similarity import draw_map, draw_tree
from fingerprint.report.evaluation.svg import marks
from fingerprint.report.layout import Names
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.view import Section

# Neighbours that are named; they also place the case on the map.
_NEAR = 5
# Wide enough to see who is near, and so narrow that the names are on a phone's screen.
_TREE = 190.0


@dataclass(frozen=True)
class _Neighbour:
    release: str
    lab: str
    similarity: float


def place_section(context: PageContext, titles: Sequence[str] = ("These responses",)) -> list[Section]:
    """Return where each case lies; nothing without a usable response.

    Args:
        context: With the cases.
        titles: How the cases are called.
    """
    model, name = context.model, Names(context.labs)
    found = []
    for case in context.cases:
        if case.n_used:
            rows = model.read([record.response for record in case.records])[0]
            found.append(case_similarity(model.likelihood, case_point(model.likelihood, rows)))
    if not found:
        return []
    nearest = [[int(i) for i in np.argsort(-of, kind="stable")[:_NEAR]] for of in found]
    near = [
        [_Neighbour(model.releases[i]["release"], name(model.releases[i]["lab"]), float(of[i])) for i in order]
        for of, order in zip(found, nearest, strict=True)
    ]
    around = context.surroundings
    view = {
        "titles": titles,
        "near": near,
        "map": draw_map(around.releases, name, [[one.release for one in of] for of in near])
        if around and around.releases
        else None,
        "tree": None,
        "name": name,
    }
    if around and around.labs:
        view |= _tree(around.labs, context, found)
    return [Section("place", "Where these responses lie among the known models", "place", view)]


def _tree(root: Mapping[str, Any], context: PageContext, found: list[Any]) -> dict[str, Any]:
    """The tree of labs, and how much each lab's most similar release is like each case."""
    model, name = context.model, Names(context.labs)
    labs = [entry["lab"] for entry in model.releases]
    best: list[dict[str, float]] = []
    for of in found:
        highest: dict[str, float] = {}
        for lab, value in zip(labs, of.tolist(), strict=True):
            highest[lab] = max(value, highest.get(lab, -1.0))
        best.append(highest)
    copied, order = copy.deepcopy(dict(root)), []
    stack = [copied]
    while stack:
        node = stack.pop()
        if "lab" in node:
            order.append(node["lab"])
            node["release"] = name(node["lab"])
        stack += reversed(node.get("children", []))
    # The same marks as on the map.
    tree = draw_tree(copied, marks(Counter(labs)), name, _TREE)
    first = [sorted(of, key=lambda lab: (-of[lab], lab))[:3] for of in best]
    rows = [
        (leaf, [(of.get(lab, 0.0), lab in top) for of, top in zip(best, first, strict=True)])
        for leaf, lab in zip(tree.leaves, order, strict=True)
    ]
    return {"tree": tree, "leaves": rows}
