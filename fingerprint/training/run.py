"""`train`: from corpora to a model folder, a new one or in place of an older model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint import __version__
from fingerprint.base.files import cache_dir
from fingerprint.base.keys import isin
from fingerprint.base.parallel import ONE_THREAD, Progress, parallel_map
from fingerprint.config import Config, config_values, parse_config
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry
from fingerprint.errors import ConfigError, FingerprintError
from fingerprint.features.text_forms import EverySecond, TextForm
from fingerprint.loading import Loaded, load_whole
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.plda import Ints
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.probe_information import DOCUMENT as PROBING
from fingerprint.model.probe_information import InformationGain
from fingerprint.side.evidence import DOCUMENT as SIDE
from fingerprint.store.folder import check_free, load, pack, save
from fingerprint.store.versions import identity
from fingerprint.store.versions import replace as replace_model
from fingerprint.training.calibration_cases import FirstModel, calibration_cases, learn_information, scores
from fingerprint.training.card import card
from fingerprint.training.comparison import CaseSet, Comparison, Predictor, compare
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.embedding import Embeddings, Space, fit_space
from fingerprint.training.likelihood import KnownReleases, fit_likelihood, named_releases
from fingerprint.training.parts import (
    corpus_entries,
    labels,
    learn_side,
    likelihood_arrays,
    lineage_entry,
    profile_arrays,
    space_arrays,
)
from fingerprint.training.regression_set import RegressionSet, leave_out
from fingerprint.training.splits import CaseKind, split_for_calibration

# Texts that are embedded between two reports of progress.
_BLOCK = 512


@dataclass(frozen=True)
class Settings:
    """What to train on and how the work is done: all that is no hyper-parameter.

    Attributes:
        registry: The registry's file, None for the one that ships.
        released_before: YYYY-MM; only releases from before this month are used.
        exclude_releases: Releases that are left out, with the group of each.
        exclude_labs: Labs that are left out, with all their releases.
        jobs: Processes.
        cache: Folder of the counts cache, None for the user's.
        name: Name of the model.
        command: The command line, for the lineage.
    """

    registry: Path | None = None
    released_before: str | None = None
    exclude_releases: tuple[str, ...] = ()
    exclude_labs: tuple[str, ...] = ()
    jobs: int = 2
    cache: Path | None = None
    name: str = "default"
    command: str = ""


def read_config(path: Path) -> Config:
    """Read the hyper-parameters that a JSON file lists or that a model was trained with.

    Args:
        path: The file, or the model folder.

    Returns:
        The config; what the file does not list has its default.

    Raises:
        ConfigError: For a file that is no JSON or no config.
        ModelError: For a damaged model.
    """
    if path.is_dir():
        return parse_config(load(path).documents["config"], str(path / "config.json"))
    try:
        return parse_config(msgspec.json.decode(path.read_bytes()), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: is not JSON ({error})") from None


def override(config: Config, seed: int | None, encoder: str | None) -> Config:
    """Return the config with another seed and encoder; None leaves what it says."""
    if encoder is not None:
        config = msgspec.structs.replace(config, embedding=msgspec.structs.replace(config.embedding, encoder=encoder))
    return config if seed is None else msgspec.structs.replace(config, seed=seed)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model that is not written yet.

    Attributes:
        arrays: Of the model folder.
        documents: JSON values of the model folder, by name.
        encoder: The encoder's files, by name.
        corpus: What it was trained on, and its regression set.
        regression_rows: (n,) rows of the corpus that are its regression set, in the order of the arrays.
    """

    arrays: dict[str, NDArray[Any]]
    documents: dict[str, Any]
    encoder: dict[str, bytes]
    corpus: Corpus
    regression_rows: Ints


def train(corpora: list[Path], out: Path, settings: Settings, config: Config, progress: Progress) -> None:
    """Train a model and write its folder, whole or not at all.

    Args:
        corpora: Files and folders of labelled responses.
        out: The folder, which must be free.
        settings: What of the corpora to use, and how the work is done.
        config: Every hyper-parameter.
        progress: Receives (stage, done, total).

    Raises:
        InputError: For a corpus or registry that is not as expected.
        ModelError: Where `out` is taken.
        FingerprintError: For settings that leave too little to train on.
    """
    check_free(out)
    model = fit_model(corpora, settings, config, progress)
    save(out, model.arrays, model.documents, card(model.documents), model.encoder)


