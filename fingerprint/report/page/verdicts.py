"""The page of a verdict: whose model wrote these responses."""

from __future__ import annotations

from collections.abc import Container, Sequence

from fingerprint.model.decision import UNJUDGED, percent, stated
from fingerprint.model.plain_words import verdict_in_words
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    OUTSIDE,
    UNKNOWN,
    Calibration,
    Candidates,
    KindRates,
    Reason,
    SideEvidence,
    Verdict,
)
from fingerprint.report.confidence import TONES
from fingerprint.report.layout import Names, counted
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.curves import by_responses, verdict_lines
from fingerprint.report.page.parts import closing_sections, domain_section, marker_section
from fingerprint.report.page.phrases import phrase_section
from fingerprint.report.page.place import place_section
from fingerprint.report.page.view import Bar, Page, Ranking, Section
from fingerprint.report.rates import KINDS, candidates_asked, combined_rates, evidence_of, expected

# Rows of each ranking.
_LABS, _FAMILIES, _RELEASES = 8, 4, 6


def verdict_page(verdict: Verdict, context: PageContext) -> Page:
    """Return what the page of a verdict shows.

    Args:
        verdict: The verdict.
        context: What the page is made from beside it; of one case.
    """
    name = Names(context.labs)
    (case,) = context.cases
    leaders = tuple(map(name, verdict.leaders))
    sides = leaders if len(leaders) == 2 else ("", "")
    lead = f"Style markers that speak for {sides[0]} and against {sides[1]}, the second lab of the ranking."
    # Where nothing was judged, nothing on the page ranks labs: as on the terminal.
    judged = verdict.reason not in UNJUDGED
    return Page(
        kicker="who wrote these responses?",
        words=verdict_in_words(verdict, name),
        word=verdict.verdict,
        tone=TONES[verdict.verdict],
        facts=_facts(verdict),
        sentences=_sentences(verdict, name),
        warnings=verdict.warnings,
        sections=[
            *(_ranking(verdict, name) if judged else []),
            *(_right(verdict, context) if judged else []),
            *place_section(context),
            *(marker_section(verdict.style_markers, case, (sides[0], sides[1]), lead) if judged else []),
            *(phrase_section(context, verdict.leaders[0]) if judged and verdict.leaders else []),
            *domain_section(verdict.domain, False if verdict.reason is Reason.UNKNOWN_SCRIPT else None),
            *_side(verdict, name),
            *closing_sections(context, verdict.model),
        ],
    )


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    used = f"{verdict.n_used:,} of {counted(verdict.n_responses, 'response')} used"
    facts = [("file", verdict.file), ("responses", used)]
    return [*facts, ("read", verdict.read.summary)] if verdict.read.summary else facts


def _sentences(verdict: Verdict, name: Names) -> list[str]:
    sentences = [verdict.explanation]
    if verdict.reason not in UNJUDGED and verdict.leaders:
        first = name(verdict.leaders[0])
        sentences.append(f"The responses give {verdict.support} to {first} against all others.")
    if verdict.advice:
        sentences.append(verdict.advice)
    sentences.append(expected(verdict.calibration))
    if verdict.candidates is not None:
        sentences += _candidates(verdict.candidates, name)
    return sentences


def _candidates(candidates: Candidates, name: Names) -> list[str]:
    sentences, outside = [candidates_asked(candidates, name)], candidates.outside
    if outside is not None:
        share = percent(outside.probability, 0)
        sentences.append(f"The most probable lab that is no candidate is {name(outside.lab)} (P = {share}).")
    return sentences


def _ranking(verdict: Verdict, name: Names) -> list[Section]:
    rest = (UNKNOWN, NONE_OF_THESE)
    inside = {row.lab for row in verdict.set}
    shown = list(verdict.labs[:_LABS]) + [row for row in verdict.labs[_LABS:] if row.lab in rest]
    first = verdict.labs[0].lab
    labs = [
        Bar(name(row.lab), row.probability, "in the set" if row.lab in inside else "", row.lab == first)
        for row in shown
    ]
    families = [Bar(f"{row.family} ({name(row.lab)})", row.probability) for row in verdict.families[:_FAMILIES]]
    releases = [Bar(f"{row.release} ({name(row.lab)})", row.probability) for row in verdict.releases]
    releases += [Bar(f"a new release of {name(row.lab)}", row.probability) for row in verdict.new_releases]
    releases.sort(key=lambda row: -row.share)
    condition = "one of the known labs" if verdict.candidates is None else "one of the candidates"
    count = len(verdict.set)
    often = f"{100 * verdict.calibration.set_coverage:.3g} %"
    which = "the one in the set" if count == 1 else f"one of the {count} in the set"
    view = {
        "rankings": [
            Ranking("Which lab", "lab", labs),
            Ranking("Which family of models", "family", families),
            Ranking("Which release", "release", releases[:_RELEASES]),
        ],
        "set": f"If it is {condition}, it is {which} in {often} of such cases." if count else "",
    }
    return [Section("ranking", "The ranking", "ranking", view)]


