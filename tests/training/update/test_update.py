from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from fingerprint import loading
from fingerprint.api import Fingerprint
from fingerprint.cli.identify import annotated
from fingerprint.cli.main import main
from fingerprint.cli.update import text as rendered
from fingerprint.errors import FingerprintError, InputError, ModelError
from fingerprint.loading import load_model
from fingerprint.model.verdict import VerdictWord
from fingerprint.report.advice import dated
from fingerprint.report.layout import Screen
from fingerprint.report.text import render
from fingerprint.store.folder import load, save
from fingerprint.store.versions import identity
from fingerprint.training.update.run import Outcome, Settings, update
from tests import worlds
from tests.store.folder import without_regression_set
from tests.training.test_train import content, document

ADDED = ("elm-1", "elm-2", "elm-3", "oak-3")


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")


def add(model: Path, corpora: list[Path], out: Path, world: Path, **settings: Any) -> Outcome:
    given = Settings(registry=world / "registry.csv", cache=world / "cache", jobs=1, command="fingerprint update x")
    return update(model, corpora, out, dataclasses.replace(given, **settings), lambda stage, done, total: None)


@pytest.fixture(scope="module")
def updated(lesser: Path, world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """The lesser model with what it lacks: a release and a whole lab."""
    out = tmp_path_factory.mktemp("updated") / "m"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1795000000")
        return out, add(lesser, [world / "corpora"], out, world)


def mislabelled(folder: Path) -> Path:
    """What four labs write, each of their releases said to be another lab's, in two corpora that the model knows."""
    path = folder / "wrong.jsonl"
    other = {"ash": "birch", "birch": "ash", "cedar": "fir", "fir": "cedar"}
    rows = [
        {"release": other[lab] + name[-2:], "prompt_id": str(p), "corpus": corpus, "response": worlds.write(name, p)}
        for name, lab in worlds.RELEASES.items()
        if lab in other
        for start, corpus in ((2000, "first"), (3000, "second"))
        for p in range(start, start + 60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_what_was_taken_out_is_known_again(updated: tuple[Path, Outcome], lesser: Path) -> None:
    folder, outcome = updated
    assert (outcome.new, outcome.more, outcome.out_of_domain, outcome.written) == (ADDED, (), (), True)
    assert not outcome.comparison.refused
    known = Fingerprint.load(folder)
    assert list(known.labs) == sorted(worlds.LABS)
    for release, lab in worlds.RELEASES.items():
        found = known.identify([worlds.write(release, p) for p in range(700, 710)])
        assert (found.labs[0].lab, found.releases[0].release) == (lab, release)
    assert "elm" not in Fingerprint.load(lesser).labs


def test_only_what_the_model_has_not_learned_is_learned(updated: tuple[Path, Outcome], lesser: Path) -> None:
    folder, outcome = updated
    rows, before = document(folder, "training")["rows"], document(lesser, "training")["rows"]
    assert rows.keys() - before.keys() == set(ADDED)
    assert all(rows[name] == count for name, count in before.items())
    assert outcome.responses == sum(rows[name] for name in ADDED)
    assert outcome.left_out["learned from the same file before"] == 14 * 120
    held = load(folder).arrays["regression_release"]
    assert len(set(held.tolist())) == 18
    # What a lab's own name adds is kept by the name, whatever code the lab has now.
    assert document(folder, "calibration") == document(lesser, "calibration")


def test_same_inputs_give_the_same_bytes(
    updated: tuple[Path, Outcome], lesser: Path, world: Path, tmp_path: Path
) -> None:
    add(lesser, [world / "corpora"], tmp_path / "again", world)
    assert content(tmp_path / "again") == content(updated[0])


def test_the_card_says_what_the_lineage_says(updated: tuple[Path, Outcome], lesser: Path) -> None:
    folder, _ = updated
    training = document(folder, "training")
    first, second = training["lineage"]
    assert (first["parent"], second["parent"]) == (None, identity(lesser))
    assert second["time"].startswith(training["trained"])
    assert {c["sha256"] for c in training["corpora"]} == {*first["corpora"], *second["corpora"]}
    card = ModelCard.load(folder / "MODEL_CARD.md")
    assert card.data.library_name == "fingerprint"
    assert card.data.eval_results[0].metric_value == training["scores"][0]["lab top-1"]
    for entry in (first, second):
        wanted = [entry["time"], entry["registry"][:12], *(sha256[:16] for sha256 in entry["corpora"])]
        assert all(word in card.text for word in wanted)
    assert f"| {second['command']} | {second['version']} | {second['parent'][:12]} |" in card.text
    for figure in second["comparison"]["figures"]:
        old = "-" if figure["old"] is None else figure["old"]
        assert f"| {figure['group']} | {figure['figure']} | {figure['cases']} | {old} |" in card.text


def test_nothing_new_is_nothing_to_learn(updated: tuple[Path, Outcome], world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="learned from the same file before"):
        add(updated[0], [world / "corpora"], tmp_path / "m", world)
    assert not (tmp_path / "m").exists()


def test_more_responses_of_a_known_release_without_a_label(
    updated: tuple[Path, Outcome], world: Path, tmp_path: Path
) -> None:
    file = worlds.case(tmp_path / "more.jsonl", "ash-1", 40)
    outcome = add(updated[0], [file], tmp_path / "m", world, release="ash-1")
    assert (outcome.new, outcome.more, outcome.responses) == ((), ("ash-1",), 40)
    # The model does not have this corpus, but its responses are like those that it has.
    assert outcome.out_of_domain == ()
    few = worlds.case(tmp_path / "few.jsonl", "ash-1", 12)
    assert add(updated[0], [few], tmp_path / "f", world, release="ash-1").out_of_domain == ("few",)
    before = document(updated[0], "training")["rows"]["ash-1"]
    assert document(tmp_path / "m", "training")["rows"]["ash-1"] == before + 40
    assert len(document(tmp_path / "m", "labels")["corpora"]) > len(document(updated[0], "labels")["corpora"])


def test_out_of_domain_responses_tell_about_their_release_there_alone(
    lesser: Path, world: Path, tmp_path: Path
) -> None:
    texts = [worlds.write("ash-1", p).upper() for p in range(4000, 4080)]
    file = tmp_path / "loud.jsonl"
    file.write_text("".join(json.dumps({"prompt_id": str(i), "response": text}) + "\n" for i, text in enumerate(texts)))
    outcome = add(lesser, [file], tmp_path / "m", world, release="ash-1", force=True)
    assert outcome.out_of_domain == ("loud",)
    assert "out-of-domain, or too few responses to tell: loud\n" in rendered(outcome)
    before, after = Fingerprint.load(lesser), Fingerprint.load(tmp_path / "m")
    for release, lab in worlds.RELEASES.items():
        if lab in before.labs:
            profiles = [worlds.write(release, p) for p in range(700, 710)]
            assert after.identify(profiles).labs[0].lab == before.identify(profiles).labs[0].lab
    loud = [worlds.write("ash-1", p).upper() for p in range(4100, 4125)]
    assert after.identify(loud).releases[0].release == "ash-1"
    assert after.identify(loud).labs[0].probability > before.identify(loud).labs[0].probability


def test_an_update_learns_the_scripts_of_its_corpora(lesser: Path, world: Path, tmp_path: Path) -> None:
    rows = [worlds.row("oak-3", f"ru-{p}", 9000 + p) | {"response": f"Ответ номер {p}. " * 20} for p in range(40)]
    corpus = tmp_path / "russian.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "m"
    add(lesser, [corpus], out, world, force=True)
    assert load_model(lesser).scripts == ("Latin",)
    assert load_model(out).scripts == ("Cyrillic", "Latin")


def test_a_worse_model_is_refused_unless_forced(lesser: Path, world: Path, tmp_path: Path) -> None:
    wrong = mislabelled(tmp_path)
    outcome = add(lesser, [wrong], tmp_path / "m", world)
    assert outcome.comparison.refused
    assert not outcome.written
    assert not (tmp_path / "m").exists()
    assert add(lesser, [wrong], tmp_path / "m", world, force=True).written
    assert document(tmp_path / "m", "training")["lineage"][-1]["comparison"]["refused"]
    assert "and forced" in (tmp_path / "m" / "MODEL_CARD.md").read_text()


def test_places_that_are_taken_and_models_that_keep_too_little(lesser: Path, world: Path, tmp_path: Path) -> None:
    shutil.copytree(lesser, tmp_path / "taken")
    with pytest.raises(ModelError, match="holds a model"):
        add(lesser, [world / "corpora"], tmp_path / "taken", world)
    without_regression_set(lesser, tmp_path / "old")
    with pytest.raises(ModelError, match="a regression set"):
        add(tmp_path / "old", [world / "corpora"], tmp_path / "m", world)
    assert Fingerprint.load(tmp_path / "old").labs


def test_in_place_from_the_command_line_and_back(
    lesser: Path, world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main([*map(str, args)])
        return int(done.value.code or 0), *capsys.readouterr()

    folder = tmp_path / "m"
    stored = load(lesser)
    encoder = {f"encoder/{p.name}": p.read_bytes() for p in (lesser / "encoder").iterdir()}
    save(folder, stored.arrays, stored.documents, (lesser / "MODEL_CARD.md").read_text(), encoder)
    before = content(folder)
    options = ("--out", folder, "--registry", world / "registry.csv", "--cache", world / "cache", "--jobs", 1)
    wrong = mislabelled(tmp_path)
    code, out, err = run("update", folder, wrong, *options)
    assert code == 3
    assert "worse" in out
    assert err.count("\n") == 1
    assert content(folder) == before
    code, out, err = run("update", folder, wrong, *options, "--force", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["comparison"]["refused"]
    listed = json.loads(run("models", "list", "--model", folder, "--format", "json")[1])
    assert [row["current"] for row in listed] == [True, False]
    assert "--force" in listed[0]["lineage"][-1]["command"]
    assert "worse, and forced" in run("models", "show", "--model", folder)[1]
    assert run("models", "rollback", "--model", folder)[0] == 0
    assert content(folder) == before
    assert run("models", "use", "nothing", "--model", folder)[0] == 2
    assert run("models", "use", listed[0]["sha256"][:8], "--model", folder)[0] == 0
    assert document(folder, "training")["lineage"][-1]["comparison"]["refused"]
    with pytest.raises(FingerprintError):
        Fingerprint.load(tmp_path)


def test_a_model_that_is_replaced_while_it_is_read_is_read_again(
    lesser: Path, updated: tuple[Path, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(lesser, tmp_path / "m"))

    def half(where: Path) -> Any:
        monkeypatch.setattr(loading, "load", load)
        shutil.rmtree(where)
        shutil.copytree(updated[0], where)
        raise ModelError("changed since it was written")

    monkeypatch.setattr(loading, "load", half)
    assert set(Fingerprint.load(folder).labs) == set(worlds.LABS)


def test_a_new_release_comes_with_the_command_that_adds_it(model: Path) -> None:
    found = Fingerprint.load(model).identify([worlds.write("ash-1", p) for p in range(700, 710)])
    new = dataclasses.replace(found, verdict=VerdictWord.NEW_RELEASE, file="a b.jsonl")
    noted = annotated(new, Path("models/x"))
    assert noted.advice is not None
    assert noted.advice.endswith("fingerprint update models/x 'a b.jsonl' --release NAME --out models/x")
    assert "--release NAME" in render(noted, {}, screen=Screen(200))
    assert "CORPUS" in str(annotated(dataclasses.replace(new, file="-"), Path("m")).advice)
    assert annotated(dataclasses.replace(found, verdict=VerdictWord.ATTRIBUTED), Path("m")).advice is None
    old = dataclasses.replace(found, model=dataclasses.replace(found.model, newest="2020-01"))
    assert any("2020-01" in warning for warning in dated(old).warnings)
