from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint.api import Fingerprint
from fingerprint.cli.main import main
from fingerprint.config import FeatureConfig
from fingerprint.errors import ModelError
from fingerprint.features.signature import feature_signature
from fingerprint.loading import load_model
from fingerprint.model.calibration import NEVER
from fingerprint.model.confidence import CALIBRATION_FEATURES
from fingerprint.model.covariates import read_cases
from fingerprint.side.evidence import SideTables
from fingerprint.store import migrations
from fingerprint.store.folder import load
from fingerprint.store.format import ARRAYS
from fingerprint.store.maintenance import migrate, summary
from tests.store import schema_1
from tests.store.folder import CARD, make, parts, replace, replace_arrays, texts


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return schema_1.write(tmp_path / "old", parts())


def verdict(folder: Path) -> Any:
    return Fingerprint.load(folder).identify(texts()).to_dict()


def test_an_old_model_has_the_names_of_now(old: Path) -> None:
    stored, made = load(old), parts()
    assert stored.schema == 1
    of_old = {name: array for name, array in made.arrays.items() if not ARRAYS[name].document}
    assert stored.arrays.keys() == of_old.keys()
    for name, array in of_old.items():
        np.testing.assert_array_equal(stored.arrays[name], array)
    for name in ("labels", "probing", "side"):
        assert json.dumps(stored.documents[name], sort_keys=True) == json.dumps(made.documents[name], sort_keys=True)
    config = made.documents["config"]
    config["embedding"]["lab_loss_of_all"] = 0
    mixture = {"same": 0.85, "other": 0.1, "unseen": 0.035, "both": 0, "later": 0, "unknown": 0.015}
    config["calibration"]["likely"] = 0
    config["calibration"]["expectations"] = dict.fromkeys(("any", "new", "known"), mixture)
    assert stored.documents["config"] == config
    training = stored.documents["training"]
    assert training["lineage"][0]["comparison"]["figures"][0]["figure"] == "false attributions"
    assert training["lineage"][0]["comparison"]["figures"][0]["cases"] == 9
    assert training["scores"] == [
        {"held out": "same", "responses": 1, "cases": 20, "attributed": 0.5, "false attributions": None}
    ]


def test_an_old_calibration_in_the_form_of_now(old: Path) -> None:
    calibration = load(old).documents["calibration"]
    made = parts().documents["calibration"]
    votes = {name: 0.0 for name in made["parameters"] if name.startswith("votes")}
    assert calibration["parameters"] == {**made["parameters"], **votes, "votes": -50}
    assert calibration["domain_limits"] == calibration["far_limits"] == made["domain_limits"]
    assert calibration["two_source_limits"] == made["two_source_limits"]
    every = calibration["expectations"]
    assert every["any"] == every["new"] == every["known"]

    def sized(values: Any) -> dict[str, Any]:
        return {"1": values, "5": values}

    # At 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25 and 0.5; schema 1 had neither 0.15 nor 0.25.
    thresholds = [0.905, 0.905, 0.905, 0.505, 0.255, 0.005, 0, 0]
    alarms = [0.8, 0.75, 0.7, 0.65, 0.6, 0.6, 0.55, 0.5]
    weights = dict.fromkeys(CALIBRATION_FEATURES, 0.1) | {"agreement": 0, "vote_lead": 0, "lab_releases": 0}
    found = every["any"]
    assert found["thresholds"]["lab"] == sized(pytest.approx(thresholds))
    del found["thresholds"]["lab"]
    assert found == {
        "confidence": {
            outcome: {**weights, "bias": bias} for outcome, bias in (("first", 2), ("unknown", -3), ("new", -2))
        },
        "thresholds": {"family": sized([NEVER] * 8), "release": sized([NEVER] * 8)},
        "new": sized(alarms),
        "known": sized([NEVER] * 8),
        "unknown": sized(alarms),
        "distances": sized([0]),
        "sets": sized([0, 0]),
        "figures": {"1": {}, "5": {}},
    }


def test_an_old_curve_that_is_never_good_enough(old: Path) -> None:
    calibration = schema_1.documents(parts())["calibration"]
    calibration["curves"]["all"]["error"][-1] = 0.12
    calibration["new"]["limits"] = {}
    replace(old, "calibration.json", json.dumps(calibration).encode())
    found = load(old).documents["calibration"]["expectations"]["any"]
    assert found["thresholds"]["lab"]["5"] == pytest.approx([*[NEVER] * 5, 0.005, 0, 0])
    assert found["new"]["5"] == [NEVER] * 8
    assert verdict(old)["novelty"] != "new"


def test_what_old_models_did_not_know_changes_no_probability(old: Path) -> None:
    loaded = load_model(old)
    embeddings, sizes = loaded.read(texts())
    evidence, covariates = read_cases(loaded.likelihood, [embeddings], [sizes])
    assert evidence.votes.any()
    lab, calibration = loaded.likelihood.plda.lab, loaded.calibration
    found = calibration.predict(evidence, covariates, lab)
    without = calibration.predict(dataclasses.replace(evidence, votes=0 * evidence.votes), covariates, lab)
    np.testing.assert_allclose(found.release, without.release, rtol=1e-12)
    np.testing.assert_allclose(found.unknown, without.unknown, rtol=1e-12)


