"""The sections that pages of all kinds have: style markers, how often right, limits, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fingerprint.comparison.markers import MarkerEffects
from fingerprint.comparison.permutations import LEVEL
from fingerprint.data.response import Case
from fingerprint.features.style_markers import occurrences
from fingerprint.model.verdict import Domain, ModelInfo, StyleMarker
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.excerpts import Excerpt, excerpts
from fingerprint.report.page.view import Marker, Section

# Excerpts of each style marker.
_EXCERPTS = 2
_DIFFERING = 8

LIMITS = (
    "It reads style alone. Whoever tells a model to write differently, or edits its answers, can change the result.",
    "All responses of one file are taken to be by one model. Answers of several models in one file mislead it.",
    "It can only name labs and releases that it was trained on. Newer ones look like a relative, or like nobody.",
    "Error rates were measured on held-out public answers. They hold for such prompts, languages and lengths.",
    "A verdict is a measurement, not a proof. Do not accuse anybody because of this page alone.",
)
"""What every reader of a page has to know."""


def texts_of(case: Case) -> list[str]:
    """Return the responses of a case that count."""
    return [record.response for record in case.records]


def marker_section(markers: Sequence[StyleMarker], case: Case, sides: tuple[str, str], lead: str) -> list[Section]:
    """Return the style markers of a verdict with excerpts.

    Args:
        markers: Of the verdict.
        case: The responses.
        sides: Whose means the second and third columns are.
        lead: What the markers speak for.
    """
    if not markers:
        return []
    texts = texts_of(case)
    rows = [
        Marker(
            _named(one.marker, one.unit),
            [f"{value:.3g}" for value in (one.case, one.first_lab, one.second_lab)],
            f"{one.log_likelihood_ratio:+.1f}",
            _marker_excerpts(one.marker, texts),
        )
        for one in markers
    ]
    columns = ("here", *sides, "LLR")
    view = {"lead": lead, "columns": columns, "rows": rows, "caption": "Style markers, and where they occur"}
    return [Section("markers", "What in the style speaks for this", "markers", view)]


def differing_section(
    key: str, found: MarkerEffects, cases: tuple[Case, Case], names: tuple[str, str]
) -> list[Section]:
    """Return the style markers in which two cases differ, with excerpts of the one that has more."""
    differing = found.differing(LEVEL)[:_DIFFERING]
    if not differing:
        return []
    texts = texts_of(cases[0]), texts_of(cases[1])
    rows = [
        Marker(
            _named(one.name, one.unit),
            [f"{one.first:.3g}", f"{one.second:.3g}"],
            f"{one.delta:+.2f} ({one.low:+.2f} to {one.high:+.2f})",
            _marker_excerpts(one.name, texts[one.delta > 0]),
        )
        for one in differing
    ]
    of = "to the same prompts" if found.is_paired else "of both; most prompts are not shared and may be the reason"
    view = {
        "lead": "Style markers that differ, corrected for all that were compared (Holm, p at most "
        f"{LEVEL:g}), in responses {of}. Cliff's delta is above 0 where the second has more.",
        "columns": (*names, "Cliff's delta (95 %)"),
        "rows": rows,
        "caption": f"Style markers in which {names[0]} and {names[1]} differ",
    }
    return [Section(key, f"How the style differs: {names[0]} and {names[1]}", "markers", view)]


def domain_section(domain: Domain | None, in_domain: bool | None = None) -> list[Section]:
    """Return how far the case is from what the model was trained on."""
    if domain is None:
        return []
    return [Section("domain", "Is this the kind of text that it knows?", "domain", _domain(domain, in_domain))]


def closing_sections(context: PageContext, model: ModelInfo, more: Sequence[str] = ()) -> list[Section]:
    """Return the limits and the provenance, with which every page ends."""
    return [
        Section("limits", "What this cannot tell", "limits", {"limits": (*more, *LIMITS)}),
        Section(
            "provenance",
            "Where this comes from",
            "provenance",
            {"from": context.provenance, "model": model, "cases": context.cases},
        ),
    ]


def _named(marker: str, unit: str) -> str:
    return f"{marker} ({unit})" if unit else marker


def _marker_excerpts(marker: str, texts: Sequence[str]) -> tuple[Excerpt, ...]:
    return excerpts(texts, partial(occurrences, marker), _EXCERPTS)


def _domain(domain: Domain, in_domain: bool | None) -> dict[str, object]:
    inside = domain.limit is None or domain.distance <= domain.limit
    if in_domain is not None:
        inside = inside and in_domain
    # A bar that ends at twice the limit, so that the limit stands in its middle.
    full = 2 * domain.limit if domain.limit else max(domain.distance, 1.0)
    return {
        "domain": domain,
        "is_inside": inside,
        "share": min(domain.distance / full, 1.0),
        "limit": domain.limit / full if domain.limit else None,
    }
