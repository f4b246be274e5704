"""Sets of probes: what models are asked, one JSON object a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.base.files import data_dir
from fingerprint.data.simulation import Simulation, simulation_of
from fingerprint.data.streams import Lines, opened
from fingerprint.errors import FingerprintError, InputError

SETS = "sets.json"
ROLES = ("system", "user", "assistant")
_FIELDS = frozenset({"id", "messages", "tools", "results", "max_steps", "max_tokens", "language", "domain", "draws"})


@dataclass(frozen=True, slots=True)
class Probe:
    """A chat that ends with a turn of the user: messages are (role, content). tools are function schemas as OpenAI's
    chat completions take them; None leaves max_tokens and draws to whoever asks. A probe with a simulation is a task of
    several steps: its tools give results."""

    id: str
    messages: tuple[tuple[str, str], ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    max_tokens: int | None = None
    language: str = ""
    domain: str = ""
    draws: int | None = None
    simulation: Simulation | None = None


@dataclass(frozen=True, slots=True)
class ProbeSet:
    """name, version and purpose as `sets.json` has them; a file of somebody's own is named after itself and has
    neither. sha256 is that of the file's bytes."""

    name: str
    version: str
    purpose: str
    sha256: str
    probes: tuple[Probe, ...]


def load_probes(name: str) -> ProbeSet:
    """A set that ships, by its name, or any file, by its path.

    Raises InputError with the line that is wrong, FingerprintError where there is no such set.
    """
    shipped = listed()
    if name in shipped:
        entry, path = shipped[name], data_dir("corpora") / "probes" / f"{name}.jsonl"
    else:
        entry, path = {}, Path(name)
        if not path.exists():
            raise FingerprintError(f"{name}: no such set of probes or file; sets: {', '.join(shipped) or 'none'}")
    sha256, probes = _read(path)
    return ProbeSet(
        name if entry else path.name.split(".")[0], entry.get("version", ""), entry.get("purpose", ""), sha256, probes
    )


def listed(path: Path | None = None) -> dict[str, dict[str, str]]:
    """The sets that ship, by name: their version and purpose, of {"sets": [{"name", "version", "purpose"}]}.

    Raises InputError.
    """
    path = path or data_dir("corpora") / "probes" / SETS
    if not path.exists():
        return {}
    try:
        sets = json.loads(path.read_text(encoding="utf-8"))["sets"]
        return {str(e["name"]): {"version": str(e["version"]), "purpose": str(e["purpose"])} for e in sets}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            str(path), f'expected {{"sets": [{{"name", "version", "purpose"}}]}} ({type(error).__name__}: {error})'
        ) from None


def _read(path: Path) -> tuple[str, tuple[Probe, ...]]:
    found: dict[str, Probe] = {}
    with opened(str(path)) as stream:
        for number, text in Lines(stream):
            if not text.strip():
                continue
            probe = _probe(_json(path, number, text), str(path), number)
            if probe.id in found:
                raise InputError(str(path), f"id {probe.id!r} is there twice", number)
            found[probe.id] = probe
    if not found:
        raise InputError(str(path), "is empty; expected one probe a line")
    return hashlib.sha256(path.read_bytes()).hexdigest(), tuple(found.values())


def _json(path: Path, number: int, text: str) -> object:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        raise InputError(str(path), "holds half of a surrogate pair, which cannot be sent", number) from None
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), f"is not JSON ({error})", number) from None


def _probe(row: object, file: str, number: int) -> Probe:
    def wrong(expected: str) -> InputError:
        return InputError(file, expected, number)

    if not isinstance(row, dict):
        raise wrong('expected an object with "id" and "messages"')
    if strange := sorted(set(row) - _FIELDS):
        raise wrong(f"unknown fields {', '.join(strange)}; expected {', '.join(sorted(_FIELDS))}")
    if not (isinstance(row.get("id"), str) and row["id"].strip()):
        raise wrong("expected text as id")
    for name in ("language", "domain"):
        if not isinstance(row.get(name, ""), str):
            raise wrong(f"expected text as {name}")
    for name in ("max_tokens", "draws"):
        value = row.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise wrong(f"expected a whole number above 0 as {name}")
    tools = tuple(_tools(row.get("tools", []), wrong))
    return Probe(
        row["id"],
        tuple(_messages(row.get("messages"), wrong)),
        tools,
        row.get("max_tokens"),
        row.get("language", ""),
        row.get("domain", ""),
        row.get("draws"),
        simulation_of(row, tools, wrong),
    )


def _messages(value: object, wrong: Callable[[str], InputError]) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list) or not value:
        raise wrong("expected a list of messages, each with role and content")
    for turn in value:
        if not isinstance(turn, dict) or turn.get("role") not in ROLES or set(turn) != {"role", "content"}:
            raise wrong(f"expected a role ({', '.join(ROLES)}) and content, and nothing else, for each message")
        if not isinstance(turn["content"], str) or not turn["content"]:
            raise wrong("expected text as content of each message")
        yield turn["role"], turn["content"]
    if value[-1]["role"] != "user":
        raise wrong("expected the user to have the last turn")


def _tools(value: object, wrong: Callable[[str], InputError]) -> Iterator[Mapping[str, Any]]:
    form = '{"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}'
    if not isinstance(value, list):
        raise wrong(f"expected a list of tools, each {form}")
    for tool in value:
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if (
            not isinstance(function, dict)
            or not isinstance(function.get("name"), str)
            or not isinstance(function.get("description", ""), str)
            or not isinstance(function.get("parameters"), dict)
        ):
            raise wrong(f"expected each tool as {form}")
        yield tool
