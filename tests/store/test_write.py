from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint.errors import ModelError
from fingerprint.store import folder as store
from fingerprint.store.folder import check_free, load, save, staged
from tests.store.folder import CARD, Parts, make, parts


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path, made: Parts) -> None:
    save(folder, made.arrays, made.documents, CARD, made.encoder)


def test_same_contents_give_same_bytes(tmp_path: Path) -> None:
    one, other = parts(), parts()
    turned = Parts(
        dict(reversed(other.arrays.items())),
        dict(reversed(other.documents.items())),
        dict(reversed(other.encoder.items())),
    )
    written(tmp_path / "a", one)
    written(tmp_path / "b", turned)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_transposed_arrays_keep_their_values(tmp_path: Path) -> None:
    made = parts()
    basis = made.arrays["plda_basis"]
    made.arrays["plda_basis"] = np.ascontiguousarray(basis.T).T
    written(tmp_path / "m", made)
    np.testing.assert_array_equal(load(tmp_path / "m").arrays["plda_basis"], basis)


def test_replaces_an_older_model_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "m")
    made = parts()
    made.documents["training"]["name"] = "other"
    written(tmp_path / "m", made)
    assert load(tmp_path / "m").documents["training"]["name"] == "other"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_makes_parents_and_takes_an_empty_folder(tmp_path: Path) -> None:
    make(tmp_path / "a" / "b")
    (tmp_path / "c").mkdir()
    make(tmp_path / "c")
    assert load(tmp_path / "c").documents["training"]["name"] == "made"


def test_refuses_to_replace_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="something else than a model"):
        make(tmp_path / "thesis")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelError, match="not a folder"):
        make(tmp_path / "file")
    assert (tmp_path / "thesis" / "model.json").read_text() == "{}"


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file" / "m", tmp_path / "file" / "a" / "m"):
        with pytest.raises(ModelError, match="file; name another place"):
            check_free(out)
        with pytest.raises(ModelError, match="name another place"), staged(out, {"a": b""}):
            pass


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "write_through", full)
    with pytest.raises(ModelError, match=r"m: cannot be written \(No space left on device\)"):
        make(tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["write_through", "put_in_place"])
def test_interrupted_writing_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    make(tmp_path / "m")
    before = contents(tmp_path / "m")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, step, interrupt)
    made = parts()
    made.documents["training"]["name"] = "other"
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "m", made)
    assert contents(tmp_path / "m") == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize(
    ("part", "name", "value", "said"),
    [
        ("arrays", "plda_centre", np.full(24, np.nan, np.float32), "array 'plda_centre' holds nan"),
        ("arrays", "plda_centre", np.array(["text"]), "expected float32"),
        ("arrays", "other", np.zeros(1), "array 'other' is not an array of a model"),
        ("documents", "model", {}, "model.json: not a document"),
        ("documents", "../up", {}, "not a document"),
        ("documents", "probing", {"kinds": {1, 2}}, "probing.json: not JSON"),
        ("documents", "probing", {"kinds": [], "more": 1}, "probing.json: object contains unknown field `more`"),
        ("encoder", "encoder/../../up.json", b"", "not a file of an encoder"),
        ("encoder", "labels.json", b"", "not a file of an encoder"),
        ("encoder", "encoder/code.py", b"", "not a file of an encoder"),
        ("encoder", "encoder/modules.json", b"[]", "of length >= 1"),
        ("encoder", "encoder/model.safetensors", b"x", "not a whole safetensors file"),
    ],
)
def test_refuses_what_could_not_be_read_back(tmp_path: Path, part: str, name: str, value: Any, said: str) -> None:
    made = parts()
    getattr(made, part)[name] = value
    with pytest.raises(ModelError, match=said):
        written(tmp_path / "m", made)
    assert not list(tmp_path.iterdir())
