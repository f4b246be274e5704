"""`Fingerprint.verify` and `fingerprint verify`, on a model that was trained on a made-up world."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from fingerprint.api import Fingerprint
from fingerprint.cli.main import group
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.loading import load_model
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.claims import Impostor
from fingerprint.report.claim import TONES, TRIALS, render_claim
from fingerprint.report.layout import Screen
from fingerprint.verification.claims import resolve_claim
from tests import worlds


@pytest.fixture(scope="module")
def known(model: Path) -> Fingerprint:
    return Fingerprint.load(model)


# The world has too few true claims to tell what one in a hundred does.
LOOSE = ("--false-alarms", 0.1, "--false-accepts", 0.1)


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(group, [str(arg) for arg in args], prog_name="fingerprint", standalone_mode=False)
    if isinstance(result.exception, FingerprintError):
        return 2, result.stdout, str(result.exception)
    return result.return_value, result.stdout, result.stderr


def test_true_claims_are_consistent_and_false_ones_are_not(known: Fingerprint, tmp_path: Path) -> None:
    words: dict[bool, list[str]] = {True: [], False: []}
    for release, other in (("oak-1", "fir-3"), ("fir-3", "ash-1"), ("ash-1", "oak-2")):
        rows = worlds.case(tmp_path / f"{release}.jsonl", release, 25)
        texts = [json.loads(line)["response"] for line in rows.read_text().splitlines()]
        for claimed in (release, other):
            found = known.verify(texts, claimed, false_alarms=0.1, false_accepts=0.1)
            words[claimed == release].append(found.verdict)
            assert found.claimed.name == claimed
            assert found.n_used == 25
            assert {row.kind for row in found.alternatives} >= {"other lab", "unknown lab"}
            ratios = [row.log_likelihood_ratio for row in found.alternatives]
            assert ratios == sorted(ratios)
    assert ClaimWord.INCONSISTENT not in words[True]
    assert ClaimWord.CONSISTENT not in words[False]
    assert words[True].count(ClaimWord.CONSISTENT) >= 2
    assert words[False].count(ClaimWord.INCONSISTENT) >= 2


def test_a_lab_and_a_family_can_be_claimed(known: Fingerprint, tmp_path: Path) -> None:
    rows = worlds.case(tmp_path / "oak-1.jsonl", "oak-1", 25)
    texts = [json.loads(line)["response"] for line in rows.read_text().splitlines()]
    lab = known.verify(texts, "lab:oak")
    assert (lab.claimed.level, lab.claimed.lab) == ("lab", "oak")
    assert len(lab.claimed.releases) > 1
    assert {row.kind for row in lab.alternatives} == {"other lab", "unknown lab"}
    assert lab.log_likelihood_ratio > known.verify(texts, "lab:fir").log_likelihood_ratio
    # Stricter rates never say more.
    strict = known.verify(texts, "lab:fir", false_alarms=0.005, false_accepts=0.005)
    assert strict.verdict in (ClaimWord.INCONSISTENT, ClaimWord.INCONCLUSIVE)


def test_names_of_claims(model: Path) -> None:
    loaded, registry = load_model(model), Registry.load()
    row = loaded.releases[0]
    assert resolve_claim(row["release"].upper(), loaded, registry).level == "release"
    line = resolve_claim(f"line:{row['line']}", loaded, registry)
    assert (line.level, line.table) == ("line", "family")
    assert row["release"] in line.releases
    with pytest.raises(FingerprintError, match=r"not a release, line, family or lab of the model; similar: "):
        resolve_claim(row["release"] + "x", loaded, registry)
    with pytest.raises(
        FingerprintError, match=r"the registry knows this release, the model does not.*--reference FILE"
    ):
        resolve_claim("claude-3-opus", loaded, registry)
    with pytest.raises(FingerprintError, match="not a release, line, family or lab"):
        resolve_claim("line:\x1b[2J", loaded, registry)


def test_a_model_that_learned_nothing_about_claims_says_so(model: Path) -> None:
    loaded = replace(load_model(model), claims=None)
    with pytest.raises(FingerprintError, match="no calibration of claims; train it anew"):
        Fingerprint(loaded).verify(["Bread goes stale."], loaded.releases[0]["release"])


def test_the_command_says_it_by_exit_code_too(model: Path, tmp_path: Path) -> None:
    good = worlds.case(tmp_path / "good.jsonl", "oak-1", 25)
    bad = worlds.case(tmp_path / "bad.jsonl", "ash-1", 25)
    few = worlds.case(tmp_path / "few.jsonl", "oak-1", 1)
    given = ("--claimed", "oak-1", "--model", model, *LOOSE)
    assert [run("verify", file, *given)[0] for file in (good, bad)] == [0, 1]
    assert run("verify", good, bad, few, *given)[0] == 1
    # No limit is kept for rates as low as these.
    assert run("verify", good, *given, "--false-alarms", 0.001, "--false-accepts", 0.001)[0] == 3
    code, _, said = run("verify", tmp_path / "none.jsonl", "--claimed", "oak-1", "--model", model)
    assert code == 2
    assert "none.jsonl" in said
    code, _, said = run("verify", good, "--claimed", "oak-99", "--model", model)
    assert (code, "oak" in said) == (2, True)


def test_json_and_junit(model: Path, tmp_path: Path) -> None:
    good = worlds.case(tmp_path / "good.jsonl", "oak-1", 25)
    bad = worlds.case(tmp_path / "b<&>d.jsonl", "ash-1", 25)
    given = ("--claimed", "oak-1", "--model", model, *LOOSE, "--format")
    one = json.loads(run("verify", good, *given, "json")[1])
    assert (one["schema"], one["verdict"], one["claimed"]["name"]) == (1, "consistent", "oak-1")
    assert next(row["kind"] for row in one["rates"]) == "target"
    assert [one["verdict"] for one in json.loads(run("verify", good, bad, *given, "json")[1])] == [
        "consistent",
        "inconsistent",
    ]
    suite = ElementTree.fromstring(run("verify", good, bad, *given, "junit")[1])
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "2",
        "failures": "1",
        "skipped": "0",
    }
    failed = suite.find("testcase[2]")
    assert failed is not None
    assert failed.get("name") == str(bad)
    assert failed.find("failure") is not None


def test_the_text_is_complete_and_harmless(known: Fingerprint, tmp_path: Path) -> None:
    found = known.verify(["Bread goes stale.\x1b[2J", "Take the train."], "lab:oak")
    for encoding in ("utf-8", "ascii"):
        text = render_claim(found, {"oak": "O\x1b[2Jak"}, Screen(60, encoding, verbose=True))
        assert "\x1b" not in text
        assert "a model of O" in text
        assert max(map(len, text.splitlines())) <= 90
    assert set(TONES) == set(ClaimWord)
    assert set(TRIALS) == {"target", *map(str, Impostor)}
