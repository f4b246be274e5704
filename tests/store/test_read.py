"""What is refused before the contents of a folder are looked at: files, checksums, manifest, archives, links."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save as to_safetensors

from fingerprint.errors import ModelError
from fingerprint.store.audit import refuse_pickle
from fingerprint.store.folder import load
from tests.store.folder import edit_manifest, make, parts, replace


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make(tmp_path / "model")


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_reads_back_what_was_written(model: Path) -> None:
    stored, made = load(model), parts()
    assert stored.arrays.keys() == made.arrays.keys()
    for name, array in made.arrays.items():
        assert stored.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(stored.arrays[name], array)
    assert json.dumps(stored.documents, sort_keys=True) == json.dumps(made.documents, sort_keys=True)
    assert (stored.folder / "encoder/modules.json").read_bytes() == made.encoder["encoder/modules.json"]
    assert stored.schema == 2


def test_arrays_are_read_only(model: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        load(model).arrays["plda_basis"][0, 0] = 1


def test_no_such_folder(tmp_path: Path) -> None:
    assert "no model folder" in refusal(tmp_path / "nothing")


def test_folder_without_manifest(model: Path) -> None:
    (model / "model.json").unlink()
    assert "no model.json" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labels.json", "MODEL_CARD.md", "encoder/modules.json"])
def test_missing_file(model: Path, name: str) -> None:
    (model / name).unlink()
    assert f"{name}: missing" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labels.json"])
def test_truncated_file(model: Path, name: str) -> None:
    os.truncate(model / name, (model / name).stat().st_size - 2)
    assert f"{name}: truncated" in refusal(model)


def test_truncated_manifest(model: Path) -> None:
    os.truncate(model / "model.json", 40)
    assert "model.json: not JSON" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "encoder/model.safetensors"])
def test_truncated_weights_that_the_manifest_agrees_with(model: Path, name: str) -> None:
    replace(model, name, (model / name).read_bytes()[:-3])
    assert f"{name}: not a whole safetensors file" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labels.json", "encoder/modules.json"])
def test_changed_byte(model: Path, name: str) -> None:
    data = bytearray((model / name).read_bytes())
    data[-2] ^= 1
    (model / name).write_bytes(data)
    assert f"{name}: changed" in refusal(model)


def test_changed_manifest(model: Path) -> None:
    edit_manifest(model, lambda value: value.update(features="0" * 64), signed=False)
    assert "model.json: changed since it was written (another digest)" in refusal(model)


def test_unlisted_file(model: Path) -> None:
    (model / "encoder" / "extra.json").write_text("{}")
    assert "encoder/extra.json: not listed" in refusal(model)


@pytest.mark.parametrize("name", ["calibration.json", "MODEL_CARD.md", "weights.safetensors"])
def test_file_that_neither_the_folder_nor_the_manifest_has(model: Path, name: str) -> None:
    (model / name).unlink()
    edit_manifest(model, lambda value: value["files"].pop(name))
    assert f"{name}: missing" in refusal(model)


@pytest.mark.parametrize("name", ["encoder/modules.json", "encoder/model.safetensors"])
def test_half_an_encoder(model: Path, name: str) -> None:
    (model / name).unlink()
    edit_manifest(model, lambda value: value["files"].pop(name))
    assert "or neither" in refusal(model)


def test_encoder_that_names_other_code(model: Path) -> None:
    module = {"idx": 0, "name": "0", "path": "", "type": "os.system"}
    replace(model, "encoder/modules.json", json.dumps([module]).encode())
    assert "encoder/modules.json: 0.type: invalid enum value 'os.system'" in refusal(model)


def test_newer_schema(model: Path) -> None:
    edit_manifest(model, lambda value: value.update(schema=3))
    assert "schema 3 is newer" in refusal(model)
    assert "upgrade fingerprint" in refusal(model)


@pytest.mark.parametrize("schema", [None, 0, True, "1", 1.5])
def test_schema_that_makes_no_sense(model: Path, schema: object) -> None:
    edit_manifest(model, lambda value: value.update(schema=schema))
    assert "model.json: schema" in refusal(model)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "other"}', "\xff", "[" * 100_000, '{"schema": NaN}'])
def test_manifest_of_another_kind(model: Path, text: str) -> None:
    (model / "model.json").write_text(text, encoding="latin-1")
    assert "model.json: " in refusal(model)


@pytest.mark.parametrize("name", ["features", "config", "digest", "files", "arrays"])
def test_manifest_that_lacks_an_entry(model: Path, name: str) -> None:
    edit_manifest(model, lambda value: value.pop(name), signed=False)
    assert f"missing required field `{name}`" in refusal(model)


def test_other_features_are_named(model: Path) -> None:
    edit_manifest(model, lambda value: value.update(features="a1b2c3d4" + "0" * 56))
    message = refusal(model)
    assert "made with other features (a1b2c3d4, here " in message
    assert "train it again, or use fingerprint 0.1.0" in message


def test_features_that_another_config_counts(model: Path) -> None:
    documents = parts().documents
    documents["config"]["features"]["character_orders"] = [1, 2, 3]
    replace(model, "config.json", json.dumps(documents["config"]).encode())
    assert "made with other features" in refusal(model)


def test_config_that_the_manifest_does_not_name(model: Path) -> None:
    edit_manifest(model, lambda value: value.update(config="0" * 64))
    assert "config is not the checksum of config.json" in refusal(model)


@pytest.mark.parametrize(
    "entry",
    [{}, {"dtype": "object", "shape": [1]}, {"dtype": "float32", "shape": [-1]}, {"dtype": 1, "shape": 1}],
)
def test_manifest_with_nonsense_array(model: Path, entry: dict[str, Any]) -> None:
    edit_manifest(model, lambda value: value["arrays"].update(plda_basis=entry))
    assert "model.json: " in refusal(model)


def test_array_missing_or_unlisted(model: Path) -> None:
    edit_manifest(model, lambda value: value["arrays"].pop("cell_count"))
    assert "array 'cell_count' is not known" in refusal(model)
    edit_manifest(model, lambda value: value["arrays"].update(cell_count={"dtype": "int32", "shape": [3]}))
    assert "array 'cell_count' is int32 (12), but model.json says int32 (3)" in refusal(model)


@pytest.mark.parametrize(
    "name",
    ["../outside.json", "/etc/passwd", "encoder/../labels.json", "a\\..\\b.json", "sub/x.json", "x.py", "", "x\n.json"],
)
def test_path_tricks(model: Path, name: str) -> None:
    edit_manifest(model, lambda value: value["files"].update({name: {"sha256": "0" * 64, "size": 1}}))
    assert "is not allowed in a model folder" in refusal(model)


def test_links(model: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text("{}")
    (model / "labels.json").unlink()
    (model / "labels.json").symlink_to(tmp_path / "outside.json")
    assert "labels.json: a link" in refusal(model)


def test_linked_folder(model: Path, tmp_path: Path) -> None:
    (model / "encoder").rename(tmp_path / "elsewhere")
    (model / "encoder").symlink_to(tmp_path / "elsewhere")
    assert "encoder: a link" in refusal(model)


def test_pipe_does_not_hang(model: Path) -> None:
    os.mkfifo(model / "pipe.json")
    assert "pipe.json: a link or a device" in refusal(model)


@pytest.mark.parametrize("name", ["model.pkl", "encoder/pytorch_model.bin", "estimator.joblib", "weights.PT"])
def test_pickle_by_name(model: Path, name: str) -> None:
    (model / name).write_bytes(b"anything")
    assert f"{name}: a pickle" in refusal(model)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["labels.json", "weights.safetensors"])
def test_pickle_under_another_name(model: Path, name: str, protocol: int) -> None:
    replace(model, name, pickle.dumps({"labs": []}, protocol))
    assert f"{name}: a pickle" in refusal(model)


def test_zip_of_a_torch_checkpoint(model: Path) -> None:
    replace(model, "weights.safetensors", b"PK\x03\x04 and so on")
    assert "weights.safetensors: a pickle" in refusal(model)


def test_header_length_that_looks_like_a_pickle_is_fine(tmp_path: Path) -> None:
    # 1152 bytes of header: the file starts with 80 04, as pickles of protocol 4 do.
    one: NDArray[np.int8] = np.zeros(1, np.int8)
    found = (to_safetensors({"a" * pad: one}) for pad in range(2000))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(next(data for data in found if data.startswith(b"\x80\x04")))
    refuse_pickle(path)


def test_model_that_is_a_pickle_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(pickle.dumps({"labs": []}))
    assert "a pickle" in refusal(tmp_path / "model")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "[" * 100_000])
def test_document_that_is_no_json_with_finite_numbers(model: Path, text: str) -> None:
    replace(model, "labels.json", text.encode())
    assert "labels.json: " in refusal(model)
