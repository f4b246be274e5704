"""A model that has not seen the prompts that are replayed, and what it expects of prompts, learned on still others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.config import Config, ProbingConfig
from fingerprint.data.corpus import Corpus
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.config import FULL, EvaluationConfig
from fingerprint.evaluation.study import Running, TrainedOn, read_sample
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.plda import Ints
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.prompts import PromptTable, codes_of
from fingerprint.store.folder import load
from fingerprint.training.calibration_cases import calibration_cases, learn_information
from fingerprint.training.cases import CaseSet, Questions, subsample
from fingerprint.training.context import no_progress
from fingerprint.training.data import Data, Labels, few_of_each
from fingerprint.training.fitted import Fitted, fit
from fingerprint.training.prompts import learn_prompts
from fingerprint.training.splits import CaseKind, calibration_splits, draw, related_corpora

# Training rows of a release, and cases of a kind for the calibration: enough, and the benchmark ends within an hour.
SHOWN, CASES = 100, 2_500
# Of ten parts of the prompts, two measure the information gain and calibrate, and two are replayed.
PARTS, LEARNED, REPLAYED = 10, 2, 2
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """The rows that can be replayed, and a model to identify them.

    Attributes:
        fitted: The model.
        calibration: Its calibration.
        information: The information gain of prompts.
        family: (R,) code of the family of each release that the model knows.
        embeddings: (n, D) of the rows.
        sizes: (n,) lengths of the rows.
        release: (n,) release of each row.
        lab: (n,) index in fitted.known.labs, -1 for a lab that the model lacks.
        known: (n,) whether the model was trained on the release.
        kind: (n,) kind of the prompt.
        in_domain: (n,) whether the model was trained on the corpus.
        prompts: The prompts that the model was trained on.
        asked: (n,) digest of the prompt of each row, empty where its text is not known.
        bytes: (n,) of the responses.
    """

    fitted: Fitted
    calibration: Calibration
    information: InformationGain
    family: Ints
    embeddings: NDArray[np.float32]
    sizes: NDArray[np.int64]
    release: NDArray[np.int64]
    lab: NDArray[np.int64]
    known: Bools
    kind: list[tuple[str, str]]
    in_domain: Bools
    prompts: PromptTable
    asked: NDArray[np.object_]
    bytes: Ints

    def worth(self) -> NDArray[np.float64]:
        """Return (n,) what the prompt of each row is worth to `probe`, 0 where it would not ask it."""
        table, found = self.prompts, np.zeros(len(self.asked))
        # How many releases answered a prompt is not looked at: the sample has few of them.
        usable = np.where(table.whole, table.worth(ProbingConfig()), 0)
        place = {code: row for row, code in enumerate(table.hash.tolist())}
        for i, code in enumerate(codes_of(self.asked).tolist()):
            if self.asked[i] and code in place:
                found[i] = usable[place[code]]
        return found


@dataclass(frozen=True)
class Settings:
    """What the model is made of.

    Attributes:
        model: A model folder, of which only the list of its corpora is used.
        jobs: Processes.
        seed: Of all draws.
        cache: Folder of the counts cache.
        size: Of the sample and the model.
    """

    model: Path
    jobs: int
    seed: int
    cache: Path
    size: EvaluationConfig = FULL


def prepare(paths: list[Path], settings: Settings, say: Callable[[str], None]) -> World:
    """Train a model for the replay."""
    model, seed = settings.model, settings.seed
    registry = Registry.load(None)
    training = load(model).documents["training"]
    trained_on = TrainedOn([], frozenset(corpus["sha256"] for corpus in training["corpora"]), Config())
    sample = read_sample(
        paths, registry, trained_on, settings.size, Running(settings.cache, settings.jobs, seed, no_progress)
    )
    data, corpus, context = sample.data, sample.corpus, sample.context
    lab_of = context.lab_of
    if data is None:
        raise FingerprintError(f"{model}: was not trained on any of these corpora")
    say(f"{len(corpus):,} responses of {len(data.labels.releases)} releases counted")
    held = calibration_splits(data, context, related_corpora(corpus.sources))[0]
    rng = np.random.default_rng(seed)
    part = rng.integers(PARTS, size=data.labels.prompt.max() + 1)[data.labels.prompt]
    part[data.labels.prompt < 0] = PARTS
    seen = held.train | (held.kind == CaseKind.SAME)
    replay = seen & (part < REPLAYED) & data.full
    learn = seen & ~replay & data.full & ((part < REPLAYED + LEARNED) | (held.kind == CaseKind.SAME))
    shown = held.train & (part >= REPLAYED + LEARNED)
    shown = subsample(data.labels, shown & data.filled, SHOWN, seed)
    # Half of the releases that were left out calibrate, the other half is replayed.
    half = (data.labels.release % 2 == 0) & data.full
    left_out: dict[CaseKind, Bools] = {kind: half & (held.kind == kind) for kind in CaseKind if kind != CaseKind.SAME}
    other_corpora = held.kind == CaseKind.BOTH
    new = ~half & data.full & ((held.kind == CaseKind.UNSEEN) | (held.kind == CaseKind.UNKNOWN) | other_corpora)
    asked = replay | learn | new | np.logical_or.reduce(list(left_out.values()))
    fitted = fit(context, data, shown, asked)
    say(f"{int(shown.sum()):,} responses shown")
    config, names = Config(seed=seed), sample.names
    cases = _cases(data, fitted, names, {CaseKind.SAME: learn, **left_out}, seed)
    calibration = calibrate(calibration_cases(cases, names), config.calibration)
    say("calibrated")
    prompts = list(zip(corpus.domain.tolist(), corpus.language.tolist(), strict=True))
    singles = _singles(data.labels, fitted, names, learn & data.filled, prompts, config)
    information = learn_information(singles, names, calibration, prompts, config)
    named = np.isin(data.labels.releases, fitted.known.names)[data.labels.release]
    rows = np.flatnonzero(((replay & named) | new) & data.filled)
    code = {str(lab): i for i, lab in enumerate(fitted.known.labs)}
    at = np.searchsorted(fitted.rows, rows)
    own = [data.labels.releases[r] for r in data.labels.release[rows]]
    family = names.family[[names.releases.index(name) for name in fitted.known.names]]
    return World(
        fitted, calibration.for_labs(fitted.known.labs), information.for_labs(fitted.known.labs),
        family, fitted.embeddings.rows[at], fitted.embeddings.size[at],
        data.labels.release[rows], np.array([code.get(lab_of[name], -1) for name in own]),
        replay[rows],
        [prompts[i] for i in rows.tolist()],
        ~other_corpora[rows],
        _prompts(corpus, shown & named & data.full, fitted, config), corpus.asked[rows], corpus.sizes()[rows],
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """The embeddings of a fitted model by the rows of the corpus."""

    fitted: Fitted

    @property
    def shape(self) -> tuple[int, int]:
        return self.fitted.embeddings.rows.shape

    def __getitem__(self, rows: Ints) -> NDArray[np.float32]:
        return self.fitted.embeddings.rows[np.searchsorted(self.fitted.rows, rows)]


def _prompts(corpus: Corpus, shown: Bools, fitted: Fitted, config: Config) -> PromptTable:
    """The prompts of the shown rows."""
    in_full = np.zeros(len(shown), bool)
    in_full[fitted.rows] = True
    keep = (shown & in_full)[: len(corpus)]
    found = learn_prompts(corpus, keep, _Rows(fitted), (fitted.likelihood.plda, fitted.known), config.probing)
    if found is None:
        raise FingerprintError("no corpus has the text of a prompt")
    return found


def _cases(data: Data, fitted: Fitted, names: ClassNames, rows: dict[CaseKind, Bools], seed: int) -> CaseSet:
    """What the model says about cases of the rows that are left out for each kind."""
    rng = np.random.default_rng(seed)
    found = []
    for kind, of in rows.items():
        drawn = draw(data.labels, of & data.filled, Config().splits, seed)
        some = [drawn[i] for i in rng.permutation(len(drawn))[:CASES]]
        if some:
            found.append(fitted.evidence(names, Questions.of(data.labels, some, kind)))
    return CaseSet.joined(found)


def _singles(
    labels: Labels, fitted: Fitted, names: ClassNames, of: Bools, prompts: list[tuple[str, str]], config: Config
) -> CaseSet:
    """Single responses, a few of each known lab and kind of prompt."""
    known = isin(labels.releases, fitted.known.names)
    rows = np.flatnonzero(of & known[labels.release])
    lab = names.lab[[names.releases.index(labels.releases[r]) for r in labels.release[rows]]]
    kind = factorize([" ".join(prompts[i]) for i in rows.tolist()])[1]
    group = kind * len(names.labs) + lab
    rows = np.sort(rows[few_of_each(group, config.probing.responses, np.random.default_rng(config.seed))])
    return fitted.evidence(names, Questions.of(labels, list(rows[:, None]), CaseKind.SAME))
