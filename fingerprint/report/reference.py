"""A verdict on a claim by comparison with a reference, as text for people."""

from __future__ import annotations

from fingerprint.base.escaping import printable
from fingerprint.report.claim import HEADLINES, reference_words
from fingerprint.report.comparison import case_lines, model_lines, pair_lines, rates_lines
from fingerprint.report.layout import as_text, wrap
from fingerprint.verification.references import ReferenceVerdict


def render_reference(verdict: ReferenceVerdict, width: int = 80, encoding: str = "utf-8") -> str:
    """Return the verdict as lines of text without escape sequences, ending with a newline.

    Args:
        verdict: The verdict.
        width: Columns of the terminal.
        encoding: Of the output; characters that it lacks are written as ASCII escapes.
    """
    headline = HEADLINES[verdict.verdict].format(claim=reference_words(verdict))
    head = wrap(f"{printable(verdict.file)}: {headline}", width)
    head += wrap(verdict.explanation, width)
    if verdict.advice:
        head += wrap(verdict.advice, width)
    names = printable(verdict.file), printable(verdict.reference.file)
    sections = [
        head,
        pair_lines(verdict.pair, names, width),
        [line for case in (verdict.case, verdict.reference) for line in case_lines(case, width)],
        rates_lines(verdict.pair.rates, width),
        model_lines(verdict.model, width),
    ]
    return as_text(sections, encoding)
