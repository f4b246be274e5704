"""What the models that are calibrated on are not shown, and cases of what a model was not shown.

One model cannot leave out enough: it would have too little left to learn from. So several models each leave out some
corpora, releases, labs and prompts, and some more models all that was released from a month on. Together their cases
show what a new release, a new lab or a new domain does to the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.config import SplitConfig
from fingerprint.data.corpus import Source
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Ints, Labels

# A split leaves out at most one corpus in so many: the others have to stand for what the model will be trained on.
_CORPORA_FOR_EACH = 3
# Releases that a model of an earlier time must know, and that must have come after it.
_LEAST_EARLIER, _LEAST_LATER = 20, 5


class CaseKind(StrEnum):
    """What of a case a model was not shown; the fields of `MixtureConfig`, in their order."""

    SAME = "same"
    OTHER = "other"
    UNSEEN = "unseen"
    BOTH = "both"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CalibrationSplit:
    """The split of n rows.

    Attributes:
        train: (n,) whether the model sees a row.
        kind: (n,) the kind of case that a row is used for; None for a row that is used for none.
    """

    train: NDArray[np.bool_]
    kind: NDArray[np.object_]

    @classmethod
    def of(
        cls,
        release: Ints,
        prompts: NDArray[np.bool_],
        corpora: NDArray[np.bool_],
        releases: NDArray[np.bool_],
        labs: NDArray[np.bool_],
    ) -> CalibrationSplit:
        """Return the split that leaves out some prompts, corpora, releases and labs.

        A release of a left-out lab is of an unknown lab, wherever it answers.

        Args:
            release: (n,) the release of each row.
            prompts: (n,) whether the prompt of a row is left out.
            corpora: (n,) whether its corpus is.
            releases: (releases,) whether a release is.
            labs: (releases,) whether the lab of a release is.
        """
        kind = np.full(len(release), None, object)
        kind[prompts] = CaseKind.SAME
        kind[corpora] = CaseKind.OTHER
        kind[releases[release]] = CaseKind.UNSEEN
        kind[releases[release] & corpora] = CaseKind.BOTH
        kind[labs[release]] = CaseKind.UNKNOWN
        return cls(~(prompts | corpora | (releases | labs)[release]), kind)


def related_corpora(sources: Sequence[Source]) -> dict[str, str]:
    """Return for each corpus a name that all corpora of one repository share: the first of them by name.

    Forks keep the name of their repository. A remark may follow it: "state-alchemists/zrb (git history)".
    """
    first: dict[str, str] = {}
    repository = {source.name: _repository(source.source) or source.name for source in sources}
    for name in sorted(repository):
        first.setdefault(repository[name], name)
    return {name: first[own] for name, own in repository.items()}


def _repository(source: str) -> str:
    """The name of a repository, "OWNER/NAME", without its owner and without a remark; any other source as it is."""
    place = source.partition(" (")[0].strip()
    owner, slash, name = place.rpartition("/")
    return f"/{name.lower()}" if slash and "/" not in owner else place


def calibration_splits(data: Data, context: TrainingContext, related: Mapping[str, str]) -> list[CalibrationSplit]:
    """Decide what each model leaves out, at random: prompts, releases with their groups, labs, corpora; and months.

    Args:
        data: n rows.
        context: Shares and seed, labs, groups, months, and which releases can be predictions.
        related: By corpus, a name that corpora share which are left out together; a corpus that is not here is alone.

    Returns:
        The splits. Corpora, releases and labs are left out of one of them at most.
    """
    return [*_at_random(data, context, related), *_by_month(data.labels, context)]


def _at_random(data: Data, context: TrainingContext, related: Mapping[str, str]) -> Iterator[CalibrationSplit]:
    config, labels = context.config.splits, data.labels
    rng = np.random.default_rng(context.config.seed)
    size = np.bincount(labels.release[data.full], minlength=len(labels.releases))
    lab = np.unique([context.lab_of[name] for name in labels.releases], return_inverse=True)[1]
    group = factorize([min(context.groups[name]) for name in labels.releases])[1]
    large = context.candidate & (size >= config.held_out_responses)
    of_lab = np.bincount(lab, size)
    small = large & (of_lab[lab] <= config.corpora * size.sum())
    fold_of_lab = _folds(np.unique(lab[small]), config.labs, config.folds, rng)
    fold_of_group = _folds(np.unique(group[large]), config.releases, config.folds, rng)
    fold_of_prompt = _folds(np.unique(labels.prompt[labels.prompt >= 0]), config.prompts, config.folds, rng)
    fold_of_corpus = _folds_of_corpora(data, config, related, rng)
    for fold in range(config.folds):
        out_prompt = np.isin(labels.prompt, [code for code, own in fold_of_prompt.items() if own == fold])
        out_corpus = np.array([fold_of_corpus.get(domain.corpus) == fold for domain in labels.corpora])[labels.corpus]
        out_lab = np.array([fold_of_lab.get(code) == fold for code in lab.tolist()])
        out_release = np.array([fold_of_group.get(code) == fold for code in group.tolist()]) & ~out_lab
        yield CalibrationSplit.of(labels.release, out_prompt, out_corpus, out_release, out_lab)


def _by_month(labels: Labels, context: TrainingContext) -> Iterator[CalibrationSplit]:
    """For each of `SplitConfig.later` a model of so many months before the newest release, and what came next."""
    config, released = context.config.splits, context.released
    for ago in config.later:
        cut = int(released.max(initial=0)) - ago
        earlier = (released >= 0) & (released <= cut)
        later = (released > cut) & (released <= cut + config.months) & context.candidate
        if (earlier & context.candidate).sum() < _LEAST_EARLIER or later.sum() < _LEAST_LATER:
            continue
        # Of a group that spans the cut, nothing is a case.
        known = {name for i in np.flatnonzero(earlier) for name in context.groups[labels.releases[i]]}
        kind = np.full(len(labels.release), None, object)
        kind[(later & ~isin(labels.releases, known))[labels.release]] = CaseKind.LATER
        yield CalibrationSplit(earlier[labels.release], kind)


def draw(labels: Labels, use: NDArray[np.bool_], config: SplitConfig, seed: int) -> list[Ints]:
    """Draw cases: rows of one release in one corpus, and in all its corpora where there are several.

    Args:
        labels: Of n rows.
        use: (n,) the rows to draw from.
        config: Sizes, and cases of each.
        seed: Of the draws.

    Returns:
        The rows of each case, without repeats within a case.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(use)
    if not len(rows):
        return []
    release, corpus = labels.release, labels.corpus
    cells = _grouped(rows, release[rows] * (corpus.max() + 1) + corpus[rows])
    whole = [own for own in _grouped(rows, release[rows]) if len(np.unique(corpus[own])) > 1]
    return [
        rng.choice(some, n, replace=False)
        for some in [*cells, *whole]
        for n in config.sizes
        if len(some) >= n
        for _ in range(config.draws)
    ]


