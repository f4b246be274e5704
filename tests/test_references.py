"""`fingerprint verify --reference` and `Fingerprint.verify_against`: a claim that is verified by comparison."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from fingerprint.api import Fingerprint
from fingerprint.cli.main import group
from fingerprint.data.reader import read_case
from fingerprint.errors import FingerprintError, InputError
from fingerprint.loading import load_model
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.pair_calibration import PairCalibration, PairVerdict
from fingerprint.report.layout import Screen
from fingerprint.report.reference import render_reference
from fingerprint.verification.references import SENTENCES, WORD_OF, ReferenceVerdict
from tests import worlds
from tests.cli.test_cli import run as run_process

LOOSE = ("--false-alarms", 0.2, "--false-accepts", 0.2)


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(group, [str(arg) for arg in args], prog_name="fingerprint", standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.stdout, result.stderr


@pytest.fixture(scope="module")
def known(comparing: Path) -> Fingerprint:
    return Fingerprint.load(comparing)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A file by ash-1, one by oak-2, and a reference by ash-1 with other prompts."""
    good = worlds.case(tmp_path / "good.jsonl", "ash-1", 12)
    bad = worlds.case(tmp_path / "b<&>d.jsonl", "oak-2", 12, 700)
    return good, bad, worlds.case(tmp_path / "official.jsonl", "ash-1", 12, 700)


Fixed = Callable[[str], None]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> Fixed:
    """Makes all pairs have one verdict."""

    def fix(word: str) -> None:
        def decide(*_: object) -> PairVerdict:
            return PairVerdict(word)

        monkeypatch.setattr("fingerprint.model.pair_calibration.PairCalibration.verdict", decide)

    return fix


def verified(known: Fingerprint, case: Path, *references: Path) -> ReferenceVerdict:
    reference = read_case([str(file) for file in references])
    return known.verify_against(read_case(str(case)), reference, false_alarms=0.2, false_accepts=0.2)


def test_the_verdict_is_that_of_the_pair(known: Fingerprint, files: tuple[Path, Path, Path]) -> None:
    good, bad, official = files
    true, false = verified(known, good, official), verified(known, bad, official)
    for found in (true, false):
        assert found.verdict is WORD_OF[found.pair.verdict]
        (same,) = known.compare(
            [read_case(str(good if found is true else bad)), read_case(str(official))],
            false_alarms=0.2,
            false_accepts=0.2,
        ).pairs
        assert found.pair == same
    assert true.verdict is not ClaimWord.INCONSISTENT
    assert false.verdict is not ClaimWord.CONSISTENT
    assert true.pair.log_likelihood_ratio > false.pair.log_likelihood_ratio
    assert (true.pair.model_free.test.n_prompts, false.pair.model_free.test.n_prompts) == (0, 12)
    test = false.pair.model_free.test
    assert test.p_value is not None
    assert test.p_value <= 0.05


