"""`update`: more releases, or more responses of known ones, for a trained model, without what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fingerprint.errors import FingerprintError, InputError, ModelError
from fingerprint.gate.compare import Comparison, compare
from fingerprint.gate.judge import Asked, Judge
from fingerprint.gate.swap import settled
from fingerprint.loading import Loaded, likelihood_of, load_model
from fingerprint.records.corpus import read_corpora
from fingerprint.records.registry import Registry
from fingerprint.store.read import Stored, load
from fingerprint.store.versions import identity, replace
from fingerprint.store.write import check_replaceable, pack, save
from fingerprint.train.card import card
from fingerprint.train.data import Report
from fingerprint.train.held import Held
from fingerprint.train.lineage import described, step
from fingerprint.train.parts import habit_arrays, labels, likelihood_arrays
from fingerprint.train.run import default_cache
from fingerprint.update.codes import Codes
from fingerprint.update.columns import widen
from fingerprint.update.grow import grow
from fingerprint.update.rows import Rows, learn_from
from fingerprint.verdict.calibration import Calibration
from fingerprint.verdict.evidence import Likelihood


@dataclass(frozen=True)
class Settings:
    """release: the one that wrote all responses, None where the corpora say it. force: whatever the gate says.
    seed: of what the heads rehearse. command: the one that was given, for the record."""

    registry: Path | None = None
    release: str | None = None
    seed: int = 0
    jobs: int = 2
    cache: Path | None = None
    force: bool = False
    command: str = ""


@dataclass(frozen=True)
class Outcome:
    """new, more: releases that the model knows from now on, and those that it has more responses of. left_out: rows
    by the reason why they were not learned from. written: whether the gate let it pass."""

    new: tuple[str, ...]
    more: tuple[str, ...]
    responses: int
    left_out: Mapping[str, int]
    comparison: Comparison
    written: bool


def update(model: Path, corpora: list[Path], out: Path, settings: Settings, progress: Report) -> Outcome:
    """Adds `corpora` to the model in the folder `model` and writes it to `out`, a new place or `model` itself, whose
    old state is then kept among its versions.

    Nothing is written where the gate refuses. Raises InputError for corpora with nothing to learn from or not as
    expected, ModelError for a model that does not keep what this needs, FingerprintError where `out` is taken.
    """
    same = out.resolve() == model.resolve()
    if not same:
        check_replaceable(out)
        if out.is_dir() and any(out.iterdir()):
            raise FingerprintError(f"{out}: holds another model; name a new folder, or {model} itself to replace it")
    parent = identity(model)
    stored, loaded = load(model), load_model(model)
    _check_kept(stored, model)
    registry = Registry.load(settings.registry)
    rows = learn_from(
        read_corpora(corpora, registry, settings.release), registry, loaded, stored, settings.cache or default_cache(),
        settings.jobs, progress,
    )  # fmt: skip
    arrays, documents = _grown(stored, loaded, rows, registry, settings, progress)
    documents["training"]["lineage"] = [
        *stored.documents["training"]["lineage"],
        step(settings.command, settings.registry, rows.corpus.sources, parent),
    ]
    comparison = _compared(stored, loaded, arrays, documents)
    written = settled(comparison, settings.force, documents["training"]["lineage"][-1])
    if written:
        encoder = {f"encoder/{p.name}": p.read_bytes() for p in sorted((model / "encoder").glob("*")) if p.is_file()}
        parts = (arrays, documents, card(documents), encoder)
        if same:
            replace(out, pack(out, *parts), parent)
        else:
            save(out, *parts)
    names = set(rows.names)
    before = {entry["release"] for entry in loaded.releases}
    return Outcome(
        tuple(sorted(names - before)), tuple(sorted(names & before)), int(rows.learned.sum()), rows.left_out,
        comparison, written,
    )  # fmt: skip
