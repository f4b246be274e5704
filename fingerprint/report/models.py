"""Versions of a model and what they were made from, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fingerprint.base.escaping import printable
from fingerprint.report.comparison import render

_SHORT = 12


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line a version, the one in use marked. rows: as `Version.described`, and whether it is `current`."""
    lines = []
    for row in rows:
        command = row["lineage"][-1]["command"] if row["lineage"] else ""
        cells = (
            "*" if row["current"] else " ", row["sha256"][:_SHORT], row["name"], row["trained"],
            f"{row['releases']} releases", f"the newest of {row['newest']}", command,
        )  # fmt: skip
        lines.append([printable(cell) for cell in cells])
    width = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join("  ".join(map(str.ljust, line, width)).rstrip() + "\n" for line in lines)


def lineage(known: Mapping[str, Any]) -> str:
    """known: as `Version.described`."""
    lines = [f"{printable(known['name'])} {known['sha256']}"]
    sources = {corpus["sha256"]: corpus for corpus in known["corpora"]}
    for step in known["lineage"]:
        lines += ["", f"{printable(step['time'])}  {printable(step['command'])}"]
        lines += [f"  parent    {printable(step['parent'] or 'none')}", f"  registry  {printable(step['registry'])}"]
        for sha256 in step["corpora"]:
            c = sources[sha256]
            what = (
                f"{c['name']} ({c['rows']} rows, {c['licence'] or 'no licence stated'}, {c['source'] or 'no source'})"
            )
            lines.append(f"  corpus    {printable(sha256[:_SHORT])}  {printable(what)}")
        if step["gate"]:
            lines.append(f"  beside its parent: {'worse, and forced' if step['gate']['refused'] else 'no worse'}")
            lines += ["    " + line for line in render(step["gate"]).splitlines()]
    return "\n".join(lines) + "\n"
