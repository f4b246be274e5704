"""From probabilities to one of four words, and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.calibration import Calibration
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Ints
from fingerprint.model.posterior import Posterior


@dataclass(frozen=True)
class Facts:
    """What the decision rests on. used: responses. confidence: of the first lab; new: the share of it on a new
    release; ground, familiar: as in `Evidence`; two_source_llr: as in `Circumstances`."""

    used: int
    confidence: float
    unknown: float
    new: float
    domain_distance: float
    in_domain_llr: float
    two_source_llr: float


def facts(used: Ints, found: Posterior, evidence: Evidence, covariates: Covariates) -> list[Facts]:
    """Of S suspects; used: (S,) responses of each."""
    _, top, new = found.first()
    columns = used, top, found.unknown, new, evidence.domain_distance, evidence.in_domain_llr, covariates.two_source_llr
    return [Facts(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def words(
    found: Posterior, evidence: Evidence, covariates: Covariates, calibration: Calibration, false_attributions: float
) -> NDArray[np.str_]:
    """(S,) the verdict on each suspect."""
    told = facts(covariates.count, found, evidence, covariates)
    return np.array([decide(one, calibration, false_attributions)[0] for one in told], "<U12")


def decide(facts: Facts, calibration: Calibration, false_attributions: float) -> tuple[str, str]:
    """(verdict, reason)."""
    if not facts.used:
        return "inconclusive", "No response is left to judge."
    threshold = calibration.curves["all"].threshold(false_attributions)
    domain_limit = calibration.domain_limit(facts.used)
    if facts.domain_distance > domain_limit:
        return (
            "inconclusive",
            f"The responses lie off the ground of the training corpora, at a distance of {facts.domain_distance:.2f} where "
            f"as many of a known release hardly ever exceed {domain_limit:.2f}: another language, "
            "domain or length, where claims were mostly wrong.",
        )
    two_source_limit = calibration.two_source_limit(facts.used)
    if facts.two_source_llr > two_source_limit:
        return (
            "inconclusive",
            "Perhaps several models wrote these: two of different labs explain the responses better than any one "
            f"does, by {facts.two_source_llr:.1f} nats a response, where those of one model hardly ever exceed "
            f"{two_source_limit:.1f}.",
        )
    if facts.confidence >= threshold and facts.confidence > facts.unknown:
        limit = f"{min(threshold, 1):.1%} from which at most {false_attributions:.0%} of all claims are wrong"
        sure = f"{facts.confidence:.1%} is above the {limit}"
        if facts.new > calibration.new.limit(facts.used, false_attributions):
            return (
                "new-release",
                f"The first lab's {sure}, and its known releases explain the responses less well than all but "
                f"{false_attributions:.0%} of what known releases wrote.",
            )
        return (
            "attributed",
            f"The first lab's {sure}, and a known release or its siblings explain the responses.",
        )
    # Off the domains of the training corpora, an unknown domain looks like an unknown lab.
    if facts.in_domain_llr > 0 and facts.unknown > calibration.unknown.limit(facts.used, false_attributions):
        return (
            "unknown",
            f"All known labs explain the responses less well than all but {false_attributions:.0%} of what they wrote "
            f"themselves: {facts.unknown:.0%} is left for labs that the model does not know, of which it takes "
            "suspects to be rare.",
        )
    return (
        "inconclusive",
        f"The first lab's {facts.confidence:.0%} is below the {min(threshold, 1):.1%} from which at most "
        f"{false_attributions:.0%} of all claims are wrong.",
    )
