from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from fingerprint.api import Fingerprint
from fingerprint.cli import compare
from fingerprint.cli.main import group
from fingerprint.comparison.drift import DriftVerdict
from fingerprint.config import PairConfig
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.pair_calibration import PairDomain, PairKind, PairVerdict
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS
from fingerprint.report import comparison as report
from fingerprint.report import model_free
from fingerprint.report.comparison import render_text
from fingerprint.report.layout import Screen
from fingerprint.store.folder import load, save
from fingerprint.verification.comparison import Comparison
from tests import worlds
from tests.cli.test_cli import run
from tests.store.folder import CARD, encoder_files

RATES = ("--false-alarms", "0.2", "--false-accepts", "0.2")


def files(folder: Path, *releases: str, count: int = 12) -> list[Path]:
    """A file for each release, the second of one release with other prompts."""
    return [
        worlds.case(folder / f"{number}-{release}.jsonl", release, count, 500 + 100 * number)
        for number, release in enumerate(releases)
    ]


def compared(model: Path, *cases: Path, rates: float = 0.2) -> Comparison:
    from fingerprint.data.reader import read_case

    known = Fingerprint.load(model)
    return known.compare([read_case(str(case)) for case in cases], false_alarms=rates, false_accepts=rates)


def test_a_model_learns_to_compare_when_it_is_trained(comparing: Path) -> None:
    document = load(comparing).documents["pairs"]
    assert document["limits"].keys() == {"1", "5", "10"}
    measured = document["figures"]["10"]["in"]
    assert measured["other"]["eer"] < 0.3
    assert measured["other"]["pairs"] >= measured["other"]["cells"] > 5
    shared = document["shared"]
    assert shared["limits"].keys() == {"5", "10"}
    assert shared["figures"]["10"]["in"]["other"]["eer"] < 0.2
    assert "target-across" not in shared["figures"]["10"]["in"]


def test_one_release_is_told_from_two(comparing: Path, tmp_path: Path) -> None:
    found = compared(comparing, *files(tmp_path, "ash-1", "ash-1", "oak-2", "fir-3"))
    llr = {(pair.first, pair.second): pair.log_likelihood_ratio for pair in found.pairs}
    assert len(llr) == 6
    assert llr[0, 1] > max(value for pair, value in llr.items() if pair != (0, 1))
    assert found.pairs[0].verdict is not PairVerdict.DIFFERENT
    assert found.pairs[1].rates.responses == 10


def test_the_order_of_the_files_does_not_matter(comparing: Path, tmp_path: Path) -> None:
    one, two = files(tmp_path, "ash-1", "elm-2")
    forth, back = (compared(comparing, *given).pairs[0] for given in ((one, two), (two, one)))
    assert forth == dataclasses.replace(back, model_free=forth.model_free)
    ways = [sorted((effect.name, effect.first, effect.second) for effect in pair.model_free.markers.effects)
            for pair in (forth, back)]  # fmt: skip
    assert ways[0] == [(name, second, first) for name, first, second in ways[1]]


@pytest.mark.parametrize(("given", "codes"), [(("ash-1", "ash-1"), {0, 3}), (("ash-1", "oak-2"), {1, 3})])
def test_exit_codes_and_json(comparing: Path, tmp_path: Path, given: tuple[str, str], codes: set[int]) -> None:
    done = run("compare", *files(tmp_path, *given), "--model", comparing, "--format", "json", *RATES)
    assert done.returncode in codes, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == 1
    assert [case["n_used"] for case in found["cases"]] == [12, 12]
    (pair,) = found["pairs"]
    assert {"same": 0, "different": 1, "inconclusive": 3}[pair["verdict"]] == done.returncode
    assert pair["rates"]["false_alarms"] == pair["rates"]["false_accepts"] == 0.2
    assert {row["kind"] for row in pair["rates"]["kinds"]} <= set(PairKind)
    assert pair["model_free"]["test"]["p_value"] is None
    assert pair["model_free"]["markers"]["is_paired"] is False


