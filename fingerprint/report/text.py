"""A verdict for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import (
    UNKNOWN,
    LabShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    StyleMarker,
    TokenCounts,
    Verdict,
    VerdictWord,
)
from fingerprint.report.layout import Names, bars, draws_blocks, wrap

HEADLINES: dict[VerdictWord, str] = {
    VerdictWord.ATTRIBUTED: "ATTRIBUTED to {lab}: a known release, or one close to it{closest}",
    VerdictWord.NEW_RELEASE: "NEW RELEASE of {lab}: this lab, but none of its known releases",
    VerdictWord.UNKNOWN: "UNKNOWN: no lab that the model knows",
    VerdictWord.INCONCLUSIVE: "INCONCLUSIVE: the responses do not support a verdict",
}
"""The headline of each verdict; a test holds it complete."""

# Labs and releases that a line of side evidence names; more do not fit on a line.
_SIDE_ROWS = 3


@dataclass(frozen=True)
class _Page:
    """How to show a verdict: display names, rows of each ranking, columns, and whether bars have block characters."""

    name: Names
    top: int
    width: int
    blocks: bool

    def bars(self, title: str, rows: Sequence[tuple[str, float]]) -> list[str]:
        """A ranking under its title."""
        return [title, *bars(rows, self.width, self.blocks)] if rows else []


def render(verdict: Verdict, labs: Mapping[str, str], top: int = 5, width: int = 80, encoding: str = "utf-8") -> str:
    """Return the verdict as lines of text without escape sequences, ending with a newline.

    Args:
        verdict: The verdict.
        labs: The display name of each lab by its key.
        top: Rows of each ranking.
        width: Columns of the terminal.
        encoding: Of the output; characters that it lacks are written as ASCII escapes.
    """
    page = _Page(Names(labs), top, width, draws_blocks(encoding))
    sections = [
        _head(verdict, page),
        _labs(verdict, page),
        _families(verdict, page),
        _releases(verdict, page),
        _style_markers(verdict, page),
        _side(verdict.side_evidence, page),
        _model(verdict, page),
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _head(verdict: Verdict, page: _Page) -> list[str]:
    lines = wrap(f"{printable(verdict.file)}: {_headline(verdict, page.name)}", page.width)
    lines += wrap(printable(verdict.explanation), page.width)
    if verdict.read.summary:
        lines += wrap(f"Read: {printable(verdict.read.summary)}.", page.width)
    if verdict.advice:
        lines += wrap(printable(verdict.advice), page.width)
    if verdict.candidates is not None:
        candidates = ", ".join(page.name(lab) for lab in verdict.candidates)
        lines += wrap(f"Candidates: {candidates}.", page.width)
    for warning in verdict.warnings:
        lines += wrap(f"warning: {printable(warning)}", page.width)
    return lines


def _headline(verdict: Verdict, name: Names) -> str:
    lab = verdict.labs[0].lab
    known = [row.release for row in verdict.releases if row.lab == lab]
    closest = f", closest to {printable(known[0])}" if known else ""
    return HEADLINES[verdict.verdict].format(lab=name(lab), closest=closest)


def _labs(verdict: Verdict, page: _Page) -> list[str]:
    shown: list[LabShare] = list(verdict.labs[: page.top])
    # The probability of an unknown lab belongs to every reading of the others.
    shown += [row for row in verdict.labs[page.top :] if row.lab == UNKNOWN]
    return page.bars("Labs", [(page.name(row.lab), row.probability) for row in shown])


def _families(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.family)} ({page.name(row.lab)})", row.probability) for row in verdict.families]
    return page.bars("Families", rows[: page.top])


def _releases(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.release)} ({page.name(row.lab)})", row.probability) for row in verdict.releases]
    rows += [(f"a new release of {page.name(row.lab)}", row.probability) for row in verdict.new_releases]
    rows.sort(key=lambda row: -row[1])
    return page.bars("Releases", rows[: page.top])


def _style_markers(verdict: Verdict, page: _Page) -> list[str]:
    if not verdict.style_markers or len(verdict.leaders) < 2:
        return []
    first, second = (page.name(lab) for lab in verdict.leaders)
    lines = wrap(f"Style markers for {first} and against {second}", page.width)
    for marker in verdict.style_markers:
        lines += wrap(_style_marker(marker, first, second), page.width, "  ")
    return lines


def _style_marker(marker: StyleMarker, first: str, second: str) -> str:
    unit = f" {printable(marker.unit)}" if marker.unit else ""
    return (
        f"{printable(marker.marker)}: {marker.case:.3g}{unit} here, {marker.first_lab:.3g} for {first}, "
        f"{marker.second_lab:.3g} for {second} (LLR {marker.log_likelihood_ratio:+.1f})"
    )


def _side(side: SideEvidence | None, page: _Page) -> list[str]:
    if side is None:
        return []
    lines = ["Side evidence (it does not change the verdict)"]
    lines += wrap(f"token counts: {_token_counts(side.token_counts, page.name)}", page.width, "  ")
    lines += wrap(f"self-identification: {_statements(side.self_identification, page.name)}", page.width, "  ")
    if side.token_counts.labs or side.self_identification.labs:
        rows = [(page.name(row.lab), row.probability) for row in side.combined[: page.top]]
        lines += ["", *page.bars("Labs by style and side evidence together (their error rate was not measured)", rows)]
    return lines


def _token_counts(counts: TokenCounts, name: Names) -> str:
    if not counts.labs:
        return counts.note
    agree = [printable(release) for release in counts.agree]
    more = f" and {len(agree) - _SIDE_ROWS} more" if len(agree) > _SIDE_ROWS else ""
    same = f"the same as {', '.join(agree[:_SIDE_ROWS])}{more}" if agree else "the same as no known release"
    return f"{same}, on {counts.compared} prompts ({_ratios(counts.labs, name)})"


def _statements(found: SelfIdentification, name: Names) -> str:
    named = ", ".join(f"{name(row.lab)} in {_counted(row.responses, 'response')}" for row in found.statements)
    if not found.labs:
        return f"{named} ({found.note})" if named else found.note
    first = found.labs[0]
    false = f"known releases of {name(first.lab)} name another lab in {100 * first.false_rate:.0f} % of cases"
    return f"{named} ({_ratios(found.labs, name)}; {false})"


def _ratios(rows: Sequence[SideRatio | StatementRatio], name: Names) -> str:
    shown = ", ".join(f"{name(row.lab)} {row.log_likelihood_ratio:+.1f}" for row in rows[:_SIDE_ROWS])
    return f"LLR {shown}"


def _model(verdict: Verdict, page: _Page) -> list[str]:
    model, rates = verdict.model, verdict.calibration
    newest = f", the newest from {printable(model.newest)}" if model.newest else ""
    return [
        *wrap(
            f"On held-out cases with {_counted(rates.responses, 'response')}: the first lab is wrong in "
            f"{100 * rates.lab_error:.0f} %. {100 * rates.coverage:.0f} % are attributed, and "
            f"{100 * rates.attribution_error:.1f} % of these attributions are wrong (allowed: "
            f"{100 * rates.false_attributions:.3g} %).",
            page.width,
        ),
        *wrap(
            f"{verdict.n_used} of {_counted(verdict.n_responses, 'response')} used. Model {printable(model.name)} "
            f"{printable(model.version)}, trained {printable(model.trained)}, knows {model.releases} releases{newest}.",
            page.width,
        ),
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
