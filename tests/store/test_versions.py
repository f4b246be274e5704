from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from fingerprint.base import files
from fingerprint.errors import FingerprintError, ModelError
from fingerprint.store import versions
from fingerprint.store.folder import load, pack, put_in_place, staged
from fingerprint.store.versions import KEPT, find, identity, replace, rollback, use
from tests.store.folder import parts


def contents(number: int, parent: str | None = None) -> dict[str, bytes]:
    """The files of a model with this number in its arrays and in its name."""
    made = parts()
    made.arrays["regression_features"][:] = number
    made.documents["training"]["name"] = str(number)
    made.documents["training"]["lineage"][0]["parent"] = parent
    return pack(Path("m"), made.arrays, made.documents, f"# {number}\n", made.encoder)


def number(folder: Path) -> int:
    return int(load(folder).arrays["regression_features"][0])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """0, replaced by 1, replaced by 2."""
    folder = tmp_path / "m"
    with staged(folder, contents(0)) as made:
        put_in_place(made, folder)
    for i in (1, 2):
        replace(folder, contents(i, identity(folder)), identity(folder))
    return folder


def test_what_was_replaced_is_kept_and_put_back(model: Path) -> None:
    before = [v.sha256 for v in versions.versions(model)]
    assert [v.documents["training"]["name"] for v in versions.versions(model)] == ["2", "1", "0"]
    rollback(model)
    assert number(model) == 1
    rollback(model)
    assert number(model) == 0
    with pytest.raises(FingerprintError, match="replaced no other"):
        rollback(model)
    use(model, before[0][:6])
    assert number(model) == 2
    assert {v.sha256 for v in versions.versions(model)} == set(before)
    assert sorted(p.name for p in model.parent.iterdir()) == ["m", "m.versions"]


def test_versions_are_found_by_what_their_hash_begins_with(model: Path) -> None:
    with pytest.raises(FingerprintError, match="no version"):
        find(model, "xyz")
    with pytest.raises(FingerprintError, match="no version"):
        find(model, "")
    assert find(model, identity(model)).current
    same = use(model, identity(model))
    assert (same, number(model)) == (identity(model), 2)


def test_only_the_last_are_kept(model: Path) -> None:
    for i in range(3, KEPT + 5):
        replace(model, contents(i), identity(model))
    names = [v.documents["training"]["name"] for v in versions.versions(model)]
    assert names == [str(i) for i in range(KEPT + 4, KEPT + 4 - KEPT - 1, -1)]


def test_a_model_that_another_process_put_there_stays(model: Path) -> None:
    seen = identity(model)
    replace(model, contents(7), seen)
    with pytest.raises(FingerprintError, match="meanwhile"):
        replace(model, contents(8), seen)
    assert number(model) == 7
    assert sorted(p.name for p in model.parent.iterdir()) == ["m", "m.versions"]


def test_a_damaged_version_is_not_put_back(model: Path) -> None:
    kept = versions.versions(model)[1].folder
    (kept / "weights.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="truncated"):
        rollback(model)
    assert number(model) == 2


def test_a_version_under_a_false_name_is_not_put_back(model: Path) -> None:
    kept = versions.versions(model)
    false = kept[1].folder.with_name("f" * 64)
    kept[2].folder.rename(false)
    with pytest.raises(ModelError, match="named after"):
        use(model, "ffff")
    assert number(model) == 2


@pytest.mark.parametrize("step", ["_keep", "put_in_place"])
def test_interrupted_replacing_leaves_the_old_model(model: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(versions, step, interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace(model, contents(9), identity(model))
    assert number(model) == 2
    assert sorted(p.name for p in model.parent.iterdir()) == ["m", "m.versions"]


def test_where_folders_cannot_change_places_at_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchanged_at_once", lambda *_: False)
    replace(model, contents(3), identity(model))
    assert number(model) == 3
    assert [v.documents["training"]["name"] for v in versions.versions(model)][:2] == ["3", "2"]


def _replace_for_ever(folder: Path) -> None:
    for i in range(3, 10**9):
        replace(folder, contents(i), identity(folder))


def _replace_once(folder: Path, seen: str, i: int, said: Any) -> None:
    try:
        replace(folder, contents(i), seen)
        said.put(i)
    except FingerprintError:
        said.put(None)


def test_killed_at_any_moment_the_model_is_whole(model: Path) -> None:
    fork = multiprocessing.get_context("fork")
    for delay in (0.005, 0.01, 0.02, 0.04, 0.08):
        process = fork.Process(target=_replace_for_ever, args=(model,))
        process.start()
        assert process.pid is not None
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert number(model) == int(load(model).documents["training"]["name"])
        versions.versions(model)


def test_killed_while_it_forgets_the_kept_are_whole(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(folder: Path, ignore_errors: bool) -> None:
        (folder / "model.json").unlink()
        raise KeyboardInterrupt

    for i in range(3, KEPT + 2):
        replace(model, contents(i), identity(model))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", half)
        with pytest.raises(KeyboardInterrupt):
            replace(model, contents(KEPT + 2), identity(model))
    assert len(versions.versions(model)) == KEPT + 1
    replace(model, contents(KEPT + 3), identity(model))
    kept = {path.name for path in model.with_name("m.versions").iterdir()} - {".lock"}
    assert len(kept) == KEPT


def test_of_two_processes_one_wins_and_the_other_says_so(model: Path) -> None:
    fork = multiprocessing.get_context("fork")
    said, seen = fork.Queue(), identity(model)
    both = [fork.Process(target=_replace_once, args=(model, seen, i, said)) for i in (5, 6)]
    for process in both:
        process.start()
    answers = [said.get(timeout=30) for _ in both]
    for process in both:
        process.join()
    assert answers.count(None) == 1
    assert number(model) in answers
