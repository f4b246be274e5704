"""A verdict as a short piece of HTML, which notebooks show in place of its fields."""

from __future__ import annotations

from html import escape

from fingerprint.base.escaping import printable
from fingerprint.model.decision import UNJUDGED, percent
from fingerprint.model.plain_words import verdict_in_words
from fingerprint.model.verdict import NONE_OF_THESE, UNKNOWN, Verdict

_ROWS = 5


def short_html(verdict: Verdict) -> str:
    """Return the two sentences of a verdict and, if it was judged, the top of its ranking, every value escaped.

    Args:
        verdict: The verdict. Labs are shown by their keys.
    """
    words = verdict_in_words(verdict)
    shown = [*verdict.labs[:_ROWS], *(row for row in verdict.labs[_ROWS:] if row.lab in (UNKNOWN, NONE_OF_THESE))]
    rows = "".join(
        f'<tr><th scope="row">{_safe(row.lab)}</th><td>{_safe(percent(row.probability, 1))}</td>'
        f'<td><meter min="0" max="1" value="{row.probability:.3f}"></meter></td></tr>'
        for row in shown
    )
    about = f"{_safe(verdict.file)}: {_safe(verdict.verdict)}"
    ranking = (
        f'<table><caption>{about}</caption><thead><tr><th scope="col">lab</th><th scope="col">probability</th>'
        f'<th scope="col"></th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return (
        f'<div class="fingerprint-verdict"><p><strong>{_safe(words.headline)}</strong><br>'
        f"{_safe(words.how_often_wrong)}</p>{f'<p>{about}</p>' if verdict.reason in UNJUDGED else ranking}</div>"
    )


def _safe(text: str) -> str:
    return escape(printable(text))
