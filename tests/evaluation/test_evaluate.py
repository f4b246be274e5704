from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from fingerprint.errors import ConfigError, FingerprintError
from fingerprint.evaluation import fits
from fingerprint.evaluation.config import FULL, QUICK
from fingerprint.evaluation.protocols import names
from fingerprint.evaluation.run import Settings, evaluate

Evaluated = tuple[dict[str, Any], Path]


def quiet(stage: str, done: int, total: int) -> None:
    pass


def _figures(report: dict[str, Any], protocol: str, level: str = "lab") -> list[dict[str, Any]]:
    return [f for f in report["figures"] if f["protocol"] == protocol and f["level"] == level]


def test_every_protocol_is_reported(evaluated: Evaluated) -> None:
    report, out = evaluated
    assert {p["name"] for p in report["protocols"]} == set(names())
    found = {f["protocol"] for f in report["figures"]} | set(report["claims"]) | set(report["candidates"])
    assert found == set(names())
    assert {p.name for p in out.iterdir()} == {"report.html", "report.json", "report.md"}
    assert report["schema"] == 3
    assert report["run"]["command"] == "fingerprint evaluate x"
    assert {c["name"] for c in report["run"]["corpora"]} == {"first", "second", "third", "fourth", "foreign"}


def test_known_releases_are_recognised_and_shuffled_labels_are_not(evaluated: Evaluated) -> None:
    report, _ = evaluated
    same = [f for f in _figures(report, "same-set") if f["responses"] == 3]
    assert same[0]["metrics"]["top-1"]["value"] > 0.6
    shuffled = [f for f in _figures(report, "controls", "release") if f["part"] == "shuffled labels"]
    assert shuffled
    for figure in shuffled:
        # A fold has one or two cases of each release that it knows: too few for a bound on the value.
        few = figure["cases"] < 50
        assert figure["metrics"]["top-1"]["low" if few else "value"] < (1 / figure["releases"] if few else 0.3)
    assert {figure["responses"] for figure in shuffled} == {1, 3, 10}


def test_each_kind_is_predicted_under_the_expectation_that_fits_it_too(evaluated: Evaluated) -> None:
    report, _ = evaluated
    fits = {"same-set": "known", "other-set": "known"}
    described = {one["name"]: one["by_kind"] for one in report["protocols"] if one["by_kind"]}
    assert described == {
        "same-set": 25, "external-test": 25, "other-set": 25, "unseen-release": 25, "unseen-release-other-set": 25,
        "temporal-split": 25, "unknown-lab": 25,
    }  # fmt: skip
    # Corpora of anybody fit no expectation.
    for protocol in described.keys() - {"external-test"}:
        found = _figures(report, protocol)
        whole = {f["responses"]: f for f in found if f["part"] == "all"}
        expected = {f["responses"]: f for f in found if f["part"] == f"expect {fits.get(protocol, 'new')}"}
        assert {n: f["cases"] for n, f in whole.items()} == {n: f["cases"] for n, f in expected.items()}
        # The ranking of known labs does not depend on what is expected.
        for n, figure in whole.items():
            top = [f["metrics"].get("top-1", {}).get("value") for f in (figure, expected[n])]
            assert top[0] == top[1]
        assert not [f["part"] for f in found if f["part"].startswith("expect") and f not in expected.values()]


def test_to_expect_what_is_the_case_tells_known_from_new_releases(evaluated: Evaluated) -> None:
    report, _ = evaluated
    for protocol in ("same-set", "other-set", "unseen-release", "unseen-release-other-set"):
        loss: dict[str, list[float]] = {"all": [], "expect": []}
        for figure in _figures(report, protocol, "release"):
            part = figure["part"].split()[0]
            if part in loss:
                loss[part].append(figure["metrics"]["log-loss"]["value"])
        assert all(fits < whole for whole, fits in zip(loss["all"], loss["expect"], strict=True)), protocol


