"""Versions of a model, what they were made from, and model comparisons, as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from fingerprint.base.escaping import printable
from fingerprint.config import flat_values
from fingerprint.model.decision import percent
from fingerprint.report.layout import Names, columns, fit

# Digits of a sha256 that are shown; `fingerprint models` takes as many as are unique.
_DIGITS = 12
# Domains of a lab or a release that are named.
_DOMAINS = 3
_RELEASE_HEAD = ("release", "lab", "released", "responses", "held out", "lab right", "release right", "domains")
_LAB_HEAD = ("lab", "releases", "first", "last", "responses", "held out", "lab right", "domains")
_RIGHT = (
    "\nRight: of the responses that were held out (the regression set), how many the linear classifier names, each "
    "response\nalone. Verdicts are on cases of several responses and weigh more evidence. All domains: --format json.\n"
)
_COMPARISON_HEAD = ("", "cases", "old", "new", "worse by", "95 % interval", "allowed", "")


def render_versions(rows: Sequence[Mapping[str, Any]]) -> str:
    """Render a line for each version, with a mark at the one in use.

    Args:
        rows: As `Version.described` returns them, and whether each is "current".

    Returns:
        Text that ends with a newline; empty without rows.
    """
    lines = []
    for row in rows:
        command = row["lineage"][-1]["command"] if row["lineage"] else ""
        cells = (
            "*" if row["current"] else " ",
            row["sha256"][:_DIGITS],
            row["name"],
            row["trained"],
            f"{row['releases']:,} releases",
            f"newest {row['newest']}",
            command,
        )
        lines.append([printable(str(cell)) for cell in cells])
    return _columns(lines)


def render_model(model: Mapping[str, Any]) -> str:
    """Render what a model was made from: its lineage with each corpus, and every hyper-parameter.

    Args:
        model: As `Version.described` returns it, and "config".

    Returns:
        Text that ends with a newline.
    """
    lines = [f"{printable(model['name'])} {model['sha256']}"]
    corpora = {corpus["sha256"]: corpus for corpus in model["corpora"]}
    for entry in model["lineage"]:
        lines += ["", f"{printable(entry['time'])}  {printable(entry['command'])}"]
        lines += [f"  parent    {printable(entry['parent'] or 'none')}", f"  registry  {printable(entry['registry'])}"]
        lines += [f"  corpus    {printable(_corpus(corpora[sha256]))}" for sha256 in entry["corpora"]]
        comparison = entry["comparison"]
        if comparison:
            lines.append(f"  compared with its parent: {'worse, and forced' if comparison['refused'] else 'not worse'}")
            lines += ["    " + line for line in render_comparison(comparison).splitlines()]
    rows = [["", printable(name), printable(value) or "-"] for name, value in flat_values(model["config"])]
    return "\n".join(lines) + "\n\nconfig\n" + _columns(rows)


def render_releases(releases: Sequence[Mapping[str, Any]], labs: Mapping[str, str]) -> str:
    """Render a line for each release that a model knows.

    Args:
        releases: As `fingerprint.store.known.KnownRelease` has them.
        labs: The display name of each lab by its key.

    Returns:
        Text that ends with a newline.
    """
    name = Names(labs)
    rows = [
        (
            printable(row["release"]),
            name(row["lab"]),
            row["released"] or "-",
            f"{row['responses']:,}",
            f"{row['held_out']:,}",
            _right(row["lab_right"]),
            _right(row["release_right"]),
            _domains(row["domains"]),
        )
        for row in releases
    ]
    return _columns([_RELEASE_HEAD, *rows]) + _RIGHT


def render_labs(rows: Sequence[Mapping[str, Any]], labs: Mapping[str, str]) -> str:
    """Render a line for each lab that a model knows.

    Args:
        rows: As `fingerprint.store.known.KnownLab` has them.
        labs: The display name of each lab by its key.

    Returns:
        Text that ends with a newline.
    """
    name = Names(labs)
    lines = [
        (
            name(row["lab"]),
            f"{row['releases']:,}",
            row["oldest"] or "-",
            row["newest"] or "-",
            f"{row['responses']:,}",
            f"{row['held_out']:,}",
            _right(row["lab_right"]),
            _domains(row["domains"]),
        )
        for row in rows
    ]
    return _columns([_LAB_HEAD, *lines]) + _RIGHT


def render_comparison(comparison: Mapping[str, Any]) -> str:
    """Render a model comparison: a table by group of releases, then what fell, then what was lost.

    Args:
        comparison: As `Comparison.to_dict` returns it.

    Returns:
        Text that ends with a newline.
    """
    rows: list[Sequence[str]] = [_COMPARISON_HEAD]
    for group, figures in groupby(comparison["figures"], lambda figure: str(figure["group"])):
        rows.append((printable(group), *[""] * (len(_COMPARISON_HEAD) - 1)))
        rows += map(_figure, figures)
    text = _columns(rows) if len(rows) > 1 else "No response is in a regression set of both models to compare them.\n"
    for figure in comparison["figures"]:
        if figure["worse"]:
            text += f"Worse: {printable(figure['group'])}, {printable(figure['figure'])}: by {_drop(figure)}\n"
    if comparison["lost"]:
        text += f"The new model no longer knows: {printable(', '.join(comparison['lost']))}\n"
    return text


def _corpus(corpus: Mapping[str, Any]) -> str:
    licence, source = corpus["licence"] or "no licence stated", corpus["source"] or "no source stated"
    return f"{corpus['sha256'][:_DIGITS]}  {corpus['name']} ({corpus['rows']:,} rows, {licence}, {source})"


def _figure(figure: Mapping[str, Any]) -> Sequence[str]:
    old, new, drop, allowed = (_number(figure[name]) for name in ("old", "new", "drop", "allowed"))
    worse = "worse" if figure["worse"] else ""
    return (f"  {printable(figure['figure'])}", str(figure["cases"]), old, new, drop, _interval(figure), allowed, worse)


def _drop(figure: Mapping[str, Any]) -> str:
    return f"{_number(figure['drop'])} ({_interval(figure)}; allowed: {_number(figure['allowed'])})"


def _interval(figure: Mapping[str, Any]) -> str:
    if figure["drop"] is None:
        return "-"
    return "too few to tell" if figure["low"] is None else f"{figure['low']:.3f} to {figure['high']:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _right(share: float | None) -> str:
    return "-" if share is None else percent(share, 0)


def _domains(names: Sequence[str]) -> str:
    more = f" and {len(names) - _DOMAINS:,} more" if len(names) > _DOMAINS else ""
    return ", ".join(map(printable, names[:_DOMAINS])) + more


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Lines with two spaces between columns of equal width."""
    width = [max(map(columns, cells)) for cells in zip(*rows, strict=True)]
    return "".join("  ".join(map(fit, row, width)).rstrip() + "\n" for row in rows)
