from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fingerprint.errors import Refused
from fingerprint.metrics.predictions import Bools, ClassNames, Floats, Predictions
from fingerprint.model.verdict import VerdictWord
from fingerprint.store.folder import load
from fingerprint.store.versions import identity, versions
from fingerprint.training.comparison import CaseSet, Comparison, Figure, check_written, compare
from fingerprint.training.model import Settings
from fingerprint.training.run import train_and_replace
from tests import worlds
from tests.store.folder import without_regression_set
from tests.training.test_train import content, document

# 40 releases of 18 labs: four of seven releases each, twelve of one release each.
LAB_OF = {f"r{i:02}": f"large{i % 4}" if i < 28 else f"small{i:02}" for i in range(40)}
NAMES = [name for name in LAB_OF for _ in range(4)]
ALL = sorted(LAB_OF)


def cases(names: Sequence[str] = NAMES) -> CaseSet:
    return CaseSet.of(names, [LAB_OF[name] for name in names])


def predictions(
    right: Bools, of: CaseSet | None = None, confidence: Floats | None = None, attributed: Bools | None = None
) -> Predictions:
    """Of the cases, all attributed if not said otherwise: right ones at 90 %, wrong ones at 60 % to another lab."""
    of = of or cases()
    size, right = len(of.rows), np.asarray(right, bool)
    names = ClassNames.of({**LAB_OF, "gone": "other lab", "other": "other lab"})
    release = np.array([names.releases.index(name) for name in of.release])
    sure = np.where(right, 0.9, 0.6) if confidence is None else confidence
    share = np.zeros((size, len(names.releases)))
    share[np.arange(size), np.where(right, release, names.releases.index("other"))] = sure
    said = np.ones(size, bool) if attributed is None else attributed
    return Predictions(
        names=names,
        release=release,
        count=np.array([len(rows) for rows in of.rows]),
        known=np.ones(size, bool),
        lab_known=np.ones(size, bool),
        share=share,
        new=np.zeros((size, len(names.labs))),
        unknown=1 - sure,
        verdict=np.where(said, VerdictWord.ATTRIBUTED, VerdictWord.INCONCLUSIVE).astype(object),
        level=np.full(size, "", object),
        set_size=np.zeros(size, np.int64),
        in_set=np.zeros(size, bool),
        listed=np.zeros(size, bool),
        in_list=np.zeros(size, bool),
        part=np.full(size, "", object),
    )


def without(of: CaseSet, releases: Sequence[str]) -> Bools:
    """Right but for some releases."""
    return ~np.isin(of.release.astype(str), releases)


def by_name(comparison: Comparison) -> dict[tuple[str, str], Figure]:
    return {(figure.group, figure.figure): figure for figure in comparison.figures}


def worse(comparison: Comparison) -> set[tuple[str, str]]:
    return {(figure.group, figure.figure) for figure in comparison.figures if figure.worse}


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
    same = predictions(without(of, ALL[:7]))
    found = compare(of, same, same, ALL, ALL)
    assert not found.refused
    assert {figure.drop for figure in found.figures} == {0.0}
    # 40 releases that do not differ show no share of releases that do: up to 11 % of them, three groups together.
    figure = by_name(found)["old releases", "lab top-1, all responses"]
    unseen = 1 - (0.05 / 3 / 2) ** (1 / 40)
    assert figure.low == pytest.approx(-unseen)
    assert figure.high == pytest.approx(unseen)
    assert not any(math.copysign(1, row["drop"]) < 0 for row in found.to_dict()["figures"])


def test_a_drop_beyond_its_interval_is_refused_and_one_within_is_not() -> None:
    of = cases()
    good, bad = predictions(without(of, [])), predictions(without(of, ALL[::3]))
    assert not compare(of, good, predictions(without(of, ALL[:1])), ALL, ALL).refused
    found = compare(of, good, bad, ALL, ALL)
    assert found.refused
    assert {figure for group, figure in worse(found) if group == "old releases"} >= {
        "lab top-1, one response",
        "lab top-1, all responses",
        "release top-1, all responses",
        "false attributions at equal coverage, one response",
        "calibration error, one response",
    }
    assert not compare(of, bad, good, ALL, ALL).refused


def test_the_error_says_what_fell_by_how_much_in_one_line() -> None:
    of = cases()
    good = predictions(without(of, []))
    found = compare(of, good, predictions(without(of, ALL[::3])), ALL, [name for name in ALL if name != "r07"])
    first = next(figure for figure in found.figures if figure.worse)
    with pytest.raises(Refused) as caught:
        check_written(found, written=False)
    said = f"old releases: lab top-1, one response, by 0.350 ({first.low:.3f} to {first.high:.3f}, allowed: 0.010)"
    assert said in str(caught.value)
    assert f"and {len(worse(found)) - 3} more figures; 1 releases lost)" in str(caught.value)
    assert "\n" not in str(caught.value)
    check_written(found, written=True)


@pytest.mark.parametrize("releases", [1, 5])
def test_too_few_new_releases_cannot_tell(releases: int) -> None:
    """All of them fare worse, so that a bootstrap over them has an interval of zero width."""
    of, new = cases(), ALL[:releases]
    good, bad = predictions(without(of, [])), predictions(without(of, new))
    old = [name for name in ALL if name not in new]
    found = compare(of, good, bad, old, ALL)
    assert not found.refused
    figures = [figure for figure in found.figures if figure.group == "new releases"]
    assert by_name(found)["new releases", "lab top-1, one response"].drop == 1.0
    assert {(figure.low, figure.high) for figure in figures} == {(None, None)}


