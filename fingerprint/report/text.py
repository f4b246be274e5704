"""A verdict for people."""

from __future__ import annotations

from collections.abc import Mapping

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import UNKNOWN, LabShare, StyleMarker, Verdict
from fingerprint.report.layout import bars, draws_blocks
from fingerprint.report.names import Names, wrap
from fingerprint.report.side import side_lines

_HABITS = 3


def render(verdict: Verdict, labs: Mapping[str, str], top: int = 5, width: int = 80, encoding: str = "utf-8") -> str:
    """Return the verdict as lines of text without escape sequences, ending with a newline.

    `labs` maps labs to their display names, `top` cuts every ranking, `width` is in terminal columns, and
    what `encoding` cannot write comes as ASCII.
    """
    blocks = draws_blocks(encoding)
    name = Names(labs)
    sections = [_head(verdict, name, width), _labs(verdict, name, top, width, blocks)]
    if verdict.families:
        rows = [(f"{printable(row.family)} ({name(row.lab)})", row.probability) for row in verdict.families]
        sections.append(["Families", *bars(rows[:top], width, blocks)])
    sections += [_releases(verdict, name, top, width, blocks), _habits(verdict, name, width)]
    if verdict.side_evidence is not None:
        sections.append(side_lines(verdict.side_evidence, name, top, width, blocks))
    sections.append(_model(verdict, width))
    text = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _head(verdict: Verdict, name: Names, width: int) -> list[str]:
    lines = wrap(f"{printable(verdict.file)}: {_headline(verdict, name)}", width)
    lines += wrap(printable(verdict.reason), width)
    if verdict.advice:
        lines += wrap(printable(verdict.advice), width)
    if verdict.candidates is not None:
        asked = ", ".join(name(lab) for lab in verdict.candidates)
        lines += wrap(f"Asked only about these labs: {asked}.", width)
    for warning in verdict.warnings:
        lines += wrap(f"warning: {printable(warning)}", width)
    return lines


def _headline(verdict: Verdict, name: Names) -> str:
    if verdict.verdict == "unknown":
        return "UNKNOWN: none of the labs that the model knows"
    if verdict.verdict == "inconclusive":
        return "INCONCLUSIVE: too little, too mixed or too foreign for a claim"
    lab = name(verdict.labs[0].lab)
    if verdict.verdict == "new-release":
        return f"NEW RELEASE of {lab}: this lab, but none of its known releases"
    known = [row.release for row in verdict.releases if row.lab == verdict.labs[0].lab]
    likest = f", most like {printable(known[0])}" if known else ""
    return f"ATTRIBUTED to {lab}: a known release or a sibling of it{likest}"


def _labs(verdict: Verdict, name: Names, top: int, width: int, blocks: bool) -> list[str]:
    shown: list[LabShare] = list(verdict.labs[:top])
    # How much is left for "none of these" belongs to every reading of the others.
    shown += [row for row in verdict.labs[top:] if row.lab == UNKNOWN]
    return ["Labs", *bars([(name(row.lab), row.probability) for row in shown], width, blocks)]


def _releases(verdict: Verdict, name: Names, top: int, width: int, blocks: bool) -> list[str]:
    rows = [(f"{printable(row.release)} ({name(row.lab)})", row.probability) for row in verdict.releases]
    rows += [(f"a new release of {name(row.lab)}", row.probability) for row in verdict.new_releases]
    rows.sort(key=lambda row: -row[1])
    return ["Releases", *bars(rows[:top], width, blocks)] if rows else []


def _habits(verdict: Verdict, name: Names, width: int) -> list[str]:
    if not verdict.style_markers or len(verdict.leaders) < 2:
        return []
    first, second = (name(lab) for lab in verdict.leaders)
    strongest = sorted(verdict.style_markers, key=lambda habit: -habit.log_likelihood_ratio)[:_HABITS]
    lines = wrap(f"Habits that speak for {first} and against {second}", width)
    for habit in strongest:
        lines += wrap(_habit(habit, first, second), width, "  ")
    return lines


def _habit(habit: StyleMarker, first: str, second: str) -> str:
    unit = f" {printable(habit.unit)}" if habit.unit else ""
    return (
        f"{printable(habit.marker)}: {habit.case:.3g}{unit} here, {habit.first_lab:.3g} for {first}, "
        f"{habit.second_lab:.3g} for {second} (log-likelihood ratio {habit.log_likelihood_ratio:+.1f})"
    )


def _model(verdict: Verdict, width: int) -> list[str]:
    model, rates = verdict.model, verdict.calibration
    count = f"{rates.responses} response" + ("" if rates.responses == 1 else "s")
    return [
        *wrap(
            f"Calibrated at {count}: the first lab is wrong in {rates.lab_error:.0%} of cases. Claims, held "
            f"to {rates.false_attributions:.3g} false at most, are wrong in {rates.attribution_error:.1%} and made in "
            f"{rates.coverage:.0%}.",
            width,
        ),
        *wrap(
            f"{verdict.n_used} of {verdict.n_responses} responses used. Model {printable(model.name)} "
            f"{printable(model.version)}, trained {printable(model.trained)} on {model.releases} releases, "
            f"the newest of {printable(model.newest)}.",
            width,
        ),
    ]
