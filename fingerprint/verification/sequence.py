"""Verification while responses still come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.data.response import Case
from fingerprint.errors import FingerprintError
from fingerprint.loading import Loaded
from fingerprint.model.claim_decision import OTHER_PROMPTS, OTHER_RESPONSES, SENTENCES
from fingerprint.model.claim_sequence import ClaimSequence, ClaimStep, spend
from fingerprint.model.claim_verdict import Claimed, ClaimReason, ClaimVerdict, ClaimWord
from fingerprint.model.covariates import read_nothing
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.verdict import AllowedRates
from fingerprint.verification.claims import UNABLE, Reading, claim_verdict


class SequentialTest:
    """Verifies a claim on ever more responses, until it is settled.

    Args:
        model: A model that has learned about claims.
        claimed: What is claimed.
        allowed: The error rates, for all looks together.

    Raises:
        FingerprintError: For a model without a calibration of claims, and for rates so low that no limit is kept for
            any look's part.
    """

    def __init__(self, model: Loaded, claimed: Claimed, allowed: AllowedRates):
        if model.claims is None:
            raise FingerprintError(UNABLE)
        self._model, self._claimed, self._allowed = model, claimed, allowed
        tables = model.claims.tables[claimed.table].values()
        sizes = {int(size) for table in tables for size in table.accept}
        correlation = model.config.plda.correlation
        looks = spend(sizes, model.claims.rates, allowed, correlation) if sizes else ()
        if not looks:
            raise FingerprintError(
                "no verdict is possible at these rates: the model keeps limits for rates from "
                f"{model.claims.rates[0]:g} on; allow more with --false-alarms or --false-accepts"
            )
        self._looks = {look.responses: look.allowed for look in looks}
        self._steps: list[ClaimStep] = []
        self._verdict: ClaimVerdict | None = None
        self._embedded: dict[str, tuple[NDArray[np.float32], int]] = {}
        self._reading: Reading | None = None

    def see(self, case: Case) -> ClaimSequence:
        """Return what is found on all responses so far, each number of them in turn.

        Args:
            case: The responses in the order in which they came; it begins with those of the last call.
        """
        looks = tuple(self._looks)
        while len(self._steps) < min(len(case.records), looks[-1]) and not self._settled:
            self._verdict = self._after(case, len(self._steps) + 1)
        verdict = self._verdict or self._after(case, 0)
        verdict = replace(verdict, n_responses=case.n_responses, warnings=case.warnings)
        return ClaimSequence(verdict, tuple(self._steps), looks, self._settled)

    def lab_probabilities(self) -> Floats:
        """Return (L,) the probabilities of the labs on the responses of the last step, as `identify` gives them."""
        model = self._model
        if self._reading:
            evidence, covariates = self._reading.evidence, self._reading.covariates
        else:
            evidence, covariates = read_nothing(len(model.releases), len(model.labs))
        found = model.calibration.predict(evidence, covariates, model.likelihood.plda.lab).labs()[0]
        # A sum may exceed 1 by its last digit.
        return np.minimum(found, 1.0)

    def _embed(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], Ints]:
        """As `Loaded.read`; each response is embedded once in all steps."""
        if new := [text for text in texts if text not in self._embedded]:
            self._embedded.update(zip(new, zip(*self._model.read(new), strict=True), strict=True))
        rows, sizes = zip(*(self._embedded[text] for text in texts), strict=True)
        return np.stack(rows), np.array(sizes)

    @property
    def _settled(self) -> bool:
        return self._verdict is not None and self._verdict.verdict is not ClaimWord.INCONCLUSIVE

    def _after(self, case: Case, count: int) -> ClaimVerdict:
        """The verdict on the first responses, a step of its own if there are any."""
        spent = self._looks.get(count)
        some = replace(case, records=case.records[:count])
        texts = [record.response for record in some.records]
        self._reading = Reading.of(self._model, texts, self._claimed, self._embed) if texts else None
        found = claim_verdict(self._model, some, self._claimed, spent or AllowedRates(0.0, 0.0), self._reading)
        if count:
            ratio, limits = found.log_likelihood_ratio, (found.consistent_from, found.inconsistent_below)
            self._steps.append(ClaimStep(count, ratio, spent is not None, *limits))
        numbers = ", ".join(map(str, self._looks))
        if spent:
            said = f"{found.explanation} All looks together (after {numbers} responses) keep to the allowed rates."
            found = replace(found, explanation=said)
        elif found.reason is ClaimReason.NO_LIMIT:
            said = SENTENCES[ClaimReason.BETWEEN_LOOKS].format(llr=f"{found.log_likelihood_ratio:.1f}", looks=numbers)
            found = replace(found, reason=ClaimReason.BETWEEN_LOOKS, explanation=said)
        allowed = self._allowed
        return replace(
            found,
            false_alarms=allowed.false_alarms,
            false_accepts=allowed.false_accepts,
            # What was measured is for one look, which spends all of the rates.
            responses=0,
            rates=(),
            sizes=(),
            advice=self._advice(found, count),
        )

    def _advice(self, found: ClaimVerdict, count: int) -> str | None:
        """What would settle the claim: the next look, while it is the number of responses that is missing."""
        if found.verdict is not ClaimWord.INCONCLUSIVE or found.reason is ClaimReason.TWO_SOURCES:
            return found.advice
        following = next((look for look in self._looks if look > count), None)
        if following is None or found.reason in OTHER_RESPONSES:
            return OTHER_PROMPTS
        return f"Go on: the claim can be settled after {following} responses."
