"""`train`: corpora to a model folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import __version__
from fingerprint.base.factorize import isin
from fingerprint.base.locations import cache_dir
from fingerprint.base.map_function import MapFunction
from fingerprint.base.parallel import parallel_map
from fingerprint.base.threads import ONE_THREAD
from fingerprint.config import Config, EmbeddingConfig, FeatureConfig, config_values
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.names import mask_names
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.plda import Ints
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.probe_information import DOCUMENT as PROBING
from fingerprint.model.probe_information import Information
from fingerprint.side.tables import DOCUMENT as SIDE
from fingerprint.store.folder import check_free, save
from fingerprint.training.calibration_cases import SHARES, Known, ask, fit_likelihood, nameable, scores
from fingerprint.training.card import card
from fingerprint.training.data import Data, Report
from fingerprint.training.embedding import Embeddings, Recipe, Space, fit_space
from fingerprint.training.lineage import described, step
from fingerprint.training.parts import habit_arrays, labels, likelihood_arrays, space_arrays
from fingerprint.training.probe_information import learn_information
from fingerprint.training.regression_set import RegressionSet, hold_back
from fingerprint.training.side import learn_side
from fingerprint.training.splits import split_for_calibration

_FEWEST_SUSPECTS = 50


@dataclass(frozen=True)
class Settings:
    """What to train on and how. released_before: YYYY-MM, keeps what was known before that month.

    encoder: a sentence-transformers model by name or path; None trains the static one. cache: where counts are
    kept between runs. command: the one that was given, for the record.
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
    command: str = ""
    recipe: Recipe = field(default_factory=Recipe)


@dataclass(frozen=True)
class Made:
    """A trained model that is not written yet: the parts of its folder, and what was held back from it.

    corpus: of which `held_rows` (n,) are kept in the arrays as `Held`, sorted by release as they are there.
    """

    arrays: dict[str, np.ndarray]
    documents: dict[str, Any]
    encoder: dict[str, bytes]
    corpus: Corpus
    held_rows: Ints


def train(corpora: list[Path], out: Path, settings: Settings, progress: Report) -> None:
    """Trains on `corpora` and writes the model folder `out`, whole or not at all.

    Raises InputError for a corpus or registry that is not what was expected, ModelError where `out` is taken.
    """
    check_free(out)
    made = make(corpora, settings, progress)
    save(out, made.arrays, made.documents, card(made.documents), made.encoder)


@ONE_THREAD
def make(corpora: list[Path], settings: Settings, progress: Report) -> Made:
    """A first model is trained without some prompts, releases, labs and corpora, and the calibration is fitted on
    what it says of them; the model that is returned has then seen everything but what is held back for good."""
    registry = Registry.load(settings.registry)
    corpus = read_corpora(corpora, registry)
    keep = _wanted(corpus, registry, settings)
    cache = settings.cache or cache_dir()
    data = Data.prepare(corpus, corpus.release, corpus.prompt, corpus.corpus, cache / "counts", settings.jobs, progress)
    lab_of = {name: registry.releases[name].lab for name in data.labels.releases}
    groups = {name: registry.group(name) for name in data.labels.releases}
    candidate = np.array([registry.releases[name].kind != "finetune" for name in data.labels.releases])
    back, kept = hold_back(corpus, keep & candidate[data.labels.release[data.full]])
    keep &= ~back
    use = np.concatenate([keep, keep[::2]]) & data.filled
    map_function = parallel_map(settings.jobs)
    foreign = foreign_rows(settings.encoder, corpus, progress) if settings.encoder else None

    calibration, table, information = _calibrate(
        data, corpus, use, lab_of, groups, candidate, settings, progress, foreign, map_function
    )
    space, embeddings = _fit(data, use, lab_of, settings, progress, foreign, map_function)
    likelihood, known = fit_likelihood(data, embeddings.rows, use, candidate, lab_of, settings.seed, map_function)
    named = np.isin(data.labels.releases, known.names)
    cells = use & named[data.labels.release]
    learned = [data.labels.corpora[c] for c in np.unique(data.labels.corpus[cells])]
    kept = kept[(data.filled & named[data.labels.release])[kept]]
    held = RegressionSet(
        embeddings.rows[kept], embeddings.size[kept], (np.cumsum(named) - 1)[data.labels.release[kept]]
    )
    documents = {
        "config": config_values(_config(settings)),
        "labels": labels(known.names, known.labs.tolist(), learned, registry),
        "calibration": calibration.to_dict(),
        "training": _training(settings, corpus, keep, len(kept), table, known, registry),
        SIDE: learn_side(corpus, keep, _own(lab_of, candidate), progress).to_document(),
        PROBING: information.to_document(),
    }
    profiles = habit_arrays(corpus, keep, known.names, progress)
    arrays = {**space_arrays(space), **likelihood_arrays(likelihood), **profiles, **held.arrays()}
    arrays[GAIN] = information.map_function(known.labs.tolist()).gain.astype(np.float16)
    encoder = {f"encoder/{k}": v for k, v in space.encoder.files().items()} if space.encoder else {}
    return Made(arrays, documents, encoder, corpus, kept)


