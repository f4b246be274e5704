"""One run: read the list, probe what is new within the budget, and publish what was found."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fingerprint.collect.answers import file_name
from fingerprint.collect.provider import ListedModel, Provider
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.verdict import Verdict
from fingerprint.watch.listing import FREE, is_stealth, known_vendors, signs
from fingerprint.watch.pages import feed, page
from fingerprint.watch.state import Finding, State, Watched, load, save, write

PAGE = "index.html"
FEED = "feed.xml"
VERDICTS = "verdicts"


@dataclass(frozen=True, slots=True)
class Probed:
    """What questioning one model brought.

    Attributes:
        verdict: None if there is no answer to identify.
        document: The verdict and what was asked, as JSON values.
        stopped: Why nothing more was asked.
        finished: Whether it was no limit and no failure that stopped it.
    """

    verdict: Verdict | None
    document: Mapping[str, Any]
    stopped: str
    finished: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """What a run needs.

    Attributes:
        provider: Whose list it is.
        folder: Where the state and everything else is kept.
        registry: The known labs.
        probe: Questions a model, and goes on where an earlier run was cut off.
        report: Called with each model that is probed and what came of it.
    """

    provider: Provider
    folder: Path
    registry: Registry
    probe: Callable[[ListedModel], Awaitable[Probed]]
    report: Callable[[Watched], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found.

    Attributes:
        state: Everything that is known now.
        fresh: The models that were not in the list before.
        probed: The models that were questioned.
        damaged: Those of them whose file of answers cannot be read: they were asked nothing.
    """

    state: State
    fresh: tuple[Watched, ...]
    probed: tuple[Watched, ...]
    damaged: tuple[Watched, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        asked = {one.id for one in self.probed}
        return {
            "provider": self.state.provider,
            "listed": sum(one.listed for one in self.state.models),
            "new": [one.id for one in self.fresh],
            "probed": [_row(one) for one in self.probed],
            "damaged": [one.id for one in self.damaged],
            "waiting": [one.id for one in self.state.models if one.waits and one.id not in asked],
        }


async def watch(given: Watch) -> Outcome:
    """Compare the provider's list with the last one, and probe what is new. A damaged file of answers stops one model.

    In the first run all models are known but the stealth ones. Stealth models come first, then free ones. The state is
    written after each verdict, so that a run that is cut off loses no more than the one under way, whose answers are
    on disk.

    Args:
        given: What the run needs.

    Returns:
        What was found.

    Raises:
        Failure: The list cannot be read; nothing is written then.
        FingerprintError: The folder holds something else, or cannot be written.
    """
    state = load(given.folder, given.provider.name, given.provider.base_url)
    listed = {one.id: one for one in await given.provider.models() if one.is_one}
    if not listed:
        raise FingerprintError(f"{given.provider.name}: its list holds no model; nothing was changed")
    fresh = _compared(state, listed, given)
    state.runs += 1
    _publish(state, given)
    order = sorted((one for one in state.models if one.waits), key=lambda one: (not one.stealth, FREE not in one.signs))
    damaged = []
    for one in order:
        try:
            probed = await given.probe(listed[one.id])
        except InputError as error:
            # The files of the other models are sound.
            damaged.append(one)
            probed = Probed(None, {}, str(error), finished=False)
        one.failure = "" if probed.verdict else probed.stopped
        if probed.verdict:
            kept = _kept(one, probed, probed.verdict, given)
            # A second one of the same day has all answers of the first, and replaced its file.
            one.findings = [*(earlier for earlier in one.findings if earlier.file != kept.file), kept]
        _publish(state, given)
        given.report(one)
    return Outcome(state, tuple(fresh), tuple(order), tuple(damaged))


def _compared(state: State, listed: Mapping[str, ListedModel], given: Watch) -> list[Watched]:
    """Bring the state up to date; return the models that it did not have."""
    vendors = known_vendors(given.registry)
    known = {one.id: one for one in state.models}
    fresh = []
    for one in known.values():
        one.listed = one.id in listed
    for name in sorted(listed.keys() - known.keys()):
        found = signs(listed[name], given.provider.name, vendors)
        stealth = is_stealth(found)
        fresh.append(Watched(name, listed[name].name, _now(), found, stealth, new=stealth or state.runs > 0))
    state.models += fresh
    return [one for one in fresh if one.new]


def _kept(one: Watched, probed: Probed, verdict: Verdict, given: Watch) -> Finding:
    """Write a verdict."""
    time = _now()
    stem = file_name(given.provider.name, one.id, None).removesuffix(".jsonl")
    name = f"{VERDICTS}/{stem}/{time[:10]}.json"
    write(given.folder, name, (json.dumps(probed.document, indent=2, allow_nan=False) + "\n").encode())
    first = verdict.labs[0]
    return Finding(
        time=time,
        file=name,
        verdict=str(verdict.verdict),
        lab=first.lab,
        probability=first.probability,
        responses=verdict.n_used,
        stopped=probed.stopped,
        finished=probed.finished,
        shortlist=tuple(row.lab for row in verdict.shortlist),
    )


def _publish(state: State, given: Watch) -> None:
    """Write the state, and the page and the feed that are made of it."""
    save(given.folder, state)
    write(given.folder, PAGE, page(state, given.registry.labs).encode())
    write(given.folder, FEED, feed(state, given.registry.labs))


def _row(one: Watched) -> dict[str, Any]:
    last = one.findings[-1] if one.findings else None
    return {
        "model": one.id,
        "stealth": one.stealth,
        "signs": list(one.signs),
        "verdict": last.verdict if last else None,
        "lab": last.lab if last else None,
        "probability": last.probability if last else None,
        "shortlist": list(last.shortlist) if last else [],
        "file": last.file if last else None,
        "stopped": one.failure or (last.stopped if last else ""),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
