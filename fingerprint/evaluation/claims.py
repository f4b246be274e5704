"""Claims about the test cases of a fold, judged as `fingerprint verify` does, by a verification from other folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from fingerprint.evaluation.work import Arrays
from fingerprint.metrics import Level
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Objects
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.claim_decision import ClaimCase, decide_claim
from fingerprint.model.claim_trials import ClaimTrials, draw_trials
from fingerprint.model.claims import IN_DOMAIN, OUT_OF_DOMAIN, ClaimTable
from fingerprint.model.claims_fit import fit_claims
from fingerprint.model.plda import Floats
from fingerprint.model.verdict import AllowedRates
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
    allowed = AllowedRates()
    parts = []
    for level, trials in draw_trials(cases, own.known_releases, calibration, seed, _LEVELS).items():
        llr, verdict = judge_trials(cases, trials, claims.tables[level], calibration, allowed)
        parts.append(
            JudgedClaims(
                level=np.full(len(llr), str(level), object),
                kind=trials.kind,
                corpus_left_out=corpus_left_out[trials.case],
                in_domain=_in_domain(cases)[trials.case],
                count=cases.covariates.count[trials.case],
                group=names.group[cases.release[trials.case]],
                llr=llr,
                verdict=verdict,
            )
        )
    return JudgedClaims.joined(parts)


def judge_trials(
    cases: CalibrationCases,
    trials: ClaimTrials,
    tables: Mapping[str, ClaimTable],
    calibration: Calibration,
    allowed: AllowedRates,
) -> tuple[Floats, Objects]:
    """Judge claims of one level as `fingerprint verify` does.

    Args:
        cases: S cases.
        trials: T claims about them.
        tables: What was fitted to claims of this level, in-domain and out-of-domain.
        calibration: The limits of the domain and of two sources.
        allowed: The error rates.

    Returns:
        (T,) log-likelihood ratios in nats, and (T,) verdicts: strings of ClaimWord.
    """
    llr, verdict = np.zeros(len(trials.case)), np.full(len(trials.case), "", object)
    count, two_sources = cases.covariates.count, cases.covariates.two_source_llr
    for inside, table in ((True, tables[IN_DOMAIN]), (False, tables[OUT_OF_DOMAIN])):
        at = np.flatnonzero(_in_domain(cases)[trials.case] == inside)
        llr[at] = table.log_likelihood_ratios(trials.columns[at])
        for i in at:
            case = trials.case[i]
            distance = float(cases.evidence.domain_distance[case])
            known = bool(cases.covariates.known_script[case])
            asked = ClaimCase(int(count[case]), float(llr[i]), distance, float(two_sources[case]), known)
            decided = decide_claim(asked, calibration, table, allowed.false_alarms, allowed.false_accepts)
            verdict[i] = str(decided.verdict)
    return llr, verdict


def _in_domain(cases: CalibrationCases) -> Bools:
    return np.asarray(cases.evidence.in_domain_llr > 0)
