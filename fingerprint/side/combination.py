"""One answer from style, token counts and self-identification together, with error rates of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fingerprint.base.files import data_dir
from fingerprint.errors import InputError
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    UNKNOWN,
    Combined,
    CombinedRates,
    CombinedShare,
    EvidenceKind,
    LabShare,
    SideEvidence,
)

TABLE = "combined.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and of how much.

    Attributes:
        expect: What kinds of cases were expected: "any", "new" or "known".
        responses: The number of responses that show style.
        candidates: The labs in question; None for all.
    """

    expect: str
    responses: int
    candidates: Sequence[str] | None = None


class MeasuredRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a replay measured of the combined answer (benchmarks/combined.py).

    Attributes:
        rates: By what was expected ("any", "new", "known"), the number of responses and the least probability of the
            first lab.
    """

    rates: dict[str, dict[str, dict[str, CombinedRates]]]

    @classmethod
    def load(cls, path: Path | None = None) -> MeasuredRates:
        """Read the rates.

        Args:
            path: The file; None for the one that ships.

        Raises:
            InputError: The file cannot be read, or holds something else.
        """
        path = path or data_dir("corpora") / TABLE
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            raise InputError(str(path), f"cannot be read ({error.strerror})") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(str(path), f"is no table of measured rates ({error})") from None

    def of(self, expect: str, responses: int, probability: float) -> CombinedRates | None:
        """Return the rates of answers like one.

        Args:
            expect: What was expected.
            responses: The number of responses; the figures are those of the next smaller number that was measured.
            probability: Of the first lab; the figures are those of all answers above the next smaller limit.

        Returns:
            None if nothing like it was measured.
        """
        sizes = [size for size in self.rates.get(expect, {}) if int(size) <= responses]
        if not sizes:
            return None
        found = self.rates[expect][max(sizes, key=int)]
        limits = [limit for limit in found if float(limit) <= probability]
        return found[max(limits, key=float)] if limits else None


def combined_shares(style: Sequence[LabShare], side: SideEvidence) -> tuple[CombinedShare, ...]:
    """Multiply the probabilities by style with the likelihood ratios of side evidence.

    The three kinds are taken as independent given the lab: what a model is told to call itself and how its vocabulary
    cuts a text say nothing about each other, nor about its style.

    Args:
        style: The probabilities of all labs and of the unknown one by style.
        side: The side evidence.

    Returns:
        The labs, the most probable first. Their probabilities sum to 1.
    """
    of_lab = {share.lab: share.probability for share in style}
    tiny = math.ulp(0.0)
    log = {lab: math.log(max(share, tiny)) for lab, share in of_lab.items()}
    counts = {row.lab: row.log_likelihood_ratio for row in side.token_counts.labs}
    names = {row.lab: row.log_likelihood_ratio for row in side.self_identification.labs}
    total = {lab: log[lab] + counts.get(lab, 0.0) + names.get(lab, 0.0) for lab in log}
    top = max(total.values())
    weight = {lab: math.exp(value - top) for lab, value in total.items()}
    everything = sum(weight.values())
    shares = [
        CombinedShare(
            lab,
            weight[lab] / everything,
            round(log[lab] - log[UNKNOWN], 3),
            round(counts.get(lab, 0.0), 3),
            round(names.get(lab, 0.0), 3),
        )
        for lab in log
    ]
    return tuple(sorted(shares, key=lambda share: -share.probability))


def combine(style: Sequence[LabShare], side: SideEvidence, asked: Asked, measured: MeasuredRates) -> Combined | None:
    """Give one answer from all evidence.

    Args:
        style: The probabilities of all labs and of the unknown one by style.
        side: The side evidence.
        asked: What was asked, of what.
        measured: The rates that a replay measured.

    Returns:
        The answer; None if there is no evidence but style.
    """
    kinds = [kind for kind, rows in _ratios(side).items() if rows]
    if not kinds:
        return None
    shares = combined_shares(style, side)
    if asked.candidates is not None:
        own = [share for share in shares if share.lab in asked.candidates]
        rest = sum(share.probability for share in shares if share.lab not in asked.candidates)
        others = CombinedShare(NONE_OF_THESE, min(rest, 1.0), None, None, None)
        shares = tuple(sorted([*own, others], key=lambda share: -share.probability))
    rates = None
    # The replay covers style with counts, for questions about all labs.
    if EvidenceKind.TOKEN_COUNTS in kinds and asked.candidates is None and shares[0].lab != UNKNOWN:
        rates = measured.of(asked.expect, asked.responses, shares[0].probability)
    return Combined((EvidenceKind.STYLE, *kinds), shares, rates)


def _ratios(side: SideEvidence) -> dict[EvidenceKind, Sequence[object]]:
    return {
        EvidenceKind.TOKEN_COUNTS: side.token_counts.labs,
        EvidenceKind.SELF_IDENTIFICATION: side.self_identification.labs,
    }
