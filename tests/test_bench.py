"""The shipped model on real cases; those are beside the project, not in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fingerprint.api import Fingerprint
from fingerprint.data.reader import read_case
from fingerprint.store.folder import load

ROOT = Path(__file__).parents[1]
BENCH = ROOT.parent / "shared" / "bench"


@pytest.mark.skipif(not (BENCH / "truth.csv").exists(), reason="wants ../shared/bench, which is not here")
def test_the_shipped_model_knows_what_it_was_trained_on() -> None:
    folder = ROOT / "models" / "default"
    labels = load(folder).documents["labels"]
    releases, corpora = {entry["release"] for entry in labels["releases"]}, set(labels["corpora"])
    with (BENCH / "truth.csv").open() as lines:
        # The bench also has releases and corpora that came after this model.
        truth = [
            row
            for row in csv.DictReader(lines)
            if row["protocol"].startswith("same-set:") and row["n"] == "25"
            if row["release"] in releases and corpora.issuperset(row["protocol"].partition(":")[2].split("+"))
        ]
    known = Fingerprint.load(folder)
    right = []
    for row in truth[::6]:
        verdict = known.identify(read_case(str(BENCH / "cases" / row["file"])))
        right.append(verdict.labs[0].lab == row["lab"])
    assert sum(right) / len(right) > 0.95
