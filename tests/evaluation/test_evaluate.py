from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint.errors import FingerprintError
from fingerprint.evaluation.protocols import NAMES
from fingerprint.evaluation.run import Settings, evaluate


def _figures(report: dict[str, Any], protocol: str, level: str = "lab") -> list[dict[str, Any]]:
    return [f for f in report["figures"] if f["protocol"] == protocol and f["level"] == level]


def test_every_protocol_is_reported(evaluated: Any) -> None:
    report, out = evaluated
    assert {f["protocol"] for f in report["figures"]} == set(NAMES)
    assert {p.name for p in out.iterdir()} == {"report.html", "report.json", "report.md"}
    assert json.loads((out / "report.json").read_text()) == report
    assert report["made"]["command"] == "fingerprint evaluate x"
    assert {c["name"] for c in report["made"]["corpora"]} == {"first", "second", "third", "fourth", "foreign"}


def test_known_releases_are_found_and_shuffled_labels_are_not(evaluated: Any) -> None:
    report, _ = evaluated
    same = [f for f in _figures(report, "same-set") if f["responses"] == 5]
    assert same[0]["metrics"]["top-1"]["value"] > 0.6
    shuffled = [f for f in _figures(report, "controls", "release") if f["part"] == "labels shuffled"]
    assert shuffled
    for figure in shuffled:
        # With ten responses the fold has 14 suspects of the 7 releases that it knows, too few for a bound on the value.
        few = figure["suspects"] < 50
        assert figure["metrics"]["top-1"]["low" if few else "value"] < (1 / figure["releases"] if few else 0.3)
    assert sum(figure["suspects"] >= 50 for figure in shuffled) == 3


def test_what_the_model_never_saw_is_asked_of_the_model_itself(evaluated: Any) -> None:
    report, _ = evaluated
    parts = {f["part"] for f in _figures(report, "other-set")}
    assert "foreign (the model itself)" in parts
    assert "foreign" not in parts


def test_an_unknown_lab_is_never_named_right(evaluated: Any) -> None:
    report, _ = evaluated
    for figure in _figures(report, "unknown-lab"):
        if figure["part"] == "all" and figure["metrics"]["coverage"]["value"]:
            assert figure["metrics"]["false claims"]["value"] == 1
    beside = [f for f in _figures(report, "unknown-lab") if f["part"] == "beside same-set suspects"]
    found = [f["metrics"]["AUROC of unknown"]["value"] for f in beside if "AUROC of unknown" in f["metrics"]]
    assert found
    assert all(0 <= value <= 1 for value in found)


def test_tree_and_map_hold_every_release(evaluated: Any) -> None:
    report, _ = evaluated
    leaves: list[str] = []
    nodes = [report["tree"]]
    while nodes:
        node = nodes.pop()
        if "children" in node:
            assert 0 <= node["support"] <= 1
            nodes += node["children"]
        else:
            leaves.append(node["release"])
    assert sorted(leaves) == sorted(point["release"] for point in report["map"])


def test_a_second_run_gives_the_same_and_does_nothing_again(
    evaluated: Any, world: Path, model: Path, tiny_plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, _ = evaluated
    from fingerprint.evaluation import fits

    def refuse(*args: object) -> None:
        raise AssertionError("a fold was fitted again")

    monkeypatch.setattr(fits, "fit", refuse)
    settings = Settings(
        model,
        world / "registry.csv",
        plan=tiny_plan,
        jobs=1,
        cache=world / "cache",
        command="fingerprint evaluate x",
    )
    corpora = [world / "corpora", world / "foreign.jsonl"]
    assert evaluate(corpora, tmp_path, settings, lambda stage, done, total: None) == report


def test_only_the_wanted_protocols(world: Path, model: Path, tiny_plan: Any, tmp_path: Path) -> None:
    settings = Settings(model, world / "registry.csv", ("other-set",), tiny_plan, jobs=1, cache=world / "cache")
    report = evaluate([world / "foreign.jsonl"], tmp_path / "out", settings, lambda stage, done, total: None)
    assert {f["protocol"] for f in report["figures"]} == {"other-set"}
    assert report["notes"][0].startswith("Fewer than two")


def test_a_file_in_the_place_of_the_folder(model: Path, world: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(FingerprintError, match="no folder"):
        evaluate([world / "corpora"], tmp_path / "taken", Settings(model), lambda stage, done, total: None)
    assert (tmp_path / "taken").read_text() == "mine"


def test_intervals_hold_their_values(evaluated: Any) -> None:
    report, _ = evaluated
    for figure in report["figures"]:
        top = figure["metrics"].get("top-1")
        if top and top["low"] is not None:
            assert top["low"] - 1e-9 <= top["value"] <= top["high"] + 1e-9 or np.isclose(top["low"], top["high"])
