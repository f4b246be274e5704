"""A verdict on a claim, for people and for JUnit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from fingerprint.base.escaping import printable
from fingerprint.model.claim_sequence import ClaimSequence
from fingerprint.model.claim_verdict import Alternative, ClaimVerdict, ClaimWord, TrialRates
from fingerprint.model.decision import percent, stated
from fingerprint.report.layout import Names, as_text, counted, fit, right, wrap
from fingerprint.verification.references import ReferenceVerdict

HEADLINES: dict[ClaimWord, str] = {
    ClaimWord.CONSISTENT: "CONSISTENT with {claim}",
    ClaimWord.INCONSISTENT: "INCONSISTENT with {claim}",
    ClaimWord.INCONCLUSIVE: "INCONCLUSIVE about {claim}",
}
"""The headline of each verdict; a test holds it complete."""

TRIALS: dict[str, str] = {
    "target": "true: it wrote them",
    "variant": "false: a variant of it wrote them",
    "sibling": "false: another release of its family did",
    "same lab": "false: another release of its lab did",
    "other lab": "false: a release of another lab did",
    "unknown lab": "false: an unknown lab did",
    "closest other lab": "false, and claimed because most alike",
}
"""The kinds of trials in words; a test holds it complete."""

_WIDTHS = (8, 12, 14)
_NAME = 42


def render_claim(verdict: ClaimVerdict, labs: Mapping[str, str], width: int = 80, encoding: str = "utf-8") -> str:
    """Return the verdict as lines of text without escape sequences, ending with a newline.

    Args:
        verdict: The verdict.
        labs: The display name of each lab by its key.
        width: Columns of the terminal.
        encoding: Of the output; characters that it lacks are written as ASCII escapes.
    """
    name = Names(labs)
    sections = [
        _head(verdict, name, width),
        _alternatives(verdict.alternatives, name, width),
        _style_markers(verdict, name, width),
        [*_rates(verdict, width), *_model(verdict, width)],
    ]
    return as_text(sections, encoding)


def render_sequence(found: ClaimSequence, labs: Mapping[str, str], width: int = 80, encoding: str = "utf-8") -> str:
    """Return the verdict as `render_claim` does, with the log-likelihood ratio after each response.

    Args:
        found: What was found while responses came in.
        labs: The display name of each lab by its key.
        width: Columns of the terminal.
        encoding: Of the output; characters that it lacks are written as ASCII escapes.
    """
    text = render_claim(found.verdict, labs, width, encoding)
    if not found.steps:
        return text
    steps = (f"{step.responses}{'*' if step.look else ''}: {step.log_likelihood_ratio:+.1f}" for step in found.steps)
    numbers = ", ".join(map(str, found.looks))
    lines = wrap(f"Log-likelihood ratio after each response: {'; '.join(steps)}", width)
    lines += wrap(f"* A look: the claim can be settled after {numbers} responses.", width)
    return text + "\n" + "\n".join(lines) + "\n"


def claim_words(verdict: ClaimVerdict, name: Names) -> str:
    """Return the claim in words, such as "gpt-4o (release of OpenAI)"."""
    claimed = verdict.claimed
    if claimed.level == "lab":
        return f"a model of {name(claimed.lab)}"
    return f"{printable(claimed.name)} ({claimed.level} of {name(claimed.lab)})"


def reference_words(verdict: ReferenceVerdict) -> str:
    """Return the claim in words, such as "the model of official.jsonl"."""
    return f"the model of {printable(verdict.reference.file)}"


def _head(verdict: ClaimVerdict, name: Names, width: int) -> list[str]:
    headline = HEADLINES[verdict.verdict].format(claim=claim_words(verdict, name))
    lines = wrap(f"{printable(verdict.file)}: {headline}", width)
    lines += wrap(printable(verdict.explanation), width)
    if verdict.n_used:
        side = "the claim" if verdict.supports_claim else "another model"
        lines += wrap(f"The responses give {verdict.support} to {side}.", width)
        if not verdict.in_domain:
            lines += wrap(
                "They are out of domain: prompts of their kind are not in the training corpora, so they tell less.",
                width,
            )
    if verdict.advice:
        lines += wrap(printable(verdict.advice), width)
    if verdict.read.summary:
        lines += wrap(f"Read: {printable(verdict.read.summary)}.", width)
    for warning in verdict.warnings:
        lines += wrap(f"warning: {printable(warning)}", width)
    return lines


def _alternatives(rows: Sequence[Alternative], name: Names, width: int) -> list[str]:
    if not rows:
        return []
    title = (
        "Log-likelihood ratio of the claim against others (nats, not calibrated; below 0 the other explains it better)"
    )
    shown = [(alternative_words(row, name), row.log_likelihood_ratio) for row in rows]
    room = min(max(len(text) for text, _ in shown), max(width - 12, 20))
    return [*wrap(title, width), *(f"  {fit(text, room)}  {ratio:+6.1f}" for text, ratio in shown)]


def alternative_words(row: Alternative, name: Names) -> str:
    """Return another explanation in words, such as "another lab: OpenAI"."""
    match row.kind:
        case "unknown lab":
            return "an unknown lab"
        case "other lab":
            return f"another lab: {name(row.name)}"
        case "new release of the same lab":
            return f"a new release of {name(row.name)}"
        case _:
            return f"another {row.kind.removeprefix('release ').join(('release ', ''))}: {printable(row.name)}"


def _style_markers(verdict: ClaimVerdict, name: Names, width: int) -> list[str]:
    if not verdict.style_markers:
        return []
    lines = wrap("Style markers against the claim, and for the most similar other release", width)
    for marker in verdict.style_markers:
        unit = f" ({printable(marker.unit)})" if marker.unit else ""
        lines += wrap(
            f"{printable(marker.marker)}{unit}: {marker.case:.3g} here, claimed {marker.second_lab:.3g}, "
            f"other {marker.first_lab:.3g}; LLR {marker.log_likelihood_ratio:+.1f}",
            width,
            "  ",
        )
    return lines


def _rates(verdict: ClaimVerdict, width: int) -> list[str]:
    if not verdict.rates:
        return []
    room = min(_NAME, max(width - sum(_WIDTHS), 0))
    title = f"Held-out claims with {counted(verdict.responses, 'response')}"
    lines = [_row(title, ("claims", "consistent", "inconsistent"), room)]
    for row in verdict.rates:
        mark = "" if row.promised else " *"
        lines.append(_row(f"  {printable(TRIALS.get(row.kind, row.kind))}{mark}", _cells(row), room))
    lines += wrap(
        f"Allowed: {stated(verdict.false_alarms)} of true claims inconsistent, {stated(verdict.false_accepts)} of "
        "false claims of each kind consistent. The table is for 1 % and 5 %.",
        width,
    )
    if any(not row.promised for row in verdict.rates):
        lines += wrap("* Nothing is promised to a claim that was chosen by these responses themselves.", width)
    return lines


def _cells(row: TrialRates) -> tuple[str, ...]:
    return f"{row.trials:,}", percent(row.consistent, 1), percent(row.inconsistent, 1)


def _row(name: str, cells: tuple[str, ...], room: int) -> str:
    return fit(name, room) + right(cells, _WIDTHS)


def _model(verdict: ClaimVerdict, width: int) -> list[str]:
    model = verdict.model
    return wrap(
        f"{verdict.n_used} of {counted(verdict.n_responses, 'response')} used. Model {printable(model.name)} "
        f"{printable(model.version)}, trained {printable(model.trained)}, knows {model.releases} releases.",
        width,
    )


def render_junit(verdicts: Iterable[ClaimVerdict | ReferenceVerdict], labs: Mapping[str, str]) -> str:
    """Return the verdicts as one JUnit test suite: inconsistent fails, inconclusive is skipped.

    Args:
        verdicts: One for each file.
        labs: The display name of each lab by its key.
    """
    name, found = Names(labs), list(verdicts)
    words = [verdict.verdict for verdict in found]
    suite = ElementTree.Element(
        "testsuite",
        name="fingerprint verify",
        tests=str(len(found)),
        failures=str(words.count(ClaimWord.INCONSISTENT)),
        errors="0",
        skipped=str(words.count(ClaimWord.INCONCLUSIVE)),
    )
    for verdict in found:
        claim = claim_words(verdict, name) if isinstance(verdict, ClaimVerdict) else reference_words(verdict)
        case = ElementTree.SubElement(suite, "testcase", classname=claim, name=printable(verdict.file))
        said = printable(verdict.explanation)
        if verdict.verdict is ClaimWord.INCONSISTENT:
            ElementTree.SubElement(case, "failure", message=str(verdict.verdict)).text = said
        elif verdict.verdict is ClaimWord.INCONCLUSIVE:
            ElementTree.SubElement(case, "skipped", message=said)
        ElementTree.SubElement(case, "system-out").text = said
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
