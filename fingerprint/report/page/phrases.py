"""The words and phrases of a case that speak for a lab and against it, and those in which two cases differ."""

from __future__ import annotations

from functools import partial

from fingerprint.comparison.phrases import PhraseEvidence, phrases_between, phrases_for_and_against
from fingerprint.data.phrase_table import PhraseTable
from fingerprint.data.response import Case
from fingerprint.features.phrases import count_phrases, phrase_occurrences
from fingerprint.report.layout import Names
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.excerpts import excerpts
from fingerprint.report.page.parts import texts_of
from fingerprint.report.page.view import Marker, Section

# Phrases of each kind.
_SHOWN = 8


def phrase_section(context: PageContext, lab: str) -> list[Section]:
    """Return the phrases of a case that speak for a lab and against it; nothing without any.

    Args:
        context: Of one case.
        lab: The key of the lab.
    """
    texts, table, name = texts_of(context.cases[0]), PhraseTable.load(), Names(context.labs)(lab)
    speaking = phrases_for_and_against(count_phrases(texts), table, lab, _SHOWN)
    if not any(speaking):
        return []
    for_lab, against = ([_evidence(one, texts) for one in rows] for rows in speaking)
    view = {
        "lead": f"Words and phrases that are common to all topics. The responses use each more or less often than all "
        f"labs together. It speaks for {name} where {name} deviates in the same direction, and against it where it "
        "deviates in the other one.",
        "columns": ("here", "all labs", f"{name} against others", "z"),
        "tables": [
            (f"For {name}", for_lab, "No phrase speaks clearly for it."),
            (f"Against {name}", against, "No phrase speaks clearly against it."),
        ],
        "notes": [
            "The first two columns are per 1,000 words. z is the log-odds ratio of the responses against all labs, "
            "with an informative Dirichlet prior, divided by its standard error (Monroe, Colaresi & Quinn 2008).",
            f"The reference are {table.words:,} words of answers in the training corpora; only counts of "
            f"{len(table.phrases):,} widespread phrases are kept. Some phrases pass by chance. The verdict does not "
            "rest on this table.",
        ],
    }
    return [Section("phrases", "Words and phrases for and against", "phrases", view)]


def differing_phrases(key: str, cases: tuple[Case, Case], names: tuple[str, str]) -> list[Section]:
    """Return the phrases that one of two cases uses more often than the other; nothing without any."""
    texts, table = (texts_of(cases[0]), texts_of(cases[1])), PhraseTable.load()
    found = phrases_between(count_phrases(texts[0]), count_phrases(texts[1]), table, 2 * _SHOWN)
    if not found:
        return []
    tables = []
    for side, name in enumerate(names):
        rows = [
            Marker(
                one.phrase,
                [f"{one.first:.2f}", f"{one.second:.2f}"],
                f"{one.z:+.1f}",
                excerpts(texts[side], partial(phrase_occurrences, one.phrase), 1),
            )
            for one in found
            if (one.z > 0) == bool(side)
        ]
        tables.append((f"More often in {name}", rows, "No phrase differs clearly."))
    view = {
        "lead": "Words and phrases that are common to all topics, and that one of the two uses more often.",
        "columns": (*names, "z"),
        "tables": tables,
        "notes": [
            "The first two columns are per 1,000 words. z is the log-odds ratio with an informative Dirichlet prior, "
            "divided by its standard error (Monroe, Colaresi & Quinn 2008). Some phrases pass by chance, and other "
            "prompts can be the reason."
        ],
    }
    return [Section(key, f"Words and phrases: {names[0]} and {names[1]}", "phrases", view)]


def _evidence(one: PhraseEvidence, texts: list[str]) -> Marker:
    ratio = f"{one.lab_ratio:.1f} times" if one.lab_ratio >= 0.1 else f"{one.lab_ratio:.2f} times"
    values = [f"{one.here:.2f}", f"{one.population:.2f}", ratio]
    # What is used less often than elsewhere is shown by its absence.
    found = excerpts(texts, partial(phrase_occurrences, one.phrase), 1) if one.z > 0 else ()
    return Marker(one.phrase, values, f"{one.z:+.1f}", found)
