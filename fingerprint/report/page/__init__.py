"""A verdict as a page that people can show: one file, one template set, one view for all kinds of verdicts."""

from __future__ import annotations

from fingerprint.report.page.context import GivenFile, PageContext, Provenance, Surroundings
from fingerprint.report.page.render import Result, render_page

__all__ = ["GivenFile", "PageContext", "Provenance", "Result", "Surroundings", "render_page"]