def test_what_an_old_model_says(old: Path) -> None:
    found = verdict(old)
    assert (found["verdict"], found["level"], found["novelty"]) == ("attributed", "lab", "undecided")
    assert {share["lab"] for share in found["set"]} == {"ash", "birch", "cedar"}
    assert found["calibration"]["kinds"] == ()
    # Not likely: whatever is below the threshold of attributions is inconclusive.
    stricter = Fingerprint.load(old).identify(texts(), false_attributions=0.01)
    assert (stricter.verdict, stricter.reason) == ("inconclusive", "below-threshold")
    assert stricter.labs == Fingerprint.load(old).identify(texts(), expect="new").labs


def test_migrating_writes_the_same_model_anew(old: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    assert migrate(old, tmp_path / "new") == 1
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before
    new = load(tmp_path / "new")
    assert new.schema == 2
    for name, array in load(old).arrays.items():
        assert new.arrays[name].tobytes() == array.tobytes()
    assert (tmp_path / "new" / "MODEL_CARD.md").read_text() == CARD
    for name, array in load(old).contents.encoder.items():
        assert new.contents.encoder[name].tobytes() == array.tobytes()
    assert verdict(tmp_path / "new") == verdict(old)
    with pytest.raises(ModelError, match="holds a model"):
        migrate(old, tmp_path / "new")


def test_migrating_from_the_command_line(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["models", "migrate", str(old), "--out", str(tmp_path / "new")])
    assert ended.value.code == 0
    assert "schema 2 written, from schema 1" in capsys.readouterr().out
    assert load(tmp_path / "new").schema == 2


def test_what_the_first_models_lacked_is_empty(old: Path, tmp_path: Path) -> None:
    made = parts()
    manifest = json.loads((old / "model.json").read_text())
    for name in ("held_rows", "held_scale", "held_size", "held_release", "probe_gain"):
        del manifest["arrays"][name]
    arrays = {old_name: made.arrays[new] for new, old_name in schema_1.ARRAYS.items() if old_name in manifest["arrays"]}
    documents = schema_1.documents(made)
    del documents["training"]["held"], documents["training"]["lineage"]
    for name in ("side.json", "probing.json"):
        (old / name).unlink()
        del manifest["files"][name]
    (old / "model.json").write_text(json.dumps(manifest))

    replace_arrays(old, arrays)
    replace(old, "training.json", json.dumps(documents["training"]).encode())
    stored, known = load(old), Fingerprint.load(old)
    assert len(stored.arrays["regression_release"]) == 0
    assert stored.documents["training"]["lineage"] == []
    assert known.information is None
    assert known.side == SideTables((), None)
    assert known.identify(texts()).labs[0].lab == "birch"


@pytest.mark.parametrize("name", ["labels", "calibration", "training"])
@pytest.mark.parametrize("value", [{}, [], None, 3])
def test_documents_that_are_not_of_schema_1(old: Path, name: str, value: object) -> None:

    replace(old, f"{name}.json", json.dumps(value).encode())
    with pytest.raises(ModelError, match="not those of a model of schema 1"):
        load(old)


@pytest.mark.parametrize(
    ("steps", "value", "said"),
    [
        (("curves", "all", "error"), [0.1] * 200, "a curve has 200 thresholds, expected 201"),
        (("curves", "all", "error", 7), "x", "not those of a model of schema 1"),
        (("curves",), {}, "not those of a model of schema 1 ('all')"),
        (("curves", "1x"), {}, "not those of a model of schema 1"),
        (("new", "limits", "5"), [0.5], "not those of a model of schema 1"),
        (("unknown", "limits", "5"), [0.1, 0.2] * 5, "expectations.any.unknown.5: expected 8 limits, none above"),
        (("parameters", "crowded"), 1.0, "parameters: 'class_size_penaltyed' is unknown"),
        (("confidence", "first", "level"), 1e9, "expectations.any.confidence.first.log_probability: expected `float`"),
        (("ground_limits", "7"), 1.0, "domain_limits: 7 responses have no threshold"),
    ],
)
def test_a_calibration_that_is_not_of_schema_1(old: Path, steps: tuple[Any, ...], value: object, said: str) -> None:
    calibration = schema_1.documents(parts())["calibration"]
    place = calibration
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    replace(old, "calibration.json", json.dumps(calibration).encode())
    with pytest.raises(ModelError) as caught:
        load(old)
    assert said in str(caught.value)


def test_old_models_were_made_with_the_features_of_now() -> None:
    assert feature_signature(FeatureConfig()) == migrations.FEATURES_OF_SCHEMA_1


def test_old_models_of_other_features_are_refused(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "FEATURES_OF_SCHEMA_1", "a" * 64)
    with pytest.raises(ModelError, match=r"old: made with other features \(aaaaaaaa, here \w{8}\): train it again"):
        load(old)


def test_the_summary_says_what_a_model_is_made_of(tmp_path: Path) -> None:
    stored = load(make(tmp_path / "m"))
    found = summary(stored)
    assert found["schema"] == 2
    assert found["config"] == stored.documents["config"]
    assert {row["name"]: row["type"] for row in found["arrays"]}["lab_classifier"] == "float16 (24, 3)"
    assert all(row["meaning"].endswith(".") for row in (*found["arrays"], *found["documents"]))
