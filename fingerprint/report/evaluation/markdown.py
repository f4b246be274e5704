"""A report of an evaluation in brief, as Markdown that a repository's pages show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fingerprint.base.escaping import printable
from fingerprint.report.evaluation.figures import LEVELS, PROTOCOLS, Figures
from fingerprint.report.evaluation.numbers import DASH, big, count, interval, name, percent, short

# What begins emphasis, code, links or tables, HTML, entities, mentions or maths, anywhere in a line; and what would
# make an address a link. An underscore within a word begins nothing.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~&!#$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)
# Some readers of Markdown know no backslash before these, or none in a table.
_ENTITIES = frozenset("<>|&$@:.")
_START = re.compile(r"^\d*(?=[-+=.)])")


def render_markdown(report: dict[str, Any]) -> str:
    """Return a report (see `report.json`, schema 1) in brief, ending with a newline.

    Protocols that were not run have no section and numbers that could not be measured are dashes. All text of
    the report is shown as text: nothing in it is Markdown or HTML.
    """
    figures = Figures(report["figures"])
    made = report["made"]
    blocks = [
        f"# Evaluation of the model {_name(made['model']['name'])}",
        *_summary(report),
        *(block for protocol in figures.protocols() for block in _protocol(figures, protocol)),
        *_claims(report, figures),
        *_months(report["at_the_time"] or []),
        *_errors(report["errors"] or []),
        *_made(made),
    ]
    return "\n\n".join(blocks) + "\n"


def escaped(text: object) -> str:
    """Return hostile text as Markdown that shows it on one line, as it is."""
    shown = DASH if text is None else printable(str(text)).strip()
    return _START.sub(r"\g<0>\\", _SPECIAL.sub(_shown, shown))


def _shown(special: re.Match[str]) -> str:
    return f"&#{ord(special[0])};" if special[0] in _ENTITIES else f"\\{special[0]}"


def _name(text: object) -> str:
    return escaped(name(text))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table; all but the first `words` columns are numbers. Cells are escaped already."""
    marks = ["---" if at < words else "---:" for at in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, marks, *rows))


def _summary(report: Mapping[str, Any]) -> list[str]:
    lines = [f"- **{big(line['value'])}** {escaped(line['text'])}" for line in report["summary"]["headline"]]
    notes = [f"- {escaped(note)}" for note in report["notes"] or []]
    blocks = ["\n".join(lines)] if lines else []
    return blocks + (["What to keep in mind:", "\n".join(notes)] if notes else [])


def _protocol(figures: Figures, protocol: str) -> list[str]:
    """All numbers of responses for the protocol as a whole, and one for each of its parts."""
    rows = []
    for part in figures.parts(protocol):
        numbers = figures.responses(protocol, part) if part == "all" else [figures.typical(protocol, part)]
        for responses in numbers:
            for level in LEVELS:
                row = figures.get(protocol, part, responses, level)
                if row is not None:
                    rows.append(_row(part, row))
    about = [PROTOCOLS[protocol]] if protocol in PROTOCOLS else []
    head = ("part", "level", "responses", "suspects", "top-1 (95 % interval)", "chance", "majority")
    return [f"## {_name(protocol)}", *about, _table(head, rows, words=2)]


def _row(part: str, row: Mapping[str, Any]) -> list[str]:
    shares = (percent(row["chance"]), percent(row["majority"]))
    top = interval("top-1", row["metrics"].get("top-1"))
    return [_name(part), _name(row["level"]), count(row["responses"]), count(row["suspects"]), top, *shares]


def _claims(report: Mapping[str, Any], figures: Figures) -> list[str]:
    claims = report["claims"]
    if not claims:
        return []
    rows = []
    for protocol in figures.protocols():
        for responses in figures.responses(protocol):
            row = figures.get(protocol, "all", responses, "lab")
            if row is not None:
                asked = ("coverage", "false claims", "false of the surest half", "said unknown", "said new")
                shares = [interval(metric, row["metrics"].get(metric)) for metric in asked]
                rows.append([_name(protocol), count(responses), count(row["suspects"]), *shares])
    said = ("claimed", "of these false", "false of the surest half", "said unknown lab", "said new release")
    head = ("protocol", "responses", "suspects", *said)
    about = (
        f"At the shipped threshold of {percent(claims['threshold'])}, meant for at most "
        f"{percent(claims['false_attributions'], 0)} false claims over the files that the model expects. "
        "The surest half: were the half claimed whose first lab is the likeliest."
    )
    return ["## Claims", about, _table(head, rows)]


def _months(months: Sequence[Mapping[str, Any]]) -> list[str]:
    if not months:
        return []
    head = ("month", "releases", "suspects", "right lab", "each lab the same", "said new", "claimed", "of these false")
    rows = []
    for month in months:
        top = {"value": month["lab top-1"], "low": month["low"], "high": month["high"]}
        shares = [percent(month[key]) for key in ("lab macro", "said new", "coverage", "false claims")]
        sizes = (count(month["releases"]), count(month["suspects"]))
        rows.append([_name(month["month"]), *sizes, interval("top-1", top), *shares])
    return ["## Month by month, at the time of release", _table(head, rows)]


def _errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    if not errors:
        return []
    rows = []
    for error in errors:
        style_markers = [
            f"{_name(h['habit'])} {short(h['here'])} {escaped(h['unit'] or '')} "
            f"(named: {short(h['said'])}, right: {short(h['true'])})"
            for h in error["habits"]
        ]
        rows.append(
            [
                f"{_name(error['release'])} ({_name(error['lab'])})",
                f"{_name(error['said_release'])} ({_name(error['said_lab'])})",
                f"{_name(error['protocol'])}, {_name(error['corpus'])}",
                "; ".join(style_markers) or DASH,
                count(error["responses"]),
                percent(error["probability"]),
            ]
        )
    head = ("was", "named as", "asked", "what misled it", "responses", "probability")
    return ["## The most confident errors", _table(head, rows, words=4)]


def _made(made: Mapping[str, Any]) -> list[str]:
    model = made["model"]
    facts = [
        ("command", made["command"]),
        ("date", made["date"]),
        ("fingerprint", f"{made['version']}, seed {made['seed']}"),
        ("model", f"{model['name']}, trained {model['trained']}, {count(model['releases'])} releases"),
        ("model sha256", model["sha256"]),
        ("newest release", model["newest"]),
        ("sample", made["sample"]),
        *(("folds", fold) for fold in made["folds"]),
        ("packages", ", ".join(f"{package} {version}" for package, version in made["packages"].items())),
    ]
    corpora = [
        [_name(c["name"]), escaped(c["licence"]), escaped(c["source"]), escaped(c["sha256"]), count(c["rows"])]
        for c in made["corpora"]
    ]
    return [
        "## How it was made",
        "\n".join(f"- {key}: {escaped(value)}" for key, value in facts),
        _table(("corpus", "licence", "source", "sha256", "rows"), corpora, words=4),
    ]