def test_shared_prompts_are_tested_beside_the_verdict(comparing: Path, tmp_path: Path) -> None:
    one, two = (worlds.case(tmp_path / f"{name}.jsonl", name, 20) for name in ("ash-1", "oak-2"))
    done = run("compare", one, two, "--model", comparing, "--format", "json", *RATES)
    found = json.loads(done.stdout)["pairs"][0]["model_free"]
    assert (found["test"]["n_prompts"], found["n_by_id"], found["n_unmatched"]) == (20, 20, [0, 0])
    assert found["test"]["p_value"] <= 0.05
    assert found["test"]["smallest_p"] <= found["test"]["p_value"]
    assert found["meaning"].startswith("The two did not sample from one distribution")
    # ash writes bold headings and lists, oak does not.
    bold = next(effect for effect in found["markers"]["effects"] if effect["name"] == "bold passages")
    assert bold["first"] > bold["second"] == 0
    assert bold["delta"] == -1 <= bold["low"] < bold["high"] < 0
    assert bold["p_adjusted"] <= 0.05
    assert len(found["markers"]["effects"]) > 5
    text = run("compare", one, two, "--model", comparing, "--verbose", *RATES).stdout
    assert "20 prompts shared, 20 and 20 responses to them" in text
    assert "least p-value that was possible" in text
    assert "only ids say that 20 prompts" in text
    assert "in responses to the same prompts" in " ".join(text.split())
    assert sum(" to +" in line or " to -" in line for line in text.splitlines() if line.startswith("  ")) <= 5
    assert "bold passages (per 1,000 words)" in text
    assert "  code blocks" not in text


def test_of_shared_prompts_only_the_answers_count_and_the_prompts_are_taken_out(
    comparing: Path, tmp_path: Path
) -> None:
    one, other = (worlds.case(tmp_path / f"{name}.jsonl", name, 12) for name in ("ash-1", "oak-2"))
    again = tmp_path / "again.jsonl"
    rows = [{"prompt_id": str(p), "response": worlds.write("ash-1", p, 1)} for p in range(500, 512)]
    again.write_text("".join(json.dumps(row) + "\n" for row in rows))
    same, different = (compared(comparing, one, second).pairs[0] for second in (again, other))
    assert same.rates.shared_prompts
    assert same.log_likelihood_ratio > max(0, different.log_likelihood_ratio)
    assert PairKind.ACROSS not in {row.kind for row in same.rates.kinds}
    # Answers to other prompts change nothing, as long as half of the smaller file is shared.
    more = worlds.case(tmp_path / "more.jsonl", "ash-1", 10, 900)
    again.write_text(again.read_text() + more.read_text())
    assert compared(comparing, one, again).pairs[0].log_likelihood_ratio == same.log_likelihood_ratio
    text = " ".join(run("compare", one, other, "--model", comparing, *RATES, "--verbose").stdout.split())
    assert "held-out pairs with 10 responses a side to the same prompts" in text
    assert "the prompts are taken out" in text
    # A few shared prompts are no such pair.
    few = worlds.case(tmp_path / "few.jsonl", "ash-1", 12, 508)
    assert not compared(comparing, one, few).pairs[0].rates.shared_prompts


def verdict_code(found: str, tmp_path: Path, comparing: Path, monkeypatch: pytest.MonkeyPatch, more: int = 0) -> int:
    real = compared(comparing, *files(tmp_path, *(["ash-1"] * (2 + more))))
    pairs = tuple(dataclasses.replace(pair, verdict=PairVerdict(found)) for pair in real.pairs)
    monkeypatch.setattr(Fingerprint, "compare", lambda *_, **__: dataclasses.replace(real, pairs=pairs))
    names = [str(tmp_path / f"{number}-ash-1.jsonl") for number in range(2 + more)]
    done = CliRunner().invoke(group, ["compare", *names, "--model", str(comparing)], standalone_mode=False)
    assert done.exception is None
    code: Any = done.return_value
    return int(code)