@ONE_THREAD
def train_and_replace(
    corpora: list[Path], out: Path, settings: Settings, config: Config, progress: Progress, *, force: bool = False
) -> tuple[Comparison | None, bool]:
    """Train a model and put it in the place of an older one, unless the model comparison refuses it.

    Both models predict the regression set of the new one. The old model left out the same few prompts of each release.

    Args:
        corpora: Files and folders of labelled responses.
        out: The folder of the older model, which is kept among the versions.
        settings: What of the corpora to use, and how the work is done.
        config: Every hyper-parameter.
        progress: Receives (stage, done, total).
        force: Whether a refused model is written all the same.

    Returns:
        The comparison, None where the old model has no regression set; and whether the new model was written.

    Raises:
        ModelError: Where there is no model at `out`.
        InputError, FingerprintError: As of `train`.
    """
    parent = identity(out)
    stored, old = load_whole(out, config.embedding.encoder)
    model = fit_model(corpora, settings, config, progress)
    comparison = _compare(old, model, progress) if len(stored.arrays["regression_release"]) else None
    entry = model.documents["training"]["lineage"][-1]
    entry["parent"], entry["comparison"] = parent, comparison.to_dict() if comparison else None
    written = force or comparison is None or not comparison.refused
    if written:
        replace_model(out, pack(out, model.arrays, model.documents, card(model.documents), model.encoder), parent)
    return comparison, written


def _compare(old: Loaded, model: TrainedModel, progress: Progress) -> Comparison:
    regression_set = RegressionSet.of(model.arrays)
    responses = model.corpus.of(model.regression_rows)
    embeddings, sizes = [], []
    for start in range(0, len(responses), _BLOCK):
        stop = min(start + _BLOCK, len(responses))
        embedding, size = old.read(responses.texts(start, stop))
        embeddings.append(embedding)
        sizes.append(size)
        progress("the old model", stop, len(responses))
    of_old = RegressionSet(np.concatenate(embeddings), np.concatenate(sizes), regression_set.release)
    cases = CaseSet.of_releases(regression_set.release, model.documents["labels"]["releases"])
    before, after = Predictor.loaded(old), Predictor.of(model.arrays, model.documents)
    return compare(
        cases,
        before.predict(cases, of_old),
        after.predict(cases, regression_set),
        before.releases,
        after.releases,
    )


@dataclass(frozen=True)
class _Rows:
    """What both models of a training are fitted on.

    data: of n rows, the corpus and its plain copies; use: (n,) which may be used; external: (n, D) what another
    encoder than the static one gives, None without one.
    """

    corpus: Corpus
    data: Data
    use: NDArray[np.bool_]
    external: NDArray[np.float32] | None


@ONE_THREAD
def fit_model(corpora: list[Path], settings: Settings, config: Config, progress: Progress) -> TrainedModel:
    """Train a model.

    A first model is not shown some prompts, releases, labs and corpora, and the calibration is fitted on what it says
    about them. The model that is returned is then trained on everything but the regression set.

    Args:
        corpora: Files and folders of labelled responses.
        settings: What of the corpora to use, and how the work is done.
        config: Every hyper-parameter.
        progress: Receives (stage, done, total).

    Returns:
        The trained model.

    Raises:
        InputError, FingerprintError: As of `train`.
    """
    registry = Registry.load(settings.registry)
    corpus = read_corpora(corpora, registry)
    keep = _selected(corpus, registry, settings)
    folder = (settings.cache or cache_dir()) / "counts"
    data = Data.prepare(corpus, folder, settings.jobs, config.features, progress)
    context = TrainingContext.of(data.labels.releases, registry, config, progress, parallel_map(settings.jobs))
    left_out, regression_rows = leave_out(
        corpus, keep & context.candidate[data.labels.release[data.full]], config.splits
    )
    keep &= ~left_out
    encoder = config.embedding.encoder
    rows = _Rows(
        corpus,
        data,
        np.concatenate([keep, keep[::2]]) & data.filled,
        external_rows(encoder, corpus, progress) if encoder else None,
    )
    calibration, table, information = _calibrate(rows, context)
    space, embeddings = _fit_embedding(rows, rows.use, context)
    likelihood, known = fit_likelihood(data, embeddings.rows, rows.use, context)

    named = isin(data.labels.releases, known.names)
    trained_on = rows.use & named[data.labels.release]
    learned = [data.labels.corpora[c].label for c in np.unique(data.labels.corpus[trained_on])]
    regression_rows = regression_rows[(data.filled & named[data.labels.release])[regression_rows]]
    regression_set = RegressionSet(
        embeddings.rows[regression_rows],
        embeddings.size[regression_rows],
        (np.cumsum(named) - 1)[data.labels.release[regression_rows]],
    )
    own_labs = {
        name: context.lab_of[name] for name, own in zip(data.labels.releases, context.candidate, strict=True) if own
    }
    documents = {
        "config": config_values(config),
        "labels": labels(known.names, known.labs, learned, registry),
        "calibration": calibration.to_dict(),
        "training": {
            **_described(settings, config, corpus, known, registry),
            "rows": dict(sorted(Counter(corpus.release[keep].tolist()).items())),
            "regression_set": len(regression_rows),
            "scores": table,
        },
        SIDE: learn_side(corpus, keep, own_labs, progress).to_document(),
        PROBING: information.to_document(),
    }
    arrays = {
        **space_arrays(space),
        **likelihood_arrays(likelihood),
        **profile_arrays(corpus, keep, known.names, config.style_markers, progress),
        **regression_set.arrays(),
        GAIN: information.for_labs(known.labs).gain.astype(np.float16),
    }
    files = {f"encoder/{name}": data for name, data in space.encoder.files().items()} if space.encoder else {}
    return TrainedModel(arrays, documents, files, corpus, regression_rows)