def test_eight_new_releases_that_all_fare_worse_can_tell() -> None:
    of = cases()
    found = compare(of, predictions(without(of, [])), predictions(without(of, ALL[:8])), ALL[8:], ALL)
    assert ("new releases", "lab top-1, one response") in worse(found)
    figure = by_name(found)["new releases", "lab top-1, one response"]
    assert figure.high == 1.0
    # Four groups: up to 47 % of releases may fare otherwise, and they may all be won.
    assert figure.low == pytest.approx(2 * (0.05 / 4 / 2) ** (1 / 8) - 1)


def test_a_few_attributions_cannot_tell_among_many_releases() -> None:
    of = cases()
    few = np.isin(of.release.astype(str), ALL[:3])
    good = predictions(without(of, []), attributed=few)
    bad = predictions(without(of, ALL[:3]), attributed=few)
    found = by_name(compare(of, good, bad, ALL, ALL))[
        "old releases", "false attributions at equal coverage, one response"
    ]
    assert (found.old, found.new, found.low) == (0.0, 1.0, None)


def test_attributing_less_is_no_reason_to_refuse() -> None:
    """What is attributed no longer was wrong; and even where it was right."""
    of = cases()
    right = without(of, ALL[::3])
    old, new = predictions(right), predictions(right, attributed=right)
    found = compare(of, old, new, ALL, ALL)
    assert not found.refused
    coverage = by_name(found)["old releases", "coverage, one response"]
    assert (coverage.allowed, coverage.worse) == (None, False)
    assert coverage.low is not None
    assert coverage.low > 0.1


def test_false_attributions_are_compared_at_equal_coverage() -> None:
    """The first 20 releases are attributed by both. The new model attributes others too, at lower confidence."""
    of = cases()
    sure = np.isin(of.release.astype(str), ALL[:20])
    right = without(of, ALL[20:])
    old = predictions(right, attributed=sure)
    more = predictions(right)
    name = ("old releases", "false attributions at equal coverage, one response")
    found = by_name(compare(of, old, more, ALL, ALL))[name]
    assert (found.old, found.new, found.worse) == (0.0, 0.0, False)
    # Now the wrong attributions have the higher confidence.
    confused = predictions(right, confidence=np.where(right, 0.6, 0.9))
    found = by_name(compare(of, old, confused, ALL, ALL))[name]
    assert (found.old, found.new, found.worse) == (0.0, 1.0, True)
    nobody = predictions(right, attributed=np.zeros(len(right), bool))
    found = by_name(compare(of, old, nobody, ALL, ALL))[name]
    assert (found.old, found.new, found.drop, found.low) == (None, None, None, None)


def test_small_labs_fall_by_themselves() -> None:
    """A sixth of the releases of large labs gains, all small labs but one lose: together nobody can tell."""
    of = cases()
    gained, lost = ALL[:14], ALL[29:]
    old, new = predictions(without(of, gained)), predictions(without(of, lost))
    found = compare(of, old, new, ALL, ALL)
    assert {group for group, _ in worse(found)} == {"old releases of small labs"}
    assert ("old releases of small labs", "lab top-1, one response") in worse(found)
    assert by_name(found)["old releases of small labs", "lab top-1, one response"].cases == 12 * 4
    assert by_name(found)["old releases of large labs", "lab top-1, one response"].cases == 28 * 4
    with pytest.raises(Refused, match="old releases of small labs: lab top-1, one response, by"):
        check_written(found, written=False)


def test_new_releases_are_told_from_old_ones() -> None:
    of = cases()
    old = predictions(without(of, ALL[20:]))
    found = by_name(compare(of, old, predictions(without(of, [])), ALL[:20], ALL))
    assert found["new releases", "release top-1, all responses"].drop == -1
    assert found["old releases", "release top-1, all responses"].drop == 0
    assert found["new releases of known labs", "lab top-1, all responses"].cases == 8
    assert found["new releases of new labs", "lab top-1, all responses"].cases == 12
    # Kinds are shown where there are several.
    assert {group for group, _ in found if group.startswith("old")} == {"old releases"}


def test_a_lost_release_is_refused() -> None:
    of = cases()
    same = predictions(without(of, []))
    found = compare(of, same, same, [*ALL, "gone"], ALL)
    assert (found.refused, found.lost) == (True, ("gone",))


def test_the_interval_of_a_mean_is_that_of_a_paired_t_test() -> None:
    of = cases()
    right = [without(of, ALL[i::7]) for i in (1, 2)]
    found = compare(of, predictions(right[0]), predictions(right[1]), ALL, ALL)
    figure = by_name(found)["old releases", "lab top-1, all responses"]
    together = ~of.alone
    lost = right[0][together].astype(float) - right[1][together]
    # Three groups of old releases, so that each interval misses in a third of 5 %.
    half = stats.t.ppf(1 - 0.05 / 3 / 2, 39) * lost.std(ddof=1) / np.sqrt(40)
    assert figure.low == pytest.approx(lost.mean() - half)
    assert figure.high == pytest.approx(lost.mean() + half)


def test_equally_good_models_are_seldom_refused() -> None:
    """Two models that are right by chance, on few releases of which each is right or wrong as a whole."""
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(300):
        some = ALL[: 6 + number % 20]
        of = cases([name for name in some for _ in range(4)])
        old, new = (predictions(without(of, [name for name in some if rng.random() < 0.4]), of) for _ in range(2))
        refused += compare(of, old, new, some, some).refused
    assert refused <= 300 * 0.05


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
    assert not any(figure.group.startswith("new releases") for figure in comparison.figures)
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