def _folds(codes: Ints, share: float, folds: int, rng: np.random.Generator) -> dict[int, int]:
    """The fold of each code that is left out of one: a share of all in each fold, as far as there are enough."""
    each = min(round(share * len(codes)), len(codes) // folds)
    drawn = rng.permutation(codes)[: each * folds]
    return {int(code): i % folds for i, code in enumerate(drawn)}


def _folds_of_corpora(
    data: Data, config: SplitConfig, related: Mapping[str, str], rng: np.random.Generator
) -> dict[str, int]:
    """The fold of each corpus that is left out of one: a share of the corpora in each, and not more of the rows.

    A corpus that is larger than this share is left out of none: too little would be left.
    """
    labels, full = data.labels, data.full
    rows = np.bincount(labels.corpus[full], minlength=len(labels.corpora))
    size: dict[str, int] = {}
    members: dict[str, list[str]] = {}
    for domain, count in zip(labels.corpora, rows.tolist(), strict=True):
        name = related.get(domain.corpus, domain.corpus)
        size[name] = size.get(name, 0) + count
        members.setdefault(name, []).append(domain.corpus)
    out: dict[str, int] = {}
    if len(size) < config.least_corpora:
        return out
    names = sorted(size)
    most = config.corpora * rows.sum()
    each = max(round(config.corpora * len(names)), 1)
    left = [names[i] for i in rng.permutation(len(names))]
    for fold in range(config.folds):
        taken, count = 0, 0
        for name in left:
            if count < min(each, len(names) // _CORPORA_FOR_EACH) and taken + size[name] <= most:
                out |= dict.fromkeys(members[name], fold)
                taken, count = taken + size[name], count + 1
        left = [name for name in left if members[name][0] not in out]
    return out


def _grouped(rows: Ints, key: Ints) -> list[Ints]:
    order = np.argsort(key, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(key[order])) + 1)
