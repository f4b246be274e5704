"""A model fitted on corpora: its calibration on what other models are not shown, then all its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import __version__
from fingerprint.base.files import cache_dir
from fingerprint.base.keys import factorize, isin
from fingerprint.base.parallel import ONE_THREAD, Progress, in_processes, is_distributed, parallel_map
from fingerprint.config import Config, calibration_config, config_values
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.claims import DOCUMENT as CLAIMS
from fingerprint.model.claims import ClaimCalibration
from fingerprint.model.claims_fit import fit_claims
from fingerprint.model.pair_calibration import DOCUMENT as PAIRS
from fingerprint.model.pair_calibration import PairCalibration
from fingerprint.model.pairs_fit import Trials, fit_pairs
from fingerprint.model.plda import Ints
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.probe_information import DOCUMENT as PROBING
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.prompts import DOCUMENT as PROMPTS
from fingerprint.side.evidence import DOCUMENT as SIDE
from fingerprint.training.calibration_cases import FitSplit, SplitCases, calibration_cases, learn_information, scores
from fingerprint.training.cases import CaseSet, class_names
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.embedding import external_rows
from fingerprint.training.fitted import Fitted, FitWhole
from fingerprint.training.likelihood import KnownReleases, named_releases
from fingerprint.training.parts import (
    corpus_entries,
    labels,
    learn_side,
    likelihood_arrays,
    lineage_entry,
    profile_arrays,
    space_arrays,
)
from fingerprint.training.prompts import learn_prompts
from fingerprint.training.regression_set import RegressionSet, leave_out
from fingerprint.training.splits import calibration_splits, related_corpora


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
        licence: Of the model; empty to state none.
        command: The command line, for the lineage.
    """

    registry: Path | None = None
    released_before: str | None = None
    exclude_releases: tuple[str, ...] = ()
    exclude_labs: tuple[str, ...] = ()
    jobs: int = 2
    cache: Path | None = None
    name: str = "default"
    licence: str = ""
    command: str = ""


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


@dataclass(frozen=True)
class _Learned:
    """What the models that are calibrated on tell.

    scores: how good they are. information: what prompts told one of them. claims, pairs: how to verify claims and to
    compare; no pairs where there were too few.
    """

    calibration: Calibration
    scores: list[dict[str, Any]]
    information: InformationGain
    claims: ClaimCalibration
    pairs: PairCalibration | None