def _right(verdict: Verdict, context: PageContext) -> list[Section]:
    rates = verdict.calibration
    chart = by_responses("right lab first", verdict_lines(verdict, context), verdict.n_used)
    head = ("kind of case", "cases", "first lab right", "attributed", "of these wrong", "or likely", "of these wrong")
    view = {
        "chart": chart,
        "lead": "Each line is one kind of case: what the model had not seen of it when it was tested. The line shows "
        "how often the lab that it ranks first was the right one.",
        "caption": f"Measured on held-out cases with {counted(rates.responses, 'response')}",
        "head": head,
        "rows": [_kind(row, rates.promised) for row in rates.kinds],
        "notes": _allowed(rates),
    }
    return [Section("right", "How often is it right?", "right", view)]


def _kind(row: KindRates, promised: Container[str]) -> tuple[str, ...]:
    kind = row.kind.removeprefix(OUTSIDE)
    words = KINDS.get(kind, kind) + (", no candidate" if row.kind.startswith(OUTSIDE) else "")
    return (
        words + ("" if kind in promised else " *"),
        f"{row.cases:,}",
        "cannot be" if row.lab_error >= 1 else percent(1 - row.lab_error, 0),
        percent(row.coverage, 0),
        percent(row.attribution_error, 1) if row.coverage else "none",
        percent(row.likely_coverage, 0),
        percent(row.likely_error, 1) if row.likely_coverage else "none",
    )


def _allowed(rates: Calibration) -> list[str]:
    notes = [
        f"Allowed in each kind: {stated(rates.false_attributions)} wrong among the attributed, "
        f"{stated(rates.likely_errors)} among the attributed or likely. An unknown lab is always named wrongly: there "
        "it is that share of all cases."
    ]
    if any(row.kind.removeprefix(OUTSIDE) not in rates.promised for row in rates.kinds):
        notes.append(f"* Not expected with --expect {rates.expect}: nothing is promised here.")
    return notes


def _side(verdict: Verdict, name: Names) -> list[Section]:
    side, combined = verdict.side_evidence, None if verdict.reason in UNJUDGED else verdict.combined
    if side is None:
        return []
    tokens, said = side.token_counts, side.self_identification
    rows: list[tuple[str, str, str]] = [
        ("token counts", name(row.lab), f"{row.log_likelihood_ratio:+.1f}") for row in tokens.labs[:_FAMILIES]
    ]
    rows += [
        ("self-identification", name(row.lab), f"{row.log_likelihood_ratio:+.1f}") for row in said.labs[:_FAMILIES]
    ]
    view = {
        "notes": [*_side_notes(side, name), *([combined_rates(combined)] if combined else [])],
        "rows": rows,
        "ranking": Ranking(
            f"By {evidence_of(combined)} together",
            "lab",
            [Bar(name(row.lab), row.probability) for row in combined.labs[:_FAMILIES]],
        )
        if combined
        else None,
    }
    return [Section("side", "Other evidence, apart from style", "side", view)]


def _side_notes(side: SideEvidence, name: Names) -> Sequence[str]:
    tokens, said = side.token_counts, side.self_identification
    if tokens.labs:
        agree = ", ".join(tokens.agree[:_FAMILIES]) or "no known release"
        notes = [f"Token counts: the same as {agree}, on {counted(tokens.compared, 'prompt')}."]
    else:
        notes = [f"Token counts: {tokens.note}."]
    named = ", ".join(f"{name(row.lab)} in {counted(row.responses, 'response')}" for row in said.statements)
    if named:
        notes.append(f"What the responses say of their own writer: {named}. Models often name another lab.")
    if said.note:
        notes.append(f"Self-identification: {said.note}.")
    return notes
