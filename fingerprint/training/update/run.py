"""`update`: more releases, or more responses of known ones, for a trained model, without what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fingerprint.base.locations import cache_dir
from fingerprint.base.threads import ONE_THREAD
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry
from fingerprint.errors import ModelError
from fingerprint.loading import load_whole
from fingerprint.store.folder import Stored, check_free, pack, save
from fingerprint.store.versions import identity, replace
from fingerprint.training.card import card
from fingerprint.training.comparison import Comparison, compare
from fingerprint.training.data import PLAIN, Report
from fingerprint.training.lineage import step
from fingerprint.training.predictor import CaseSet, Predictor
from fingerprint.training.regression_set import RegressionSet
from fingerprint.training.update.model import grown
from fingerprint.training.update.rows import learn_from


@dataclass(frozen=True)
class Settings:
    """release: the one that wrote all responses, None where the corpora say it. seed: of what the heads rehearse.
    force: write whatever the gate says. command: the one that was given, for the record. encoder: the
    sentence-transformers model that the model may load."""

    registry: Path | None = None
    release: str | None = None
    seed: int = 0
    jobs: int = 2
    cache: Path | None = None
    force: bool = False
    command: str = ""
    encoder: str | None = None


@dataclass(frozen=True)
class Outcome:
    """new, more: releases that were added, and those of which there are more responses now; later: corpora that the
    model did not have and that lie off its training ground, or have too few responses to tell; responses: how many were
    learned from; left_out: how many were not, by reason; written: whether the gate or `force` let it pass."""

    new: tuple[str, ...]
    more: tuple[str, ...]
    later: tuple[str, ...]
    responses: int
    left_out: Mapping[str, int]
    comparison: Comparison
    written: bool


@ONE_THREAD
def update(model: Path, corpora: list[Path], out: Path, settings: Settings, progress: Report) -> Outcome:
    """Adds `corpora` to the model in the folder `model` and writes it to `out`, a new place or `model` itself, whose
    former state is then kept among its versions.

    Nothing is written where the gate refuses. Raises InputError for corpora not as expected or with nothing to learn
    from, ModelError where `out` is taken and for a model that does not keep what this needs.
    """
    in_place = out.resolve() == model.resolve()
    if not in_place:
        check_free(out)
    parent = identity(model)
    stored, loaded = load_whole(model, settings.encoder)
    _check_keeps(stored)
    registry = Registry.load(settings.registry)
    corpus = read_corpora(corpora, registry, settings.release)
    rows = learn_from(corpus, registry, loaded, stored, settings.cache or cache_dir(), settings.jobs, progress)
    arrays, documents = grown(stored, loaded, rows, registry, settings.seed, progress)

    known = [entry["release"] for entry in loaded.releases]
    entries = documents["labels"]["releases"]
    held = RegressionSet.of(arrays)
    truth = [entries[code] for code in held.release]
    asked = CaseSet.about([entry["release"] for entry in truth], [entry["lab"] for entry in truth])
    old = Predictor.loaded(loaded)
    new = Predictor.of(arrays, documents)
    comparison = compare(asked, asked.answers(old, held), asked.answers(new, held), known, new.releases)
    this = step(settings.command, settings.registry, rows.given.sources, parent)
    this["gate"] = comparison.to_dict()
    documents["training"]["lineage"].append(this)
    documents["training"]["trained"] = this["time"][:10]
    written = settings.force or not comparison.refused
    if written:
        encoder = {f"encoder/{p.name}": p.read_bytes() for p in sorted((model / "encoder").glob("*"))}
        parts = (arrays, documents, card(documents), encoder)
        if in_place:
            replace(out, pack(out, *parts), parent)
        else:
            save(out, *parts)
    added, more = set(rows.names) - set(known), set(rows.names) & set(known)
    had = {*stored.documents["labels"]["corpora"]}
    lies = zip(documents["labels"]["corpora"], arrays["corpus_in_domain"], strict=True)
    later = (name for name, ground in lies if name not in had and not ground and not name.endswith(PLAIN))
    return Outcome(
        tuple(sorted(added)),
        tuple(sorted(more)),
        tuple(later),
        int(rows.learned.sum()),
        rows.left_out,
        comparison,
        written,
    )


def _check_keeps(stored: Stored) -> None:
    """Models from before there were updates lack some of what one needs."""
    lacking = {
        "its lineage": bool(stored.documents["training"]["lineage"]),
        "responses held back to compare it with its successor": len(stored.arrays["regression_release"]) > 0,
    }
    missing = [what for what, there in lacking.items() if not there]
    if missing:
        raise ModelError(f"{stored.folder}: does not keep {', '.join(missing)}; train it again, then it can be updated")