@pytest.mark.parametrize(("word", "code"), [("same", 0), ("different", 1), ("inconclusive", 3)])
def test_each_verdict_has_its_code(
    word: str, code: int, tmp_path: Path, comparing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict_code(word, tmp_path, comparing, monkeypatch) == code


def test_of_more_files_the_code_is_0(tmp_path: Path, comparing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict_code("different", tmp_path, comparing, monkeypatch, more=1) == 0


def test_text_for_people(comparing: Path, tmp_path: Path) -> None:
    cases = files(tmp_path, "ash-1", "oak-2", "ash-1", count=3)
    done = run("compare", *cases, "--model", comparing, "--verbose", *RATES)
    assert done.returncode == 0
    # Where a line ends depends on how long the paths are.
    said = " ".join(done.stdout.split())
    assert said.count("LLR") == 3
    assert "releases of two labs" in said
    assert "3 of 3 responses used" in said
    assert "warning: few responses: 3 on the smaller side" in said
    assert said.count("Without the model: The two answered no prompt in common") == 3
    assert "no style marker can differ" in said
    # A path is not broken.
    assert all(len(line) <= 90 or str(tmp_path) in line for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout


def test_text_in_ascii_and_with_hostile_names(comparing: Path, tmp_path: Path) -> None:
    found = compared(comparing, *files(tmp_path, "ash-1", "oak-2"))
    cases = tuple(dataclasses.replace(case, file="a\x1b[31m\u4e2d") for case in found.cases)
    text = render_text(dataclasses.replace(found, cases=cases), Screen(60, "ascii", verbose=True))
    assert "\x1b" not in text
    assert text.isascii()


def test_every_word_has_its_text() -> None:
    assert report.TONES.keys() == set(PairVerdict)
    assert report.KINDS.keys() == set(PairKind)
    assert compare._CODES.keys() == set(PairVerdict)
    default = {parameter.name: parameter.default for parameter in compare.command.params}
    assert (default["false_alarms"], default["false_accepts"]) == (FALSE_ALARMS, FALSE_ACCEPTS)
    assert len(PairDomain) == 2
    assert model_free.HEADLINES.keys() == set(DriftVerdict)
    assert compare._DRIFT_CODES.keys() == set(DriftVerdict)


def test_standard_input(comparing: Path, tmp_path: Path) -> None:
    one, two = files(tmp_path, "ash-1", "oak-2")
    done = run("compare", "-", two, "--model", comparing, "--format", "json", input=one.read_text())
    assert json.loads(done.stdout)["cases"][0]["n_used"] == 12
    twice = run("compare", "-", "-", "--model", comparing, input=one.read_text())
    assert twice.returncode == 2
    assert "standard input can be read once only" in twice.stderr


def test_a_case_of_two_models_is_said_to_be_mixed(comparing: Path, tmp_path: Path) -> None:
    one, two, both = files(tmp_path, "ash-1", "oak-2", "ash-1")
    both.write_text(one.read_text() + two.read_text())
    found = compared(comparing, one, both)
    assert not any("two models" in warning for warning in found.cases[0].warnings)
    assert any("may be by two models" in warning for warning in found.cases[1].warnings)


def test_what_cannot_be_compared_is_one_line(comparing: Path, tmp_path: Path) -> None:
    one, two = files(tmp_path, "ash-1", "oak-2")
    nothing = tmp_path / "short.jsonl"
    nothing.write_text('{"response": "no"}\n')
    for given, said in (
        ((one,), "expected two files or more"),
        ((one, two, "--by", "time"), "--by time looks at one file over time; 2 were given"),
        ((one, "--by", "time"), "--by time uses no model; leave out --model"),
        ((one, "--by", "size"), "Invalid value for '--by'"),
        ((one, tmp_path / "none.jsonl"), "none.jsonl"),
        ((one, nothing), "short.jsonl: no response is left to judge"),
        ((one, tmp_path), "a folder; name the files in it"),
        ((one, two, "--false-alarms", "0"), "--false-alarms"),
    ):
        done = run("compare", *given, "--model", comparing)
        assert done.returncode == 2, given
        assert said in done.stderr
        assert not done.stdout
        assert "Traceback" not in done.stderr


def test_a_model_without_pairs_says_so_and_still_identifies(comparing: Path, tmp_path: Path) -> None:
    stored = load(comparing)
    documents = {name: value for name, value in stored.documents.items() if name != "pairs"}
    save(tmp_path / "model", stored.arrays, documents, CARD, encoder_files(comparing))
    cases = files(tmp_path, "ash-1", "oak-2")
    with pytest.raises(FingerprintError, match="cannot compare: it has no calibration of pairs; train it anew"):
        compared(tmp_path / "model", *cases)
    assert Fingerprint.load(tmp_path / "model").identify(["Bread goes stale, as people know."]).n_used == 1


def test_cases_as_python_values(comparing: Path) -> None:
    known = Fingerprint.load(comparing)
    texts = [[worlds.write(release, prompt) for prompt in range(700, 706)] for release in ("ash-1", "oak-2")]
    assert len(known.compare(texts).pairs) == 1
    with pytest.raises(FingerprintError, match="two cases or more"):
        known.compare(texts[:1])
    with pytest.raises(InputError, match="no response is left"):
        known.compare([texts[0], ["no"]])


def test_an_update_keeps_the_document(comparing: Path, tmp_path: Path, world: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(comparing, model)
    corpus = worlds.foreign(world)
    done = run("update", model, corpus, "--out", tmp_path / "new", "--registry", world / "registry.csv", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "new").documents["pairs"] == load(model).documents["pairs"]


def test_a_config_of_pairs_is_read() -> None:
    assert msgspec.convert({"pairs": {"cells": 3}}, type(worlds.config())).pairs == PairConfig(cells=3)
