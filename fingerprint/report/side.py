"""Side evidence for people: each kind apart, then what it makes of the style's probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import SelfIdentification, SideEvidence, SideRatio, StatementRatio, TokenCounts
from fingerprint.report.layout import bars
from fingerprint.report.names import Names, wrap

_RATIOS = 3
_AGREE = 3


def side_lines(side: SideEvidence, name: Names, top: int, width: int, blocks: bool) -> list[str]:
    """The section's lines; `top` cuts the ranking."""
    lines = ["Side evidence, which nothing above rests on"]
    lines += wrap(f"token counts: {_counts(side.token_counts, name)}", width, "  ")
    lines += wrap(f"self-given names: {_names(side.self_identification, name)}", width, "  ")
    if side.token_counts.labs or side.self_identification.labs:
        lines += ["", "Labs by style and side evidence together (no error rate was measured for this)"]
        lines += bars([(name(row.lab), row.probability) for row in side.combined[:top]], width, blocks)
    return lines


def _counts(counts: TokenCounts, name: Names) -> str:
    if not counts.labs:
        return counts.note
    agree = [printable(release) for release in counts.agree]
    more = f" and {len(agree) - _AGREE} more" if len(agree) > _AGREE else ""
    whose = f"those of {', '.join(agree[:_AGREE])}{more}" if agree else "those of no known release"
    return f"on {counts.compared} prompts the same as {whose} ({_ratios(counts.labs, name)})"


def _names(names: SelfIdentification, name: Names) -> str:
    said = ", ".join(f"{name(row.lab)} in {row.responses}" for row in names.said)
    if not names.labs:
        return f"says {said} ({names.note})" if said else names.note
    false = {row.lab: row.false_rate for row in names.labs}
    known = ", ".join(f"{name(row.lab)} {false[row.lab]:.0%}" for row in names.labs[:_RATIOS])
    return f"says {said} ({_ratios(names.labs, name)}; how often models of these say another: {known})"


def _ratios(rows: Sequence[SideRatio | StatementRatio], name: Names) -> str:
    shown = ", ".join(f"{name(row.lab)} {row.log_likelihood_ratio:+.1f}" for row in rows[:_RATIOS])
    return f"log-likelihood ratio {shown}"
