"""What an evaluation works with: the sampled rows, the evaluated model, and the folds that several protocols share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from fingerprint.base.keys import isin
from fingerprint.base.parallel import Progress
from fingerprint.config import Config
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.evaluation.fits import Basis, FoldResults, MoreCases, Tested, run_folds
from fingerprint.evaluation.work import Work
from fingerprint.loading import Loaded
from fingerprint.metrics.predictions import Bools, ClassNames, Ints
from fingerprint.model.calibration import Expect
from fingerprint.training.cases import CaseSet, class_names, subsample
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Labels, labels_of
from fingerprint.training.splits import related_corpora

# A fold leaves out a corpus and is trained on another one.
_LEAST_CORPORA = 2


@dataclass(frozen=True)
class TrainedOn:
    """What is known about the training of the evaluated model.

    Attributes:
        releases: The names that the model knows.
        corpora: The sha256 of each file that it was trained on.
        config: Its hyper-parameters.
    """

    releases: list[str]
    corpora: frozenset[str]
    config: Config


@dataclass(frozen=True)
class Running:
    """How an evaluation runs.

    Attributes:
        cache: The folder for counts of features and for finished work.
        jobs: Processes.
        seed: Of the sample, the folds and the bootstrap.
        progress: Receives (stage, done, total).
    """

    cache: Path
    jobs: int
    seed: int
    progress: Progress


@dataclass(frozen=True)
class Sample:
    """The rows of an evaluation. Fine-tunes by others are left out.

    Attributes:
        corpus: Rows of the corpora that the model was trained on. The folds consist of these.
        external: Rows of all other corpora.
        data: The features of `corpus`; None if it has no rows.
        context: The labs and groups of the releases of `data`, and the config of a fold's model.
        released: The month of each release of `data`, YYYY-MM or empty.
        names: All releases of the rows and of the model.
        rows: (R,) rows of `corpus` of each release of `names`.
    """

    corpus: Corpus
    external: Corpus
    data: Data | None
    context: TrainingContext
    released: list[str]
    names: ClassNames
    rows: Ints


def read_sample(
    paths: list[Path], registry: Registry, trained_on: TrainedOn, config: EvaluationConfig, running: Running
) -> Sample:
    """Read corpora and draw the rows of an evaluation.

    Args:
        paths: Files and folders of corpora.
        registry: Must know all of their releases.
        trained_on: What the evaluated model was trained on.
        config: The number of rows of each release in each corpus, and the size of a fold's model.
        running: The cache, the processes and the seed.

    Returns:
        The sample, with the features of its rows counted.

    Raises:
        InputError: For a corpus that is not as expected.
    """
    whole = read_corpora(paths, registry)
    fine_tunes = [name for name in set(whole.release) if registry.releases[name].kind == "finetune"]
    some = whole.of(subsample(unprompted_labels(whole), ~isin(whole.release, fine_tunes), config.rows, running.seed))
    learned = np.array([source.sha256 in trained_on.corpora for source in some.sources])[some.source()]
    corpus, external = some.of(learned), some.of(~learned)
    own_config = config.of_folds(trained_on.config, running.seed)
    data = None
    if len(corpus):
        data = Data.prepare(corpus, running.cache / "counts", running.jobs, own_config.features, running.progress)
    own = data.labels.releases if data else []
    names = class_names(registry, sorted({*some.release.tolist(), *trained_on.releases}))
    count = Counter(corpus.release.tolist())
    return Sample(
        corpus,
        external,
        data,
        TrainingContext.of(own, registry, own_config, running.progress),
        [registry.releases[name].released for name in own],
        names,
        np.array([count[name] for name in names.releases]),
    )


def unprompted_labels(corpus: Corpus) -> Labels:
    """Return the releases and corpora of all rows as codes; prompts are left unknown."""
    return labels_of(corpus.release, [""] * len(corpus), corpus.corpus)


@dataclass(frozen=True)
class Study:
    """An evaluation under way; what its protocols are given.

    Attributes:
        sample: The rows.
        loaded: The evaluated model.
        config: The size of the evaluation.
        work: Keeps what is done.
        more: By protocol, what makes further test cases of the first fold's model.
        notes: What a reader of the report has to know; protocols add to it.
    """

    sample: Sample
    loaded: Loaded
    config: EvaluationConfig
    work: Work
    more: Mapping[str, Callable[[Study], MoreCases]]
    notes: list[str] = field(default_factory=list)

    @property
    def data(self) -> Data | None:
        """The rows that folds and temporal splits are made of; None with a note if there are too few corpora."""
        data = self.sample.data
        if data is not None and len(set(self.sample.corpus.corpus)) >= _LEAST_CORPORA:
            return data
        note = "The model was trained on fewer than two of these corpora: no folds and no temporal split were made."
        if note not in self.notes:
            self.notes.append(note)
        return None

    @cached_property
    def folds(self) -> FoldResults | None:
        """All folds, made when they are first asked for; None if there are too few corpora."""
        if self.data is None:
            return None
        more = {name: make(self) for name, make in self.more.items()}
        return run_folds(self.basis(self.data), self.related, more, self.work)

    def basis(self, data: Data) -> Basis:
        """Return what the models of folds and of the temporal split have in common."""
        return Basis(self.sample.context, data, self.sample.names, self.config)

    @cached_property
    def related(self) -> dict[str, str]:
        """By corpus, a name that corpora share which are left out together."""
        return related_corpora(self.sample.corpus.sources)

    def select(self, chosen: Callable[[CaseSet], Bools], expect: Expect | None = None) -> Tested | None:
        """Return some test cases of all folds, as `FoldResults.select` does; None if there are none."""
        return None if self.folds is None else self.folds.select(chosen, expect)
