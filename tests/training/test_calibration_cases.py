from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fingerprint.config import MixtureConfig
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.training.calibration_cases import weighted_cases
from fingerprint.training.splits import CaseKind

MIXTURE = MixtureConfig(same=0.5, other=0.3, unseen=0.15, unknown=0.05)


def test_kinds_are_the_fields_of_the_mixture() -> None:
    assert [str(kind) for kind in CaseKind] == list(msgspec.structs.asdict(MIXTURE))


def test_cases_count_by_the_mixture_whatever_their_number() -> None:
    rng = np.random.default_rng(0)
    kinds = [CaseKind.SAME] * 60 + [CaseKind.OTHER] * 5 + [CaseKind.UNSEEN] * 30 + [CaseKind.UNKNOWN] * 25
    count, lab = rng.choice([1, 3, 10], len(kinds)), rng.integers(-1, 4, len(kinds))
    count[:3] = count[60:63] = count[65:68] = count[95:98] = 1, 3, 10
    zeros, ones = np.zeros(len(kinds)), np.zeros((len(kinds), 1))
    evidence = Evidence(ones, ones, zeros, zeros, zeros, ones, ones)
    cases = weighted_cases(evidence, Covariates.unread(count), lab, lab, kinds, MIXTURE)
    assert cases.share.sum() == pytest.approx(1)
    for kind, wanted in msgspec.structs.asdict(MIXTURE).items():
        of_kind = np.array([one == kind for one in kinds])
        for share in (cases.share, cases.weight):
            sums = [share[of_kind & (count == n)].sum() for n in (1, 3, 10)]
            assert sums == pytest.approx([wanted / 3] * 3)
    # Within a kind and number, a case of a lab with many cases weighs less in the fit.
    size = np.bincount(lab + 1)[lab + 1]
    same = (np.arange(len(kinds)) < 60) & (count == 3)
    assert cases.weight[same] * np.sqrt(size[same]) == pytest.approx(
        np.full(same.sum(), (cases.weight * np.sqrt(size))[same][0])
    )
