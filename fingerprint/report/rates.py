"""What was expected of a case, and what was measured on held-out cases of each kind, as text."""

from __future__ import annotations

from collections.abc import Container

from fingerprint.base.escaping import printable
from fingerprint.model.decision import percent, stated
from fingerprint.model.verdict import OUTSIDE, UNKNOWN, Calibration, Candidates, Combined, EvidenceKind, KindRates
from fingerprint.report.layout import Names, columns, counted, fit, right, wrap

KINDS: dict[str, str] = {
    "same": "known release, known corpora",
    "other": "known release, other corpora",
    "unseen": "new release, known corpora",
    "both": "new release, other corpora",
    "later": "later release",
    "unknown": "unknown lab",
}
"""The kinds of cases in words; a test holds it complete."""

EXPECTED: dict[str, str] = {
    "any": "any kind of case",
    "new": "a new release, such as a stealth model",
    "known": "a known release, as in an audit",
}
"""What a user may expect, in words; a test holds it complete."""

EVIDENCE: dict[EvidenceKind, str] = {
    EvidenceKind.STYLE: "style",
    EvidenceKind.TOKEN_COUNTS: "token counts",
    EvidenceKind.SELF_IDENTIFICATION: "self-identification",
}
"""The kinds of evidence in words."""

# The kinds of the case mixture that a sentence takes together.
_GROUPS = {
    "known releases": ("same", "other"),
    "new releases of known labs": ("unseen", "both", "later"),
    "unknown labs": ("unknown",),
}
_HEAD = ("cases", "attributed", "wrong", "or likely", "wrong")
_WIDTHS = (7, 12, 8, 11, 8)
# Columns for the name of a kind. Where the terminal lacks them, the figures are on a line of their own.
_NAME = 34


def expected(rates: Calibration) -> str:
    """Return what was expected as a sentence, with the shares of the case mixture."""
    share = {one.kind: one.share for one in rates.mixture}
    groups = {name: sum(share.get(kind, 0.0) for kind in kinds) for name, kinds in _GROUPS.items()}
    shares = ", ".join(f"{100 * of:.3g} % {name}" for name, of in groups.items() if of)
    what = printable(EXPECTED.get(rates.expect, rates.expect))
    return f"Expected: {what} ({shares}; --expect)." if shares else f"Expected: {what} (--expect)."


def render_rates(rates: Calibration, width: int) -> list[str]:
    """Return a table with a row for each kind of case, and what its columns mean.

    Args:
        rates: What was measured.
        width: Columns of the terminal.
    """
    if not rates.kinds:
        return []
    room = min(_NAME, max(width - sum(_WIDTHS), 0))
    lines = _row(f"Held-out cases with {counted(rates.responses, 'response')}", _HEAD, room)
    outside = [row for row in rates.kinds if row.kind.startswith(OUTSIDE)]
    unknown = [row for row in rates.kinds if outside and row.kind == UNKNOWN]
    for row in (row for row in rates.kinds if row not in (*outside, *unknown)):
        lines += _kind(row, rates.promised, room)
    if outside:
        lines += wrap("The same, of labs that are no candidates", width)
        for row in (*outside, *unknown):
            lines += _kind(row, rates.promised, room)
    attributed, likely = stated(rates.false_attributions), stated(rates.likely_errors)
    whose = (
        "labs that are no candidates, as many of all their cases"
        if outside
        else "an unknown lab, as many of all its cases"
    )
    lines += wrap(
        f"Allowed in each kind: {attributed} wrong among the attributed, {likely} among the attributed or likely; for "
        f"{whose}.",
        width,
    )
    if any(row.kind.removeprefix(OUTSIDE) not in rates.promised for row in rates.kinds):
        lines += wrap(f"* Not expected with --expect {printable(rates.expect)}: nothing is promised here.", width)
    return lines


def _kind(row: KindRates, promised: Container[str], room: int) -> list[str]:
    kind = row.kind.removeprefix(OUTSIDE)
    mark = "" if kind in promised else " *"
    return _row(f"  {printable(KINDS.get(kind, kind))}{mark}", _values(row), room)


def _values(row: KindRates) -> tuple[str, ...]:
    return (
        f"{row.cases:,}",
        percent(row.coverage, 0),
        _wrong(row.coverage, row.attribution_error),
        percent(row.likely_coverage, 0),
        _wrong(row.likely_coverage, row.likely_error),
    )


def _row(name: str, cells: tuple[str, ...], room: int) -> list[str]:
    figures = right(cells, _WIDTHS)
    return [fit(name, room) + figures] if columns(name) <= room else [name, " " * room + figures]


def _wrong(coverage: float, error: float) -> str:
    """The share of wrong ones; a dash where nothing is named."""
    return percent(error, 1) if coverage else "-"


def evidence_of(combined: Combined) -> str:
    """Return the kinds of evidence of a combined answer in words."""
    *before, last = (EVIDENCE[kind] for kind in combined.evidence)
    return f"{', '.join(before)} and {last}"


def combined_rates(combined: Combined) -> str:
    """Return how often combined answers like this one are wrong, as a sentence."""
    rates = combined.measured
    if rates is None:
        return "How often such answers are wrong was not measured."
    return (
        f"In a replay of releases that the model did not know, {percent(rates.wrong, 0)} of answers this sure were "
        f"wrong ({counted(rates.cases, 'case')} of {counted(rates.releases, 'release')}, "
        f"{percent(rates.share, 0)} of all), and {percent(rates.wrong_by_style, 0)} of them by style alone."
    )


def candidates_asked(candidates: Candidates, name: Names) -> str:
    """Return which labs are in question, and what was taken for granted of them, as two sentences."""
    labs = ", ".join(map(name, candidates.labs))
    before, rest = percent(candidates.prior, 0), percent(1 - candidates.prior, 0)
    return f"Candidates: {labs}. Taken for granted: {before} for them together, {rest} for all other labs."
