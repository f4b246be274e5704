"""`train`: from corpora to a model folder, a new one or in place of an older model."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from fingerprint.base.parallel import ONE_THREAD, Progress
from fingerprint.config import Config, parse_config
from fingerprint.errors import ConfigError
from fingerprint.loading import Loaded, load_whole
from fingerprint.store.folder import check_free, load, pack, save
from fingerprint.store.versions import identity
from fingerprint.store.versions import replace as replace_model
from fingerprint.training.card import card
from fingerprint.training.comparison import CaseSet, Comparison, Predictor, compare
from fingerprint.training.model import Settings, TrainedModel, fit_model
from fingerprint.training.regression_set import RegressionSet

# Texts that are embedded between two reports of progress.
_BLOCK = 512


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
