"""The pages that the app makes itself: the form, the work under way, and the bar above a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fingerprint.report.html import environment
from fingerprint.web.desk import KEPT_SECONDS
from fingerprint.web.uploads import MOST_FILES, MOST_PASTED

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.web.desk import Job

# What the page of a verdict says is escaped, so that the first such tag is its own.
_BODY = re.compile(r"<body[^>]*>")
_MEGA = 1_000_000


class Pages:
    """The templates with what all pages say.

    Args:
        model: The model.
        labs: The display name of each lab by its key.
        most_bytes: Bytes that a request may have.

    Raises:
        MissingExtra: Without `jinja2`.
    """

    def __init__(self, model: Fingerprint, labs: Mapping[str, str], most_bytes: int):
        self._environment = environment("fingerprint.web")
        self._about = {
            "releases": sorted(entry["release"] for entry in model.loaded.releases),
            "labs": sorted((labs.get(lab, lab), lab) for lab in model.labs),
            "megabytes": most_bytes // _MEGA,
            "most_bytes": most_bytes,
            "most_files": MOST_FILES,
            "most_pasted": MOST_PASTED,
            "minutes": round(KEPT_SECONDS / 60),
        }

    def form(self, token: str, error: str) -> str:
        """Return the page with the form.

        Args:
            token: Of the form.
            error: What was not as expected; empty for nothing.
        """
        return self._render("form.html", token=token, error=error, **self._about)

    def working(self, job: Job) -> str:
        """Return the page that waits for a verdict."""
        return self._render("working.html", job=job)

    def with_bar(self, page: str, job: Job) -> str:
        """Return the page of a verdict with links to its files and to the form."""
        bar = self._render("bar.html", job=job)
        return _BODY.sub(lambda found: found[0] + bar, page, count=1)

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)
