"""Words and phrases that a case uses more or less often than others do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from fingerprint.data.phrase_table import PhraseTable
from fingerprint.features.phrases import PhraseCounts

# The prior weighs as much as so many words of the reference population.
PRIOR_WORDS = 1_000.0
# |z| from which on a difference is shown: 5 % of the words of two like texts would reach it.
NOTABLE = 1.96
# Of a lab, whose counts are large: a third more or less, of some dozens.
_LAB_NOTABLE = 3.0
# Of the words of a case, so many have to be in the table; an English text has over half. In another language every
# English word would seem to be avoided.
_LEAST_SHARE = 0.3
# A phrase that occurs once shows nothing.
_LEAST_COUNT = 2


_Found = TypeVar("_Found", "PhraseEvidence", "PhraseDifference")


@dataclass(frozen=True, slots=True)
class PhraseEvidence:
    """A word or phrase that a case uses more or less often than the reference population.

    Attributes:
        phrase: In lower case.
        here: Per 1,000 words of the case.
        population: Per 1,000 words of the reference population.
        z: Log-odds ratio of the case against the population, divided by its standard error.
        lab_ratio: How many times as often the lab uses it as others do in the same corpora.
    """

    phrase: str
    here: float
    population: float
    z: float
    lab_ratio: float


@dataclass(frozen=True, slots=True)
class PhraseDifference:
    """A word or phrase that one case uses more often than another.

    Attributes:
        phrase: In lower case.
        first: Per 1,000 words of the first case.
        second: Per 1,000 words of the second case.
        z: Log-odds ratio of the second against the first, divided by its standard error.
    """

    phrase: str
    first: float
    second: float
    z: float


def log_odds(first: tuple[float, float], second: tuple[float, float], prior: float) -> float:
    """Return the log-odds ratio of a word in two samples with an informative Dirichlet prior, as a z-score.

    Args:
        first: Its count in the first sample, and the number of words there.
        second: The same of the second sample.
        prior: Its share of the words of the reference population, above 0.

    Returns:
        Above 0 where the first sample uses it more often.

    References:
        Monroe, Colaresi & Quinn (2008). Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the
        Content of Political Conflict. Political Analysis 16, equations 16 and 22.
    """
    alpha = PRIOR_WORDS * prior
    odds = []
    for count, words in (first, second):
        have = count + alpha
        odds.append(math.log(have / (words + PRIOR_WORDS - have)))
    variance = sum(1 / (count + alpha) for count, _ in (first, second))
    return (odds[0] - odds[1]) / math.sqrt(variance)


def phrases_for_and_against(
    case: PhraseCounts, table: PhraseTable, lab: str, most: int
) -> tuple[tuple[PhraseEvidence, ...], tuple[PhraseEvidence, ...]]:
    """Find the phrases in which a case differs from all labs as one lab does, and those in which it does the opposite.

    Args:
        case: The counts of the case.
        table: The reference population.
        lab: The key of the lab.
        most: Phrases of each kind at most.

    Returns:
        The phrases for the lab and those against it, the clearest first; none for a lab that is not in the table, and
        for a case in another language.

    References:
        Monroe, Colaresi & Quinn (2008), as `log_odds`.
    """
    if lab not in table.labs or not _is_in(case, table):
        return (), ()
    column = table.labs.index(lab)
    found: tuple[list[tuple[float, PhraseEvidence]], list[tuple[float, PhraseEvidence]]] = ([], [])
    for number, phrase in enumerate(table.phrases):
        total, count = table.total(number), case.counts[phrase]
        z = log_odds((count, case.words), (total, table.words), total / table.words)
        seen, expected = table.observed[number][column], table.expected[number][column]
        lab_z = _standardised(seen, expected)
        if abs(z) < NOTABLE or abs(lab_z) < _LAB_NOTABLE or (z > 0 and count < _LEAST_COUNT):
            continue
        evidence = PhraseEvidence(
            phrase,
            1000 * count / case.words,
            1000 * total / table.words,
            z,
            (seen + 1) / (expected + 1),
        )
        found[z * lab_z < 0].append((min(abs(z), abs(lab_z)), evidence))
    speaking = (sorted(rows, key=lambda row: (-row[0], row[1].phrase)) for rows in found)
    agree, oppose = (tuple(one for _, one in _without_parts(rows)[:most]) for rows in speaking)
    return agree, oppose


def phrases_between(
    first: PhraseCounts, second: PhraseCounts, table: PhraseTable, most: int
) -> tuple[PhraseDifference, ...]:
    """Find the phrases that one of two cases uses more often than the other.

    Args:
        first: The counts of one case.
        second: Those of the other.
        table: The reference population, as the prior.
        most: Phrases at most.

    References:
        Monroe, Colaresi & Quinn (2008), as `log_odds`.
    """
    if not _is_in(first, table) or not _is_in(second, table):
        return ()
    rows = []
    for number, phrase in enumerate(table.phrases):
        counts = first.counts[phrase], second.counts[phrase]
        if max(counts) < _LEAST_COUNT:
            continue
        z = log_odds((counts[1], second.words), (counts[0], first.words), table.total(number) / table.words)
        if abs(z) >= NOTABLE:
            rates = 1000 * counts[0] / first.words, 1000 * counts[1] / second.words
            rows.append((abs(z), PhraseDifference(phrase, *rates, z)))
    rows.sort(key=lambda row: (-row[0], row[1].phrase))
    return tuple(one for _, one in _without_parts(rows)[:most])


def _is_in(case: PhraseCounts, table: PhraseTable) -> bool:
    """Whether a case is in the language of the table."""
    found = sum(case.counts[phrase] for phrase in table.phrases if " " not in phrase)
    return found > _LEAST_SHARE * case.words > 0


def _standardised(seen: float, expected: float) -> float:
    """How far a count lies from what is expected, in standard deviations of its logarithm."""
    return math.log((seen + 0.5) / (expected + 0.5)) * math.sqrt(min(seen, expected) + 0.5)


def _without_parts(rows: Sequence[tuple[float, _Found]]) -> list[tuple[float, _Found]]:
    """The rows whose phrase is no part of a clearer one's, and has none as its part."""
    kept: list[tuple[float, _Found]] = []
    for row in rows:
        padded = f" {row[1].phrase} "
        if not any(padded in f" {one.phrase} " or f" {one.phrase} " in padded for _, one in kept):
            kept.append(row)
    return kept
