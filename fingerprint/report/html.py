"""What all HTML pages have in common: templates that escape everything, and one form of numbers and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fingerprint.base.escaping import printable
from fingerprint.errors import MissingExtra
from fingerprint.report.evaluation import numbers
from fingerprint.report.evaluation.svg import px

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(package: str) -> Environment:
    """Return an environment that escapes every value of a template, and shows hostile characters as escapes.

    Args:
        package: Whose folder `templates` holds the templates; those of the evaluation are `evaluation/NAME` everywhere.

    Raises:
        MissingExtra: Without `jinja2`.
    """
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("a page in HTML", "report") from None
    shared = jinja2.PrefixLoader({"evaluation": jinja2.PackageLoader("fingerprint.report.evaluation")})
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), shared]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": numbers.percent,
        "short": numbers.short,
        "count": numbers.count,
        "big": numbers.big,
        "name": numbers.name,
        "px": px,
    }
    return made


def _safe(value: Any) -> Any:
    """What every expression of a template goes through before it is escaped."""
    if value is None:
        return numbers.DASH
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    # A number stays with its sign where a line ends.
    return printable(value).replace(" %", "\u00a0%")
