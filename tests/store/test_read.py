import json
import os
import pickle

import numpy as np
import pytest
from safetensors.numpy import save as to_safetensors

from fingerprint.errors import ModelError
from fingerprint.store.folder import load
from tests.store.folder import ARRAYS, DOCUMENTS, edit_manifest, make, replace


@pytest.fixture
def model(tmp_path):
    return make(tmp_path / "model")


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_reads_back_what_was_written(model):
    stored = load(model)
    assert stored.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert stored.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(stored.arrays[name], array)
    assert stored.documents == DOCUMENTS
    assert (stored.folder / "encoder/modules.json").read_bytes() == b"[]\n"


def test_arrays_are_read_only(model):
    with pytest.raises(ValueError, match="read-only"):
        load(model).arrays["means"][0, 0] = 1


def test_no_such_folder(tmp_path):
    assert "no model folder" in refusal(tmp_path / "nothing")


def test_folder_without_manifest(model):
    (model / "model.json").unlink()
    assert "no model.json" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labs.json", "MODEL_CARD.md", "encoder/modules.json"])
def test_missing_file(model, name):
    (model / name).unlink()
    assert f"{name}: missing" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labs.json"])
def test_truncated_file(model, name):
    os.truncate(model / name, (model / name).stat().st_size - 2)
    assert f"{name}: truncated" in refusal(model)


def test_truncated_manifest(model):
    os.truncate(model / "model.json", 40)
    assert "model.json: not JSON" in refusal(model)


def test_truncated_weights_that_the_manifest_agrees_with(model):
    replace(model, "weights.safetensors", (model / "weights.safetensors").read_bytes()[:-3])
    assert "weights.safetensors: not a whole safetensors file" in refusal(model)


@pytest.mark.parametrize("name", ["weights.safetensors", "labs.json", "encoder/modules.json"])
def test_changed_byte(model, name):
    data = bytearray((model / name).read_bytes())
    data[-2] ^= 1
    (model / name).write_bytes(data)
    assert f"{name}: changed" in refusal(model)


def test_unlisted_file(model):
    (model / "encoder" / "extra.json").write_text("{}")
    assert "encoder/extra.json: not listed" in refusal(model)


def test_newer_schema(model):
    edit_manifest(model, lambda value: value.update(schema=2))
    assert "schema 2 is newer" in refusal(model)
    assert "upgrade fingerprint" in refusal(model)


@pytest.mark.parametrize("schema", [None, 0, True, "1", 1.5])
def test_schema_that_makes_no_sense(model, schema):
    edit_manifest(model, lambda value: value.update(schema=schema))
    assert "model.json: schema" in refusal(model)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "other"}', "\xff", "[" * 100_000, '{"schema": NaN}'])
def test_manifest_of_another_kind(model, text):
    (model / "model.json").write_text(text, encoding="latin-1")
    assert "model.json: " in refusal(model)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(model, bad):
    means = ARRAYS["means"].copy()
    means[1, 1] = bad
    replace(model, "weights.safetensors", to_safetensors({**ARRAYS, "means": means}))
    assert "'means' holds NaN" in refusal(model)


@pytest.mark.parametrize("bad", [ARRAYS["means"].T.copy(), ARRAYS["means"].astype(np.float64)])
def test_shape_or_type_other_than_listed(model, bad):
    replace(model, "weights.safetensors", to_safetensors({**ARRAYS, "means": bad}))
    assert "model.json says float32 (2, 3)" in refusal(model)


def test_manifest_with_wrong_shape(model):
    edit_manifest(model, lambda value: value["arrays"]["means"].update(shape=[3, 3]))
    assert "'means' is float32 (2, 3), but model.json says float32 (3, 3)" in refusal(model)


@pytest.mark.parametrize(
    "entry",
    [{}, {"dtype": "object", "shape": [1]}, {"dtype": "float32", "shape": [-1]}, {"dtype": 1, "shape": 1}],
)
def test_manifest_with_nonsense_array(model, entry):
    edit_manifest(model, lambda value: value["arrays"].update(means=entry))
    assert "array 'means' has no known dtype" in refusal(model)


def test_array_missing_or_unlisted(model):
    edit_manifest(model, lambda value: value["arrays"].pop("counts"))
    assert "'counts' is not listed" in refusal(model)
    edit_manifest(model, lambda value: value["arrays"].update(other={"dtype": "int8", "shape": [1]}, counts={}))
    assert "model.json" in refusal(model)


@pytest.mark.parametrize(
    "name",
    ["../outside.json", "/etc/passwd", "encoder/../labs.json", "a\\..\\b.json", "sub/x.json", "x.py", ""],
)
def test_path_tricks(model, name):
    edit_manifest(model, lambda value: value["files"].update({name: {"sha256": "0", "size": 1}}))
    assert "is not allowed in a model folder" in refusal(model)


def test_links(model, tmp_path):
    (tmp_path / "outside.json").write_text("{}")
    (model / "labs.json").unlink()
    (model / "labs.json").symlink_to(tmp_path / "outside.json")
    assert "labs.json: a link" in refusal(model)


def test_linked_folder(model, tmp_path):
    (model / "encoder").rename(tmp_path / "elsewhere")
    (model / "encoder").symlink_to(tmp_path / "elsewhere")
    assert "encoder: a link" in refusal(model)


def test_pipe_does_not_hang(model):
    os.mkfifo(model / "pipe.json")
    assert "pipe.json: a link or a device" in refusal(model)


@pytest.mark.parametrize("name", ["model.pkl", "encoder/pytorch_model.bin", "estimator.joblib", "weights.PT"])
def test_pickle_by_name(model, name):
    (model / name).write_bytes(b"anything")
    assert f"{name}: a pickle" in refusal(model)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["labs.json", "weights.safetensors"])
def test_pickle_under_another_name(model, name, protocol):
    replace(model, name, pickle.dumps(DOCUMENTS, protocol))
    assert f"{name}: a pickle" in refusal(model)


def test_zip_of_a_torch_checkpoint(model):
    replace(model, "weights.safetensors", b"PK\x03\x04 and so on")
    assert "weights.safetensors: a pickle" in refusal(model)


def test_header_length_that_looks_like_a_pickle_is_fine(tmp_path):
    # 1152 bytes of header: the file starts with 80 04, as pickles of protocol 4 do.
    for pad in range(2000):
        data = to_safetensors({"a" * pad: np.zeros(1, np.int8)})
        if data.startswith(b"\x80\x04"):
            break
    model = make(tmp_path / "model")
    replace(model, "weights.safetensors", data)
    edit_manifest(model, lambda value: value.update(arrays={"a" * pad: {"dtype": "int8", "shape": [1]}}))
    assert list(load(model).arrays) == ["a" * pad]


def test_model_that_is_a_pickle_file(tmp_path):
    (tmp_path / "model").write_bytes(pickle.dumps(DOCUMENTS))
    assert "a pickle" in refusal(tmp_path / "model")


def test_document_with_nan(model):
    replace(model, "labs.json", json.dumps({"x": float("nan")}).encode())
    assert "labs.json: not JSON with finite numbers" in refusal(model)
