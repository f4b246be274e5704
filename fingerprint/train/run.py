"""`train`: corpora to a model folder."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import __version__
from fingerprint.errors import FingerprintError
from fingerprint.features import habits
from fingerprint.records.corpus import Corpus, read_corpora
from fingerprint.records.data import cache_dir
from fingerprint.records.names import mask_names
from fingerprint.records.registry import Registry
from fingerprint.store.write import check_replaceable, save
from fingerprint.train.card import card
from fingerprint.train.data import Data, Report
from fingerprint.train.holdout import hold_out
from fingerprint.train.judge import SHARES, Known, ask, fit_likelihood, scores
from fingerprint.train.space import Places, Recipe, Space, fit_space
from fingerprint.verdict.calibration import Calibration
from fingerprint.verdict.evidence import Likelihood
from fingerprint.verdict.fit import calibrate

_HABIT_ROWS = 60
_FEWEST_SUSPECTS = 50


@dataclass(frozen=True)
class Settings:
    """What to train on and how. released_before: YYYY-MM, keeps what was known before that month.

    encoder: a sentence-transformers model by name or path; None trains the static one. cache: where counts are
    kept between runs.
    """

    registry: Path | None = None
    released_before: str | None = None
    exclude_releases: tuple[str, ...] = ()
    exclude_labs: tuple[str, ...] = ()
    encoder: str | None = None
    seed: int = 0
    jobs: int = 2
    cache: Path | None = None
    name: str = "default"
    recipe: Recipe = field(default_factory=Recipe)


def train(corpora: list[Path], out: Path, settings: Settings, progress: Report) -> None:
    """Trains on `corpora` and writes the model folder `out`, whole or not at all.

    A first model is trained without some prompts, releases, labs and corpora, and the calibration is fitted on
    what it says of them; the model that is written has then seen everything.
    Raises InputError for a corpus or registry that is not what was expected, ModelError where `out` is taken.
    """
    check_replaceable(out)
    registry = Registry.load(settings.registry)
    corpus = read_corpora(corpora, registry)
    keep = _wanted(corpus, registry, settings)
    cache = settings.cache or cache_dir()
    data = Data.prepare(corpus, corpus.release, corpus.prompt, corpus.corpus, cache / "counts", settings.jobs, progress)
    lab_of = {name: _entry(registry, name).lab for name in data.labels.releases}
    groups = {name: registry.group(name) for name in data.labels.releases}
    candidate = np.array([_entry(registry, name).kind != "finetune" for name in data.labels.releases])
    use = np.concatenate([keep, keep[::2]]) & data.filled
    foreign = _foreign(settings.encoder, corpus, progress) if settings.encoder else None

    calibration, table = _calibrate(data, use, lab_of, groups, candidate, settings, progress, foreign)
    space, places = _fit(data, use, lab_of, settings, progress, foreign)
    likelihood, known = fit_likelihood(data, places.rows, use, candidate, lab_of, settings.seed)
    arrays = {**_arrays(space, likelihood), **_habits(data, corpus, known, keep, progress)}
    documents = {
        "labels": _labels(known, registry),
        "calibration": calibration.to_dict(),
        "training": _training(settings, corpus, keep, table, known, registry),
    }
    encoder = {f"encoder/{k}": v for k, v in space.encoder.files().items()} if space.encoder else None
    save(out, arrays, documents, card(documents), encoder)


def _calibrate(
    data: Data, use: NDArray[np.bool_], lab_of: Mapping[str, str], groups: Mapping[str, frozenset[str]],
    candidate: NDArray[np.bool_], settings: Settings, progress: Report, foreign: NDArray[np.float32] | None,
) -> tuple[Calibration, list[dict[str, Any]]]:  # fmt: skip
    """The calibration and the scores of a model that was not shown all; nothing else of it is kept."""
    held = hold_out(data, lab_of, groups, candidate, settings.seed)
    places = _fit(data, use & held.train, lab_of, settings, progress, foreign)[1]
    likelihood, known = fit_likelihood(data, places.rows, use & held.train, candidate, lab_of, settings.seed)
    held.kind[~use] = "left out"
    suspects, kind = ask(data, places, likelihood, known, held, candidate, lab_of, settings.seed)
    if len(suspects.lab) < _FEWEST_SUSPECTS:
        raise FingerprintError(
            f"the corpora give {len(suspects.lab)} held-out suspects to calibrate on, fewer than {_FEWEST_SUSPECTS}: "
            "add prompts, releases or corpora"
        )
    calibration = calibrate(suspects, known.lab)
    return calibration, scores(suspects, kind, known, calibration)


def _entry(registry: Registry, name: str) -> Any:
    found = registry.resolve(name)
    if found is None:
        raise FingerprintError(f"{name}: not in the registry")
    return found


def _wanted(corpus: Corpus, registry: Registry, settings: Settings) -> NDArray[np.bool_]:
    """(rows,) whether the settings leave a row in."""
    names = set(np.unique(np.asarray(corpus.release, object).astype(str)).tolist())
    out: set[str] = set()
    for name in settings.exclude_releases:
        out |= registry.group(_entry(registry, name).release)
    for lab in settings.exclude_labs:
        of = [r.release for r in registry.of_lab(lab)]
        if not of:
            raise FingerprintError(f"{lab}: no such lab in the registry")
        for name in of:
            out |= registry.group(name)
    if settings.released_before:
        out |= names - registry.before(settings.released_before)
    if not names - out:
        raise FingerprintError("nothing is left to train on; exclude less")
    return ~np.isin(np.asarray(corpus.release, object).astype(str), sorted(out))


def _foreign(name: str, corpus: Corpus, progress: Report) -> NDArray[np.float32]:
    """(n, D) of the foreign encoder, full rows and then plain ones."""
    from fingerprint.space.encoder import Foreign
    from fingerprint.train.data import EverySecond, mask_plain

    model, half = Foreign(name), EverySecond(corpus, len(corpus))
    blocks = []
    total = len(corpus) + len(half)
    for source, mask in ((corpus, mask_names), (half, mask_plain)):
        for start in range(0, len(source), 512):
            texts = source.texts(start, min(start + 512, len(source)))
            blocks.append(model.encode([mask(text) for text in texts]))
            progress("foreign encoder", sum(map(len, blocks)), total)
    return np.concatenate(blocks)


def _fit(
    data: Data,
    use: NDArray[np.bool_],
    lab_of: Mapping[str, str],
    settings: Settings,
    progress: Report,
    foreign: NDArray[np.float32] | None,
) -> tuple[Space, Places]:
    recipe = settings.recipe if foreign is None else replace(settings.recipe, steps=0)
    space, places = fit_space(data, use, lab_of, recipe, settings.seed, progress)
    return space, places if foreign is None else Places(np.hstack([places.rows, foreign]), places.size)


def _arrays(space: Space, likelihood: Likelihood) -> dict[str, np.ndarray]:
    h, heads = likelihood.h, likelihood.heads
    assert heads is not None
    return {
        "release_head": heads.release.astype(np.float16),
        "release_bias": heads.release_bias.astype(np.float32),
        "lab_head": heads.lab.astype(np.float16),
        "lab_bias": heads.lab_bias.astype(np.float32),
        "buckets": space.vocabulary.buckets,
        "weights": space.vocabulary.weights,
        "projection_codes": space.projection.codes,
        "projection_scale": space.projection.scale,
        "centre": h.centre.astype(np.float32),
        "basis": h.basis.astype(np.float32),
        "cell_mean": h.cell_mean.astype(np.float16),
        "cell_count": h.cell_count.astype(np.int32),
        "cell_release": h.cell_release.astype(np.int32),
        "cell_corpus": h.cell_corpus.astype(np.int32),
        "corpus_mean": h.corpus_mean.astype(np.float32),
        "within": h.within.astype(np.float32),
        "session": h.session.astype(np.float32),
        "domain": h.domain.astype(np.float32),
        "between_labs": h.between_labs.astype(np.float32),
        "between_releases": h.between_releases.astype(np.float32),
        "lab": h.lab.astype(np.int32),
    }


def _habits(
    data: Data, corpus: Corpus, known: Known, keep: NDArray[np.bool_], progress: Report
) -> dict[str, np.ndarray]:
    """habit_mean, habit_var: (R, habits) of the logarithm of each rate, from some rows of each release."""
    rng = np.random.default_rng(0)
    mean = np.zeros((len(known.names), len(habits.NAMES)), np.float32)
    var = np.zeros_like(mean)
    code = {name: i for i, name in enumerate(data.labels.releases)}
    release = data.labels.release[data.full]
    for i, name in enumerate(known.names):
        rows = np.flatnonzero(keep & (release == code[name]))
        rows = np.sort(rng.choice(rows, min(_HABIT_ROWS, len(rows)), replace=False))
        found = np.log1p(habits.measure([corpus.texts(int(r), int(r) + 1)[0] for r in rows]))
        mean[i], var[i] = found.mean(axis=0), found.var(axis=0)
        progress("habits", i + 1, len(known.names))
    return {"habit_mean": mean, "habit_var": var}


def _labels(known: Known, registry: Registry) -> dict[str, Any]:
    entries = [_entry(registry, name) for name in known.names]
    return {
        "labs": [str(lab) for lab in known.labs],
        "releases": [
            {"release": e.release, "lab": e.lab, "family": e.family, "line": e.line, "released": e.released}
            for e in entries
        ],
        "habits": list(habits.NAMES),
        "habit_units": list(habits.UNITS),
    }


def _training(
    settings: Settings, corpus: Corpus, keep: NDArray[np.bool_], table: list[dict[str, Any]], known: Known,
    registry: Registry,
) -> dict[str, Any]:  # fmt: skip
    release = np.asarray(corpus.release, object).astype(str)[keep]
    names, count = np.unique(release, return_counts=True)
    dates = [_entry(registry, name).released for name in known.names]
    epoch = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return {
        "name": settings.name,
        "version": __version__,
        "trained": time.strftime("%Y-%m-%d", time.gmtime(epoch)),
        "newest": max((d for d in dates if d), default=""),
        "encoder": settings.encoder or "",
        "settings": {
            "released_before": settings.released_before,
            "exclude_releases": list(settings.exclude_releases),
            "exclude_labs": list(settings.exclude_labs),
            "seed": settings.seed,
        },
        "shares": SHARES,
        "corpora": [
            {"name": s.name, "rows": s.rows, "sha256": s.sha256, "licence": s.licence, "source": s.source}
            for s in corpus.sources
        ],
        "dropped": dict(corpus.dropped),
        "rows": {str(n): int(c) for n, c in zip(names, count, strict=True)},
        "scores": table,
    }
