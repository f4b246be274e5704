"""`fingerprint probe --claimed`, on a live model of the made-up world."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fingerprint.api import Fingerprint
from fingerprint.cli.main import main
from fingerprint.data.reader import case_of, read_case
from fingerprint.loading import Loaded, load_model
from tests import worlds
from tests.collect.doubles import lines
from tests.probing.conftest import Stealth, answers

# The world has too few true claims to tell what one in a hundred does.
LOOSE = ("--false-alarms", "0.25", "--false-accepts", "0.25")
# With these nothing can be confirmed after one response or two.
LATE = ("--false-alarms", "0.1", "--false-accepts", "0.1")


@pytest.fixture
def verify(ask: Any) -> Any:
    """Runs the command with a claim, as `ask` does."""
    return functools.partial(ask, "--claimed")


def test_a_true_claim_is_settled(verify: Any, stealth: Stealth) -> None:
    code, found, _ = verify("lab:oak", *LOOSE)
    assert (code, found["verdict"]) == (0, "consistent")
    assert found["probe"]["stopped"] == "the claim is settled"
    steps = found["log_likelihood_ratios"]
    assert [step["responses"] for step in steps] == list(range(1, found["n_used"] + 1))
    assert found["n_used"] == len(stealth.prompts) <= found["looks"][-1]
    assert steps[-1]["look"]
    assert steps[-1]["log_likelihood_ratio"] >= steps[-1]["consistent_from"]
    # Nothing but looks has limits, and no look before the last one settled it.
    assert all(step["look"] == (step["responses"] in found["looks"]) for step in steps)
    assert all(step["consistent_from"] is step["inconsistent_below"] is None for step in steps if not step["look"])
    # The rates are those that were allowed, not the look's part of them.
    assert (found["false_alarms"], found["false_accepts"]) == (0.25, 0.25)
    assert "All looks together" in found["explanation"]
    # Style alone counts: nothing was asked for side evidence.
    assert min(stealth.prompts) >= 500


def test_a_false_claim_is_settled(verify: Any) -> None:
    code, found, _ = verify("lab:fir", *LOOSE)
    assert (code, found["verdict"]) == (1, "inconsistent")
    assert found["probe"]["stopped"] == "the claim is settled"
    last = found["log_likelihood_ratios"][-1]
    assert last["log_likelihood_ratio"] < last["inconsistent_below"]


def test_it_gives_up_at_the_budget_and_goes_on(verify: Any, stealth: Stealth, tmp_path: Path) -> None:
    code, found, _ = verify("lab:oak", *LATE, "--max-requests", "2")
    assert (code, found["verdict"], found["reason"]) == (3, "inconclusive", "between-looks")
    assert found["probe"]["stopped"] == "--max-requests is reached"
    assert "can be settled after" in found["explanation"]
    first = found["log_likelihood_ratios"]
    code, found, _ = verify("lab:oak", *LATE)
    assert (code, found["probe"]["stopped"]) == (0, "the claim is settled")
    assert found["log_likelihood_ratios"][: len(first)] == first
    assert len(stealth.prompts) == len(set(stealth.prompts)) == len(lines(answers(tmp_path)))
    # What is settled stays so, and nothing more is asked.
    asked, before = len(stealth.prompts), found
    code, found, _ = verify("lab:oak", *LATE)
    assert (code, len(stealth.prompts)) == (0, asked)
    assert found["log_likelihood_ratios"] == before["log_likelihood_ratios"]


def test_the_last_look_leaves_it_open(verify: Any, stealth: Stealth) -> None:
    # Words that no model of this world writes.
    stealth.say = lambda prompt: f"{prompt} " + "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 3
    code, found, _ = verify("oak-2", "--false-alarms", "0.005", "--false-accepts", "0.005")
    assert (code, found["verdict"]) == (3, "inconclusive")
    assert found["probe"]["stopped"].startswith("the last look, after ")
    assert len(stealth.prompts) == found["looks"][-1]


def test_a_provider_that_gives_up_leaves_it_open(verify: Any, stealth: Stealth) -> None:
    stealth.status = lambda asked: 200 if asked < 3 else 401
    code, found, _ = verify("lab:oak", *LATE)
    assert (code, found["verdict"], found["probe"]["given_up"]) == (3, "inconclusive", True)


def test_each_response_is_embedded_once(
    verify: Any, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    read = Loaded.read

    def counted(self: Loaded, texts: Sequence[str]) -> Any:
        embedded.extend(texts)
        return read(self, texts)

    monkeypatch.setattr(Loaded, "read", counted)
    _, found, _ = verify("oak-2", "--false-alarms", "0.005", "--false-accepts", "0.005", "--max-requests", "6")
    case = read_case(str(answers(tmp_path)))
    assert embedded == [record.response for record in case.records]
    assert len(embedded) == 6
    # What is kept of the earlier ones changes nothing.
    known = Fingerprint.load(model)
    for step in found["log_likelihood_ratios"]:
        some = replace(case, records=case.records[: step["responses"]])
        assert known.verify(some, "oak-2").log_likelihood_ratio == step["log_likelihood_ratio"]


def test_the_labs_to_tell_it_from_are_those_of_identify(model: Path) -> None:
    known = Fingerprint.load(model)
    test = known.sequential_test("lab:oak")
    for count in (0, 1, 3):
        case = case_of([worlds.write("oak-2", 500 + n) for n in range(4)])
        case = replace(case, records=case.records[:count])
        test.see(case)
        identified = {row.lab: row.probability for row in known.identify(case, style_only=True).labs}
        assert test.lab_probabilities().tolist() == [identified[lab] for lab in known.labs]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("oak-99",), "not a release, line, family or lab of the model"),
        (("lab:oak", "--candidates", "oak,fir"), "--candidates cannot be given with --claimed"),
        (("lab:oak", "--expect", "any"), "--expect cannot be given with --claimed"),
        (("lab:oak", "--false-alarms", "0.001", "--false-accepts", "0.001"), "no verdict is possible at these rates"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    verify: Any, stealth: Stealth, more: tuple[str, ...], said: str
) -> None:
    code, out, complaint = verify(*more)
    assert (code, out, stealth.prompts) == (2, "", [])
    assert said in complaint
    assert "Traceback" not in complaint


def test_a_model_without_claims_is_refused_before_anything_is_asked(
    verify: Any, stealth: Stealth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(folder: Path, encoder: str | None = None) -> Fingerprint:
        return Fingerprint(replace(load_model(folder, encoder), claims=None))

    monkeypatch.setattr(Fingerprint, "load", without)
    code, out, complaint = verify("lab:oak")
    assert (code, out, stealth.prompts) == (2, "", [])
    assert "no calibration of claims; train it anew" in complaint


def test_rates_of_a_claim_need_one(
    model: Path, stealth: Stealth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["probe", "vllm:stealth", "--model", str(model), "--out", str(tmp_path), "--base-url", stealth.url]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--false-alarms", "0.1"])
    assert ended.value.code == 2
    assert "--false-alarms needs --claimed" in capsys.readouterr().err


def test_text_for_people(verify: Any) -> None:
    code, out, _ = verify("lab:oak", *LOOSE, "--verbose", form="text")
    said = " ".join(out.split())
    assert code == 0
    assert "These responses fit the claim: a model of oak may have written them." in said
    assert "Log-likelihood ratio after each response: 1" in said
    assert "* A look: the claim can be settled after" in said
    assert "Stopped: the claim is settled." in said
