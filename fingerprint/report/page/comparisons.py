"""The page of a comparison: did one model write both files, or two?"""

from __future__ import annotations

from collections.abc import Sequence

from fingerprint.model.decision import percent, stated
from fingerprint.model.pair_calibration import PairVerdict
from fingerprint.model.plain_words import PlainWords, pair_in_words
from fingerprint.model.verdict import AllowedRates
from fingerprint.report.comparison import TONES, kind_in_words, responses_of, support_in_words
from fingerprint.report.layout import Tone, counted, short_names
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.curves import by_responses, pair_lines
from fingerprint.report.page.parts import closing_sections, differing_section
from fingerprint.report.page.phrases import differing_phrases
from fingerprint.report.page.place import place_section
from fingerprint.report.page.view import Page, Section
from fingerprint.verification.comparison import ComparedCase, ComparedPair, Comparison


def comparison_page(comparison: Comparison, context: PageContext) -> Page:
    """Return what the page of a comparison shows.

    Args:
        comparison: The comparison, of two cases or more.
        context: What the page is made from beside it; of the same cases.
    """
    pairs, cases = comparison.pairs, comparison.cases
    sections = [section for pair in pairs for section in pair_sections(pair, cases, context)]
    if len(pairs) == 1:
        (pair,) = pairs
        rates = pair.rates
        words = pair_in_words(pair.verdict, AllowedRates(rates.false_alarms, rates.false_accepts))
        word, tone, sentences = str(pair.verdict), TONES[pair.verdict], pair_sentences(pair)
    else:
        words, word, tone, sentences = _of_many(comparison), f"{len(pairs)} pairs", Tone.OPEN, []
        sections.insert(0, _pairs(comparison))
    return Page(
        kicker="one model or two?",
        words=words,
        word=word,
        tone=tone,
        facts=case_facts(cases),
        sentences=sentences,
        warnings=[f"{case.file}: {one}" for case in cases for one in case.warnings]
        + [one for pair in pairs for one in pair.warnings],
        sections=[
            *sections,
            *place_section(context, short_names([case.file for case in cases])),
            *closing_sections(context, comparison.model),
        ],
    )


def case_facts(cases: Sequence[ComparedCase]) -> list[tuple[str, str]]:
    """Return what was read of each case, as facts of a page."""
    return [
        (
            "file",
            f"{case.file}: {case.n_used:,} of {counted(case.n_responses, 'response')} used, "
            f"{'in-domain' if case.in_domain else 'out-of-domain'}",
        )
        for case in cases
    ]


def pair_sentences(pair: ComparedPair) -> list[str]:
    """Return what a pair shows, by the model and without it."""
    return [support_in_words(pair), f"Without the model: {pair.model_free.meaning}"]


def pair_sections(pair: ComparedPair, cases: Sequence[ComparedCase], context: PageContext) -> list[Section]:
    """Return how often such a verdict is right, and what differs in a pair.

    Args:
        pair: The pair.
        cases: All that were compared; the pair has their numbers.
        context: Of the page, with the responses of the same cases.
    """
    at = f"-{pair.first + 1}-{pair.second + 1}" if len(cases) > 2 else ""
    both = context.cases[pair.first], context.cases[pair.second]
    shown = short_names([case.file for case in cases])
    names = shown[pair.first], shown[pair.second]
    return [
        *_right(pair, min(case.n_used for case in both), context, at),
        *differing_section(f"markers{at}", pair.model_free.markers, both, names),
        *differing_phrases(f"phrases{at}", both, names),
    ]


def _of_many(comparison: Comparison) -> PlainWords:
    words = [pair.verdict for pair in comparison.pairs]
    same, different = words.count(PairVerdict.SAME), words.count(PairVerdict.DIFFERENT)
    rates = comparison.pairs[0].rates
    return PlainWords(
        f"Of {len(words)} pairs of files, one model wrote both in {same}, two models did in {different}, and "
        f"{len(words) - same - different} cannot be told.",
        f"At most {stated(rates.false_alarms)} of pairs of one release are called different, and at most "
        f"{stated(rates.false_accepts)} of each kind of two releases the same.",
    )


def _pairs(comparison: Comparison) -> Section:
    names = short_names([case.file for case in comparison.cases])
    rows = [
        (
            f"{names[pair.first]} and {names[pair.second]}",
            str(pair.verdict),
            f"{pair.log_likelihood_ratio:+.1f}",
            str(pair.support),
        )
        for pair in comparison.pairs
    ]
    return Section("pairs", "All pairs", "pairs", {"rows": rows})


def _right(pair: ComparedPair, here: int, context: PageContext, at: str) -> list[Section]:
    rates = pair.rates
    if not rates.kinds:
        return []
    rows = [
        (
            kind_in_words(row.kind, rates),
            f"{row.pairs:,}",
            percent(row.same, 1),
            percent(row.different, 1),
        )
        for row in rates.kinds
    ]
    view = {
        "chart": by_responses("settled", pair_lines(rates, context), here),
        "lead": "The lines show how many pairs so many responses a side settle; the others stay inconclusive.",
        "caption": f"Measured on held-out pairs with {responses_of(rates)}",
        "head": ("the pair was", "pairs", "called the same", "called different"),
        "rows": rows,
        "notes": [
            f"Allowed: {stated(rates.false_alarms)} of pairs of one release different, {stated(rates.false_accepts)} "
            "of each kind of two releases the same. Variants are measured, and nothing is promised for them."
        ],
    }
    return [Section(f"right{at}", "How often is it right?", "right", view)]
