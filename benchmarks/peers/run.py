"""Every peer on the same rows and cases, each step in a process of its own; finished steps are kept."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measured import program
from benchmarks.peers import catalogue
from benchmarks.peers.cases import Cases, read_cases, scored, verdict_lines, write_rows
from benchmarks.peers.peer import SEED, Peer
from benchmarks.speed import cold
from fingerprint.base.files import cache_dir, write_atomically
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry
from fingerprint.loading import load_model

CACHE = cache_dir() / "peers"
"""Where results, models and embeddings are kept."""
OURS = "fingerprint"
SAME_ROWS = "fingerprint-same-rows"
OF_OURS = (SAME_ROWS, OURS)
# Responses of a cold start: a user's usual case has a few, and a hundred show the cost of each.
ASKED = 100
PACKAGES = ("scikit-learn", "numpy", "scipy", "faststylometry", "fasttext-numpy2", "sentence-transformers", "torch")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What a run is made of.

    Attributes:
        corpora: The training corpora.
        bench: The folder of the cases.
        model: The shipped model.
        rows: Training rows of each release at most.
        cases: Of each protocol and number of responses, None for all.
        repeats: Cold starts of each.
        work: Where results, models and embeddings are kept.
    """

    corpora: Path
    bench: Path
    model: Path
    rows: int
    cases: int | None
    repeats: int
    work: Path


@dataclass(frozen=True)
class Inputs:
    """What all peers get, on disk; lab_of: the lab of each release that the shipped model knows."""

    folder: Path
    cases: Cases
    lab_of: dict[str, str]
    rows: int


def run(settings: Settings, peers: list[str], say: Say) -> dict[str, Any]:
    """Return what the page shows: facts of the run, and figures, cost and cold starts of each peer."""
    inputs = prepare(settings, say)
    results = {}
    for name in [*peers, *OF_OURS]:
        file = inputs.folder / f"{name}.json"
        wanted = _key(catalogue.sources(name), versions())
        kept = json.loads(file.read_text()) if file.exists() else {}
        if kept.get("key") != wanted or not _model(settings, inputs, name).exists():
            say(f"{name} ...")
            found = _ours(settings, inputs, name) if name in OF_OURS else _peer(settings, inputs, name)
            kept = {"key": wanted, **found}
            write_atomically(file, json.dumps(kept).encode())
        say(f"{name}: " + ", ".join(_brief(row) for row in kept["figures"]))
        results[name] = kept
    for name, runs in cold_starts(settings, inputs, peers, say).items():
        results[name]["cold"] = runs
    return {
        "rows": inputs.rows,
        "releases": len(inputs.lab_of),
        "labs": len(set(inputs.lab_of.values())),
        "cases": len(inputs.cases.truth),
        "responses": len(inputs.cases.texts),
        "versions": versions(),
        "peers": results,
    }