def _config(settings: Settings) -> Config:
    recipe = settings.recipe
    return Config(
        seed=settings.seed,
        features=FeatureConfig(vocabulary=recipe.vocabulary),
        embedding=EmbeddingConfig(
            directions=recipe.directions,
            encoder=settings.encoder or "",
            size=recipe.size,
            steps=recipe.steps,
            batch=recipe.batch,
        ),
    )


def _calibrate(
    data: Data, corpus: Corpus, use: NDArray[np.bool_], lab_of: Mapping[str, str], groups: Mapping[str, frozenset[str]],
    candidate: NDArray[np.bool_], settings: Settings, progress: Report, foreign: NDArray[np.float32] | None,
    map_function: MapFunction,
) -> tuple[Calibration, list[dict[str, Any]], Information]:  # fmt: skip
    """The calibration and the scores of a model that was not shown all, and what it could tell by which prompts;
    nothing else of it is kept."""
    held = split_for_calibration(data, lab_of, groups, candidate, settings.seed)
    nameable(data, use & held.train, candidate)
    embeddings = _fit(data, use & held.train, lab_of, settings, progress, foreign, map_function)[1]
    likelihood, known = fit_likelihood(
        data, embeddings.rows, use & held.train, candidate, lab_of, settings.seed, map_function
    )
    held.kind[~use] = "left out"
    cases, kind = ask(data, embeddings, likelihood, known, held, candidate, lab_of, settings.seed)
    if len(cases.lab) < _FEWEST_SUSPECTS:
        raise FingerprintError(
            f"the corpora give {len(cases.lab)} held-out suspects to calibrate on, fewer than {_FEWEST_SUSPECTS}: "
            "add prompts, releases or corpora"
        )
    calibration = calibrate(cases, known.lab)
    information = learn_information(
        data, corpus, embeddings, likelihood, known, calibration, held.kind == "same", lab_of, settings.seed
    )
    return calibration, scores(cases, kind, known, calibration), information


def _own(lab_of: Mapping[str, str], candidate: NDArray[np.bool_]) -> dict[str, str]:
    """The labs of all releases but other people's fine-tunes; in the order of the names, as `candidate` (releases,)."""
    return {name: lab for (name, lab), own in zip(lab_of.items(), candidate, strict=True) if own}


def _wanted(corpus: Corpus, registry: Registry, settings: Settings) -> NDArray[np.bool_]:
    """(rows,) whether the settings leave a row in."""
    names = set(corpus.release)
    out: set[str] = set()
    for name in settings.exclude_releases:
        entry = registry.resolve(name)
        if entry is None:
            raise FingerprintError(f"{name}: not in the registry")
        out |= registry.group(entry.release)
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
    return ~isin(corpus.release, out)


def foreign_rows(name: str, corpus: Corpus, progress: Report) -> NDArray[np.float32]:
    """(n, D) of the foreign encoder, full rows and then plain ones."""
    from fingerprint.embedding.torch_encoder import Foreign
    from fingerprint.training.data import EverySecond, mask_plain

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
    map_function: MapFunction,
) -> tuple[Space, Embeddings]:
    recipe = settings.recipe if foreign is None else replace(settings.recipe, steps=0)
    space, embeddings = fit_space(data, use, lab_of, recipe, settings.seed, progress, map_function)
    return space, embeddings if foreign is None else Embeddings(np.hstack([embeddings.rows, foreign]), embeddings.size)


def _training(
    settings: Settings, corpus: Corpus, keep: NDArray[np.bool_], held: int, table: list[dict[str, Any]], known: Known,
    registry: Registry,
) -> dict[str, Any]:  # fmt: skip
    count = Counter(corpus.release[keep].tolist())
    first = step(settings.command, settings.registry, corpus.sources)
    return {
        "name": settings.name,
        "version": __version__,
        "trained": first["time"][:10],
        "newest": max(registry.releases[name].released for name in known.names),
        "encoder": settings.encoder or "",
        "settings": {
            "released_before": settings.released_before,
            "exclude_releases": list(settings.exclude_releases),
            "exclude_labs": list(settings.exclude_labs),
            "seed": settings.seed,
        },
        "shares": SHARES,
        "corpora": described(corpus.sources),
        "dropped": dict(corpus.dropped),
        "rows": dict(sorted(count.items())),
        "held": held,
        "lineage": [first],
        "scores": table,
    }
