from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint import Fingerprint
from fingerprint.data.reader import read_case
from fingerprint.errors import FingerprintError
from fingerprint.model.similarity import Tree, case_point, case_similarity
from tests import worlds


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


def test_the_tree_of_a_model_has_all_its_labs(model: Path) -> None:
    known = Fingerprint.load(model)
    assert all(lab in known.tree().newick() for lab in known.labs)
    with pytest.raises(FingerprintError, match="expected lab or release"):
        known.tree("family")


def test_a_case_is_most_like_its_own_lab_and_few_responses_pull_to_the_middle(model: Path, tmp_path: Path) -> None:
    known = Fingerprint.load(model).loaded
    case = read_case(str(worlds.case(tmp_path / "s.jsonl", "oak-1", 25)))
    rows = known.read([record.response for record in case.records])[0]
    point = case_point(known.likelihood, rows)
    similar = case_similarity(known.likelihood, point)
    assert known.releases[int(similar.argmax())]["lab"] == "oak"
    assert similar.max() <= 1 + 1e-9
    alone = case_point(known.likelihood, np.repeat(rows.mean(axis=0, keepdims=True), 1, axis=0))
    assert np.linalg.norm(alone) < np.linalg.norm(point)
