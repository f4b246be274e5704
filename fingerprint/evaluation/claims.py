"""Claims about the test cases of a fold, judged as `fingerprint verify` does, by a verification from other folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from fingerprint.evaluation.work import Arrays
from fingerprint.metrics import Level
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Objects
from fingerprint.model.calibration import Calibration
from fingerprint.model.claim_decision import ClaimCase, decide_claim
from fingerprint.model.claim_trials import draw_trials
from fingerprint.model.claims_fit import fit_claims
from fingerprint.model.plda import Floats
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS
from fingerprint.training.calibration_cases import calibration_cases
from fingerprint.training.cases import CaseSet

# Families stand between these two in every respect.
_LEVELS = (Level.LAB, Level.RELEASE)


@dataclass(frozen=True)
class JudgedClaims:
    """T trials: each is a claim about a test case, with what was made of it.

    Attributes:
        level: (T,) of Level, what the claim names.
        kind: (T,) "target" for a true claim, or an impostor kind.
        corpus_left_out: (T,) whether the model was not trained on a corpus of the case.
        in_domain: (T,) whether the claim was judged as one about an in-domain case.
        count: (T,) responses of the case.
        group: (T,) code of the group of its release.
        llr: (T,) log-likelihood ratio, in nats.
        verdict: (T,) of ClaimWord, at the default rates.
    """

    level: Objects
    kind: Objects
    corpus_left_out: Bools
    in_domain: Bools
    count: Ints
    group: Ints
    llr: Floats
    verdict: Objects

    def __len__(self) -> int:
        return len(self.llr)

    def of(self, at: Bools) -> JudgedClaims:
        """Return some of the trials."""
        return JudgedClaims(**{name: array[at] for name, array in self.arrays().items()})

    @classmethod
    def joined(cls, parts: Sequence[JudgedClaims]) -> JudgedClaims:
        """Return the trials of all parts, one part after the other."""
        return cls(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)})

    def arrays(self) -> Arrays:
        """Return everything by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def judge_claims(
    own: CaseSet, others: CaseSet, corpus_left_out: Bools, names: ClassNames, calibration: Calibration, seed: int
) -> JudgedClaims:
    """Fit the verification of claims on some cases, and judge claims about others.

    Args:
        own: S test cases.
        others: Cases that know nothing of these; the verification is fitted on them.
        corpus_left_out: (S,) whether the model of each test case was not trained on a corpus of it.
        names: The classes of both.
        calibration: Fitted on `others`.
        seed: Draws the claims.

    Returns:
        One trial of each test case, level and kind of trial that there is a claim for.
    """
    to_fit, cases = calibration_cases(others, names), calibration_cases(own, names)
    claims = fit_claims(to_fit, others.known_releases, calibration, seed, _LEVELS)
    in_domain = cases.evidence.in_domain_llr > 0
    distance, two_sources = cases.evidence.domain_distance, cases.covariates.two_source_llr
    parts = []
    for level, trials in draw_trials(cases, own.known_releases, calibration, seed, _LEVELS).items():
        llr, verdict = np.zeros(len(trials.case)), np.full(len(trials.case), "", object)
        for inside in (True, False):
            at = np.flatnonzero(in_domain[trials.case] == inside)
            table = claims.table(level, inside)
            llr[at] = table.log_likelihood_ratios(trials.columns[at])
            for i in at:
                case = trials.case[i]
                asked = ClaimCase(
                    int(cases.covariates.count[case]), float(llr[i]), float(distance[case]), float(two_sources[case])
                )
                decided = decide_claim(asked, calibration, table, FALSE_ALARMS, FALSE_ACCEPTS)
                verdict[i] = str(decided.verdict)
        parts.append(
            JudgedClaims(
                level=np.full(len(llr), str(level), object),
                kind=trials.kind,
                corpus_left_out=corpus_left_out[trials.case],
                in_domain=in_domain[trials.case],
                count=cases.covariates.count[trials.case],
                group=names.group[cases.release[trials.case]],
                llr=llr,
                verdict=verdict,
            )
        )
    return JudgedClaims.joined(parts)