@ONE_THREAD
def fit_model(corpora: list[Path], settings: Settings, config: Config, progress: Progress) -> TrainedModel:
    """Train a model.

    Several models are each not shown some prompts, releases, labs and corpora, or later releases, and the calibration
    is fitted on what they say about them. The model that is returned is trained beside them, on everything but the
    regression set.

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
    fitted, learned = _fit_all(rows, registry, context, settings.jobs)
    space, embeddings, likelihood, known = fitted.space, fitted.embeddings, fitted.likelihood, fitted.known
    named = isin(data.labels.releases, known.names)
    trained_on = rows.use & named[data.labels.release]
    corpora_of = [data.labels.corpora[c].label for c in np.unique(data.labels.corpus[trained_on])]
    regression_rows = regression_rows[(data.filled & named[data.labels.release])[regression_rows]]
    regression_set = RegressionSet(
        embeddings.rows[regression_rows],
        embeddings.size[regression_rows],
        (np.cumsum(named) - 1)[data.labels.release[regression_rows]],
    )
    prompts = learn_prompts(
        corpus, trained_on[: len(corpus)], embeddings.rows, (likelihood.plda, known), config.probing
    )
    progress("prompts", 1, 1)
    own_labs = {
        name: context.lab_of[name] for name, own in zip(data.labels.releases, context.candidate, strict=True) if own
    }
    documents = {
        "config": config_values(config),
        "labels": labels(known.names, known.labs, corpora_of, fitted.scripts, registry),
        "calibration": learned.calibration.to_dict(),
        CLAIMS: learned.claims.to_document(),
        "training": {
            **_described(settings, config, corpus, known, registry),
            "rows": dict(sorted(Counter(corpus.release[keep].tolist()).items())),
            "regression_set": len(regression_rows),
            "scores": learned.scores,
        },
        SIDE: learn_side(corpus, keep, own_labs, progress).to_document(),
        PROBING: learned.information.to_document(),
        **({PAIRS: learned.pairs.to_dict()} if learned.pairs else {}),
        **({PROMPTS: prompts.to_document()} if prompts else {}),
    }
    arrays = {
        **space_arrays(space),
        **likelihood_arrays(likelihood),
        **profile_arrays(corpus, keep, known.names, config.style_markers, progress),
        **regression_set.arrays(),
        GAIN: learned.information.for_labs(known.labs).gain.astype(np.float16),
        **(prompts.arrays() if prompts else {}),
    }
    files = {f"encoder/{name}": data for name, data in space.encoder.files().items()} if space.encoder else {}
    return TrainedModel(arrays, documents, files, corpus, regression_rows)


@dataclass(frozen=True)
class _FitEither:
    """Fits the model itself, or one that is calibrated on; called with None or the number of a split."""

    whole: FitWhole
    split: FitSplit

    def __call__(self, number: int | None) -> Fitted | SplitCases:
        return self.whole() if number is None else self.split(number)


def _fit_all(rows: _Rows, registry: Registry, context: TrainingContext, jobs: int) -> tuple[Fitted, _Learned]:
    """The model itself, and what several models to calibrate on tell; nothing else of them is kept."""
    data, corpus, config = rows.data, rows.corpus, context.config
    splits = calibration_splits(data, context, related_corpora(corpus.sources))
    for split in splits:
        # Before the work that would be in vain.
        named_releases(data, rows.use & split.train, context)
    candidates = [name for name, own in zip(data.labels.releases, context.candidate, strict=True) if own]
    names = class_names(registry, candidates)
    prompts = list(zip(corpus.domain.tolist(), corpus.language.tolist(), strict=True))
    code = factorize([f"{domain} {language}" for domain, language in prompts])[1]
    alone = context.alone()
    fit_either = _FitEither(
        FitWhole(alone, data, rows.external, rows.use),
        FitSplit(
            context=replace(alone, config=calibration_config(config)),
            data=data,
            external=rows.external,
            use=rows.use,
            names=names,
            splits=splits,
            kinds=np.concatenate([code, code[::2]]),
        ),
    )
    # The model itself first: it takes longest. Its fit needs nothing of the others. With a cluster it is fitted there.
    apart = is_distributed()
    numbers: list[int | None] = [*([] if apart else [None]), *range(len(splits))]
    found: dict[int | None, Any] = {}
    # On this machine, also with a cluster: the counts lie here.
    for piece, result in in_processes(fit_either, ((number,) for number in numbers), min(jobs, len(numbers))):
        found[numbers[piece]] = result
        context.progress("models", len(found), len(numbers))
    whole = FitWhole(context, data, rows.external, rows.use)() if apart else found.pop(None)
    return whole, _calibrate([found[i] for i in range(len(splits))], names, prompts, context)


def _calibrate(
    found: Sequence[SplitCases], names: ClassNames, prompts: Sequence[tuple[str, str]], context: TrainingContext
) -> _Learned:
    """What the models to calibrate on tell; prompts: domain and language of each row."""
    config = context.config
    parts = [part for of_split in found for part in of_split.cases]
    if sum(map(len, parts)) < config.splits.least_cases:
        raise FingerprintError(
            f"the corpora give {sum(map(len, parts))} cases to calibrate on, fewer than {config.splits.least_cases}: "
            "add prompts, releases or corpora"
        )
    cases = CaseSet.joined(parts)
    to_fit = calibration_cases(cases, names)
    calibration = calibrate(to_fit, config.calibration, context.map_function)
    context.progress("calibration", 1, 2)
    claims = fit_claims(to_fit, cases.known_releases, calibration, config.seed)
    context.progress("calibration", 2, 2)
    information = learn_information(found[0].singles, names, calibration, prompts, config)
    pairs = fit_pairs(Trials.joined([of_split.pairs for of_split in found]), config.pairs)
    if pairs is not None:
        shared = Trials.joined([of_split.shared_pairs for of_split in found])
        pairs = replace(pairs, shared=fit_pairs(shared, config.pairs))
    return _Learned(calibration, scores(to_fit, calibration), information, claims, pairs)


def _selected(corpus: Corpus, registry: Registry, settings: Settings) -> NDArray[np.bool_]:
    """(rows,) whether the settings leave a row in."""
    out: set[str] = set()
    for name in settings.exclude_releases:
        entry = registry.resolve(name)
        if entry is None:
            raise FingerprintError(f"{registry.described(name)}: not in the registry; name a release")
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
        "licence": settings.licence,
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
