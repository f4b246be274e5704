"""The arrays and documents of a model with more releases, corpora and responses in them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.config import PldaConfig
from fingerprint.data.registry import Registry
from fingerprint.errors import ModelError
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Ints, Plda
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.prompts import DOCUMENT as PROMPTS
from fingerprint.model.prompts import PromptTable
from fingerprint.side.evidence import DOCUMENT as SIDE
from fingerprint.training.parts import corpus_entries, labels, learn_side, likelihood_arrays, profile_arrays
from fingerprint.training.prompts import Answers, measure_prompts
from fingerprint.training.regression_set import RegressionSet
from fingerprint.training.update.added_cells import add_cells, in_domain
from fingerprint.training.update.added_classes import add_classes
from fingerprint.training.update.rows import Rows, UpdateContext


@dataclass(frozen=True)
class _Names:
    """Names with codes, those of the model first, then new ones; releases and labs are sorted only when written.

    lab: (R,) code of each release's lab. first: how many corpora the model has.
    """

    releases: list[str]
    labs: list[str]
    corpora: list[str]
    lab: Ints
    first: int

    @classmethod
    def of(cls, rows: Rows, context: UpdateContext) -> _Names:
        lab_of = context.lab_of
        lab_of |= {name: context.registry.releases[name].lab for name in rows.names if name not in lab_of}
        labs = list(dict.fromkeys([*context.model.labs, *lab_of.values()]))
        known = context.stored.documents["labels"]["corpora"]
        corpora = list(dict.fromkeys([*known, *(rows.corpora[c] for c in np.unique(rows.responses.corpus))]))
        return cls(list(lab_of), labs, corpora, _codes(list(lab_of.values()), labs), len(known))


def updated(rows: Rows, context: UpdateContext) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Add responses to a model.

    Args:
        rows: The responses.
        context: The model.

    Returns:
        The arrays and documents of the updated model, still with the old lineage. What the responses do not change is
        as it was.

    Raises:
        ModelError: For a model without linear classifiers.
    """
    stored, model, config = context.stored, context.model, context.config
    old, classifiers = model.likelihood.plda, model.likelihood.classifiers
    if classifiers is None:
        raise ModelError(f"{stored.folder}: has no linear classifiers; train it again")
    names = _Names.of(rows, context)
    release = _codes(rows.names, names.releases)
    responses = rows.responses.recoded(release, _codes(rows.corpora, names.corpora))
    new_corpora = np.array([rows.corpora.index(name) for name in names.corpora[names.first :]], np.int64)
    new_in_domain = in_domain(model, rows.responses, new_corpora, config)
    plda = add_cells(old, responses, names.lab, new_in_domain, config)
    classifiers = add_classes(classifiers, old, plda, responses, config)
    regression_set = RegressionSet.of(stored.arrays)

    # Releases and labs are in the order of their names, as after a training.
    by_name, by_lab = np.argsort(np.array(names.releases, object)), np.argsort(np.array(names.labs, object))
    rank = np.argsort(by_name)
    added = replace(rows.regression_set, release=rank[release[rows.regression_set.release]])
    profiles = _profiles(rows, release, len(names.releases), context)
    arrays = {
        **stored.arrays,
        **likelihood_arrays(_sorted(plda, classifiers, by_name, by_lab, config.plda)),
        **{name: values[by_name] for name, values in profiles.items()},
        **replace(regression_set, release=rank[regression_set.release]).joined(added).arrays(),
    }
    if model.information is not None:
        arrays[GAIN] = model.information.for_labs([names.labs[i] for i in by_lab]).gain.astype(np.float16)
    documents = _documents(rows, names, by_name, by_lab, context)
    prompts = _prompts(rows, names, plda, context)
    if prompts:
        arrays |= prompts.arrays()
        documents[PROMPTS] = prompts.to_document()
    return arrays, documents


