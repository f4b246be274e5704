"""A report of an evaluation as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fingerprint.base.escaping import printable
from fingerprint.errors import MissingExtra
from fingerprint.report.evaluation import confusion, curves, numbers, parts, scatter, tree
from fingerprint.report.evaluation.figures import LEVELS, MAIN, PROTOCOLS, Figures
from fingerprint.report.evaluation.svg import marks, px

if TYPE_CHECKING:
    from jinja2 import Environment

_View = Callable[[Mapping[str, Any], Figures], dict[str, Any] | None]


def render_html(report: dict[str, Any]) -> str:
    """Return a report (see `report.json`, schema 1) as a page; raises MissingExtra without `jinja2`.

    Protocols that were not run have no section, numbers that could not be measured are dashes, and names are
    shown as text, with what would hide or reorder them as visible escapes.
    """
    figures = Figures(report["figures"])
    sections = []
    for key, title, view in _SECTIONS:
        seen = view(report, figures)
        if seen is not None:
            sections.append({"key": key, "title": title, "view": seen})
    return _environment().get_template("report.html").render(report=report, sections=sections)


def _environment() -> Environment:
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("the HTML report", "report") from None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fingerprint.report.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": numbers.percent,
        "short": numbers.short,
        "count": numbers.count,
        "big": numbers.big,
        "name": numbers.name,
        "px": px,
    }
    environment.globals |= {
        "interval": numbers.interval,
        "row_of": confusion.row,
        "about": PROTOCOLS,
        "LEVELS": LEVELS,
        "DASH": numbers.DASH,
    }
    return environment


def _safe(value: Any) -> Any:
    """What every expression of a template goes through before it is escaped."""
    if value is None:
        return numbers.DASH
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _summary(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    return {"headline": report["summary"]["headline"], "notes": report["notes"]}


def _accuracy(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    charts = curves.accuracy(figures)
    if not charts:
        return None
    tables = [(p, [(n, _levels(figures, p, n)) for n in figures.responses(p)]) for p in figures.protocols(MAIN)]
    return {"charts": list(charts.items()), "tables": tables, "corpora": parts.parts(figures, "other-set")}


def _levels(figures: Figures, protocol: str, responses: int) -> dict[str, dict[str, Any] | None]:
    return {level: figures.get(protocol, "all", responses, level) for level in LEVELS}


def _confusion(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    found = report["confusion"]
    if not found or not found["labs"]:
        return None
    named, rows = confusion.heat(found["labs"])
    return {"asked": found, "named": named, "rows": list(zip(found["labs"], rows, strict=True))}


def _reliability(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    bins = {protocol: rows for protocol, rows in (report["reliability"] or {}).items() if rows}
    return {"charts": curves.reliability(bins), "bins": bins} if bins else None


def _claims(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    found = report["claims"]
    chart = curves.claims(found) if found else None
    if chart is None:
        return None
    rows = []
    for protocol in figures.protocols():
        responses = figures.typical(protocol)
        lab = figures.get(protocol, "all", responses, "lab")
        if lab is not None:
            rows.append((protocol, responses, lab))
    return {"chart": chart, "claims": found, "rows": rows}


def _map(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    points = report["map"]
    if not points and not report["tree"]:
        return None
    rows = sorted(points or (), key=lambda p: (str(p["lab"]), str(p["family"]), str(p["release"])))
    looks = marks(Counter(point["lab"] for point in rows))
    return {
        "map": scatter.draw(points) if points else None,
        "points": rows,
        "tree": tree.draw(report["tree"], looks) if report["tree"] else None,
    }


def _errors(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    return {"errors": report["errors"]} if report["errors"] else None


def _months(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    rows = report["at_the_time"]
    return {"chart": curves.months(rows), "months": rows} if rows else None


def _parts(protocol: str) -> _View:
    def view(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
        rows = parts.parts(figures, protocol)
        return {"protocol": protocol, "parts": rows, "beside": parts.beside(figures, protocol)} if rows else None

    return view


def _figures(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    protocols = figures.protocols()
    return {"tables": [(p, figures.metrics(p), figures.all_of(p)) for p in protocols]} if protocols else None


def _made(report: Mapping[str, Any], figures: Figures) -> dict[str, Any] | None:
    return {"made": report["made"]}


_SECTIONS: tuple[tuple[str, str, _View], ...] = (
    ("summary", "In a minute", _summary),
    ("accuracy", "How many responses it takes", _accuracy),
    ("confusion", "Who is taken for whom", _confusion),
    ("reliability", "Do the probabilities hold?", _reliability),
    ("claims", "How much is claimed, how much falsely", _claims),
    ("map", "The map and the tree of releases", _map),
    ("errors", "The most confident errors", _errors),
    ("months", "At the time of release", _months),
    ("perturbed", "Changed responses", _parts("perturbed")),
    ("languages", "By language and domain", _parts("by language and domain")),
    ("controls", "Controls", _parts("controls")),
    ("figures", "All figures", _figures),
    ("made", "How it was made", _made),
)
