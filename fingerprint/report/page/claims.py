"""The pages of a verdict on a claim: by a model that knows the claimed one, and by comparison with a reference."""

from __future__ import annotations

from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.decision import percent, stated
from fingerprint.model.plain_words import claim_in_words
from fingerprint.model.verdict import AllowedRates
from fingerprint.report.claim import (
    TONES,
    TRIALS,
    UNJUDGED_CLAIMS,
    alternative_words,
    claim_words,
    reference_words,
    support_words,
)
from fingerprint.report.layout import Names, counted, short_names
from fingerprint.report.page.comparisons import case_facts, pair_sections, pair_sentences
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.curves import by_responses, claim_lines
from fingerprint.report.page.parts import closing_sections, domain_section, marker_section
from fingerprint.report.page.phrases import phrase_section
from fingerprint.report.page.place import place_section
from fingerprint.report.page.view import Page, Section
from fingerprint.verification.references import ReferenceVerdict


def claim_page(verdict: ClaimVerdict, context: PageContext) -> Page:
    """Return what the page of a verdict on a claim shows.

    Args:
        verdict: The verdict.
        context: What the page is made from beside it; of one case.
    """
    name = Names(context.labs)
    (case,) = context.cases
    claim = claim_words(verdict, name)
    allowed = AllowedRates(verdict.false_alarms, verdict.false_accepts)
    judged = verdict.reason not in UNJUDGED_CLAIMS
    lead = "Style markers that speak against the claim, and for the most similar other release."
    return Page(
        kicker="is it the claimed model?",
        words=claim_in_words(verdict.verdict, claim, allowed, verdict.rates),
        word=verdict.verdict,
        tone=TONES[verdict.verdict],
        facts=_facts(verdict, claim),
        sentences=_sentences(verdict),
        warnings=verdict.warnings,
        sections=[
            *(_alternatives(verdict, name) if judged else []),
            *_right(verdict),
            *place_section(context),
            *(marker_section(verdict.style_markers, case, ("the other", "claimed"), lead) if judged else []),
            *(phrase_section(context, verdict.claimed.lab) if judged else []),
            *domain_section(verdict.domain, verdict.in_domain),
            *closing_sections(context, verdict.model),
        ],
    )


def reference_page(verdict: ReferenceVerdict, context: PageContext) -> Page:
    """Return what the page of a claim by comparison shows.

    Args:
        verdict: The verdict.
        context: What the page is made from beside it; of the case and the reference.
    """
    claim, rates = reference_words(verdict), verdict.pair.rates
    advice = [verdict.advice] if verdict.advice else []
    return Page(
        kicker="is it the claimed model?",
        words=claim_in_words(verdict.verdict, claim, AllowedRates(rates.false_alarms, rates.false_accepts), ()),
        word=verdict.verdict,
        tone=TONES[verdict.verdict],
        facts=case_facts((verdict.case, verdict.reference)),
        sentences=[verdict.explanation, *pair_sentences(verdict.pair), *advice],
        warnings=[*verdict.case.warnings, *verdict.reference.warnings, *verdict.pair.warnings],
        sections=[
            *pair_sections(verdict.pair, (verdict.case, verdict.reference), context),
            *place_section(context, short_names([verdict.case.file, verdict.reference.file])),
            *closing_sections(context, verdict.model),
        ],
    )


def _facts(verdict: ClaimVerdict, claim: str) -> list[tuple[str, str]]:
    used = f"{verdict.n_used:,} of {counted(verdict.n_responses, 'response')} used"
    facts = [("claim", claim), ("file", verdict.file), ("responses", used)]
    return [*facts, ("read", verdict.read.summary)] if verdict.read.summary else facts


def _sentences(verdict: ClaimVerdict) -> list[str]:
    support = "" if verdict.reason in UNJUDGED_CLAIMS else support_words(verdict)
    return [one for one in (verdict.explanation, support, verdict.advice) if one]


def _alternatives(verdict: ClaimVerdict, name: Names) -> list[Section]:
    if not verdict.alternatives:
        return []
    rows = [(alternative_words(row, name), f"{row.log_likelihood_ratio:+.1f}") for row in verdict.alternatives]
    view = {"rows": rows, "claim": claim_words(verdict, name)}
    return [Section("ranking", "Who else could have written them", "alternatives", view)]


def _right(verdict: ClaimVerdict) -> list[Section]:
    if not verdict.rates:
        return []
    chart = by_responses("settled", claim_lines(verdict), verdict.n_used)
    rows = [
        (
            TRIALS.get(row.kind, row.kind) + ("" if row.promised else " *"),
            f"{row.trials:,}",
            percent(row.consistent, 1),
            percent(row.inconsistent, 1),
        )
        for row in verdict.rates
    ]
    notes = [
        f"Allowed: {stated(verdict.false_alarms)} of true claims inconsistent, {stated(verdict.false_accepts)} of "
        "false claims of each kind consistent. The table is for 1 % and 5 %."
    ]
    if any(not row.promised for row in verdict.rates):
        notes.append("* Nothing is promised to a claim that was chosen by these responses themselves.")
    view = {
        "chart": chart,
        "lead": "The lines show how many claims so many responses settle; the others stay inconclusive.",
        "caption": f"Measured on held-out claims with {counted(verdict.responses, 'response')}",
        "head": ("the claim was", "claims", "called consistent", "called inconsistent"),
        "rows": rows,
        "notes": notes,
    }
    return [Section("right", "How often is it right?", "right", view)]
