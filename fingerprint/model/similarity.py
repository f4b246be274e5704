"""How close releases are to each other in the embedding: maps and trees of what a model knows, and a case among them.

Distances are between a model's means of releases or labs, each dimension in units of its spread within a release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import MissingExtra
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Floats

# Enough to show a support in whole per cent.
_RESAMPLES = 100
# About as many releases as a lab of middle size has; t-SNE wants less than the number of points.
_PERPLEXITY = 15.0
# What a name in Newick may not hold without quotes.
_SPECIAL = frozenset(" \t\n()[]{}:;,'\"_")


@dataclass(frozen=True)
class Tree:
    """A tree of labs or releases.

    Attributes:
        root: As `lab_tree` and `release_tree` return it.
    """

    root: dict[str, Any]

    def newick(self) -> str:
        """Return the tree in the Newick format, with branch lengths, and the support of each branch as its label.

        Returns:
            One line that ends with a semicolon. A leaf is named by its release, or by its lab where it has none.

        References:
            Olsen (1990), "Newick's 8:45" Tree Format Standard.
        """
        # No recursion: a tree that always grows by one leaf is as deep as it has leaves.
        written: dict[int, str] = {}
        stack: list[tuple[Mapping[str, Any], bool]] = [(self.root, False)]
        while stack:
            node, seen = stack.pop()
            children = node.get("children", ())
            if not children:
                written[id(node)] = _quoted(str(node.get("release", node["lab"])))
            elif seen:
                inside = ",".join(f"{written[id(child)]}:{_length(node, child):.4f}" for child in children)
                written[id(node)] = f"({inside}){100 * node['support']:.0f}"
            else:
                stack += [(node, True), *((child, False) for child in children)]
        return written[id(self.root)] + ";"


def release_map(likelihood: Likelihood, releases: Sequence[Mapping[str, str]], seed: int) -> list[dict[str, Any]]:
    """Place the releases in two dimensions, so that close releases stay close.

    Args:
        likelihood: Of the model.
        releases: (R,) "release", "lab" and "family" of each.
        seed: Of t-SNE.

    Returns:
        For each release these names, "x" and "y"; nothing for fewer than three releases.

    Raises:
        MissingExtra: Without scikit-learn.

    References:
        van der Maaten & Hinton (2008), Visualizing Data using t-SNE.
    """
    try:
        from sklearn.manifold import TSNE
    except ModuleNotFoundError:
        raise MissingExtra("the map of releases", "report") from None
    points = _scaled(likelihood, likelihood.mean)
    if len(points) < 3:
        return []
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    flat = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(points)
    return [
        {
            "release": r["release"],
            "lab": r["lab"],
            "family": r["family"],
            "x": round(float(x), 3),
            "y": round(float(y), 3),
        }
        for r, (x, y) in zip(releases, flat, strict=True)
    ]


def release_tree(likelihood: Likelihood, releases: Sequence[Mapping[str, str]], seed: int) -> dict[str, Any] | None:
    """Join the releases to a tree by Ward's method; the support of a branch is by a bootstrap over dimensions.

    Args:
        likelihood: Of the model.
        releases: (R,) "release" and "lab" of each.
        seed: Of the bootstrap.

    Returns:
        The root. A branch has "height", "support" (the share of resamples in which the same releases form a branch)
        and two "children"; a leaf has "release" and "lab". None for a single release.

    Raises:
        MissingExtra: Without SciPy.

    References:
        Ward (1963), Hierarchical Grouping to Optimize an Objective Function; Felsenstein (1985), Confidence Limits on
        Phylogenies: An Approach Using the Bootstrap.
    """
    leaves = [{"release": r["release"], "lab": r["lab"]} for r in releases]
    return _tree(_scaled(likelihood, likelihood.mean), leaves, seed)


def lab_tree(likelihood: Likelihood, labs: Sequence[str], seed: int) -> dict[str, Any] | None:
    """Join the labs to a tree, as `release_tree` does with releases, by the directions of their mean styles.

    The length of a lab's mean says how many responses of it are known, more than how it writes.

    Args:
        likelihood: Of the model.
        labs: (L,) the key of each lab.
        seed: Of the bootstrap.

    Returns:
        The root, as of `release_tree`; a leaf has "lab" alone. None for a single lab.

    Raises:
        MissingExtra: Without SciPy.
    """
    points = _scaled(likelihood, likelihood.lab_mean)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return _tree(points / np.where(lengths > 0, lengths, 1.0), [{"lab": lab} for lab in labs], seed)


def case_point(likelihood: Likelihood, rows: NDArray[np.floating]) -> Floats:
    """Return where a case lies among the releases: the posterior mean of a new release that wrote it.

    Few responses, and an unknown domain, pull it to the middle, as they do with a release that the model knows.

    Args:
        likelihood: Of the model.
        rows: (n, D) embeddings of the responses, at least one.

    Returns:
        (K,) the posterior mean, in PLDA's basis.

    References:
        Brümmer, N. and De Villiers, E. (2010). The speaker partitioning problem. Odyssey 2010.
    """
    plda = likelihood.plda
    known = plda.between_labs + plda.between_releases
    noise = plda.domain + plda.session + likelihood.spread(np.array([len(rows)]))[0] * plda.within
    return plda.project(rows).mean(axis=0) * known / (known + noise)


def case_similarity(likelihood: Likelihood, point: Floats) -> Floats:
    """Return (R,) the cosine similarity of a case with each release: 1 for the same direction, 0 for none.

    Args:
        likelihood: Of the model.
        point: (K,) as `case_point` returns it.
    """
    releases, case = _scaled(likelihood, likelihood.mean), _scaled(likelihood, point)
    lengths = np.linalg.norm(releases, axis=1) * np.linalg.norm(case)
    return np.divide(releases @ case, lengths, out=np.zeros(len(releases)), where=lengths > 0)


def _tree(points: Floats, leaves: list[dict[str, Any]], seed: int) -> dict[str, Any] | None:
    try:
        from scipy.cluster.hierarchy import linkage
    except ModuleNotFoundError:
        raise MissingExtra("a tree", "report") from None
    count = len(points)
    if count < 2:
        return None
    rng = np.random.default_rng(seed)
    merges = linkage(points, "ward")
    seen: Counter[frozenset[int]] = Counter()
    for _ in range(_RESAMPLES):
        at = rng.integers(0, points.shape[1], points.shape[1])
        seen.update(_branches(linkage(points[:, at], "ward"), count))
    nodes = list(leaves)
    for merge, members in zip(merges, _branches(merges, count), strict=True):
        nodes.append(
            {
                "height": round(float(merge[2]), 4),
                "support": seen[members] / _RESAMPLES,
                "children": [nodes[int(merge[0])], nodes[int(merge[1])]],
            }
        )
    return nodes[-1]


def _scaled(likelihood: Likelihood, means: Floats) -> Floats:
    return means / np.sqrt(likelihood.plda.within)


def _branches(merges: Floats, count: int) -> list[frozenset[int]]:
    """The leaves under each merge, in order."""
    under = [frozenset([i]) for i in range(count)]
    for merge in merges:
        under.append(under[int(merge[0])] | under[int(merge[1])])
    return under[count:]


def _length(node: Mapping[str, Any], child: Mapping[str, Any]) -> float:
    # Half of the distance at which two join lies on each side, so that lengths add up to it.
    return max(float(node["height"]) - float(child.get("height", 0.0)), 0.0) / 2


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'" if _SPECIAL & set(name) or not name else name