def _calibrate(rows: _Rows, context: TrainingContext) -> tuple[Calibration, list[dict[str, Any]], InformationGain]:
    """The calibration and the scores of a first model, and what prompts told it; nothing else of it is kept."""
    split = split_for_calibration(rows.data, context)
    use = rows.use & split.train
    # Before the work that would be in vain.
    named_releases(rows.data, use, context)
    embeddings = _fit_embedding(rows, use, context)[1]
    model = FirstModel(rows.data, embeddings, *fit_likelihood(rows.data, embeddings.rows, use, context))
    cases, kinds = calibration_cases(model, split, rows.use, context)
    calibration = calibrate(cases, model.known.lab, context.config.calibration)
    same = rows.use & (split.kind == CaseKind.SAME)
    information = learn_information(model, calibration, rows.corpus, same, context)
    return calibration, scores(cases, kinds, model.known, calibration), information


def _fit_embedding(rows: _Rows, use: NDArray[np.bool_], context: TrainingContext) -> tuple[Space, Embeddings]:
    """Fitted on the rows that `use` (n,) marks; all n rows embedded."""
    space, embeddings = fit_space(rows.data, use, context)
    if rows.external is None:
        return space, embeddings
    return space, Embeddings(np.hstack([embeddings.rows, rows.external]), embeddings.size)


def external_rows(name: str, corpus: Corpus, progress: Progress) -> NDArray[np.float32]:
    """Encode the rows of a corpus and of its plain copies with a sentence-transformers model.

    Args:
        name: Name or path of the model.
        corpus: The responses.
        progress: Receives (stage, done, total).

    Returns:
        (n, D), the full rows first.
    """
    from fingerprint.embedding.torch_encoder import SentenceEncoder

    model, half = SentenceEncoder(name), EverySecond(corpus)
    blocks: list[NDArray[np.float32]] = []
    total = len(corpus) + len(half)
    for source, form in ((corpus, TextForm.FULL), (half, TextForm.PLAIN)):
        for start in range(0, len(source), _BLOCK):
            texts = source.texts(start, min(start + _BLOCK, len(source)))
            blocks.append(model.encode([form.masked(text) for text in texts]))
            progress(name, sum(map(len, blocks)), total)
    return np.concatenate(blocks)


def _selected(corpus: Corpus, registry: Registry, settings: Settings) -> NDArray[np.bool_]:
    """(rows,) whether the settings leave a row in."""
    out: set[str] = set()
    for name in settings.exclude_releases:
        entry = registry.resolve(name)
        if entry is None:
            raise FingerprintError(
                f"{registry.described(name)}: not in the registry; name a release as the registry does"
            )
        out |= registry.group(entry.release)
    for lab in settings.exclude_labs:
        releases = registry.of_lab(lab)
        if not releases:
            raise FingerprintError(f"{lab}: no such lab in the registry; name a lab as the registry does")
        out = out.union(*(registry.group(entry.release) for entry in releases))
    names = set(corpus.release)
    if settings.released_before:
        out |= names - registry.before(settings.released_before)
    if not names - out:
        raise FingerprintError("nothing is left to train on; exclude less")
    return ~isin(corpus.release, out)


def _described(
    settings: Settings, config: Config, corpus: Corpus, known: KnownReleases, registry: Registry
) -> dict[str, Any]:
    """The part of `training.json` that the settings and corpora say."""
    first = lineage_entry(settings.command, settings.registry, corpus.sources)
    return {
        "name": settings.name,
        "version": __version__,
        "trained": first["time"][:10],
        "newest": max(registry.releases[name].released for name in known.names),
        "encoder": config.embedding.encoder,
        "settings": {
            "released_before": settings.released_before,
            "exclude_releases": list(settings.exclude_releases),
            "exclude_labs": list(settings.exclude_labs),
        },
        "corpora": corpus_entries(corpus.sources),
        "dropped": dict(corpus.dropped),
        "lineage": [first],
    }
