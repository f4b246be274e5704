from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerprint.api import Fingerprint
from fingerprint.errors import FingerprintError, InputError, ModelError
from tests import worlds

Train = Callable[..., Path]


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def document(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def test_known_releases_are_attributed(model: Path, tmp_path: Path) -> None:
    known = Fingerprint.load(model)
    right = 0
    for release, lab in worlds.RELEASES.items():
        texts = [worlds.write(release, p) for p in range(700, 725)]
        found = known.identify(texts)
        right += found.labs[0].lab == lab and found.releases[0].release == release
        assert sum(share.probability for share in found.labs) == pytest.approx(1)
        shares = sum(r.probability for r in found.releases) + sum(n.probability for n in found.new_releases)
        unknown = next(share.probability for share in found.labs if share.lab == "unknown")
        assert shares + unknown == pytest.approx(1)
    assert right >= 15


def test_same_inputs_and_seed_give_the_same_bytes(model: Path, train_small: Train, tmp_path: Path) -> None:
    again = content(train_small(tmp_path / "again"))
    assert again == content(model)
    assert content(train_small(tmp_path / "other", config=worlds.config(seed=1))) != again


def test_excluding_a_lab_leaves_nothing_of_it(train_small: Train, tmp_path: Path) -> None:
    folder = train_small(tmp_path / "m", exclude_labs=("oak",), exclude_releases=("ASH-1",))
    labels = document(folder, "labels")
    assert "oak" not in labels["labs"]
    assert "ash-1" not in {r["release"] for r in labels["releases"]}
    assert "ash-2" in {r["release"] for r in labels["releases"]}
    assert document(folder, "training")["rows"].keys().isdisjoint({"oak-1", "oak-2", "oak-3", "ash-1"})


def test_what_was_known_at_a_time(train_small: Train, tmp_path: Path) -> None:
    folder = train_small(tmp_path / "m", released_before="2025-03")
    assert {r["release"][-1] for r in document(folder, "labels")["releases"]} == {"1", "2"}
    assert document(folder, "training")["newest"] == "2025-02"


def test_the_card_says_what_it_was_made_of(model: Path) -> None:
    card = (model / "MODEL_CARD.md").read_text()
    training = document(model, "training")
    for corpus in training["corpora"]:
        assert f"| {corpus['name']} |" in card
        assert corpus["sha256"][:16] in card
    for release, rows in training["rows"].items():
        assert f"| {release} |" in card
        assert f"| {rows} |" in card
    assert "unseen" in card


def test_mistakes_stop_before_any_work(train_small: Train, tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="no such lab"):
        train_small(tmp_path / "m", exclude_labs=("nobody",))
    with pytest.raises(FingerprintError, match="not in the registry"):
        train_small(tmp_path / "m", exclude_releases=("nothing",))
    with pytest.raises(FingerprintError, match="nothing is left"):
        train_small(tmp_path / "m", released_before="2020-01")
    with pytest.raises(InputError):
        train_small(tmp_path / "m", registry=tmp_path / "none.csv")
    with pytest.raises(FingerprintError, match="fewer than two releases have the 10 responses"):
        train_small(tmp_path / "m", exclude_labs=tuple(worlds.LABS[1:]), exclude_releases=("ash-1", "ash-2"))
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("mine")
    with pytest.raises(ModelError, match="something else"):
        train_small(taken)
    assert not (tmp_path / "m").exists()


def test_an_interrupted_run_finds_its_features_again(
    world: Path, train_small: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fingerprint.features.counts_cache as cache

    train_small(tmp_path / "first")
    shards = {p.name: p.stat().st_mtime_ns for p in (world / "cache" / "counts").iterdir()}
    monkeypatch.setattr(cache, "count", lambda texts: pytest.fail("counted again"))
    train_small(tmp_path / "second")
    assert {p.name: p.stat().st_mtime_ns for p in (world / "cache" / "counts").iterdir()} == shards


def test_candidates_restrict_the_question(model: Path) -> None:
    known = Fingerprint.load(model)
    texts = [worlds.write("fir-2", p) for p in range(700, 710)]
    found = known.identify(texts, candidates=("elm", "oak"))
    assert {share.lab for share in found.labs} == {"elm", "oak", "unknown"}
    assert {r.lab for r in found.releases} == {"elm", "oak"}
    assert found.candidates == ("elm", "oak")
    with pytest.raises(FingerprintError, match="nobody"):
        known.identify(texts, candidates=("nobody",))


def test_nothing_usable_is_inconclusive(model: Path) -> None:
    found = Fingerprint.load(model).identify(["no", "I'm sorry, I can't help with that."])
    assert (found.verdict, found.n_used, found.n_responses) == ("inconclusive", 0, 2)
    assert found.warnings


def test_names_do_not_count(model: Path) -> None:
    known = Fingerprint.load(model)
    texts = [worlds.write("elm-1", p) for p in range(700, 710)]
    named = [
        known.identify([f"I am {name}. " + t for t in texts]).to_dict() for name in ("ChatGPT", "Claude 3.5 Sonnet")
    ]
    assert named[0]["labs"] == named[1]["labs"]
