"""The page and the Atom feed of what was found. Names of models are hostile text: they are escaped and made visible."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from fingerprint.base.escaping import printable
from fingerprint.errors import MissingExtra
from fingerprint.report.layout import Names
from fingerprint.watch.state import State, Watched

if TYPE_CHECKING:
    from jinja2 import Environment

_ATOM = "http://www.w3.org/2005/Atom"
# Entries of the feed: more than any reader is behind.
_MOST_ENTRIES = 100
_WITHOUT_RUN = "1970-01-01T00:00:00+00:00"


def page(state: State, labs: Mapping[str, str]) -> str:
    """Return the page: one row for each model that is new since the first run. No script, no network.

    Args:
        state: What is known.
        labs: The display name of each lab.

    Raises:
        MissingExtra: Without `jinja2`.
    """
    names = Names(labs)
    return _environment().get_template("index.html").render(
        provider=state.provider, models=state.newest_first(), lab=names, link=_link, summary=_summary
    )  # fmt: skip


def feed(state: State, labs: Mapping[str, str]) -> bytes:
    """Return the Atom feed: one entry for each model, which is updated when a verdict comes in.

    Args:
        state: What is known.
        labs: The display name of each lab.

    References:
        RFC 4287, The Atom Syndication Format.
    """
    models = state.newest_first()[:_MOST_ENTRIES]
    root = ElementTree.Element("feed", xmlns=_ATOM)
    _add(root, "id", _urn(state, ""))
    _add(root, "title", f"New models at {state.provider}")
    _add(root, "updated", models[0].changed if models else _WITHOUT_RUN)
    _add(ElementTree.SubElement(root, "author"), "name", "fingerprint")
    names = Names(labs)
    for one in models:
        entry = ElementTree.SubElement(root, "entry")
        _add(entry, "id", _urn(state, one.id))
        _add(entry, "title", f"{one.id}: {_summary(one, names)}")
        _add(entry, "updated", one.changed)
        _add(entry, "published", one.seen)
        _add(entry, "summary", f"{one.name}. {', '.join(one.signs) or 'no sign of a stealth model'}.")
        if one.findings:
            href = _link(one.findings[-1].file)
            ElementTree.SubElement(entry, "link", rel="alternate", type="application/json", href=href)
    ElementTree.indent(root)
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _summary(one: Watched, names: Names) -> str:
    """What was found last, in a few words."""
    if not one.findings:
        return one.failure or "not probed yet"
    last = one.findings[-1]
    return f"{last.in_words(names)}, {last.responses} responses"


def _link(file: str) -> str:
    """The address of a file of the folder; its name has no other character that an address reads in its own way."""
    return file.replace("%", "%25")


def _urn(state: State, model: str) -> str:
    """A name that no other feed has, and that stays the same."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"fingerprint watch {state.base_url} {model}").urn


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    # XML has no form for control characters.
    ElementTree.SubElement(parent, tag).text = printable(text)


def _environment() -> Environment:
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("the page of fingerprint watch", "report") from None
    return jinja2.Environment(
        loader=jinja2.PackageLoader("fingerprint.watch"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
