"""A verdict as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import base64
import hashlib

from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.verdict import Verdict
from fingerprint.report.html import environment
from fingerprint.report.page.claims import claim_page, reference_page
from fingerprint.report.page.comparisons import comparison_page
from fingerprint.report.page.context import PageContext
from fingerprint.report.page.verdicts import verdict_page
from fingerprint.report.page.view import Page
from fingerprint.verification.comparison import Comparison
from fingerprint.verification.references import ReferenceVerdict

Result = Verdict | ClaimVerdict | ReferenceVerdict | Comparison
"""What a page can be about."""


def page_of(result: Result, context: PageContext) -> Page:
    """Return what the page of a result shows.

    Args:
        result: What `Fingerprint` returned.
        context: What the page is made from beside it.
    """
    match result:
        case Verdict():
            return verdict_page(result, context)
        case ClaimVerdict():
            return claim_page(result, context)
        case ReferenceVerdict():
            return reference_page(result, context)
        case Comparison():
            return comparison_page(result, context)


def render_page(result: Result, context: PageContext) -> str:
    """Write a result as an HTML page.

    Responses, names of files and all other values are escaped; characters that would hide or reorder text are shown
    as visible escapes.

    Args:
        result: What `Fingerprint` returned.
        context: What the page is made from beside it.

    Returns:
        The page.

    Raises:
        MissingExtra: Without `jinja2`.
    """
    templates = environment("fingerprint.report.page")
    style = templates.get_template("page.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return templates.get_template("page.html").render(
        page=page_of(result, context), provenance=context.provenance, style=style, digest=digest
    )
