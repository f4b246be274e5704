from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint import Fingerprint
from fingerprint.errors import FingerprintError
from fingerprint.model.similarity import Tree, case_point, case_similarity


@pytest.fixture(scope="module")
def shipped() -> Fingerprint:
    return Fingerprint.load(Path(__file__).resolve().parents[2] / "models" / "default")


def leaf(name: str) -> dict[str, Any]:
    return {"release": name, "lab": "l"}


def test_newick_has_lengths_supports_and_quoted_names() -> None:
    inner = {"height": 1.0, "support": 0.5, "children": [leaf("a-1.5"), leaf("b's (x)")]}
    tree = Tree({"height": 3.0, "support": 1.0, "children": [inner, leaf("c_d")]})
    assert tree.newick() == "(('a-1.5':0.5000,'b''s (x)':0.5000)50:1.0000,'c_d':1.5000)100;".replace("'a-1.5'", "a-1.5")


def test_newick_of_a_tree_that_is_deeper_than_any_stack() -> None:
    node = leaf("x0")
    for i in range(5000):
        node = {"height": float(i + 1), "support": 1.0, "children": [node, leaf(f"x{i + 1}")]}
    text = Tree(node).newick()
    assert text.count("(") == 5000
    assert re.findall(r"x\d+", text)[-1] == "x5000"


def test_the_level_of_a_tree_is_checked(shipped: Fingerprint) -> None:
    with pytest.raises(FingerprintError, match="expected lab or release"):
        shipped.tree("family")


def test_a_case_is_most_like_the_release_that_wrote_it(shipped: Fingerprint) -> None:
    likelihood = shipped.loaded.likelihood
    plda = likelihood.plda
    # Responses that lie exactly where a release does.
    release = int(np.argmax(np.linalg.norm(likelihood.mean, axis=1)))
    row = plda.centre + np.linalg.solve(plda.basis.T, likelihood.mean[release])
    many = case_point(likelihood, np.repeat(row[None], 25, axis=0))
    similar = case_similarity(likelihood, many)
    assert int(similar.argmax()) == release
    assert similar.max() <= 1 + 1e-9
    # One response is pulled to the middle more than many are.
    assert np.linalg.norm(case_point(likelihood, row[None])) < np.linalg.norm(many)
