"""`update`: more releases, or more responses of known ones, for a trained model, without what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fingerprint.base.files import cache_dir
from fingerprint.base.parallel import ONE_THREAD, Progress
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry
from fingerprint.errors import ModelError
from fingerprint.features.text_forms import TextForm
from fingerprint.loading import load_whole
from fingerprint.store.folder import Stored, check_free, pack, save
from fingerprint.store.versions import identity, replace
from fingerprint.training.card import card
from fingerprint.training.comparison import CaseSet, Comparison, Predictor, compare
from fingerprint.training.data import Domain
from fingerprint.training.parts import lineage_entry
from fingerprint.training.regression_set import RegressionSet
from fingerprint.training.update.model import updated
from fingerprint.training.update.rows import Rows, UpdateContext, read_rows


@dataclass(frozen=True)
class Settings:
    """How an update is done.

    Attributes:
        registry: The registry's file, None for the one that ships.
        release: The release that wrote all responses, None where the corpora say it.
        seed: Of the draws, None for the model's.
        jobs: Processes.
        cache: Folder of the counts cache, None for the user's.
        force: Whether a model that the comparison refuses is written all the same.
        command: The command line, for the lineage.
        encoder: The sentence-transformers model that the model may load, None for none.
    """

    registry: Path | None = None
    release: str | None = None
    seed: int | None = None
    jobs: int = 2
    cache: Path | None = None
    force: bool = False
    command: str = ""
    encoder: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What an update did.

    Attributes:
        new: Releases that were added.
        more: Known releases that have more responses now.
        out_of_domain: New corpora that are out-of-domain, or have too few responses to tell.
        responses: How many were learned.
        left_out: How many were not, by reason.
        comparison: With the model that was updated.
        written: Whether the comparison or `force` let the updated model pass.
    """

    new: tuple[str, ...]
    more: tuple[str, ...]
    out_of_domain: tuple[str, ...]
    responses: int
    left_out: Mapping[str, int]
    comparison: Comparison
    written: bool


@ONE_THREAD
def update(model: Path, corpora: list[Path], out: Path, settings: Settings, progress: Progress) -> Outcome:
    """Add corpora to a trained model.

    Args:
        model: The model folder.
        corpora: Files and folders of responses.
        out: A free folder for the updated model, or `model` itself, whose former state is kept among its versions.
        settings: How the update is done.
        progress: Receives (stage, done, total).

    Returns:
        What was done. Nothing is written where the comparison refuses the updated model.

    Raises:
        InputError: For corpora that are not as expected, or hold nothing that the model could learn.
        ModelError: Where `out` is taken, and for a model that lacks what an update needs.
    """
    in_place = out.resolve() == model.resolve()
    if not in_place:
        check_free(out)
    parent = identity(model)
    stored, loaded = load_whole(model, settings.encoder)
    _check_complete(stored)
    registry = Registry.load(settings.registry)
    corpus = read_corpora(corpora, registry, settings.release)
    seed = loaded.config.seed if settings.seed is None else settings.seed
    config = msgspec.structs.replace(loaded.config, seed=seed)
    context = UpdateContext(stored, loaded, registry, config, progress)
    rows = read_rows(corpus, context, settings.cache or cache_dir(), settings.jobs)
    arrays, documents = updated(rows, context)

    regression_set = RegressionSet.of(arrays)
    cases = CaseSet.of_releases(regression_set.release, documents["labels"]["releases"])
    old, new = Predictor.loaded(loaded), Predictor.of(arrays, documents)
    before, after = old.predict(cases, regression_set), new.predict(cases, regression_set)
    comparison = compare(cases, before, after, old.releases, new.releases)
    entry = lineage_entry(settings.command, settings.registry, rows.corpus.sources, parent)
    entry["comparison"] = comparison.to_dict()
    documents["training"]["lineage"].append(entry)
    documents["training"]["trained"] = entry["time"][:10]
    written = settings.force or not comparison.refused
    if written:
        encoder = {f"encoder/{p.name}": p.read_bytes() for p in sorted((model / "encoder").glob("*"))}
        parts = (arrays, documents, card(documents), encoder)
        if in_place:
            replace(out, pack(out, *parts), parent)
        else:
            save(out, *parts)
    return _outcome(rows, context, (arrays, documents), comparison, written)


def _outcome(
    rows: Rows,
    context: UpdateContext,
    parts: tuple[Mapping[str, Any], Mapping[str, Any]],
    comparison: Comparison,
    written: bool,
) -> Outcome:
    arrays, documents = parts
    known, names = set(context.lab_of), set(rows.names)
    had = {*context.stored.documents["labels"]["corpora"]}
    corpora = zip(documents["labels"]["corpora"], arrays["corpus_in_domain"], strict=True)
    return Outcome(
        tuple(sorted(names - known)),
        tuple(sorted(names & known)),
        tuple(
            name for name, inside in corpora if name not in had and not inside and Domain.of(name).form is TextForm.FULL
        ),
        int(rows.learned.sum()),
        rows.left_out,
        comparison,
        written,
    )


def _check_complete(stored: Stored) -> None:
    """Raise ModelError for a model from before there were updates."""
    needed = {
        "its lineage": bool(stored.documents["training"]["lineage"]),
        "a regression set, to compare it with its successor": len(stored.arrays["regression_release"]) > 0,
    }
    missing = [what for what, there in needed.items() if not there]
    if missing:
        raise ModelError(f"{stored.folder}: does not have {', '.join(missing)}; train it again, then update it")
