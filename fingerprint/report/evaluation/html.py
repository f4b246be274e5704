"""A report of an evaluation as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fingerprint.data.registry import Registry
from fingerprint.metrics import Level, Metric
from fingerprint.report.evaluation import candidates, claims, confusion, curves, numbers, similarity
from fingerprint.report.evaluation.figures import (
    ATTRIBUTION_METRICS,
    MONTH_METRICS,
    SET_METRICS,
    VERDICT_METRICS,
    Figures,
    View,
    compared_with,
    kinds,
    parts_of,
)
from fingerprint.report.evaluation.svg import marks
from fingerprint.report.html import environment

if TYPE_CHECKING:
    from jinja2 import Environment

_Section = dict[str, Any]


def render_html(report: dict[str, Any]) -> str:
    """Write a report as an HTML page.

    Protocols that were not run have no section, and numbers that could not be measured are dashes. Names are shown as
    text, and characters that would hide or reorder text as visible escapes.

    Args:
        report: The content of report.json, schema 3.

    Returns:
        The page.

    Raises:
        MissingExtra: Without `jinja2`.
    """
    figures = Figures(report)
    sections = [section for make in _SECTIONS for section in make(report, figures)]
    return _environment().get_template("report.html").render(report=report, sections=sections)


def _environment() -> Environment:
    made = environment("fingerprint.report.evaluation")
    registry = Registry.load()
    made.filters["lab"] = lambda key, most=numbers.LONGEST_NAME: numbers.name(
        registry.display(key) if key else key, most
    )
    made.globals |= {
        "interval": numbers.interval,
        "value_of": numbers.value_of,
        "row_of": confusion.row,
        "LEVELS": [str(level) for level in Level],
        "M": Metric,
        "MONTH_METRICS": MONTH_METRICS,
        "SET_METRICS": SET_METRICS,
        "VERDICT_METRICS": VERDICT_METRICS,
        "DASH": numbers.DASH,
    }
    return made


def _section(key: str, title: str, template: str = "", **view: Any) -> _Section:
    return {"key": key, "title": title, "template": f"sections/{template or key}.html", "view": view}


def _summary(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    summary = report["summary"]
    said = {"conclusion": summary.get("conclusion", ""), "headline": summary["headline"], "notes": report["notes"]}
    return [_section("summary", "In a minute", **said)]


def _kinds(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    any_kind, expected = kinds(figures)
    if not any_kind:
        return []
    return [_section("kinds", "By kind of case", groups=[("", any_kind), ("if the user says --expect", expected)])]


def _accuracy(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    charts = curves.accuracy(figures)
    if not charts:
        return []
    tables = [
        {
            "protocol": protocol,
            "question": figures.question(protocol),
            "left_out": figures.left_out(protocol),
            "rows": [(n, _levels(figures, protocol, n)) for n in figures.responses(protocol)],
        }
        for protocol in figures.protocols(View.ACCURACY)
    ]
    corpora = [
        (name, parts_of(figures, name)) for name in figures.protocols(View.ACCURACY) if _has_corpora(figures, name)
    ]
    title = "How many responses it takes"
    return [_section("accuracy", title, charts=list(charts.items()), tables=tables, corpora=corpora)]


def _levels(figures: Figures, protocol: str, responses: int) -> dict[str, dict[str, Any] | None]:
    return {level: figures.get(protocol, "all", responses, level) for level in Level}


def _has_corpora(figures: Figures, protocol: str) -> bool:
    """Whether a protocol has parts that no other section shows."""
    return len(figures.parts(protocol)) > 1 and protocol not in figures.protocols(View.MONTHS)


def _confusion(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    tables = []
    for protocol, found in report["confusion"].items():
        predicted, rows = confusion.heat(found["labs"])
        if rows:
            tables.append((protocol, found["responses"], predicted, list(zip(found["labs"], rows, strict=True))))
    return [_section("confusion", "Which lab is taken for which", tables=tables)] if tables else []


def _reliability(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    bins = {protocol: rows for protocol, rows in report["reliability"].items() if rows}
    if not bins:
        return []
    title = "Do stated and observed rates agree?"
    return [_section("reliability", title, charts=curves.reliability(figures, bins), bins=bins)]


def _risk_coverage(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    found = report["risk_coverage"]
    chart = curves.risk_coverage(figures, found)
    if chart is None:
        return []
    rows = []
    for protocol in figures.protocols():
        responses = figures.typical(protocol)
        lab = figures.get(protocol, "all", responses, Level.LAB)
        if lab is not None:
            rows.append((protocol, responses, lab))
    return [
        _section(
            "attributions",
            "How much is attributed, how much wrongly",
            chart=chart,
            found=found,
            rows=rows,
            metrics=ATTRIBUTION_METRICS,
        )
    ]


def _similarity(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    points, tree = report["similarity"]["map"], report["similarity"]["tree"]
    if not points and not tree:
        return []
    rows = sorted(points or (), key=lambda p: (str(p["lab"]), str(p["family"]), str(p["release"])))
    looks = marks(Counter(point["lab"] for point in rows))
    return [
        _section(
            "similarity",
            "The map and the tree of releases",
            map=similarity.draw_map(points, Registry.load().display) if points else None,
            points=rows,
            tree=similarity.draw_tree(tree, looks, Registry.load().display) if tree else None,
        )
    ]


def _worst_errors(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    errors = report["worst_errors"]
    return [_section("worst-errors", "The worst errors", errors=errors)] if errors else []


def _months(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    found = [(p, figures.question(p), curves.months(rows), rows) for p, rows in report["months"].items() if rows]
    return [_section("months", "Month by month", protocols=found)] if found else []


def _candidates(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    protocols = [
        {
            "name": name,
            "question": figures.question(name),
            "left_out": figures.left_out(name),
            "conclusions": candidates.conclusions(found),
            "tables": candidates.tables(found),
        }
        for name, found in report["candidates"].items()
        if found["figures"]
    ]
    columns = {"inside": candidates.INSIDE_METRICS, "outside": candidates.OUTSIDE_METRICS}
    return [_section("candidates", "Which of a few labs?", protocols=protocols, columns=columns)] if protocols else []


def _claims(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    protocols = [
        {
            "name": name,
            "question": figures.question(name),
            "left_out": figures.left_out(name),
            "conclusions": claims.conclusions(found),
            "charts": claims.det_curves(found),
            "tables": claims.tables(found),
            "rates": found,
        }
        for name, found in report["claims"].items()
        if found["figures"]
    ]
    columns = {"true": claims.TRUE_METRICS, "false": claims.FALSE_METRICS}
    return [_section("claims", "Is it the claimed model?", protocols=protocols, columns=columns)] if protocols else []


def _parts(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    sections = []
    for protocol in figures.protocols(View.PARTS):
        parts = parts_of(figures, protocol)
        if parts:
            about = {"question": figures.question(protocol), "left_out": figures.left_out(protocol)}
            compared = compared_with(figures, protocol)
            title = protocol.replace("-", " ").capitalize()
            sections.append(
                _section(protocol, title, "parts", protocol=protocol, parts=parts, compared=compared, **about)
            )
    return sections


def _figures(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    tables = [(p, figures.metrics(p), figures.all_of(p)) for p in figures.protocols()]
    return [_section("figures", "All figures", tables=tables)] if tables else []


def _run(report: Mapping[str, Any], figures: Figures) -> list[_Section]:
    return [_section("run", "How this report was made", run=report["run"])]


_SECTIONS: tuple[Callable[[Mapping[str, Any], Figures], list[_Section]], ...] = (
    _summary,
    _kinds,
    _accuracy,
    _confusion,
    _reliability,
    _risk_coverage,
    _similarity,
    _worst_errors,
    _months,
    _candidates,
    _claims,
    _parts,
    _figures,
    _run,
)