def test_left_out_releases_in_left_out_corpora_are_a_kind_of_their_own(evaluated: Evaluated) -> None:
    report, _ = evaluated
    found = [f for f in _figures(report, "unseen-release-other-set") if f["responses"] == 10]
    assert {f["part"] for f in found} == {"all", "expect new", "first", "second", "third", "fourth"}
    # Every release is left out once; in each fold one of the four corpora is.
    assert sum(f["cases"] for f in found if f["part"] in ("first", "second", "third", "fourth")) == 18
    assert {f["releases"] for f in found if f["part"] == "all"} == {18}


def test_sets_and_likely_verdicts_are_measured(evaluated: Evaluated) -> None:
    report, _ = evaluated
    for figure in _figures(report, "other-set"):
        value = {name: found["value"] for name, found in figure["metrics"].items()}
        assert value["coverage"] <= value["coverage with likely"]
        assert value["set coverage"] <= 1
    likely = [f["metrics"]["coverage with likely"]["value"] for f in _figures(report, "same-set")]
    assert max(likely) > 0.5


def test_languages_have_rows_for_left_out_prompts_and_corpora(evaluated: Evaluated) -> None:
    report, _ = evaluated
    parts = {f["part"] for f in _figures(report, "by-language-and-domain")}
    assert parts == {"language: en", "language, corpus left out: en"}


def test_controls_have_no_verdicts_to_measure(evaluated: Evaluated) -> None:
    report, _ = evaluated
    metrics = {name for figure in _figures(report, "controls") for name in figure["metrics"]}
    assert metrics == {"top-1", "top-3", "macro recall", "macro F1", "log-loss", "Brier", "ECE"}


def test_corpora_outside_the_training_are_an_external_test(evaluated: Evaluated) -> None:
    report, _ = evaluated
    assert {f["part"] for f in _figures(report, "external-test")} == {"all", "foreign"}
    assert "foreign" not in {f["part"] for f in _figures(report, "other-set")}


def test_an_unknown_lab_is_never_attributed_rightly(evaluated: Evaluated) -> None:
    report, _ = evaluated
    for figure in _figures(report, "unknown-lab"):
        if figure["part"] == "all" and figure["metrics"]["coverage"]["value"]:
            assert figure["metrics"]["false-attribution rate"]["value"] == 1
    beside = [f for f in _figures(report, "unknown-lab") if f["part"] == "beside same-set cases"]
    found = [f["metrics"]["AUROC"]["value"] for f in beside if "AUROC" in f["metrics"]]
    assert found
    assert all(0 <= value <= 1 for value in found)


def test_claims_are_judged_in_each_fold(evaluated: Evaluated) -> None:
    report, out = evaluated
    assert set(report["claims"]) == {"verification"}
    found = report["claims"]["verification"]
    assert (found["false_alarms"], found["false_accepts"]) == (0.01, 0.05)
    rows = {(r["level"], r["corpora"], r["responses"], r["kind"]): r for r in found["figures"]}
    assert len(rows) == len(found["figures"])
    assert {(level, corpora) for level, corpora, _, _ in rows} == {
        (level, corpora) for level in ("release", "lab") for corpora in ("known corpora", "corpora left out")
    }
    for corpora in ("known corpora", "corpora left out"):
        # A claim of a lab may be true of a release that the model does not know; a claim of a release may not.
        of_lab, of_release = (rows[level, corpora, 10, "target"]["trials"] for level in ("lab", "release"))
        assert of_lab > of_release
        # A case of a known lab has a claim of its lab and of others; one of an unknown lab has only false ones.
        trials = {kind: rows["lab", corpora, 10, kind]["trials"] for kind in ("other lab", "closest other lab")}
        assert set(trials.values()) == {of_lab}
        assert rows["lab", corpora, 10, "unknown lab"]["trials"] > 0
    easy = rows["lab", "known corpora", 10, "other lab"]["metrics"]
    assert easy["EER"]["value"] < 0.25
    assert easy["minC_llr"]["value"] <= easy["C_llr"]["value"]
    assert easy["EER"]["low"] <= easy["EER"]["value"] <= easy["EER"]["high"]
    assert "Is it the claimed model?" in (out / "report.html").read_text()
    assert "### Claims of a release, corpora left out" in (out / "report.md").read_text()


