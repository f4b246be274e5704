"""What a first model says about responses that it was not shown: cases to calibrate on, and what prompts tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.config import MixtureConfig
from fingerprint.data.corpus import Corpus
from fingerprint.errors import FingerprintError
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import verdict_words
from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, few_of_each
from fingerprint.training.embedding import Embeddings
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.splits import CalibrationSplit, CaseKind, draw

# Responses at a time: the evidence on all at once, in every domain, would be the most memory that training takes.
_BLOCK = 1_000


@dataclass(frozen=True)
class FirstModel:
    """A model that was not shown all rows.

    Attributes:
        data: The n rows.
        embeddings: All n rows as it embeds them.
        likelihood: Fitted on the rows that it was shown.
        known: The releases that it knows.
    """

    data: Data
    embeddings: Embeddings
    likelihood: Likelihood
    known: KnownReleases

    def lab_codes(self, releases: Sequence[str], context: TrainingContext) -> Ints:
        """Return (n,) the code of the lab of each of n releases, -1 for a lab that the model lacks."""
        code = {lab: i for i, lab in enumerate(self.known.labs)}
        return np.array([code.get(context.lab_of[name], -1) for name in releases], np.int64)


def calibration_cases(
    model: FirstModel, split: CalibrationSplit, use: NDArray[np.bool_], context: TrainingContext
) -> tuple[CalibrationCases, list[CaseKind]]:
    """Make cases of what the first model was not shown.

    Args:
        model: The first model.
        split: What it was not shown, and which kind of case each row belongs to.
        use: (n,) rows that may be part of a case.
        context: The facts about the releases, and the hyper-parameters.

    Returns:
        S cases with their evidence and their weights in the case mixture, and the kind of each.

    Raises:
        FingerprintError: Where there are too few to calibrate on.
    """
    data, labels, config = model.data, model.data.labels, context.config
    free = use & data.full & context.candidate[labels.release]
    rows: list[Ints] = []
    kinds: list[CaseKind] = []
    for kind in CaseKind:
        drawn = draw(labels, free & (split.kind == kind), config.splits, config.seed)
        rows += drawn
        kinds += [kind] * len(drawn)
    if len(rows) < config.splits.least_cases:
        raise FingerprintError(
            f"the corpora give {len(rows)} cases to calibrate on, fewer than {config.splits.least_cases}: "
            "add prompts, releases or corpora"
        )
    names = [labels.releases[labels.release[of[0]]] for of in rows]
    code = {name: i for i, name in enumerate(model.known.names)}
    embeddings = [model.embeddings.rows[of] for of in rows]
    covariates = Covariates.read(model.likelihood, embeddings, [model.embeddings.size[of] for of in rows])
    evidence = model.likelihood.evidence(np.stack([some.mean(axis=0) for some in embeddings]), covariates.count)
    lab = model.lab_codes(names, context)
    release = np.array([code.get(name, -1) for name in names], np.int64)
    return weighted_cases(evidence, covariates, lab, release, kinds, config.calibration.mixture), kinds


def weighted_cases(
    evidence: Evidence, covariates: Covariates, lab: Ints, release: Ints, kinds: Sequence[str], mixture: MixtureConfig
) -> CalibrationCases:
    """Weight cases by the case mixture.

    Args:
        evidence: On S cases.
        covariates: Of S cases.
        lab: (S,) code of the true lab, -1 for one that the model lacks.
        release: (S,) code of the true release, -1 for one that the model lacks.
        kinds: (S,) kind of each case, a field of the mixture.
        mixture: The share of each kind.

    Returns:
        The cases. Their shares follow the mixture, the same for every number of responses. Their weights in the fit
        are a compromise between equal weights for cases and for labs: else small labs are never named first, or
        large ones too seldom.
    """
    share = _shares(kinds, covariates.count, np.ones(len(lab)), mixture)
    _, code, size = np.unique(lab, return_inverse=True, return_counts=True)
    weight = _shares(kinds, covariates.count, 1 / np.sqrt(size[code]), mixture)
    return CalibrationCases(evidence, covariates, lab, release, isin(kinds, {CaseKind.SAME}), weight, share)


def _shares(kinds: Sequence[str], count: Ints, within: Floats, mixture: MixtureConfig) -> Floats:
    """(S,) weights that sum to the mixture for every number of responses, in proportion to `within` (S,) inside."""
    out = np.zeros(len(count))
    for name, share in msgspec.structs.asdict(mixture).items():
        of_kind = isin(kinds, {name})
        numbers = np.unique(count[of_kind])
        for n in numbers:
            at = of_kind & (count == n)
            out[at] = share / len(numbers) * within[at] / within[at].sum()
    return np.asarray(out / out.sum())


def scores(
    cases: CalibrationCases, kinds: Sequence[CaseKind], known: KnownReleases, calibration: Calibration
) -> list[dict[str, Any]]:
    """Measure the first model on its cases, for each kind and number of responses.

    Args:
        cases: S cases.
        kinds: (S,) kind of each.
        known: The releases that the model knows.
        calibration: Fitted on the same cases.

    Returns:
        A row each: "held out" (the kind), "responses", "cases", "lab top-1", "lab macro", "release top-1",
        "mean P(unknown)", "attributed" (coverage) and "false attributions" (their share among attributions), with
        thresholds for the default false-attribution rate over all kinds. None where no case counts.
    """
    count = cases.covariates.count
    posterior = calibration.predict(cases.evidence, cases.covariates, known.lab)
    lab_right = posterior.labs().argmax(axis=1) == cases.lab
    release_right = posterior.release.argmax(axis=1) == cases.release
    verdicts = verdict_words(posterior, cases.evidence, cases.covariates, calibration, FALSE_ATTRIBUTIONS)
    attributed = np.array([verdict.is_attribution for verdict in verdicts])
    out = []
    for kind in CaseKind:
        for n in np.unique(count):
            at = isin(kinds, {kind}) & (count == n)
            of_known = at & (cases.lab >= 0)
            by_lab: dict[int, list[bool]] = defaultdict(list)
            for code, right in zip(cases.lab[of_known], lab_right[of_known], strict=True):
                by_lab[int(code)].append(bool(right))
            out.append(
                {
                    "held out": str(kind),
                    "responses": int(n),
                    "cases": int(at.sum()),
                    "lab top-1": _mean(lab_right[of_known]),
                    "lab macro": _mean([np.mean(values) for values in by_lab.values()]),
                    "release top-1": _mean(release_right[at & (cases.release >= 0)]),
                    "mean P(unknown)": _mean(posterior.unknown[at]),
                    "attributed": _mean(attributed[at]),
                    "false attributions": _mean(~lab_right[at & attributed]),
                }
            )
    return out


def _mean(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def learn_information(
    model: FirstModel, calibration: Calibration, corpus: Corpus, held_out: NDArray[np.bool_], context: TrainingContext
) -> InformationGain:
    """Measure how much a response to each kind of prompt tells the labs apart.

    Args:
        model: The first model.
        calibration: Of its posterior.
        corpus: The full rows, for the domain and language of each prompt.
        held_out: (n,) rows on prompts that the model was not shown.
        context: The facts about the releases, and the hyper-parameters.

    Returns:
        The information gain over the labs that the model knows.
    """
    data, labels, config = model.data, model.data.labels, context.config
    lab = np.where(isin(labels.releases, model.known.names), model.lab_codes(labels.releases, context), -1)
    rows = np.flatnonzero((held_out & data.filled)[data.full] & (lab[labels.release[data.full]] >= 0))
    kind = factorize(corpus.domain[rows] + corpus.language[rows])[1]
    group = kind * (lab.max() + 1) + lab[labels.release[rows]]
    rows = np.sort(rows[few_of_each(group, config.probing.responses, np.random.default_rng(config.seed))])
    blocks = [_labs(model, calibration, rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
    probabilities = np.vstack(blocks or [np.zeros((0, len(model.known.labs)))])
    kinds = list(zip(corpus.domain[rows].tolist(), corpus.language[rows].tolist(), strict=True))
    return InformationGain.measure(probabilities, lab[labels.release[rows]], kinds, model.known.labs, config)


def _labs(model: FirstModel, calibration: Calibration, rows: Ints) -> Floats:
    """(rows, L) probabilities of the labs, for each row alone."""
    embeddings = model.embeddings.rows[rows]
    sizes = [model.embeddings.size[[i]] for i in rows]
    covariates = Covariates.read(model.likelihood, np.split(embeddings, len(embeddings)), sizes)
    evidence = model.likelihood.evidence(embeddings, covariates.count)
    return calibration.predict(evidence, covariates, model.known.lab).labs()
