"""A verdict for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fingerprint.base.escaping import printable
from fingerprint.metrics import Level
from fingerprint.model.decision import percent
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    UNKNOWN,
    Candidates,
    LabShare,
    Novelty,
    Reason,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    StyleMarker,
    TokenCounts,
    Verdict,
    VerdictWord,
)
from fingerprint.report.layout import Names, as_text, bars, counted, draws_blocks, wrap
from fingerprint.report.rates import expected, render_rates

HEADLINES: dict[VerdictWord, str] = {
    VerdictWord.ATTRIBUTED: "ATTRIBUTED to {lab}: {named}",
    VerdictWord.NEW_RELEASE: "NEW RELEASE of {lab}: this lab, but none of its known releases{closest}",
    VerdictWord.LIKELY: "LIKELY {lab}: {named}",
    VerdictWord.UNKNOWN: "UNKNOWN: no lab that the model knows",
    VerdictWord.NONE_OF_THESE: "NONE OF THESE: no candidate",
    VerdictWord.INCONCLUSIVE: "INCONCLUSIVE: {between}",
}
"""The headline of each verdict; a test holds it complete."""

# Rows of each ranking, where nothing else is asked for: with them the text has about fifty lines.
_LABS, _FAMILIES, _RELEASES = 5, 3, 3

# The reasons for which a short set of labs is the answer: the evidence fits, and is too weak for one lab.
_BETWEEN = {Reason.ABOVE_LIKELY, Reason.NO_THRESHOLD, Reason.BELOW_THRESHOLD, Reason.BELOW_UNKNOWN, Reason.BELOW_NONE}
_FEW, _SET_ROWS = 3, 5

# Labs and releases that side evidence names; more do not fit on a line.
_SIDE_ROWS = 3


@dataclass(frozen=True)
class _Page:
    """How to show a verdict: display names, rows of each ranking if asked for, columns, whether bars have blocks."""

    name: Names
    top: int | None
    width: int
    blocks: bool

    def bars(self, title: str, rows: Sequence[tuple[str, float]]) -> list[str]:
        """A ranking under its title."""
        return [*wrap(title, self.width), *bars(rows, self.width, self.blocks)] if rows else []


def render(
    verdict: Verdict, labs: Mapping[str, str], top: int | None = None, width: int = 80, encoding: str = "utf-8"
) -> str:
    """Return the verdict as lines of text without escape sequences, ending with a newline.

    Args:
        verdict: The verdict.
        labs: The display name of each lab by its key.
        top: Rows of each ranking; None for 5 labs, 3 families and 3 releases.
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
        [*render_rates(verdict.calibration, page.width), *_model(verdict, page)],
    ]
    return as_text(sections, encoding)


def _head(verdict: Verdict, page: _Page) -> list[str]:
    lines = wrap(f"{printable(verdict.file)}: {_headline(verdict, page.name)}", page.width)
    if verdict.verdict is VerdictWord.LIKELY:
        between = _between(verdict, page.name)
        said = f"{between[0].upper()}{between[1:]}. " if between else ""
        lines += wrap(f"{said}This is weaker than an attribution.", page.width)
    lines += wrap(printable(verdict.explanation), page.width)
    if verdict.n_used:
        lines += wrap(_support(verdict, page.name), page.width)
        lines += wrap(_set(verdict, page.name), page.width)
    if verdict.advice:
        lines += wrap(printable(verdict.advice), page.width)
    lines += wrap(expected(verdict.calibration), page.width)
    if verdict.candidates is not None:
        for sentence in _candidates(verdict.candidates, verdict, page.name):
            lines += wrap(sentence, page.width)
    if verdict.read.summary:
        lines += wrap(f"Read: {printable(verdict.read.summary)}.", page.width)
    for warning in verdict.warnings:
        lines += wrap(f"warning: {printable(warning)}", page.width)
    return lines


def _candidates(candidates: Candidates, verdict: Verdict, name: Names) -> list[str]:
    """What was asked, what was taken for granted, and which other lab fits better."""
    labs, outside = ", ".join(name(lab) for lab in candidates.labs), candidates.outside
    before, rest = percent(candidates.prior, 0), percent(1 - candidates.prior, 0)
    sentences = [f"Candidates: {labs}. Taken for granted: {before} for them together, {rest} for all other labs."]
    first = max(row.probability for row in verdict.labs if row.lab != NONE_OF_THESE)
    if outside is not None and outside.probability > first:
        share = percent(outside.probability, 0)
        sentences.append(
            f"The responses look more like {name(outside.lab)}, which is no candidate (P = {share}; its error rate was "
            "not measured)."
        )
    return sentences


def _headline(verdict: Verdict, name: Names) -> str:
    lab = verdict.labs[0].lab
    known = [row.release for row in verdict.releases if row.lab == lab]
    return HEADLINES[verdict.verdict].format(
        lab=name(lab),
        named=_named(verdict),
        closest=f", closest to {printable(known[0])}" if known else "",
        between=_between(verdict, name) or "no lab can be named",
    )


