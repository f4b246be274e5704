from __future__ import annotations

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
from fingerprint.store import migrations
from fingerprint.store.folder import load
from fingerprint.store.maintenance import migrate, summary
from tests.store import schema_1
from tests.store.folder import CARD, make, parts, replace, replace_arrays, texts


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return schema_1.write(tmp_path / "old", parts())


def verdict(folder: Path) -> Any:
    return Fingerprint.load(folder).identify(texts()).to_dict()


def test_an_old_model_gives_the_same_verdict(old: Path, tmp_path: Path) -> None:
    assert verdict(old) == verdict(make(tmp_path / "new"))


def test_an_old_model_has_the_names_of_now(old: Path) -> None:
    stored, made = load(old), parts()
    assert stored.schema == 1
    for name, array in made.arrays.items():
        np.testing.assert_array_equal(stored.arrays[name], array)
    for name in ("config", "labels", "calibration", "probing", "side"):
        assert json.dumps(stored.documents[name], sort_keys=True) == json.dumps(made.documents[name], sort_keys=True)
    training = stored.documents["training"]
    assert training["lineage"][0]["comparison"]["figures"][0]["figure"] == "false attributions"
    assert training["lineage"][0]["comparison"]["figures"][0]["cases"] == 9
    assert training["scores"] == [
        {"held out": "same", "responses": 1, "cases": 20, "attributed": 0.5, "false attributions": None}
    ]


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
    assert known.side.domains() == ()
    assert known.identify(texts()).labs[0].lab == verdict(make(tmp_path / "new"))["labs"][0]["lab"]


@pytest.mark.parametrize("name", ["labels", "calibration", "training"])
@pytest.mark.parametrize("value", [{}, [], None, 3])
def test_documents_that_are_not_of_schema_1(old: Path, name: str, value: object) -> None:

    replace(old, f"{name}.json", json.dumps(value).encode())
    with pytest.raises(ModelError, match="not those of a model of schema 1"):
        load(old)


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
