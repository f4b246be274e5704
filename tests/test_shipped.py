"""What ships with the project: the model, the registry and the example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fingerprint.api import Fingerprint
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError

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
