"""ReleaseFields entries of the registry, and new aliases of old ones."""

from __future__ import annotations

import csv
import difflib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fingerprint.base.files import locked, write_atomically
from fingerprint.data.registry import COLUMNS, LAB_COLUMNS, LABS, Registry, Release
from fingerprint.errors import InputError


@dataclass(frozen=True)
class ReleaseFields:
    """What is stated about a release; None for what is not stated.

    Attributes:
        release: Its name.
        lab: The lab's name in the registry.
        family: The releases of the lab that share a generation.
        line: The lab's product line.
        released: YYYY-MM.
        kind: "lab", "base" or "finetune".
        aliases: Names that sources use for it.
        lab_name: The name for people of a lab that the registry does not have yet.
    """

    release: str
    lab: str | None = None
    family: str | None = None
    line: str | None = None
    released: str | None = None
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    lab_name: str | None = None


def add_release(path: Path, new: ReleaseFields) -> Release:
    """Add a release to a registry, or aliases to a release that it has; the file is written whole or not at all.

    Args:
        path: The registry.
        new: What is stated about the release.

    Returns:
        The entry.

    Raises:
        InputError: The registry would not be valid with it, or it is most likely a mistake; nothing is written.
    """
    with locked(path.resolve().parent):
        registry = Registry.load(path)
        known = registry.resolve(new.release)
        entry = _with_aliases(path, known, new) if known else _entry(path, registry, new)
        for alias in new.aliases:
            other = registry.resolve(alias)
            if other and other.release != entry.release:
                raise InputError(str(path), f"{alias!r} already stands for {other.release!r}")
        labs = _labs(path, registry, new) if not known else None
        data = _changed(path, entry, bool(known))
        _check(path, data)
        if labs is not None:
            write_atomically(path.with_name(LABS), labs)
        write_atomically(path, data)
    return entry


def _with_aliases(path: Path, known: Release, new: ReleaseFields) -> Release:
    stated = [
        name for name in ("lab", "family", "line", "released", "kind", "lab_name") if getattr(new, name) is not None
    ]
    if stated or not new.aliases:
        raise InputError(
            str(path), f"{new.release!r} is there already, as {known.release!r}; only aliases can be added (--alias)"
        )
    return replace(known, aliases=tuple(dict.fromkeys((*known.aliases, *new.aliases))))


def _entry(path: Path, registry: Registry, new: ReleaseFields) -> Release:
    missing = [f"--{name}" for name in ("lab", "family") if getattr(new, name) is None]
    if missing:
        raise InputError(str(path), f"{new.release!r} is new: {' and '.join(missing)} are needed")
    lab, family = new.lab or "", new.family or ""
    labs = {entry.lab for entry in registry.releases.values()}
    if lab not in labs and new.lab_name is None:
        near = difflib.get_close_matches(lab, sorted(labs), n=3)
        raise InputError(
            str(path),
            f"has no lab {lab!r}{'; near: ' + ', '.join(near) if near else ''}; "
            "if it is new, give its name for people (--lab-name)",
        )
    if lab in labs and new.lab_name is not None:
        raise InputError(str(path), f"has the lab {lab!r} already; --lab-name is for new ones")
    lines = {entry.line for entry in registry.of_lab(lab) if entry.family == family}
    if new.line is None and len(lines) != 1:
        what = f"the lines {', '.join(sorted(lines))}" if lines else "no release yet"
        raise InputError(str(path), f"family {family!r} of {lab} has {what}; name the line (--line)")
    released = new.released or ""
    if released > datetime.now(UTC).strftime("%Y-%m"):
        raise InputError(str(path), f"released {released!r} is in the future")
    aliases = tuple(a for a in dict.fromkeys(new.aliases) if a != new.release)
    return Release(new.release, lab, family, new.line or next(iter(lines)), released, new.kind or "lab", aliases)


def _labs(path: Path, registry: Registry, new: ReleaseFields) -> bytes | None:
    """labs.csv with the new lab in it; None where the lab is known."""
    if new.lab_name is None:
        return None
    beside = path.with_name(LABS)
    text = beside.read_text("utf-8") if beside.exists() else _line(LAB_COLUMNS)
    return (text.rstrip("\n") + "\n" + _line((new.lab or "", new.lab_name))).encode()


def _changed(path: Path, entry: Release, known: bool) -> bytes:
    """The registry's file with the entry in it: in place of the old one, or after the last of its lab. Other lines
    stay as they are."""
    lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    reader = csv.DictReader(io.StringIO("".join(lines), newline=""))
    fields = list(reader.fieldnames or COLUMNS)
    values = {name: getattr(entry, name) for name in COLUMNS} | {"aliases": "|".join(entry.aliases)}
    start, at, extra = reader.line_num, (len(lines), len(lines)), {}
    for row in reader:
        if row["release"] == entry.release:
            at, extra = (start, reader.line_num), row
        elif row["lab"] == entry.lab and not known:
            at = (reader.line_num, reader.line_num)
        start = reader.line_num
    lines[slice(*at)] = [_line([(extra | values).get(name) or "" for name in fields])]
    return "".join(lines).encode()


def _line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()


def _check(path: Path, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(data)
        try:
            Registry.load(trial)
        except InputError as error:
            raise InputError(str(path), f"would not be valid with it: {error.expected}", error.line) from None
