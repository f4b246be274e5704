"""What more or fewer responses do: a chart for each kind of verdict, with a line at the number of this case."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fingerprint.model.calibration import Expect
from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.decision import percent
from fingerprint.model.pair_calibration import IMPOSTORS, PairKind
from fingerprint.model.verdict import UNKNOWN, Verdict
from fingerprint.report.evaluation.svg import Axis, Chart, Point, Rule, Series, draw, mark
from fingerprint.report.layout import counted
from fingerprint.report.page.context import PageContext
from fingerprint.report.rates import KINDS
from fingerprint.verification.comparison import PairRates

Lines = Mapping[str, Mapping[int, float]]
"""Shares by number of responses, by what they are shares of."""

_QUARTERS = [(n / 4, f"{25 * n} %") for n in range(5)]


def verdict_lines(verdict: Verdict, context: PageContext) -> Lines:
    """Return how often the first lab is right, by kind of case."""
    asked = None if verdict.candidates is None else len(verdict.candidates.labs)
    figures = context.model.calibration.limits(Expect(verdict.calibration.expect), asked).figures
    return {
        words: {int(size): 1 - of[kind].lab_error for size, of in figures.items() if kind in of}
        for kind, words in KINDS.items()
        if kind != UNKNOWN and any(kind in of for of in figures.values())
    }


def claim_lines(verdict: ClaimVerdict) -> Lines:
    """Return how many true claims are called consistent, and how many false ones inconsistent."""
    return {
        "true claims called consistent": {one.responses: one.consistent for one in verdict.sizes},
        "false claims called inconsistent": {one.responses: one.inconsistent for one in verdict.sizes},
    }


def pair_lines(rates: PairRates, context: PageContext) -> Lines:
    """Return how many pairs of one release are called the same, and how many of two are called different."""
    calibration = context.model.pairs
    if calibration is not None and rates.shared_prompts:
        calibration = calibration.shared
    if calibration is None:
        return {}
    same: dict[int, float] = {}
    different: dict[int, float] = {}
    for size, domains in calibration.figures.items():
        of = domains.get(rates.domain, {})
        if PairKind.TARGET in of:
            same[int(size)] = calibration.at(of[PairKind.TARGET].same, rates.false_accepts) or 0.0
        others = [calibration.at(of[kind].different, rates.false_alarms) or 0.0 for kind in IMPOSTORS if kind in of]
        if others:
            different[int(size)] = sum(others) / len(others)
    return {
        "pairs of one release called the same": same,
        "pairs of two releases called different, their kinds alike": different,
    }


def by_responses(what: str, lines: Lines, here: int) -> Chart | None:
    """Draw lines over the number of responses, with a mark at those of the case.

    Args:
        what: Has shares, for the vertical axis.
        lines: What was measured.
        here: Responses of the case; of the smaller side, where there are two.

    Returns:
        None where nothing was measured at two numbers of responses.
    """
    numbers = sorted({n for of in lines.values() for n in of})
    if len(numbers) < 2 or not here:
        return None
    x = Axis("responses", numbers[0], numbers[-1], [(n, str(n)) for n in numbers], math.log)
    series = [
        Series(
            words,
            mark(i),
            [Point(n, of[n], f"{words}, {counted(n, 'response')}: {percent(of[n], 0)}") for n in sorted(of)],
        )
        for i, (words, of) in enumerate(lines.items())
        if of
    ]
    at = min(max(here, numbers[0]), numbers[-1])
    # The words stand where there is room.
    anchor = "start" if x.position(at, 0.0, 1.0) < 0.5 else "end"
    rule = Rule((at, 0.0), (at, 1.0), f"you are here: {counted(here, 'response')}", anchor)
    return draw(f"{what.capitalize()}, by the number of responses", series, x, Axis(what, 0.0, 1.0, _QUARTERS), [rule])
