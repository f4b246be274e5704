"""A library of answers: which known releases lack answers to a set of probes, and where they can be asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from fingerprint.base.files import locked, write_atomically
from fingerprint.base.keys import digest
from fingerprint.collect.answers import line
from fingerprint.collect.messages import Failure, canonical_json
from fingerprint.collect.plan import Job, ProbeRequest, RequestSettings, Target, draws, plan_job, question_of
from fingerprint.collect.provider import ListedModel, Provider
from fingerprint.data.probes import Probe, ProbeSet
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError

BATCHES = "batches"

_Asked = str
"""What makes an answer one to a probe, whoever gave it: a digest of the messages and tools, whatever the probe's id."""


@dataclass(frozen=True, slots=True)
class Library:
    """A folder of answers, and what it is to hold.

    Attributes:
        folder: The folder.
        probes: The set that each release is to answer.
        settings: How it is asked.
        releases: The canonical names of the releases.
        registry: Resolves the names that providers and files use.
    """

    folder: Path
    probes: ProbeSet
    settings: RequestSettings
    releases: Collection[str]
    registry: Registry


@dataclass(frozen=True, slots=True)
class Missing:
    """What a library lacks.

    Attributes:
        jobs: What is to be asked, by release.
        complete: The releases that have all answers.
        not_offered: The releases that lack answers and that no provider lists.
    """

    jobs: Mapping[str, Job]
    complete: tuple[str, ...]
    not_offered: tuple[str, ...]


async def missing(library: Library, providers: Sequence[Provider], base_url: str | None = None) -> Missing:
    """Compare the library with what the providers list; ask no model.

    Answers count whichever provider they came from. A release is asked at the first provider that lists it.

    Args:
        library: What is wanted.
        providers: Those that may be asked, in this order.
        base_url: The address, if it is not the providers' own.

    Returns:
        What is missing. The jobs are in the order of the releases' labs and names.

    Raises:
        InputError: A file of the folder is none of `collect`.
        FingerprintError: A provider's list cannot be read, or names no known release.
    """
    offered: dict[str, tuple[Provider, str]] = {}
    for provider in providers:
        for release, name in offers(await _listed(provider), library.registry).items():
            offered.setdefault(release, (provider, name))
    if not offered:
        raise FingerprintError(f"{', '.join(p.name for p in providers)}: no model in the list is in the registry")
    answered = _answered(library)
    needed = Counter(_asked(probe, library.settings) for probe, _ in draws(library.probes, library.settings))
    releases = library.registry.releases
    jobs: dict[str, Job] = {}
    complete, not_offered = [], []
    for name in sorted(library.releases, key=lambda name: (releases[name].lab, name)):
        lacks = needed - answered.get(name, Counter())
        if not lacks:
            complete.append(name)
        elif name not in offered:
            not_offered.append(name)
        else:
            provider, model = offered[name]
            job = plan_job(Target(provider, model, library.folder, base_url), library.probes, library.settings)
            jobs[name] = replace(job, todo=tuple(_first(job.todo, lacks, library.settings)))
    return Missing(jobs, tuple(complete), tuple(not_offered))


def offers(listed: Iterable[ListedModel], registry: Registry) -> dict[str, str]:
    """Return the name at a provider of each known release that it lists.

    Of several names, the plain one counts: without a variant after a colon, then the shortest.

    Args:
        listed: The provider's list.
        registry: The known releases.
    """
    names: dict[str, str] = {}
    for model in sorted((m.id for m in listed if m.is_one), key=lambda name: (":" in name, len(name), name)):
        entry = registry.resolve(model)
        if entry is not None:
            names.setdefault(entry.release, model)
    return names


def batches(library: Library) -> tuple[list[Path], int]:
    """Put the answers that no batch has into a new one, from which a model can learn.

    A model knows by the bytes of a file that it has learned it. Files of answers grow, batches never change.

    Args:
        library: The answers of its releases count.

    Returns:
        The files of all batches, and how many answers are new.

    Raises:
        InputError: A file of the folder is none of `collect`.
        FingerprintError: The new batch cannot be written.
    """
    folder = library.folder / BATCHES
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            files = sorted(folder.glob("*.jsonl"))
            had = {record["key"] for path in files for record in _records(path)}
            new = [line(record) for _, record in _known(library) if record["key"] not in had]
            if new:
                # Not the first free number: a batch that somebody removed would come back as another one.
                last = max((int(path.stem) for path in files if path.stem.isdecimal()), default=0)
                files.append(folder / f"{last + 1:04}.jsonl")
                write_atomically(files[-1], b"".join(new))
    except OSError as error:
        raise FingerprintError(f"{folder}: cannot be written ({error.strerror})") from None
    return files, len(new)


def _answered(library: Library) -> dict[str, Counter[_Asked]]:
    """The answers of each release."""
    found: dict[str, Counter[_Asked]] = defaultdict(Counter)
    for release, record in _known(library):
        found[release][_digest(record.get("messages"), record.get("tools"))] += 1
    return found


def _known(library: Library) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of the library's releases; files of other models are left alone."""
    wanted = set(library.releases)
    resolved = cache(library.registry.resolve)
    for path in sorted(library.folder.glob("*.jsonl")):
        for record in _records(path):
            entry = resolved(str(record.get("release")))
            if entry is not None and entry.release in wanted:
                yield entry.release, record


async def _listed(provider: Provider) -> Sequence[ListedModel]:
    try:
        return await provider.models()
    except Failure as failure:
        raise FingerprintError(f"{provider.name}: its list of models cannot be read ({failure})") from None


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file: another process may be writing the last one."""
    try:
        *whole, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})") from None
    for number, text in enumerate(whole, 1):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or "key" not in record:
            raise InputError(str(path), "is not a line that `collect` wrote; keep other files elsewhere", number)
        yield record


def _asked(probe: Probe, settings: RequestSettings) -> _Asked:
    question = question_of(probe, settings)
    tools = canonical_json(list(question.tools)) if question.tools else ""
    return _digest([asdict(message) for message in question.messages], tools)


def _digest(messages: object, tools: object) -> _Asked:
    """Both as a record has them."""
    return digest(canonical_json([messages, tools]))


def _first(todo: Iterable[ProbeRequest], lacks: Counter[_Asked], settings: RequestSettings) -> Iterator[ProbeRequest]:
    """As many requests for each probe as it lacks answers."""
    left = lacks.copy()
    for one in todo:
        asked = _asked(one.probe, settings)
        if left[asked] > 0:
            left[asked] -= 1
            yield one
