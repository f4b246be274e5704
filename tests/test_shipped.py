"""What ships with the project: the model, the registry and the example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fingerprint.api import Fingerprint
from fingerprint.cli.main import main
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.claim_verdict import ClaimReason
from fingerprint.model.verdict import Reason, VerdictWord

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "default"


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return Fingerprint.load(MODEL)


def test_the_model_is_small_data() -> None:
    files = [path for path in MODEL.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md"}


def test_every_release_of_the_model_is_in_the_registry(known: Fingerprint) -> None:
    registry = Registry.load()
    labels = json.loads((MODEL / "labels.json").read_text())
    for entry in labels["releases"]:
        found = registry.resolve(entry["release"])
        assert found is not None
        assert (found.lab, found.family) == (entry["lab"], entry["family"])
    assert set(known.labs) == set(labels["labs"])


def test_the_example_is_answered_whole_and_in_part(known: Fingerprint) -> None:
    case = read_case(str(ROOT / "corpora" / "examples" / "responses.jsonl"))
    verdict = known.identify(case)
    assert verdict.n_used == 12
    assert len(verdict.style_markers) == 3
    some = known.identify(case, candidates=["anthropic", "openai"])
    assert {share.lab for share in some.labs} == {"anthropic", "openai", "none-of-these"}


def test_of_a_stealth_model_a_short_list_can_be_told(known: Fingerprint) -> None:
    rates = known.identify([f"Bread goes stale in {days} days." for days in range(12)], expect="new").calibration
    listed = {row.kind: row for row in rates.kinds}
    for one in rates.mixture:
        if one.promised and one.kind != "unknown":
            row = listed[one.kind]
            assert row.list_coverage > 0.1
            assert row.list_error <= rates.likely_errors
            # More than can be said of one lab.
            assert row.list_coverage > row.likely_coverage


# Made up for this test. Most letters of the last are those of a program.
KOREAN = (
    "안녕하세요. 먼저 물을 끓이고, 그다음에 면을 넣으세요. 오 분쯤 기다린 뒤에 소스를 넣으면 됩니다. 맛있게 드세요!"
)
WEATHER = "서울의 봄은 따뜻하고 꽃이 많이 핍니다. 여름은 덥고 비가 자주 옵니다. 가을은 선선해서 여행하기 좋습니다."
PROGRAM = "print(sum(number for number in range(1, 101) if number % 3 == 0))\n" * 3 + "합을 구합니다."


def test_a_script_that_the_model_hardly_knows_is_not_judged(
    known: Fingerprint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = known.identify([KOREAN, PROGRAM, WEATHER])
    assert (verdict.verdict, verdict.reason) == (VerdictWord.INCONCLUSIVE, Reason.UNKNOWN_SCRIPT)
    claim = known.verify([KOREAN, WEATHER], "gpt-4o-2024-08-06")
    assert claim.reason is ClaimReason.UNKNOWN_SCRIPT
    assert not claim.in_domain
    assert known.identify([PROGRAM, KOREAN]).reason is not Reason.UNKNOWN_SCRIPT
    file = tmp_path / "korean.txt"
    file.write_text(KOREAN, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["identify", str(file), "--html", str(tmp_path / "page.html")])
    assert "in a script of which the model has learned too" in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Most responses are in a script" in page
    assert "Not quite. The responses are out-of-domain" in page


def test_the_shipped_model_is_found_from_anywhere(
    known: Fingerprint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Fingerprint.load().labs == known.labs


def test_one_response_without_its_list_is_refused(known: Fingerprint) -> None:
    one: Any
    for one in ("Bread goes stale.", b"Bread", Path("responses.jsonl"), {"response": "Bread goes stale."}):
        with pytest.raises(InputError, match=r"^responses: expected a list of responses, found one .*; write \[res"):
            known.identify(one)
        with pytest.raises(InputError, match="expected a list of responses"):
            known.verify(one, "anthropic")
        with pytest.raises(InputError, match="expected a list of responses"):
            known.compare([one, ["Bread goes stale."]])
    with pytest.raises(FingerprintError, match=r"write \[text\]"):
        known.embed("Bread goes stale.")
