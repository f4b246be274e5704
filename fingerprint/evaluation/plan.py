"""How much an evaluation spends: on all that matters, or on a stated sample."""

from __future__ import annotations

from dataclasses import dataclass

from fingerprint.evaluation.fits import Effort, Recipe


@dataclass(frozen=True)
class Plan:
    """rows: responses taken of a release in a corpus; folds: how many (at most one a corpus); effort: of a fold's
    model; calibrate: suspects of a protocol and number of responses that a calibration is fitted on; perturbed:
    suspects of a number of responses that are perturbed; first, every: the first month that is judged, and after
    how many the space is made anew; resamples: of the bootstrap."""

    rows: int
    folds: int
    effort: Effort
    calibrate: int
    perturbed: int
    first: str
    every: int
    resamples: int

    def sentence(self) -> str:
        """What the sample is."""
        return (
            f"at most {self.rows} responses of a release in a corpus are used, {self.effort.rows} of them to train a "
            f"fold's model; {self.folds} folds; at most {self.effort.cases} suspects of a protocol and number of "
            f"responses in a fold"
        )


FULL = Plan(150, 11, Effort(Recipe(24_000, 64, 256, 2_000), 60, 150), 150, 100, "2025-01", 7, 300)
QUICK = Plan(30, 3, Effort(Recipe(8_000, 64, 64, 250, 256), 12, 40), 60, 20, "2026-01", 8, 100)


def months(first: str, last: str) -> list[str]:
    """Every month from first to last, YYYY-MM."""
    start, end = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{m // 12}-{m % 12 + 1:02}" for m in range(start, end + 1)]
