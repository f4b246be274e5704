"""A comparison of cases, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fingerprint.base.escaping import printable
from fingerprint.model.decision import percent, stated
from fingerprint.model.pair_calibration import IMPOSTORS, TARGETS, PairDomain, PairKind, PairVerdict
from fingerprint.model.plain_words import pair_in_words
from fingerprint.model.verdict import AllowedRates, Support
from fingerprint.report.layout import (
    PLAIN,
    Screen,
    Tone,
    as_text,
    columns,
    counted,
    fit,
    model_known,
    right,
    wrap,
)
from fingerprint.report.model_free import model_free_lines
from fingerprint.verification.comparison import ComparedCase, ComparedPair, Comparison, MeasuredKind, PairRates

TONES: dict[PairVerdict, Tone] = {
    PairVerdict.SAME: Tone.FIRM,
    PairVerdict.DIFFERENT: Tone.AGAINST,
    PairVerdict.INCONCLUSIVE: Tone.OPEN,
}
"""The tone of each verdict on a pair; a test holds it complete."""

KINDS: dict[PairKind, str] = {
    PairKind.TARGET: "one release, prompts of one kind",
    PairKind.ACROSS: "one release, prompts of two kinds",
    PairKind.VARIANT: "a variant of the release",
    PairKind.SIBLING: "releases of one family",
    PairKind.LAB: "releases of one lab",
    PairKind.OTHER: "releases of two labs",
    PairKind.UNKNOWN: "the same, one lab unknown",
}
"""The kinds of pairs in words; a test holds it complete."""

DETAILS = "style markers, how often this is right"
"""What --verbose shows more of a comparison."""

_HEAD = ("pairs", "same", "different", "EER")
_WIDTHS = (7, 9, 11, 9)
# Columns for the name of a kind.
_NAME = 36


def render_json(comparison: Comparison) -> str:
    """Return one JSON object in ASCII, which is harmless on a terminal too."""
    return json.dumps(comparison.to_dict(), indent=2, allow_nan=False)


def render_text(comparison: Comparison, screen: Screen = PLAIN) -> str:
    """Return the comparison as lines of text, ending with a newline; details follow on a verbose screen.

    Args:
        comparison: The comparison.
        screen: How it is shown.
    """
    sections = [_pair(comparison, pair, screen) for pair in comparison.pairs]
    if screen.verbose:
        sections += [
            rates_lines(rates, screen.width) for rates in dict.fromkeys(pair.rates for pair in comparison.pairs)
        ]
    cases = [line for case in comparison.cases for line in case_lines(case, screen.width)]
    model = f"{model_known(comparison.model)} Neither case has to be by a release that it knows."
    sections.append([*cases, *(wrap(model, screen.width) if screen.verbose else screen.more(DETAILS))])
    return as_text(sections, screen.encoding)


def case_lines(case: ComparedCase, width: int) -> Iterator[str]:
    """Yield what was read from one of the cases."""
    where = "in-domain" if case.in_domain else "out-of-domain"
    used = f"{case.n_used:,} of {counted(case.n_responses, 'response')} used, {where}"
    yield from wrap(f"{printable(case.file)}: {used}", width)
    if case.summary:
        yield from wrap(f"Read: {printable(case.summary)}.", width, "  ")
    for warning in case.warnings:
        yield from wrap(f"warning: {printable(warning)}", width, "  ")


def pair_lines(pair: ComparedPair, names: tuple[str, str], screen: Screen) -> list[str]:
    """Return what a pair shows, by the model and without it; `names` are safe to show."""
    warnings = (f"warning: {printable(warning)}" for warning in pair.warnings)
    return [*screen.sentences([support_in_words(pair), *warnings]), *model_free_lines(pair.model_free, names, screen)]


def rates_lines(rates: PairRates, width: int) -> list[str]:
    """Return a table with a row for each kind of held-out pairs."""
    if not rates.kinds:
        return wrap("No error rate was measured on such pairs, so that nothing can be told.", width)
    where = "both in-domain" if rates.domain is PairDomain.IN else "not both in-domain"
    lines = wrap(f"How often this is right: held-out pairs with {responses_of(rates)}, {where}.", width)
    lines += _row("", _HEAD)
    for row in rates.kinds:
        lines += _row(kind_in_words(row.kind, rates), _figures(row))
    lines += wrap(
        f"At most {stated(rates.false_alarms)} of pairs of one release may be called different (--false-alarms), and "
        f"at most {stated(rates.false_accepts)} of each kind of two releases the same (--false-accepts). "
        f"{_promised(rates)}",
        width,
    )
    return lines


def responses_of(rates: PairRates) -> str:
    """Return of how many responses the held-out pairs are, in words."""
    return f"{counted(rates.responses, 'response')} a side{' to the same prompts' if rates.shared_prompts else ''}"


def kind_in_words(kind: PairKind, rates: PairRates) -> str:
    """Return a kind of held-out pairs in words."""
    return "one release" if rates.shared_prompts and kind is PairKind.TARGET else KINDS[kind]


def support_in_words(pair: ComparedPair) -> str:
    """Return what style says about a pair, and which answers count for it."""
    llr = pair.log_likelihood_ratio
    given = f"gives {pair.support} to {'one model' if llr >= 0 else 'two models'}"
    if pair.support is Support.NONE:
        given = "supports neither one model nor two"
    said = f"Style {given} (LLR {llr:+.1f} nats; above 0 speaks for one model)."
    if pair.rates.shared_prompts:
        said += " Only the answers to prompts that both answered count for it, and the prompts are taken out."
    return said


def _pair(comparison: Comparison, pair: ComparedPair, screen: Screen) -> list[str]:
    first, second = comparison.names(pair)
    words = pair_in_words(pair.verdict, AllowedRates(pair.rates.false_alarms, pair.rates.false_accepts))
    headline = screen.headline(f"{first} and {second}", words.headline, TONES[pair.verdict])
    if pair.verdict is not PairVerdict.INCONCLUSIVE:
        headline += wrap(f"{pair.verdict.capitalize()}: {words.how_often_wrong}", screen.width)
    return [*headline, *pair_lines(pair, (printable(first), printable(second)), screen)]


def _promised(rates: PairRates) -> str:
    measured = {row.kind for row in rates.kinds}
    told = "Variants are snapshots, effort settings and quantisations: they are measured, and nothing is promised."
    wanted = (PairKind.TARGET, *IMPOSTORS) if rates.shared_prompts else (*TARGETS, *IMPOSTORS)
    missing = [KINDS[kind] for kind in wanted if kind not in measured]
    return f"{told} Not measured: {', '.join(missing)}." if missing else told


def _figures(row: MeasuredKind) -> tuple[str, ...]:
    eer = "" if row.eer is None else percent(row.eer, 1)
    return f"{row.pairs:,}", percent(row.same, 1), percent(row.different, 1), eer


def _row(name: str, cells: tuple[str, ...]) -> list[str]:
    return [f"  {fit(name, max(_NAME, columns(name)))}{right(cells, _WIDTHS)}".rstrip()]
