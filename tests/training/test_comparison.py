from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint.errors import Refused
from fingerprint.metrics.predictions import Bools, ClassNames, Predictions
from fingerprint.store.folder import load
from fingerprint.store.versions import identity, versions
from fingerprint.training.comparison import CaseSet, Comparison, check_written, compare
from fingerprint.training.model import Settings
from fingerprint.training.run import train_and_replace
from tests import worlds
from tests.store.folder import without_regression_set
from tests.training.test_train import content, document

NAMES = [f"r{i:02}" for i in range(40) for _ in range(4)]


def cases() -> CaseSet:
    return CaseSet.of(NAMES, ["lab"] * len(NAMES))


def predictions(right: Bools) -> Predictions:
    """Of the cases, all attributed: right ones at 90 %, wrong ones at 60 % to a release of another lab."""
    of, size = cases(), len(right)
    names = ClassNames.of(dict.fromkeys(NAMES, "lab") | {"other": "other lab"})
    release = np.array([names.releases.index(name) for name in of.release])
    share = np.zeros((size, len(names.releases)))
    share[np.arange(size), np.where(right, release, names.releases.index("other"))] = np.where(right, 0.9, 0.6)
    return Predictions(
        names=names,
        release=release,
        count=np.array([len(rows) for rows in of.rows]),
        known=np.ones(size, bool),
        lab_known=np.ones(size, bool),
        share=share,
        new=np.zeros((size, len(names.labs))),
        unknown=np.where(right, 0.1, 0.4),
        verdict=np.full(size, "attributed", object),
        part=np.full(size, "", object),
    )


def without(of: CaseSet, releases: int) -> Bools:
    """Right but for some releases."""
    return ~np.isin(of.release, sorted(set(NAMES))[:releases])


def test_cases_are_each_response_and_each_release() -> None:
    of = cases()
    assert len(of.rows) == 160 + 40
    assert of.alone.sum() == 160
    assert {NAMES[i] for i in of.rows[-1]} == {of.release[-1]}


def test_long_names_are_not_cut() -> None:
    of = CaseSet.of(["a", "a-release-with-a-long-name"], ["a", "a-lab-with-a-long-name"])
    assert of.release.tolist() == ["a", "a-release-with-a-long-name"]
    assert of.lab.tolist() == ["a", "a-lab-with-a-long-name"]


def test_the_same_predictions_are_no_drop() -> None:
    of = cases()
    same = predictions(without(of, 7))
    found = compare(of, same, same, NAMES, NAMES)
    assert not found.refused
    assert {figure.drop for figure in found.figures} == {0.0}


def test_a_drop_beyond_its_interval_is_refused_and_one_within_is_not() -> None:
    of = cases()
    good = predictions(without(of, 0))
    assert not compare(of, good, predictions(without(of, 1)), NAMES, NAMES).refused
    found = compare(of, good, predictions(without(of, 12)), NAMES, NAMES)
    assert found.refused
    worse = {figure.figure for figure in found.figures if figure.worse}
    assert {"lab top-1, all responses", "false attributions", "calibration error"} <= worse
    assert not compare(of, predictions(without(of, 12)), good, NAMES, NAMES).refused
    with pytest.raises(Refused, match="false attributions of old releases"):
        check_written(found, written=False)
    check_written(found, written=True)


def test_new_releases_are_told_from_old_ones() -> None:
    of = cases()
    old = predictions(of.release < "r30")
    found = compare(of, old, predictions(without(of, 0)), sorted(set(NAMES))[:30], NAMES)
    gained = {(f.group, f.figure): f.drop for f in found.figures}
    assert gained["new releases", "release top-1, all responses"] == -1
    assert gained["old releases", "release top-1, all responses"] == 0


def test_a_lost_release_is_refused() -> None:
    of = cases()
    same = predictions(without(of, 0))
    found = compare(of, same, same, [*NAMES, "gone"], NAMES)
    assert (found.refused, found.lost) == (True, ("gone",))


@pytest.fixture
def there(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "m"))


def again(world: Path, out: Path, seed: int = 0, **settings: Any) -> tuple[Comparison | None, bool]:
    given = Settings(registry=world / "registry.csv", cache=world / "cache", jobs=1, name="small")
    chosen = dataclasses.replace(given, **settings)
    config = worlds.config(seed=seed)
    return train_and_replace([world / "corpora"], out, chosen, config, lambda stage, done, total: None)


def test_a_model_as_good_takes_the_place_of_the_old_one(there: Path, world: Path) -> None:
    parent, before = identity(there), content(there)
    comparison, written = again(world, there, seed=1)
    assert written
    assert content(there)["weights.safetensors"] != before["weights.safetensors"]
    assert comparison
    assert {f.group for f in comparison.figures} == {"old releases"}
    assert [v.sha256 for v in versions(there)][1:] == [parent]
    entry = document(there, "training")["lineage"][-1]
    assert entry["parent"] == parent
    assert entry["comparison"] == comparison.to_dict()
    # Both predicted the same responses, each in its own embedding.
    same = [load(v.folder).arrays["regression_release"].tolist() for v in versions(there)]
    assert same[0] == same[1]


def test_a_model_that_lost_a_lab_is_refused(there: Path, world: Path) -> None:
    before = content(there)
    comparison, written = again(world, there, exclude_labs=("oak",))
    assert not written
    assert comparison
    assert comparison.lost == ("oak-1", "oak-2", "oak-3")
    assert content(there) == before
    assert len(versions(there)) == 1


def test_without_a_regression_set_nothing_is_compared(there: Path, world: Path, tmp_path: Path) -> None:
    without_regression_set(there, tmp_path / "old")
    assert again(world, tmp_path / "old") == (None, True)
    assert document(tmp_path / "old", "training")["lineage"][-1]["comparison"] is None
