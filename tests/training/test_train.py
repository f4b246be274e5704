from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fingerprint.api import Fingerprint
from fingerprint.cli.main import main
from fingerprint.config import config_values, flat_values
from fingerprint.errors import ConfigError, FingerprintError, InputError, ModelError
from fingerprint.training.run import override, read_config
from fingerprint.training.splits import CaseKind
from tests import worlds

Train = Callable[..., Path]


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def document(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def test_known_releases_are_attributed(model: Path) -> None:
    known = Fingerprint.load(model)
    right = attributed = 0
    for release, lab in worlds.RELEASES.items():
        texts = [worlds.write(release, p) for p in range(700, 725)]
        found = known.identify(texts)
        right += found.labs[0].lab == lab and found.releases[0].release == release
        attributed += found.verdict == "attributed" and found.labs[0].lab == lab
        assert found.labs[0] in found.set
        assert sum(share.probability for share in found.labs) == pytest.approx(1)
        shares = sum(r.probability for r in found.releases) + sum(n.probability for n in found.new_releases)
        unknown = next(share.probability for share in found.labs if share.lab == "unknown")
        assert shares + unknown == pytest.approx(1)
    assert right >= 15
    assert attributed >= 12


def test_the_same_inputs_give_the_same_bytes_and_no_feature_is_counted_again(
    world: Path, model: Path, train_small: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fingerprint.features.counts_cache as cache

    shards = {p.name: p.stat().st_mtime_ns for p in (world / "cache" / "counts").iterdir()}
    assert shards
    monkeypatch.setattr(cache, "count", lambda texts, *_: pytest.fail("counted again"))
    assert content(train_small(tmp_path / "again", config=read_config(model))) == content(model)
    assert {p.name: p.stat().st_mtime_ns for p in (world / "cache" / "counts").iterdir()} == shards


def test_a_model_is_trained_again_from_what_it_says(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    given = worlds.config(splits=msgspec.structs.replace(worlds.SPLITS, draws=2))
    (tmp_path / "given.json").write_bytes(msgspec.json.encode(config_values(given)))
    options = ["--registry", world / "registry.csv", "--cache", world / "cache", "--jobs", 1, "--name", "small"]

    def run(out: str, *more: object) -> dict[str, bytes]:
        with pytest.raises(SystemExit) as done:
            main(["train", *map(str, [world / "corpora", "--out", tmp_path / out, *options, *more])])
        assert not done.value.code, capsys.readouterr().err
        return content(tmp_path / out)

    first = run("first", "--config", tmp_path / "given.json", "--seed", 3)
    assert read_config(tmp_path / "first") == msgspec.structs.replace(given, seed=3)
    assert run("second", "--config", tmp_path / "first") == first
    command = document(tmp_path / "second", "training")["lineage"][0]["command"]
    assert command == f"fingerprint train {world / 'corpora'} --registry {world / 'registry.csv'}"


def test_the_whole_config_is_shown(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json"):
        with pytest.raises(SystemExit):
            main(["models", "show", "--model", str(model), "--format", form])
    text, _, values = capsys.readouterr().out.partition("\n{")
    assert json.loads("{" + values)["config"] == document(model, "config")
    shown = dict(line.split(maxsplit=1) for line in text.partition("\nconfig\n")[2].splitlines())
    assert shown == {name: value or "-" for name, value in flat_values(document(model, "config"))}
    assert shown["embedding.steps"] == "40"
    assert shown["calibration.expectations.new.both"] == "0.36"
    assert shown["splits.later"] == "-"
    assert shown["features.word_orders"] == "1, 2, 3"
    card = (model / "MODEL_CARD.md").read_text()
    assert all(f"| {name} | {value} |" in card for name, value in shown.items())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('{"embeding": {}}', "embeding"),
        ('{"embedding": {"steps": -1}}', "steps"),
        ('{"calibration": {"expectations": {"any": {"same": 1.0}}}}', "other"),
        (json.dumps({"calibration": {"expectations": {"new": dict.fromkeys(CaseKind, 0.2)}}}), "new sum to 1.2"),
    ],
)
def test_a_config_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_config(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.json")


def test_other_encoders_and_seeds_leave_the_rest() -> None:
    config = worlds.config()
    assert override(config, None, None) == config
    other = override(config, 7, "some/encoder")
    assert (other.seed, other.embedding.encoder) == (7, "some/encoder")
    assert override(other, config.seed, "") == config


def test_excluding_a_lab_leaves_nothing_of_it(lesser: Path) -> None:
    labels = document(lesser, "labels")
    assert "elm" not in labels["labs"]
    assert "oak-3" not in {r["release"] for r in labels["releases"]}
    assert "oak-2" in {r["release"] for r in labels["releases"]}
    assert document(lesser, "training")["rows"].keys().isdisjoint({"elm-1", "elm-2", "elm-3", "oak-3"})


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


def test_candidates_restrict_the_question(model: Path) -> None:
    known = Fingerprint.load(model)
    texts = [worlds.write("fir-2", p) for p in range(700, 710)]
    found = known.identify(texts, candidates=("elm", "oak"))
    assert {share.lab for share in found.labs} == {"elm", "oak", "none-of-these"}
    # The lab that wrote them is no candidate.
    assert found.labs[0].lab == "none-of-these"
    assert not found.verdict.is_attribution
    assert {r.lab for r in found.releases} == {"elm", "oak"}
    assert found.candidates is not None
    assert (found.candidates.labs, found.candidates.prior) == (("elm", "oak"), 0.5)
    assert found.candidates.outside is not None
    assert found.candidates.outside.lab == "fir"
    asked = known.identify(texts, candidates=("elm", "fir"))
    assert asked.labs[0].lab == "fir"
    with pytest.raises(FingerprintError, match="fingerprint verify FILE --claimed elm"):
        known.identify(texts, candidates=("elm", "elm"))
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
