"""What cases show without a model, as text for people: tests on shared prompts, style markers, drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from fingerprint.base.escaping import printable
from fingerprint.comparison.drift import LEAST_SEGMENT, Change, Drift, DriftVerdict
from fingerprint.comparison.markers import MarkerEffect, MarkerEffects
from fingerprint.comparison.model_free import ModelFree
from fingerprint.comparison.permutations import LEVEL
from fingerprint.data.response import Case
from fingerprint.report.layout import PLAIN, Screen, Tone, as_text, counted, fit, wrap

HEADLINES: dict[DriftVerdict, tuple[str, Tone]] = {
    DriftVerdict.CHANGED: ("The style changed: it is not the same throughout.", Tone.AGAINST),
    DriftVerdict.UNCHANGED: ("No change of style was found.", Tone.FIRM),
    DriftVerdict.INCONCLUSIVE: ("These responses do not show whether the style changed.", Tone.OPEN),
}
"""The headline of each verdict, with its tone; a test holds it complete."""

DRIFT_SCHEMA = 1
"""The version of the JSON form of drift; it rises when a key changes its meaning or goes."""

# Rows of style markers.
_MOST_MARKERS = 5
# Columns for the name of a marker, its unit included.
_MARKER = 36


def model_free_lines(found: ModelFree, names: tuple[str, str], screen: Screen) -> list[str]:
    """Return what is found without a model, as lines of text; style markers on a verbose screen.

    Args:
        found: What two cases show.
        names: Of the two, safe to show.
        screen: How it is shown.
    """
    lines = screen.sentences(
        [f"Without the model: {_test(found)}", *(f"warning: {warning}" for warning in _doubts(found))]
    )
    return [*lines, *(_markers(found.markers, names, screen.width) if screen.verbose else [])]


def render_drift(case: Case, drift: Drift, screen: Screen = PLAIN) -> str:
    """Return what a search for a change over time found, ending with a newline.

    Args:
        case: The case that was searched.
        drift: What was found.
        screen: How it is shown.
    """
    said, tone = HEADLINES[drift.verdict]
    sentences = list(_said(drift))
    sentences += [f"Read: {printable(case.summary)}."] if case.summary else []
    sentences += [f"warning: {printable(warning)}" for warning in case.warnings]
    if drift.n_without_time:
        missing = f"{counted(drift.n_without_time, 'response')} without a time that can be read"
        sentences.append(f"warning: left out: {missing}")
    return as_text([[*screen.headline(case.file, said, tone), *screen.sentences(sentences)]], screen.encoding)


def render_drift_json(case: Case, drift: Drift) -> str:
    """Return one JSON object in ASCII, which is harmless on a terminal too."""
    head = {"schema": DRIFT_SCHEMA, "file": case.file}
    tail = {"summary": case.summary, "warnings": case.warnings}
    return json.dumps({**head, **drift.to_dict(), **tail}, indent=2, allow_nan=False)


def _test(found: ModelFree) -> str:
    test = found.test
    if not test.n_prompts:
        return found.meaning
    prompts = f"{counted(test.n_prompts, 'prompt')} shared, {test.n_first} and {test.n_second} responses to them."
    if test.smallest_p is None or not test.could_reject(LEVEL):
        return f"{prompts} {found.meaning}"
    return f"{prompts} {found.meaning} The least p-value that was possible is {test.smallest_p:.2g}."


def _doubts(found: ModelFree) -> Iterator[str]:
    if found.n_by_id:
        yield (
            f"only ids say that {counted(found.n_by_id, 'prompt')} of these are the same; "
            "files that number their rows can match by chance"
        )
    if found.n_other_system:
        yield (
            f"other system prompts at {counted(found.n_other_system, 'prompt')} of these; "
            "they change the style of one model too"
        )


def _markers(markers: MarkerEffects, names: tuple[str, str], width: int) -> list[str]:
    if not markers.effects:
        return []
    reason = "" if markers.is_paired else " Most prompts are not shared: they may be the reason."
    differing = markers.differing(LEVEL)
    corrected = f"corrected for {len(markers.effects)} markers"
    if not differing:
        if markers.smallest_p > LEVEL:
            said = f"With so few responses no style marker can differ ({corrected}, p <= {LEVEL:g})."
        else:
            said = f"No style marker differs ({corrected}, p <= {LEVEL:g})."
        return wrap(said, width)
    of = "to the same prompts" if markers.is_paired else "of both"
    shown = f", the {_MOST_MARKERS} largest of {len(differing)}" if len(differing) > _MOST_MARKERS else ""
    lines = wrap(
        f"Style markers that differ ({corrected}, p <= {LEVEL:g}{shown}), in responses {of}: the means of {names[0]} "
        f"and {names[1]}, and Cliff's delta with its 95 % interval. Above 0 the second has more.{reason}",
        width,
    )
    return [*lines, *(_marker(effect) for effect in differing[:_MOST_MARKERS])]


def _marker(effect: MarkerEffect) -> str:
    name = fit(f"{printable(effect.name)} ({printable(effect.unit)})", _MARKER)
    interval = f"({effect.low:+.2f} to {effect.high:+.2f})"
    return f"  {name}{effect.first:>8.3g}{effect.second:>8.3g}   {effect.delta:+.2f} {interval}"


def _said(drift: Drift) -> Iterator[str]:
    if drift.p_value is None or drift.smallest_p is None:
        yield str(drift.no_drift)
        return
    if drift.change is not None:
        yield from _change(drift.change)
    elif drift.verdict is DriftVerdict.INCONCLUSIVE:
        yield (
            f"No order of these responses has a p-value below {drift.smallest_p:.2g}, and a change needs {LEVEL:g}: "
            f"give more responses at other times, {LEAST_SEGMENT} or more on each side of a change."
        )
    yield (
        f"p = {drift.p_value:.2g} if nothing changed ({counted(drift.n_used, 'response')} compared, a change is "
        f"reported up to p = {LEVEL:g}, the least p-value that was possible is {drift.smallest_p:.2g})."
    )
    if drift.is_prompt_fixed:
        yield "Only responses to the same prompts were compared, so that the prompts are not the reason."
    else:
        yield "Few prompts come again: other prompts at other times look like a change too."
    if drift.change is not None:
        yield "Another model does this, and so does another effort, system prompt or version."
    elif drift.verdict is DriftVerdict.UNCHANGED:
        yield "This does not show that one model wrote all: more responses may show a change."


def _change(change: Change) -> Iterator[str]:
    yield (
        f"Most likely between {_time(change.last_before)} ({counted(len(change.before), 'response')} up to then) and "
        f"{_time(change.first_after)} ({len(change.after)} from then on)."
    )
    yield f"95 % interval: after {_time(change.low)}, no later than {_time(change.high)}."


def _time(when: datetime) -> str:
    """In UTC, to the second."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