def prepare(settings: Settings, say: Say) -> Inputs:
    """Write the training rows and the responses of the cases, once for these settings."""
    loaded = load_model(settings.model)
    labs = [loaded.labs[at] for at in loaded.likelihood.plda.lab]
    lab_of = dict(zip((entry["release"] for entry in loaded.releases), labs, strict=True))
    files = sorted(settings.corpora.rglob("*.parquet")) if settings.corpora.is_dir() else [settings.corpora]
    inputs = [*files, settings.bench / "truth.csv", *sorted(settings.model.rglob("*.json"))]
    facts = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in inputs]
    folder = settings.work / _key(facts, settings.rows, settings.cases, SEED)
    folder.mkdir(parents=True, exist_ok=True)
    cases = read_cases(settings.bench, settings.cases)
    rows = folder / "rows.parquet"
    if not rows.exists():
        corpus = read_corpora([settings.corpora], Registry.load(None))
        unfinished = folder / "rows.unfinished"
        write_rows(corpus, sorted(lab_of), settings.rows, unfinished)
        unfinished.replace(rows)
    pq.write_table(pa.table({"text": cases.texts}), folder / "texts.parquet")
    with (folder / "truth.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(cases.truth[0]))
        writer.writeheader()
        writer.writerows(cases.truth)
    some = np.random.default_rng(SEED).permutation(len(cases.texts))[:ASKED]
    lines = "".join(json.dumps({"response": cases.texts[i]}) + "\n" for i in some)
    (folder / "hundred.jsonl").write_text(lines, encoding="utf-8")
    count = pq.read_metadata(rows).num_rows
    say(f"{count:,} rows of {len(lab_of)} releases, {len(cases.truth):,} cases of {len(cases.texts):,} responses")
    return Inputs(folder, cases, lab_of, count)


def _peer(settings: Settings, inputs: Inputs, name: str) -> dict[str, Any]:
    kind, at = catalogue.kind(name), inputs.folder
    model, cost, scores, kept = at / f"{name}.joblib", at / f"{name}.cost", at / f"{name}.npy", settings.work / "minilm"
    _child("fit", name, at / "rows.parquet", model, cost, kept)
    _child("score", model, at / "texts.parquet", scores, kept)
    releases = sorted(set(pq.read_table(at / "rows.parquet", columns=["release"])["release"].to_pylist()))
    lines = verdict_lines(kind, np.load(scores), releases, inputs.lab_of, inputs.cases)
    found = {
        "training": json.loads(cost.read_text()),
        "size": model.stat().st_size / 2**20,
        "figures": _figures(settings, inputs, name, lines),
        **described(kind),
    }
    for file in (cost, scores):
        file.unlink()
    return found


def described(kind: type[Peer]) -> dict[str, Any]:
    """Return what the page says about a peer."""
    return {"name": kind.name, "score": kind.score, "lab_by": kind.lab_by, "abstains": kind.unknown_within is not None}


def _model(settings: Settings, inputs: Inputs, name: str) -> Path:
    if name in OF_OURS:
        return settings.model if name == OURS else inputs.folder / SAME_ROWS
    return inputs.folder / f"{name}.joblib"


def _ours(settings: Settings, inputs: Inputs, name: str) -> dict[str, Any]:
    """The shipped model, or one that `fingerprint train` makes from the peers' rows."""
    model, training = _model(settings, inputs, name), {}
    if name == SAME_ROWS:
        table = pq.read_table(inputs.folder / "rows.parquet")
        rows = inputs.folder / "ours.parquet"
        pq.write_table(table.rename_columns({"text": "response", "prompt": "prompt_id"}), rows)
        # Counts that an earlier run kept would not count as training time.
        command = [program(), "train", str(rows), "--out", str(model), "--cache", str(inputs.folder / "features")]
        shutil.rmtree(inputs.folder / "features", ignore_errors=True)
        shutil.rmtree(model, ignore_errors=True)
        seconds, peak = cold(command)
        training = {"training": {"seconds": seconds, "megabytes": peak, "chosen": {}}}
    files = [str(settings.bench / "cases" / row["file"]) for row in inputs.cases.truth]
    command = [program(), "identify", "--model", str(model), "--format", "jsonl", *files]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file()) / 2**20
    return {
        "name": "fingerprint, the same rows" if training else OURS,
        "score": "its own posterior of the whole case",
        "lab_by": "own",
        "abstains": True,
        "size": size,
        "figures": _figures(settings, inputs, name, lines),
        **training,
    }


def _figures(settings: Settings, inputs: Inputs, name: str, lines: str) -> list[dict[str, Any]]:
    verdicts = inputs.folder / f"{name}.jsonl"
    verdicts.write_text(lines, encoding="utf-8")
    return scored(settings.bench, inputs.folder / "truth.csv", verdicts)


def cold_starts(settings: Settings, inputs: Inputs, peers: list[str], say: Say) -> dict[str, list[tuple[float, float]]]:
    """Return seconds and peak megabytes of each start. All take turns, because the load of the machine changes."""
    case = str(inputs.folder / "hundred.jsonl")
    ask = [sys.executable, "-m", "benchmarks.peers.child", "ask"]
    commands = {name: [*ask, str(inputs.folder / f"{name}.joblib"), case] for name in peers}
    commands |= {n: [program(), "identify", "--model", str(_model(settings, inputs, n)), case] for n in OF_OURS}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(settings.repeats):
        say(f"cold starts, {turn + 1} of {settings.repeats} ...")
        for name, command in commands.items():
            found[name].append(cold(command))
    return found


def _child(*given: object) -> None:
    # Through a small process: on Linux the peak memory of a child begins with its parent's.
    cold([sys.executable, "-m", "benchmarks.peers.child", *map(str, given)])


def versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _brief(row: dict[str, Any]) -> str:
    return f"{row['protocol']} {row['n']}: {row['lab top-1']:.3f}"


def _key(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