def test_a_few_labs_are_in_question_in_each_fold(evaluated: Evaluated) -> None:
    report, out = evaluated
    found = report["candidates"]["candidates"]
    assert found["false_attributions"] == 0.05
    rows = {(r["candidates"], r["drawn"], r["inside"], r["kind"], r["responses"]): r for r in found["figures"]}
    assert len(rows) == len(found["figures"])
    # There are six labs.
    assert {key[0] for key in rows} == {2, 5}
    for drawn in ("at random", "alike"):
        # Of three known labs, the right one apart, two are seldom left; no lab is right for an unknown one.
        inside, outside = rows[2, drawn, True, "same", 10], rows[2, drawn, False, "unknown", 10]
        assert min(inside["cases"], outside["cases"]) > 20
        # The thresholds are from few cases here, and another processor trains another model. As in the conclusions
        # of a report, a share is above a rate if its whole interval is.
        assert outside["metrics"]["coverage"]["low"] < 0.4
        assert "false-attribution rate" not in outside["metrics"]
        assert inside["metrics"]["coverage"]["value"] > outside["metrics"]["coverage"]["value"]
        # An unknown lab is never among the candidates.
        assert (2, drawn, True, "unknown", 10) not in rows
    assert "Which of a few labs?" in (out / "report.html").read_text()
    assert "### 5 candidates, alike" in (out / "report.md").read_text()


def test_claims_are_about_more_responses_too(evaluated: Evaluated) -> None:
    report, _ = evaluated
    found = report["claims"]["verification"]["figures"]
    assert {row["responses"] for row in found} == {1, 3, 10, 20}
    assert {row["responses"] for row in report["figures"]} == {1, 3, 10}


def test_tree_and_map_hold_every_release(evaluated: Evaluated) -> None:
    report, _ = evaluated
    leaves: list[str] = []
    nodes = [report["similarity"]["tree"]]
    while nodes:
        node = nodes.pop()
        if "children" in node:
            assert 0 <= node["support"] <= 1
            nodes += node["children"]
        else:
            leaves.append(node["release"])
    assert sorted(leaves) == sorted(point["release"] for point in report["similarity"]["map"])


def test_a_second_run_gives_the_same_and_does_nothing_again(
    evaluated: Evaluated,
    world: Path,
    evaluation_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report, _ = evaluated

    def refuse(*args: object) -> None:
        raise AssertionError("a fold was fitted again")

    monkeypatch.setattr(fits, "fit", refuse)
    again = evaluate([world / "corpora", world / "foreign.jsonl"], tmp_path, evaluation_settings, quiet)
    assert json.loads((tmp_path / "report.json").read_text()) == again == report


def test_only_the_wanted_protocols(
    world: Path, evaluated: Evaluated, evaluation_settings: Settings, tmp_path: Path
) -> None:
    settings = replace(evaluation_settings, protocols=("other-set", "external-test"))
    report = evaluate([world / "foreign.jsonl"], tmp_path / "out", settings, quiet)
    assert {f["protocol"] for f in report["figures"]} == {"external-test"}
    assert report["notes"][0].startswith("The model was trained on fewer than two of these corpora")


def test_a_file_in_the_place_of_the_folder(model: Path, world: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(FingerprintError, match="expected a folder"):
        evaluate([world / "corpora"], tmp_path / "taken", Settings(model), quiet)
    assert (tmp_path / "taken").read_text() == "mine"


def test_intervals_hold_their_values(evaluated: Evaluated) -> None:
    report, _ = evaluated
    for figure in report["figures"]:
        top = figure["metrics"].get("top-1")
        if top and top["low"] is not None:
            assert top["low"] - 1e-9 <= top["value"] <= top["high"] + 1e-9 or np.isclose(top["low"], top["high"])


def test_the_sizes_of_an_evaluation_are_checked(model: Path, tmp_path: Path) -> None:
    FULL.check()
    QUICK.check()
    for wrong in ({"folds": 1}, {"first_month": "2025-13"}, {"prompt_parts": 1}, {"rows": "many"}):
        config = msgspec.structs.replace(FULL, **wrong)
        with pytest.raises(ConfigError, match=rf"\$\.{next(iter(wrong))}"):
            evaluate([tmp_path], tmp_path / "out", Settings(model, config=config), quiet)
    assert not (tmp_path / "out").exists()
