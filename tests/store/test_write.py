import numpy as np
import pytest

from fingerprint.errors import ModelError
from fingerprint.store.folder import load, save
from tests.store.folder import ARRAYS, CARD, DOCUMENTS, ENCODER, make


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_contents_give_same_bytes(tmp_path):
    turned = dict(reversed(ARRAYS.items()))
    save(tmp_path / "a", ARRAYS, {"x": {"a": 1, "b": 2}, "y": []}, CARD, ENCODER)
    save(tmp_path / "b", turned, {"y": [], "x": {"b": 2, "a": 1}}, CARD, dict(reversed(ENCODER.items())))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_transposed_arrays_keep_their_values(tmp_path):
    means = ARRAYS["means"]
    save(tmp_path / "m", {"turned": means.T, "view": means[:, ::2], "one": np.float32(3).reshape(())}, {}, CARD)
    arrays = load(tmp_path / "m").arrays
    np.testing.assert_array_equal(arrays["turned"], means.T)
    np.testing.assert_array_equal(arrays["view"], means[:, ::2])
    assert arrays["one"].shape == ()


def test_replaces_an_older_model_and_leaves_nothing_beside_it(tmp_path):
    make(tmp_path / "m")
    save(tmp_path / "m", {"other": np.ones(2)}, {}, CARD)
    assert list(load(tmp_path / "m").arrays) == ["other"]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_makes_parents_and_takes_an_empty_folder(tmp_path):
    make(tmp_path / "a" / "b")
    (tmp_path / "c").mkdir()
    make(tmp_path / "c")
    assert load(tmp_path / "c").documents == DOCUMENTS


def test_refuses_to_replace_what_is_no_model(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="something else than a model"):
        make(tmp_path / "thesis")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelError, match="not a folder"):
        make(tmp_path / "file")
    assert (tmp_path / "thesis" / "model.json").read_text() == "{}"


@pytest.mark.parametrize("step", ["write_through", "put_in_place"])
def test_interrupted_writing_leaves_the_old_model(tmp_path, monkeypatch, step):
    make(tmp_path / "m")
    before = contents(tmp_path / "m")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(write, step, interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "m", {}, {}, CARD)
    assert contents(tmp_path / "m") == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"arrays": {"a": np.array([np.nan])}},
        {"arrays": {"a": np.array(["text"])}},
        {"documents": {"model": {}}},
        {"documents": {"../up": {}}},
        {"encoder": {"encoder/../../up.json": b""}},
        {"encoder": {"labs.json": b""}},
        {"encoder": {"encoder/pytorch_model.bin": b""}},
        {"encoder": {"encoder/code.py": b""}},
    ],
)
def test_refuses_what_could_not_be_read_back(tmp_path, wrong):
    what = {"arrays": ARRAYS, "documents": {}, "card": CARD, "encoder": None} | wrong
    with pytest.raises(ModelError):
        save(tmp_path / "m", **what)
    assert not list(tmp_path.iterdir())
