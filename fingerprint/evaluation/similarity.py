"""How close releases are to each other in the embedding: a map of the releases that a model knows, and their tree.

Distances are between a model's means of releases, each dimension in units of its spread within a release.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from sklearn.manifold import TSNE

from fingerprint.model.likelihood import Likelihood

# Enough to show a support in whole per cent.
_RESAMPLES = 100
# About as many releases as a lab of middle size has; t-SNE wants less than the number of points.
_PERPLEXITY = 15.0


def release_map(likelihood: Likelihood, releases: list[dict[str, str]], seed: int) -> list[dict[str, Any]]:
    """Place the releases in two dimensions, so that close releases stay close.

    Args:
        likelihood: Of the model.
        releases: (R,) "release", "lab" and "family" of each.
        seed: Of t-SNE.

    Returns:
        For each release these names, "x" and "y"; nothing for fewer than three releases.

    References:
        van der Maaten & Hinton (2008), Visualizing Data using t-SNE.
    """
    points = _points(likelihood)
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


def release_tree(likelihood: Likelihood, releases: list[dict[str, str]], seed: int) -> dict[str, Any] | None:
    """Join the releases to a tree by Ward's method; the support of a branch is by a bootstrap over dimensions.

    Args:
        likelihood: Of the model.
        releases: (R,) "release" and "lab" of each.
        seed: Of the bootstrap.

    Returns:
        The root. A branch has "height", "support" (the share of resamples in which the same releases form a branch)
        and two "children"; a leaf has "release" and "lab". None for a single release.

    References:
        Ward (1963), Hierarchical Grouping to Optimize an Objective Function; Felsenstein (1985), Confidence Limits on
        Phylogenies: An Approach Using the Bootstrap.
    """
    points = _points(likelihood)
    count = len(points)
    if count < 2:
        return None
    rng = np.random.default_rng(seed)
    merges = linkage(points, "ward")
    seen: Counter[frozenset[int]] = Counter()
    for _ in range(_RESAMPLES):
        at = rng.integers(0, points.shape[1], points.shape[1])
        seen.update(_branches(linkage(points[:, at], "ward"), count))
    nodes: list[dict[str, Any]] = [{"release": r["release"], "lab": r["lab"]} for r in releases]
    for merge, members in zip(merges, _branches(merges, count), strict=True):
        nodes.append(
            {
                "height": round(float(merge[2]), 4),
                "support": seen[members] / _RESAMPLES,
                "children": [nodes[int(merge[0])], nodes[int(merge[1])]],
            }
        )
    return nodes[-1]


def _points(likelihood: Likelihood) -> NDArray[np.float64]:
    """(R, K)"""
    return likelihood.mean / np.sqrt(likelihood.plda.within)


def _branches(merges: NDArray[np.float64], count: int) -> list[frozenset[int]]:
    """The leaves under each merge, in order."""
    under = [frozenset([i]) for i in range(count)]
    for merge in merges:
        under.append(under[int(merge[0])] | under[int(merge[1])])
    return under[count:]
