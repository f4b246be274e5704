"""A report of an evaluation in brief, as Markdown that a repository's pages show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fingerprint.base.escaping import printable
from fingerprint.metrics import Level, Metric
from fingerprint.report.evaluation import candidates
from fingerprint.report.evaluation.claims import FALSE_METRICS, TRUE_METRICS, conclusions, tables
from fingerprint.report.evaluation.figures import (
    ATTRIBUTION_METRICS,
    MONTH_METRICS,
    SET_METRICS,
    VERDICT_METRICS,
    Figures,
    kinds,
)
from fingerprint.report.evaluation.numbers import DASH, big, count, interval, name, percent, short, value_of

# What begins emphasis, code, links or tables, HTML, entities, mentions or maths, anywhere in a line; and what would
# make an address a link. An underscore within a word begins nothing.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~&!#$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)
# Some readers of Markdown know no backslash before these, or none in a table.
_ENTITIES = frozenset("<>|&$@:.")
_START = re.compile(r"^\d*(?=[-+=.)])")


def render_markdown(report: dict[str, Any]) -> str:
    """Write a report in brief, as Markdown.

    Protocols that were not run have no section, and numbers that could not be measured are dashes. All text of the
    report is shown as text: nothing in it is Markdown or HTML.

    Args:
        report: The content of report.json, schema 3.

    Returns:
        The page, with a newline at its end.
    """
    figures = Figures(report)
    run = report["run"]
    blocks = [
        f"# Evaluation of the model {_name(run['model']['name'])}",
        *_summary(report),
        *_kinds(figures),
        *(block for protocol in figures.protocols() for block in _protocol(figures, protocol)),
        *_attributions(report["risk_coverage"], figures),
        *(block for protocol, rows in report["months"].items() for block in _months(protocol, rows)),
        *(block for protocol, found in report["candidates"].items() for block in _candidates(protocol, found, figures)),
        *(block for protocol, found in report["claims"].items() for block in _claims(protocol, found, figures)),
        *_worst_errors(report["worst_errors"]),
        *_run(run),
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
    notes = [f"- {escaped(note)}" for note in report["notes"]]
    conclusion = report["summary"].get("conclusion", "")
    blocks = [f"> {escaped(conclusion)}"] if conclusion else []
    blocks += ["\n".join(lines)] if lines else []
    return blocks + (["What to keep in mind:", "\n".join(notes)] if notes else [])


def _kinds(figures: Figures) -> list[str]:
    """One row for each kind of case, and one more under the expectation that fits it."""
    any_kind, expected = kinds(figures)
    if not any_kind:
        return []
    about = (
        "Each kind of case by itself. At most 5 % of attributions may be wrong in each kind, and at most 25 % of what "
        "is attributed or likely. Where no lab is named there may be a short list of labs: at most 25 % of these may "
        "lack the right lab. The set of labs is meant to hold the right one in 90 % of cases of each kind."
    )
    head = ("kind", "left out", "responses", "cases", *_COLUMNS)
    tables = []
    for rows in (any_kind, expected):
        cells = [
            [
                _name(one.protocol if one.part == "all" else f"{one.protocol}, {one.part}"),
                escaped(one.left_out),
                count(one.responses),
                count(one.lab["cases"]),
                *_cells(one.lab, one.release),
            ]
            for one in rows
        ]
        tables += [_table(head, cells, words=2)] if cells else []
    return ["## By kind of case", about, *tables]


_COLUMNS = (
    "lab top-1 (95 % interval)",
    "lab macro",
    "release top-1",
    "attributed",
    "wrong",
    "with likely",
    "wrong",
    "short list",
    "lacks the lab",
    "set size",
    "set holds the lab",
    "ECE",
)


def _cells(lab: Mapping[str, Any], release: Mapping[str, Any] | None) -> list[str]:
    """What `_COLUMNS` say."""
    top = interval(Metric.TOP_1, lab["metrics"].get(Metric.TOP_1))
    of_release = _value(release, Metric.TOP_1) if release is not None else DASH
    others = (_value(lab, metric) for metric in (*VERDICT_METRICS, *SET_METRICS, Metric.ECE))
    return [top, _value(lab, Metric.MACRO_RECALL), of_release, *others]


def _value(row: Mapping[str, Any], metric: Metric) -> str:
    found = row["metrics"].get(metric)
    return value_of(metric, found["value"]) if found is not None else DASH


def _protocol(figures: Figures, protocol: str) -> list[str]:
    """All numbers of responses for the protocol as a whole, and one for each of its parts."""
    rows = []
    for part in figures.parts(protocol):
        numbers = figures.responses(protocol, part) if part == "all" else [figures.typical(protocol, part)]
        for responses in numbers:
            lab, release = (figures.get(protocol, part, responses, level) for level in (Level.LAB, Level.RELEASE))
            if lab is not None:
                sizes = [_name(part), count(responses), count(lab["cases"]), percent(lab["chance"])]
                rows.append([*sizes, *_cells(lab, release)])
    about = f"{escaped(figures.question(protocol))} Left out: {escaped(figures.left_out(protocol))}"
    return [f"## {_name(protocol)}", about, _table(("part", "responses", "cases", "chance", *_COLUMNS), rows)]


def _attributions(found: Mapping[str, Any], figures: Figures) -> list[str]:
    rows = []
    for protocol in figures.protocols():
        for responses in figures.responses(protocol):
            row = figures.get(protocol, "all", responses, Level.LAB)
            if row is not None:
                shares = [interval(metric, row["metrics"].get(metric)) for metric in ATTRIBUTION_METRICS]
                rows.append([_name(protocol), count(responses), count(row["cases"]), *shares])
    if not rows:
        return []
    about = (
        f"With {count(found['responses'])} responses, the model's threshold is {percent(found['threshold'])} for a "
        f"false-attribution rate of at most {percent(found['false_attribution_rate'], 0)} in each kind of case, and "
        f"{percent(found['likely_threshold'])} for likely, with at most {percent(found['likely_error_rate'], 0)} "
        "wrong. A dash stands for a threshold that no probability reaches. The folds have their own."
    )
    return ["## Attributions", about, _table(("protocol", "responses", "cases", *ATTRIBUTION_METRICS), rows)]


def _months(protocol: str, months: Sequence[Mapping[str, Any]]) -> list[str]:
    if not months:
        return []
    metrics = ("lab macro", *MONTH_METRICS)
    rows = []
    for month in months:
        top = {"value": month["lab top-1"], "low": month["low"], "high": month["high"]}
        sizes = (count(month["releases"]), count(month["cases"]))
        shares = [percent(month[metric]) for metric in metrics]
        rows.append([_name(month["month"]), *sizes, interval(Metric.TOP_1, top), *shares])
    head = ("month", "releases", "cases", "lab top-1", *metrics)
    return [f"## {_name(protocol)}, month by month", _table(head, rows)]


def _candidates(protocol: str, found: Mapping[str, Any], figures: Figures) -> list[str]:
    if not found["figures"]:
        return []
    about = f"{escaped(figures.question(protocol))} Left out: {escaped(figures.left_out(protocol))}"
    lines = [f"- {escaped(line)}" for line in candidates.conclusions(found)]
    blocks = [f"## {_name(protocol)}", about, "\n".join(lines)]
    for table in candidates.tables(found):
        blocks.append(f"### {escaped(table.title)}")
        for first, rows, metrics in (
            ("the right lab is a candidate", table.inside, candidates.INSIDE_METRICS),
            ("the right lab is none of them", table.outside, candidates.OUTSIDE_METRICS),
        ):
            cells = [
                [
                    _name(row["kind"]),
                    *(count(row[key]) for key in ("responses", "cases", "releases")),
                    *(interval(metric, row["metrics"].get(metric)) for metric in metrics),
                ]
                for row in rows
            ]
            blocks += [_table((first, "responses", "cases", "releases", *metrics), cells)] if cells else []
    return blocks


def _claims(protocol: str, found: Mapping[str, Any], figures: Figures) -> list[str]:
    if not found["figures"]:
        return []
    about = f"{escaped(figures.question(protocol))} Left out: {escaped(figures.left_out(protocol))}"
    blocks = [f"## {_name(protocol)}", about, "\n".join(f"- {escaped(line)}" for line in conclusions(found))]
    for table in tables(found):
        blocks.append(f"### {escaped(table.title)}")
        for of, rows, metrics in (("true claims", table.true, TRUE_METRICS), ("", table.false, FALSE_METRICS)):
            cells = [
                [
                    of or _name(row["kind"]),
                    *(count(row[key]) for key in ("responses", "trials", "releases")),
                    percent(row["in_domain"]),
                    *(interval(metric, row["metrics"].get(metric)) for metric in metrics),
                ]
                for row in rows
            ]
            first = "claims" if of else "false claims, by who wrote the responses"
            head = (first, "responses", "claims", "releases", "in-domain", *metrics)
            blocks += [_table(head, cells)] if cells else []
    return blocks


def _worst_errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    if not errors:
        return []
    rows = []
    for error in errors:
        markers = [
            f"{_name(m['marker'])} {short(m['case'])} {escaped(m['unit'] or '')} "
            f"(predicted lab: {short(m['predicted_lab'])}, true lab: {short(m['true_lab'])})"
            for m in error["style_markers"]
        ]
        rows.append(
            [
                f"{_name(error['release'])} ({_name(error['lab'])})",
                f"{_name(error['predicted_release'])} ({_name(error['predicted_lab'])})",
                f"{_name(error['protocol'])}, {_name(error['corpus'])}",
                "; ".join(markers) or DASH,
                count(error["responses"]),
                percent(error["probability"]),
            ]
        )
    head = (
        "truth",
        "prediction",
        "protocol, corpus",
        "style markers for the predicted lab",
        "responses",
        "probability",
    )
    return ["## The worst errors", _table(head, rows, words=4)]


def _run(run: Mapping[str, Any]) -> list[str]:
    model = run["model"]
    facts = [
        ("command", run["command"]),
        ("date", run["date"]),
        ("fingerprint", f"{run['version']}, seed {run['seed']}"),
        ("model", f"{model['name']}, trained {model['trained']}, {count(model['releases'])} releases"),
        ("model sha256", model["sha256"]),
        ("newest release", model["newest"]),
        ("sample", run["sample"]),
        *(("folds", fold) for fold in run["folds"]),
        ("packages", ", ".join(f"{package} {version}" for package, version in run["packages"].items())),
    ]
    corpora = [
        [_name(c["name"]), escaped(c["licence"]), escaped(c["source"]), escaped(c["sha256"]), count(c["rows"])]
        for c in run["corpora"]
    ]
    return [
        "## How this report was made",
        "\n".join(f"- {key}: {escaped(value)}" for key, value in facts),
        _table(("corpus", "licence", "source", "sha256", "rows"), corpora, words=4),
    ]
