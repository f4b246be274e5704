"""A verdict for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fingerprint.base.escaping import printable
from fingerprint.model.decision import UNJUDGED, percent
from fingerprint.model.plain_words import lists_wrong, verdict_in_words
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    UNKNOWN,
    Candidates,
    Combined,
    CombinedShare,
    LabShare,
    Reason,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    StyleMarker,
    TokenCounts,
    Verdict,
)
from fingerprint.report.confidence import TONES, confidence
from fingerprint.report.layout import PLAIN, Names, Screen, as_text, bars, counted, draws_blocks, model_known, wrap
from fingerprint.report.rates import candidates_asked, combined_rates, evidence_of, expected, render_rates

# Rows of each ranking, where nothing else is asked for.
_LABS, _RELEASES, _ALL = 5, 3, 10

# A set of labs that is longer than this is shown among the details, cut to the first few.
_SHORT_SET, _SET_ROWS = 5, 5
_DETAILS = "families, releases, style markers, side evidence, how often this is right"

# The reasons for which a short set of labs is an answer: the evidence fits, and is too weak for one lab.
_TELLING_SETS = frozenset(
    {Reason.ABOVE_LIKELY, Reason.NO_THRESHOLD, Reason.BELOW_THRESHOLD, Reason.BELOW_UNKNOWN, Reason.BELOW_NONE}
)

# Labs and releases that side evidence names; more do not fit on a line.
_SIDE_ROWS = 3
# Labs that counts rule out: some dozens may be.
_RULED_OUT = 8


@dataclass(frozen=True)
class _Page:
    """How to show a verdict: display names, rows of each ranking if asked for, the screen."""

    name: Names
    top: int | None
    screen: Screen

    @property
    def width(self) -> int:
        return self.screen.width

    def rows(self, short: int) -> int:
        """Rows of a ranking: as many as were asked for; else `short` of them, or more among details."""
        return self.top or (_ALL if self.screen.verbose else short)

    def bars(self, title: str, rows: Sequence[tuple[str, float]]) -> list[str]:
        """A ranking under its title."""
        blocks = draws_blocks(self.screen.encoding)
        return [*wrap(title, self.width), *bars(rows, self.width, blocks)] if rows else []


def render(verdict: Verdict, labs: Mapping[str, str], top: int | None = None, screen: Screen = PLAIN) -> str:
    """Return the verdict as lines of text, ending with a newline.

    First the headline, how sure it is, and what to do next; then a short ranking, unless nothing was judged. Details
    follow on a verbose screen.

    Args:
        verdict: The verdict.
        labs: The display name of each lab by its key.
        top: Rows of each ranking; None for 5 labs and 3 releases, and 10 of each among details.
        screen: How it is shown.
    """
    page = _Page(Names(labs), top, screen)
    sections = [_head(verdict, page), *_rankings(verdict, page)]
    if screen.verbose:
        sections += [
            _reasons(verdict, page),
            _style_markers(verdict, page),
            _side(verdict.side_evidence, page),
            _combined(verdict.combined, page),
            render_rates(verdict.calibration, page.width),
        ]
    else:
        combined = [] if verdict.reason in UNJUDGED else _combined(verdict.combined, page)
        sections.append(combined or _short_side(verdict.side_evidence, page))
    sections.append([*_read(verdict, page), *screen.more(_DETAILS)])
    return as_text(sections, screen.encoding)


def _head(verdict: Verdict, page: _Page) -> list[str]:
    said = verdict_in_words(verdict, page.name).headline
    sentences = [confidence(verdict, page.name)]
    if verdict.shortlist:
        sentences.append(lists_wrong(verdict.calibration))
    if len(verdict.set) <= _SHORT_SET and verdict.reason in _TELLING_SETS:
        sentences.append(_set(verdict, page.name))
    if verdict.advice:
        sentences.append(f"Next: {printable(verdict.advice)}")
    if verdict.candidates is not None:
        sentences += _candidates(verdict.candidates, verdict, page.name)
    sentences += [f"warning: {printable(warning)}" for warning in verdict.warnings]
    return [
        *page.screen.headline(verdict.file, said, TONES[verdict.verdict]),
        *page.screen.sentences(sentences),
    ]


def _rankings(verdict: Verdict, page: _Page) -> list[list[str]]:
    """Nothing where nothing was judged; what does not decide is among the details."""
    if not verdict.n_used or (verdict.reason in UNJUDGED and not page.screen.verbose):
        return []
    rankings = [_labs(verdict, page)]
    if page.screen.verbose:
        rankings.append(_families(verdict, page))
    if page.screen.verbose or verdict.level is not None:
        rankings.append(_releases(verdict, page))
    return rankings


def _reasons(verdict: Verdict, page: _Page) -> list[str]:
    """The figures behind the head."""
    sentences = [printable(verdict.explanation)]
    # In a script that the model hardly knows, neither means anything.
    if verdict.n_used and verdict.reason is not Reason.UNKNOWN_SCRIPT:
        sentences += [_support(verdict, page.name), _set(verdict, page.name)]
    return page.screen.sentences([*sentences, expected(verdict.calibration)])


def _candidates(candidates: Candidates, verdict: Verdict, name: Names) -> list[str]:
    """What was asked, what was taken for granted, and which other lab fits better."""
    sentences, outside = [candidates_asked(candidates, name)], candidates.outside
    first = max(row.probability for row in verdict.labs if row.lab != NONE_OF_THESE)
    if outside is not None and outside.probability > first:
        share = percent(outside.probability, 0)
        sentences.append(
            f"The responses look more like {name(outside.lab)}, which is no candidate (P = {share}; its error rate was "
            "not measured)."
        )
    return sentences


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
    top = page.rows(_LABS)
    shown: list[LabShare] = list(verdict.labs[:top])
    # The probability of an unknown lab, or of none of these, belongs to every reading of the others.
    shown += [row for row in verdict.labs[top:] if row.lab in (UNKNOWN, NONE_OF_THESE)]
    return page.bars("Labs", [(page.name(row.lab), row.probability) for row in shown])


def _families(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.family)} ({page.name(row.lab)})", row.probability) for row in verdict.families]
    return page.bars("Families", rows[: page.rows(_RELEASES)])


def _releases(verdict: Verdict, page: _Page) -> list[str]:
    rows = [(f"{printable(row.release)} ({page.name(row.lab)})", row.probability) for row in verdict.releases]
    rows += [(f"a new release of {page.name(row.lab)}", row.probability) for row in verdict.new_releases]
    rows.sort(key=lambda row: -row[1])
    return page.bars("Releases", rows[: page.rows(_RELEASES)])


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
    if side.token_counts.ruled_out:
        lines += wrap(_ruled_out(side.token_counts.ruled_out, page), page.width, "  ")
    lines += wrap(f"self-identification: {_statements(side.self_identification, page.name)}", page.width, "  ")
    return lines


def _short_side(side: SideEvidence | None, page: _Page) -> list[str]:
    """What side evidence there is, in a sentence."""
    if side is None:
        return []
    found = []
    if side.token_counts.labs:
        found.append(f"token counts speak most for {page.name(side.token_counts.labs[0].lab)}")
    if named := _named_in(side.self_identification, page.name):
        found.append(f"they name {named}")
    return wrap(f"Side evidence (it does not change the verdict): {'; '.join(found)}.", page.width) if found else []


def _ruled_out(labs: Sequence[str], page: _Page) -> str:
    shown = [page.name(lab) for lab in labs[: page.top or _RULED_OUT]]
    more = f" and {len(labs) - len(shown)} more" if len(labs) > len(shown) else ""
    return f"ruled out, unless with a tokenizer that is new or another lab's: {', '.join(shown)}{more}"


def _token_counts(counts: TokenCounts, name: Names) -> str:
    if not counts.labs:
        return counts.note
    tokenizer = f"tokenizer {', '.join(map(printable, counts.tokenizers))}, " if counts.tokenizers else ""
    agree = [printable(release) for release in counts.agree]
    more = f" and {len(agree) - _SIDE_ROWS} more" if len(agree) > _SIDE_ROWS else ""
    same = f"the same as {', '.join(agree[:_SIDE_ROWS])}{more}" if agree else "by no known tokenizer"
    return f"{tokenizer}{same}, on {counts.compared} prompts ({_ratios(counts.labs, name)})"


def _combined(combined: Combined | None, page: _Page) -> list[str]:
    if combined is None:
        return []
    rows = combined.labs[: page.top or _SIDE_ROWS]
    lines = page.bars(
        f"Labs by {evidence_of(combined)} together (the verdict does not rest on it)",
        [(page.name(row.lab), row.probability) for row in rows],
    )
    if page.screen.verbose:
        lines += _combined_parts(rows[0], page)
    return lines + wrap(combined_rates(combined), page.width, "  ")


def _combined_parts(first: CombinedShare, page: _Page) -> list[str]:
    """What each kind of evidence gives to the first lab; nothing for none of these."""
    if first.style is None or first.token_counts is None or first.self_identification is None:
        return []
    parts = f"style {first.style:+.1f}, counts {first.token_counts:+.1f}, names {first.self_identification:+.1f}"
    return wrap(f"{page.name(first.lab)} against an unknown lab, in nats: {parts}", page.width, "  ")


def _statements(found: SelfIdentification, name: Names) -> str:
    named = _named_in(found, name)
    if not found.labs:
        return f"{named} ({found.note})" if named else found.note
    first = found.labs[0]
    false = f"known releases of {name(first.lab)} name another lab in {100 * first.false_rate:.0f} % of cases"
    return f"{named} ({_ratios(found.labs, name)}; {false})"


def _named_in(found: SelfIdentification, name: Names) -> str:
    return ", ".join(f"{name(row.lab)} in {counted(row.responses, 'response')}" for row in found.statements)


def _ratios(rows: Sequence[SideRatio | StatementRatio], name: Names) -> str:
    shown = ", ".join(f"{name(row.lab)} {row.log_likelihood_ratio:+.1f}" for row in rows[:_SIDE_ROWS])
    return f"LLR {shown}"


def _read(verdict: Verdict, page: _Page) -> list[str]:
    """What was read, and by which model."""
    of_known = f", {verdict.known_prompts:,} of them to prompts that the model knows" if verdict.known_prompts else ""
    used = f"{verdict.n_used:,} of {counted(verdict.n_responses, 'response')} used{of_known}."
    read = f"Read: {printable(verdict.read.summary)}; {used}" if verdict.read.summary else used
    return page.screen.sentences([read, model_known(verdict.model) if page.screen.verbose else ""])
