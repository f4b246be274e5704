"""A verdict on a claim, for people and for JUnit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from fingerprint.base.escaping import printable
from fingerprint.model.claim_sequence import ClaimSequence
from fingerprint.model.claim_verdict import Alternative, ClaimReason, ClaimVerdict, ClaimWord, TrialRates
from fingerprint.model.decision import UNJUDGED, percent, stated
from fingerprint.model.plain_words import claim_in_words
from fingerprint.model.verdict import AllowedRates, Support
from fingerprint.report.layout import PLAIN, Names, Screen, Tone, as_text, counted, fit, model_known, right, wrap
from fingerprint.verification.references import ReferenceVerdict

TONES: dict[ClaimWord, Tone] = {
    ClaimWord.CONSISTENT: Tone.FIRM,
    ClaimWord.INCONSISTENT: Tone.AGAINST,
    ClaimWord.INCONCLUSIVE: Tone.OPEN,
}
"""The tone of each verdict; a test holds it complete."""

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

UNJUDGED_CLAIMS = frozenset(map(ClaimReason, UNJUDGED))
"""The reasons for which a claim is not judged, so that its alternatives say nothing by themselves."""

_DETAILS = "style markers, how often this is right"
_WIDTHS = (8, 12, 14)
_NAME = 42


def render_claim(verdict: ClaimVerdict, labs: Mapping[str, str], screen: Screen = PLAIN) -> str:
    """Return the verdict as lines of text, ending with a newline.

    First the headline, how sure it is, and what to do next; then other explanations, unless nothing was judged.
    Details follow on a verbose screen.

    Args:
        verdict: The verdict.
        labs: The display name of each lab by its key.
        screen: How it is shown.
    """
    return as_text(_sections(verdict, Names(labs), screen), screen.encoding)


def render_sequence(found: ClaimSequence, labs: Mapping[str, str], screen: Screen = PLAIN) -> str:
    """Return the verdict as `render_claim` does, on a verbose screen with the log-likelihood ratio after each response.

    Args:
        found: What was found while responses came in.
        labs: The display name of each lab by its key.
        screen: How it is shown.
    """
    sections = _sections(found.verdict, Names(labs), screen)
    if screen.verbose and found.steps:
        sections.append(_steps(found, screen))
    return as_text(sections, screen.encoding)


def claim_words(verdict: ClaimVerdict, name: Names) -> str:
    """Return the claim in words, such as "gpt-4o (release of OpenAI)"."""
    claimed = verdict.claimed
    if claimed.level == "lab":
        return f"a model of {name(claimed.lab)}"
    return f"{printable(claimed.name)} ({claimed.level} of {name(claimed.lab)})"


def reference_words(verdict: ReferenceVerdict) -> str:
    """Return the claim in words, such as "the model of official.jsonl"."""
    return f"the model of {printable(verdict.reference.file)}"


def support_words(verdict: ClaimVerdict) -> str:
    """Return how much the responses support the claim or another model; empty if there are none."""
    if not verdict.n_used:
        return ""
    if verdict.support is Support.NONE:
        return "The responses support neither the claim nor another model."
    return f"The responses give {verdict.support} to {'the claim' if verdict.supports_claim else 'another model'}."


def word_of(word: ClaimWord, how_often_wrong: str, explanation: str) -> str:
    """Return the verdict's word with how often it is wrong, or, where it says nothing, with why."""
    return f"{word.capitalize()}: {explanation if word is ClaimWord.INCONCLUSIVE else how_often_wrong}"


def _sections(verdict: ClaimVerdict, name: Names, screen: Screen) -> list[list[str]]:
    sections = [_head(verdict, name, screen)]
    if screen.verbose or verdict.reason not in UNJUDGED_CLAIMS:
        sections.append(_alternatives(verdict.alternatives, name, screen.width))
    if screen.verbose:
        sections += [
            screen.sentences([*_explained(verdict), support_words(verdict)]),
            _style_markers(verdict, name, screen.width),
            _rates(verdict, screen.width),
        ]
    return [*sections, [*_read(verdict, screen), *screen.more(_DETAILS)]]


def _head(verdict: ClaimVerdict, name: Names, screen: Screen) -> list[str]:
    allowed = AllowedRates(verdict.false_alarms, verdict.false_accepts)
    words = claim_in_words(verdict.verdict, claim_words(verdict, name), allowed, verdict.rates)
    sentences = [printable(word_of(verdict.verdict, words.how_often_wrong, verdict.explanation))]
    if verdict.n_used and not verdict.in_domain:
        sentences.append(
            "The responses are out of domain: prompts of their kind are not in the training corpora, so they tell less."
        )
    if verdict.advice:
        sentences.append(f"Next: {printable(verdict.advice)}")
    sentences += [f"warning: {printable(warning)}" for warning in verdict.warnings]
    headline = screen.headline(verdict.file, words.headline, TONES[verdict.verdict])
    return [*headline, *screen.sentences(sentences)]


def _explained(verdict: ClaimVerdict) -> list[str]:
    """The explanation, unless the head has it already."""
    return [] if verdict.verdict is ClaimWord.INCONCLUSIVE else [printable(verdict.explanation)]


def _steps(found: ClaimSequence, screen: Screen) -> list[str]:
    steps = (f"{step.responses}{'*' if step.look else ''}: {step.log_likelihood_ratio:+.1f}" for step in found.steps)
    numbers = ", ".join(map(str, found.looks))
    return screen.sentences(
        [
            f"Log-likelihood ratio after each response: {'; '.join(steps)}",
            f"* A look: the claim can be settled after {numbers} responses.",
        ]
    )


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


def _read(verdict: ClaimVerdict, screen: Screen) -> list[str]:
    """What was read, and by which model."""
    used = f"{verdict.n_used:,} of {counted(verdict.n_responses, 'response')} used."
    read = f"Read: {printable(verdict.read.summary)}; {used}" if verdict.read.summary else used
    return screen.sentences([read, model_known(verdict.model) if screen.verbose else ""])


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