def test_several_references_are_one(comparing: Path, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    more = worlds.case(tmp_path / "more.jsonl", "ash-1", 8, 900)
    given = ("--reference", files[2], "--reference", more, "--format", "json", *LOOSE)
    found = json.loads(run("verify", files[0], *given, "--model", comparing)[1])
    assert found["reference"]["n_used"] == 20
    assert found["reference"]["file"] == f"{files[2]} and 1 more"


@pytest.mark.parametrize(
    ("pair", "word", "code"),
    [("same", "consistent", 0), ("different", "inconsistent", 1), ("inconclusive",) * 2 + (3,)],
)
def test_codes_and_formats(
    pair: str, word: str, code: int, comparing: Path, files: tuple[Path, Path, Path], fixed: Fixed
) -> None:
    fixed(pair)
    good, bad, official = files
    given = ("--reference", official, "--model", comparing, *LOOSE)
    done, text, _ = run("verify", good, *given, "--verbose")
    assert done == code
    assert f"{word.capitalize()}: " in " ".join(text.split())
    assert "the model of" in text
    assert "held-out pairs with 10 responses a side" in " ".join(text.split())
    done, text, _ = run("verify", good, *given, "--format", "json")
    assert done == code
    found = json.loads(text)
    assert (found["schema"], found["file"], found["verdict"]) == (1, str(good), word)
    assert (found["case"]["n_used"], found["reference"]["file"]) == (12, str(official))
    assert (found["advice"] is None) == (code != 3)
    assert found["pair"]["model_free"]["test"]["no_test"]
    done, text, _ = run("verify", good, bad, *given, "--format", "junit")
    assert done == code
    suite = ElementTree.fromstring(text)
    assert suite.get("tests") == "2"
    assert suite.get("failures") == ("2" if code == 1 else "0")
    assert suite.get("skipped") == ("2" if code == 3 else "0")
    second = suite.find("testcase[2]")
    assert second is not None
    assert (second.get("name"), second.get("classname")) == (str(bad), f"the model of {official}")


def _pairs(known: Fingerprint) -> PairCalibration:
    found = known._model.pairs
    assert found is not None
    return found


def test_advice_names_how_many_responses_settle_more(known: Fingerprint, tmp_path: Path, fixed: Fixed) -> None:
    fixed("inconclusive")
    few, other = (worlds.case(tmp_path / f"{n}.jsonl", "ash-1", 2, n) for n in (500, 600))
    many, rest = (worlds.case(tmp_path / f"{n}.jsonl", "ash-1", 12, n) for n in (700, 800))
    said = verified(known, few, other).advice
    assert said is not None
    assert said.startswith(("Let both answer the same 5 prompts or more", "Let both answer the same 10 prompts"))
    said = verified(known, many, rest).advice
    assert said is not None
    assert said.startswith("Let both answer the same ")
    alone = Fingerprint(dataclasses.replace(known._model, pairs=dataclasses.replace(_pairs(known), shared=None)))
    said = verified(alone, few, other).advice
    assert said is not None
    assert said.startswith(("Give 5 responses or more to each side", "Give 10 responses or more to each side"))
    said = verified(known, many, many).advice
    assert said is not None
    assert "prompts of other kinds" in said


def test_bad_input_is_one_line(comparing: Path, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    good, _, official = files
    nothing = tmp_path / "short.jsonl"
    nothing.write_text('{"response": "no"}\n')
    (tmp_path / "empty").mkdir()
    both = ("--claimed", "ash-1", "--reference", official)
    cases: tuple[tuple[tuple[object, ...], str], ...] = (
        ((good,), "by --claimed NAME, or by --reference FILE: one of both"),
        ((good, *both), "by --claimed NAME, or by --reference FILE: one of both"),
        ((good, "--reference", nothing), "short.jsonl: --reference: "),
        ((good, "--reference", tmp_path / "none.jsonl"), "none.jsonl"),
        ((good, "--reference", tmp_path / "empty"), "is a folder without a file"),
        (("-", "--reference", "-"), "standard input can be read once only"),
        ((nothing, "--reference", official), "short.jsonl"),
    )
    for given, said in cases:
        done = run_process("verify", *given, "--model", comparing)
        assert done.returncode == 2, given
        assert said in done.stderr
        assert not done.stdout
        assert "Traceback" not in done.stderr


def test_the_text_is_harmless(known: Fingerprint, files: tuple[Path, Path, Path]) -> None:
    found = verified(known, files[1], files[2])
    hostile: dict[str, Any] = {"file": "a\x1b[31m\u4e2d", "summary": "\x1b[2J", "warnings": ("\x1b]0;x\x07",)}
    changes: dict[str, Any] = {
        "case": dataclasses.replace(found.case, **hostile),
        "reference": dataclasses.replace(found.reference, **hostile),
    }
    text = render_reference(dataclasses.replace(found, **changes), Screen(60, "ascii", verbose=True))
    assert "\x1b" not in text
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100


def test_every_word_has_its_text() -> None:
    assert WORD_OF.keys() == SENTENCES.keys() == set(PairVerdict)
    assert set(WORD_OF.values()) == set(ClaimWord)


def test_python_values(known: Fingerprint, comparing: Path) -> None:
    texts = [worlds.write("ash-1", prompt) for prompt in range(700, 706)]
    assert known.verify_against(texts[:3], texts[3:]).reference.n_used == 3
    with pytest.raises(InputError, match="no response is left"):
        known.verify_against(texts, ["no"])
    bare = Fingerprint(dataclasses.replace(load_model(comparing), pairs=None))
    with pytest.raises(FingerprintError, match="no calibration of pairs"):
        bare.verify_against(texts[:3], texts[3:])
