"""Questions about a few labs on the test cases of a fold, answered as `fingerprint identify --candidates` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from fingerprint.evaluation.work import Arrays
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Objects
from fingerprint.model.calibration import Calibration, Expect
from fingerprint.model.candidate_cases import ALIKE, Shares, askable, draw
from fingerprint.model.candidates import CandidatePrior, among, with_candidates
from fingerprint.model.decision import Question, decisions
from fingerprint.training.cases import CaseSet
from fingerprint.training.splits import CaseKind


@dataclass(frozen=True)
class JudgedCandidates:
    """Q questions: each is about a test case and some labs, with what was answered.

    Attributes:
        candidates: (Q,) how many labs are in question, beside "none of these".
        alike: (Q,) whether they are the labs that resemble the case most; else they were drawn at random.
        inside: (Q,) whether the right lab is one of them.
        kind: (Q,) what was left out for the case, or "unknown" for a lab that its model does not know.
        count: (Q,) responses of the case.
        group: (Q,) code of the group of its release.
        verdict: (Q,) of VerdictWord, at the default rate.
        right: (Q,) whether the first candidate is the right lab.
        in_set: (Q,) whether the right lab is in the set.
    """

    candidates: Ints
    alike: Bools
    inside: Bools
    kind: Objects
    count: Ints
    group: Ints
    verdict: Objects
    right: Bools
    in_set: Bools

    def __len__(self) -> int:
        return len(self.verdict)

    def of(self, at: Bools) -> JudgedCandidates:
        """Return some of the questions."""
        return JudgedCandidates(**{name: array[at] for name, array in self.arrays().items()})

    @classmethod
    def none(cls) -> JudgedCandidates:
        """Return no question."""
        codes, marks, words = np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, object)
        return cls(codes, marks, marks, words, codes, codes, words, marks, marks)

    @classmethod
    def joined(cls, parts: Sequence[JudgedCandidates]) -> JudgedCandidates:
        """Return the questions of all parts, one part after the other; a model may have thresholds for none."""
        parts = parts or [cls.none()]
        return cls(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)})

    def arrays(self) -> Arrays:
        """Return everything by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def judge_candidates(cases: CaseSet, names: ClassNames, calibration: Calibration, seed: int) -> JudgedCandidates:
    """Ask which of some labs it is, if any.

    Args:
        cases: S test cases.
        names: The classes.
        calibration: From cases that know nothing of these.
        seed: Draws the candidates.

    Returns:
        For each case and each number of candidates that there are labs for: the right lab among them and not among
        them, the others at random and alike. A case of an unknown lab has only questions without it.
    """
    found = calibration.predict(cases.evidence, cases.covariates, names.lab)
    shares, prior = Shares.of(found, names), CandidatePrior.of(calibration.config, Expect.ANY)
    lab = np.where(cases.lab_known, names.lab[cases.release], -1)
    kind = np.where(cases.lab_known, cases.kind, str(CaseKind.UNKNOWN)).astype(object)
    rng = np.random.default_rng(seed)
    parts = []
    for size in (size for size in calibration.config.candidates if size <= len(names.labs)):
        for (inside, how), allowed in draw(shares, lab, size, rng).items():
            at = askable(allowed, lab, inside)
            asked = among(with_candidates(found.of(at), allowed[at], prior), allowed[at])
            evidence, covariates = cases.evidence.of(at), cases.covariates.of(at)
            decided = decisions(asked, evidence, covariates, names.family, calibration, Question(candidates=size))
            own = lab[at]
            parts.append(
                JudgedCandidates(
                    candidates=np.full(len(at), size),
                    alike=np.full(len(at), how == ALIKE),
                    inside=np.full(len(at), inside),
                    kind=kind[at],
                    count=cases.covariates.count[at],
                    group=names.group[cases.release[at]],
                    verdict=np.array([str(one.verdict) for one in decided], object),
                    right=inside & (asked.first()[0] == own),
                    in_set=inside & np.array([code in one.set for code, one in zip(own, decided, strict=True)], bool),
                )
            )
    return JudgedCandidates.joined(parts)
