"""A verdict on a claim by comparison with a reference, as text for people."""

from __future__ import annotations

from fingerprint.base.escaping import printable
from fingerprint.model.plain_words import claim_in_words
from fingerprint.model.verdict import AllowedRates
from fingerprint.report.claim import TONES, reference_words, word_of
from fingerprint.report.comparison import DETAILS, case_lines, pair_lines, rates_lines
from fingerprint.report.layout import PLAIN, Screen, as_text, model_known
from fingerprint.verification.references import ReferenceVerdict


def render_reference(verdict: ReferenceVerdict, screen: Screen = PLAIN) -> str:
    """Return the verdict as lines of text, ending with a newline; details follow on a verbose screen.

    Args:
        verdict: The verdict.
        screen: How it is shown.
    """
    rates = verdict.pair.rates
    words = claim_in_words(
        verdict.verdict, reference_words(verdict), AllowedRates(rates.false_alarms, rates.false_accepts), ()
    )
    sentences = [word_of(verdict.verdict, words.how_often_wrong, verdict.explanation)]
    if verdict.advice:
        sentences.append(f"Next: {verdict.advice}")
    names = printable(verdict.file), printable(verdict.reference.file)
    sections = [
        [
            *screen.headline(verdict.file, words.headline, TONES[verdict.verdict]),
            *screen.sentences(map(printable, sentences)),
        ],
        pair_lines(verdict.pair, names, screen),
    ]
    cases = [line for case in (verdict.case, verdict.reference) for line in case_lines(case, screen.width)]
    if screen.verbose:
        explained = screen.sentences([printable(verdict.explanation), model_known(verdict.model)])
        sections += [rates_lines(rates, screen.width), cases, explained]
    else:
        sections.append([*cases, *screen.more(DETAILS)])
    return as_text(sections, screen.encoding)
