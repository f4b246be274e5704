from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from fingerprint.store.folder import load, save
from fingerprint.store.versions import identity, versions
from fingerprint.training.embedding import Recipe
from fingerprint.training.retrain import retrain
from fingerprint.training.run import Settings
from tests.training.test_train import content, document


@pytest.fixture
def there(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "m"))


def again(world: Path, out: Path, force: bool = False, **settings: Any) -> Any:
    recipe = Recipe(directions=64, size=16, steps=40, batch=96)
    given = Settings(registry=world / "registry.csv", cache=world / "cache", jobs=1, name="small", recipe=recipe)
    chosen = dataclasses.replace(given, **settings)
    return retrain([world / "corpora"], out, chosen, force, lambda stage, done, total: None)


def test_a_model_as_good_takes_the_place_of_the_old_one(there: Path, world: Path) -> None:
    parent = identity(there)
    comparison, written = again(world, there, seed=1)
    assert written
    assert {f.group for f in comparison.figures} == {"old releases"}
    assert [v.sha256 for v in versions(there)][1:] == [parent]
    step = document(there, "training")["lineage"][-1]
    assert step["parent"] == parent
    assert step["gate"] == comparison.to_dict()
    # Both were asked about the same responses, each in its own space.
    same = [load(v.folder).arrays["regression_release"].tolist() for v in versions(there)]
    assert same[0] == same[1]


def test_a_model_that_lost_a_lab_is_refused(there: Path, world: Path) -> None:
    before = content(there)
    comparison, written = again(world, there, exclude_labs=("oak",))
    assert not written
    assert comparison.lost == ("oak-1", "oak-2", "oak-3")
    assert content(there) == before
    assert len(versions(there)) == 1


def test_where_nothing_was_held_back_nothing_is_compared(there: Path, world: Path, tmp_path: Path) -> None:
    stored = load(there)
    arrays = {name: values for name, values in stored.arrays.items() if not name.startswith("held")}
    encoder = {f"encoder/{p.name}": p.read_bytes() for p in (there / "encoder").iterdir()}
    save(tmp_path / "old", arrays, stored.documents, "# old\n", encoder)
    assert again(world, tmp_path / "old") == (None, True)
    assert document(tmp_path / "old", "training")["lineage"][-1]["gate"] is None