def _documents(rows: Rows, names: _Names, by_name: Ints, by_lab: Ints, context: UpdateContext) -> dict[str, Any]:
    documents = copy.deepcopy(dict(context.stored.documents))
    releases = _entries(rows.names, context.registry)
    # What the model says about a release that it knew stays, whatever the registry says by now.
    releases |= {entry["release"]: entry for entry in context.model.releases}
    # A model that names no script judges responses in all of them.
    before = context.model.scripts
    scripts = sorted({*before, *rows.scripts}) if before else ()
    documents["labels"] = {
        **labels([], [names.labs[i] for i in by_lab], names.corpora, scripts, context.registry),
        "releases": [releases[names.releases[i]] for i in by_name],
    }
    owner = {name: names.labs[code] for name, code in zip(names.releases, names.lab, strict=True)}
    side = learn_side(rows.corpus, rows.learned, owner, context.progress, context.model.side, context.lab_of)
    documents[SIDE] = side.to_document()
    training = documents["training"]
    for name, size in sorted(_counts(rows).items()):
        training["rows"][name] = training["rows"].get(name, 0) + size
    files = {entry["sha256"] for entry in training["corpora"]}
    training["corpora"] += [entry for entry in corpus_entries(rows.corpus.sources) if entry["sha256"] not in files]
    training["regression_set"] += len(rows.regression_set.release)
    training["newest"] = max(entry["released"] for entry in releases.values())
    return documents


def _prompts(rows: Rows, names: _Names, plda: Plda, context: UpdateContext) -> PromptTable | None:
    """The prompts of the model and those of the new responses; None for a model that keeps none."""
    before, config = context.model.prompts, context.config.probing
    answers = Answers.of(rows.corpus, rows.learned)
    if before is None or not len(answers.first):
        return before
    of_row = rows.corpus.release[answers.at]
    lab = names.lab[_codes(of_row.tolist(), names.releases)]
    added = measure_prompts(answers, rows.responses.embedding, lab, plda, config)
    new = answers.releases(~isin(of_row, context.lab_of))
    return before.joined(added, new).most_answered(config.prompts)


def _entries(names: Sequence[str], registry: Registry) -> dict[str, dict[str, str]]:
    return {entry["release"]: entry for entry in labels(names, [], [], [], registry)["releases"]}


def _counts(rows: Rows) -> Mapping[str, int]:
    """How many responses of each release are learned."""
    return Counter(rows.corpus.release[rows.learned].tolist())


def _codes(names: Sequence[str], known: Sequence[str]) -> Ints:
    """(names,) the code of each, -1 for one that is not known."""
    code = {name: i for i, name in enumerate(known)}
    return np.array([code.get(name, -1) for name in names], np.int64)


def _sorted(plda: Plda, classifiers: LinearClassifiers, by_name: Ints, by_lab: Ints, config: PldaConfig) -> Likelihood:
    rank, lab_rank = np.argsort(by_name), np.argsort(by_lab)
    release = rank[plda.cell_release]
    cells = np.lexsort((plda.cell_corpus, release))
    return Likelihood(
        replace(
            plda,
            cell_mean=plda.cell_mean[cells],
            cell_count=plda.cell_count[cells],
            cell_release=release[cells],
            cell_corpus=plda.cell_corpus[cells],
            lab=lab_rank[plda.lab[by_name]],
        ),
        LinearClassifiers(
            classifiers.release[:, by_name],
            classifiers.release_bias[by_name],
            classifiers.lab[:, by_lab],
            classifiers.lab_bias[by_lab],
        ),
        config,
    )


def _profiles(rows: Rows, release: Ints, size: int, context: UpdateContext) -> dict[str, NDArray[Any]]:
    """The profiles of `size` releases; that of a release with more responses is of both samples together.

    release: the code of each of the rows' releases.
    """
    config, stored = context.config.style_markers, context.stored
    fresh = profile_arrays(rows.corpus, rows.learned, rows.names, config, context.progress)
    old = {name: stored.arrays[name] for name in fresh}
    known = len(old["style_marker_mean"])
    mean, variance = (
        np.vstack([old[name], np.zeros((size - known, old[name].shape[1]), np.float32)])
        for name in ("style_marker_mean", "style_marker_variance")
    )
    before, now = context.training["rows"], _counts(rows)
    for i, name in enumerate(rows.names):
        at, new = release[i], fresh["style_marker_mean"][i]
        own = min(before.get(name, 0), config.responses) if at < known else 0
        share = own / (own + min(now[name], config.responses))
        between = share * (1 - share) * (new - mean[at]) ** 2
        variance[at] = share * variance[at] + (1 - share) * fresh["style_marker_variance"][i] + between
        mean[at] = share * mean[at] + (1 - share) * new
    return {"style_marker_mean": mean, "style_marker_variance": variance}