def _named(verdict: Verdict) -> str:
    """What the verdict names within the lab."""
    lab = verdict.labs[0].lab
    releases = [row.release for row in verdict.releases if row.lab == lab]
    families = [row.family for row in verdict.families if row.lab == lab]
    if verdict.novelty is Novelty.NEW:
        return "probably none of its known releases"
    if verdict.level is Level.RELEASE and releases:
        return printable(releases[0])
    if verdict.level is Level.FAMILY and families:
        return f"the {printable(families[0])} family"
    if verdict.novelty is Novelty.KNOWN:
        return "a known release of this lab; which one cannot be told"
    return "the lab; which release cannot be told"


def _between(verdict: Verdict, name: Names) -> str:
    """The labs of a short set, if one of them is more probable than not; else nothing."""
    together = sum(row.probability for row in verdict.set)
    if verdict.reason not in _BETWEEN or not 2 <= len(verdict.set) <= _FEW or together <= 0.5:
        return ""
    *others, last = (name(row.lab) for row in verdict.set)
    return f"between {', '.join(others)} and {last} ({min(100 * together, 100):.0f} % together)"


def _support(verdict: Verdict, name: Names) -> str:
    first = next(iter(verdict.leaders), None)
    return f"The responses give {verdict.support} to {name(first)} against all others." if first else ""


def _set(verdict: Verdict, name: Names) -> str:
    """The set of labs as a sentence; the condition is how often it holds."""
    if not verdict.set:
        return ""
    condition = "it is a lab that the model knows" if verdict.candidates is None else "it is one of the candidates"
    often = f"right in {100 * verdict.calibration.set_coverage:.3g} % of such cases"
    count = len(verdict.set)
    shown = ", ".join(name(row.lab) for row in verdict.set[: _SET_ROWS if count > _SET_ROWS + 1 else count])
    if count == 1:
        return f"If {condition}, it is {shown} ({often})."
    more = f" and {count - _SET_ROWS} more, all in --format json" if count > _SET_ROWS + 1 else ""
    return f"If {condition}, it is one of {count} ({often}): {shown}{more}."


def _labs(verdict: Verdict, page: _Page) -> list[str]:
    top = page.top or _LABS
    shown: list[LabShare] = list(verdict.labs[:top])
    # The probability of an unknown lab, or of none of these, belongs to every reading of the others.
    shown += [row for row in verdict.labs[top:] if row.lab in (UNKNOWN, NONE_OF_THESE)]
    return page.bars("Labs", [(page.name(row.lab), row.probability) for row in shown])


def _families(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.family)} ({page.name(row.lab)})", row.probability) for row in verdict.families]
    return page.bars("Families", rows[: page.top or _FAMILIES])


def _releases(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.release)} ({page.name(row.lab)})", row.probability) for row in verdict.releases]
    rows += [(f"a new release of {page.name(row.lab)}", row.probability) for row in verdict.new_releases]
    rows.sort(key=lambda row: -row[1])
    return page.bars("Releases", rows[: page.top or _RELEASES])


def _style_markers(verdict: Verdict, page: _Page) -> list[str]:
    if not verdict.style_markers or len(verdict.leaders) < 2:
        return []
    first, second = (page.name(lab) for lab in verdict.leaders)
    lines = wrap(f"Style markers for {first} and against {second}", page.width)
    for marker in verdict.style_markers:
        lines += wrap(_style_marker(marker, first, second), page.width, "  ")
    return lines


def _style_marker(marker: StyleMarker, first: str, second: str) -> str:
    unit = f" ({printable(marker.unit)})" if marker.unit else ""
    return (
        f"{printable(marker.marker)}{unit}: {marker.case:.3g} here, {first} {marker.first_lab:.3g}, "
        f"{second} {marker.second_lab:.3g}; LLR {marker.log_likelihood_ratio:+.1f}"
    )


def _side(side: SideEvidence | None, page: _Page) -> list[str]:
    if side is None:
        return []
    lines = ["Side evidence (it does not change the verdict)"]
    lines += wrap(f"token counts: {_token_counts(side.token_counts, page.name)}", page.width, "  ")
    lines += wrap(f"self-identification: {_statements(side.self_identification, page.name)}", page.width, "  ")
    if side.token_counts.labs or side.self_identification.labs:
        rows = [(page.name(row.lab), row.probability) for row in side.combined[: page.top or _SIDE_ROWS]]
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
    named = ", ".join(f"{name(row.lab)} in {counted(row.responses, 'response')}" for row in found.statements)
    if not found.labs:
        return f"{named} ({found.note})" if named else found.note
    first = found.labs[0]
    false = f"known releases of {name(first.lab)} name another lab in {100 * first.false_rate:.0f} % of cases"
    return f"{named} ({_ratios(found.labs, name)}; {false})"


def _ratios(rows: Sequence[SideRatio | StatementRatio], name: Names) -> str:
    shown = ", ".join(f"{name(row.lab)} {row.log_likelihood_ratio:+.1f}" for row in rows[:_SIDE_ROWS])
    return f"LLR {shown}"


def _model(verdict: Verdict, page: _Page) -> list[str]:
    model = verdict.model
    newest = f", the newest from {printable(model.newest)}" if model.newest else ""
    of_known = f", {verdict.known_prompts} of them to prompts that the model knows" if verdict.known_prompts else ""
    return wrap(
        f"{verdict.n_used} of {counted(verdict.n_responses, 'response')} used{of_known}. Model {printable(model.name)} "
        f"{printable(model.version)}, trained {printable(model.trained)}, knows {model.releases} releases{newest}.",
        page.width,
    )
