"""What the verdict alone does not hold: what would settle it, and whether the model is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fingerprint.model.decision import percent
from fingerprint.model.verdict import Reason, Verdict, VerdictWord
from fingerprint.report.layout import counted

# The share of the expected cases that a number of responses has to settle, so that it is worth naming.
_WORTH = 0.5

_OTHER_PROMPTS = "Give responses to other prompts: everyday questions and tasks, in a language of the training corpora."
_KNOWN = "If you know from elsewhere that the model knows this release, use --expect known."
_STEALTH = "For a stealth model use --expect new: it may give a short list of labs."


def dated(verdict: Verdict) -> Verdict:
    """Return the verdict with a warning if the model is old today."""
    warning = verdict.model.age_warning(date.today())
    return replace(verdict, warnings=(*verdict.warnings, warning)) if warning else verdict


def what_would_settle(verdict: Verdict) -> str:
    """Return sentences that say what the user can do about a `likely` or `inconclusive` verdict.

    Args:
        verdict: The verdict.
    """
    if verdict.reason is Reason.TWO_SOURCES:
        return "Put the responses of each model into a file of its own, and identify the files one by one."
    if verdict.reason in (Reason.UNKNOWN_SCRIPT, Reason.OUT_OF_DOMAIN):
        return f"{_OTHER_PROMPTS} More responses to the same prompts change little."
    more = _more_responses(verdict)
    distance, limit = (verdict.domain.distance, verdict.domain.limit) if verdict.domain else (0.0, None)
    sentences = [more] if more else []
    if not more or (limit is not None and distance > limit):
        sentences.append(_OTHER_PROMPTS)
    if verdict.calibration.expect != "known" and verdict.n_used:
        sentences.append(_KNOWN)
    if verdict.calibration.expect == "any" and verdict.n_used and not verdict.shortlist and verdict.level is None:
        sentences.append(_STEALTH)
    return " ".join(sentences)


def _more_responses(verdict: Verdict) -> str:
    """The least measured number of responses that settles most of the expected cases, else the best; empty if none."""
    is_likely = verdict.verdict is VerdictWord.LIKELY
    rates = verdict.calibration
    sizes = {one.responses: one.coverage if is_likely else one.likely_coverage for one in rates.sizes}
    now = sizes.get(rates.responses, 0.0)
    better = [(n, share) for n, share in sizes.items() if n > verdict.n_used and share > now]
    if not better:
        return ""
    most = max(better, key=lambda found: found[1])
    responses, share = next((found for found in better if found[1] >= _WORTH), most)
    settled = "attributed" if is_likely else "attributed or likely"
    return (
        f"Give {counted(responses - verdict.n_used, 'more response')}: with {responses}, {percent(share, 0)} of the "
        f"expected cases are {settled}; with {rates.responses}, {percent(now, 0)}."
    )
