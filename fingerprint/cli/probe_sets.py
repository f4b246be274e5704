"""What --probes names: sets that ship, files, public corpora, and the best prompts that the model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.errors import FingerprintError, InputError

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.corpora.prompts import CorpusSet
    from fingerprint.data.probes import ProbeSet
    from fingerprint.probing.known import KnownPrompts

BEST = "best"
# Corpora that `best` takes prompts from: each is a download, and one has more prompts than a session asks.
_CORPORA = 3
# Responses of the cases that the cost of our own probes is told by.
_TYPICAL = 10


@dataclass(frozen=True)
class Sets:
    """The probes of a session.

    Attributes:
        probes: The sets; a prompt that several have is in the first of them.
        worth: What prompts are worth that the model knows, by their digest.
        note: What the choice costs the user; empty for nothing.
    """

    probes: list[ProbeSet]
    worth: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def load_set(name: str) -> ProbeSet:
    """Load a set by its name, a file by its path, or the prompts of a public corpus by corpus:NAME or corpus:NAME:N.

    Where a corpus is from, and its licence, is said on stderr.

    Raises:
        InputError: A file is not as expected, or a corpus cannot be fetched or has no prompts that may be used.
        FingerprintError: There is no such set.
    """
    from fingerprint.corpora.prompts import PREFIX, CorpusSet
    from fingerprint.data.probes import load_probes

    if name == BEST:
        raise FingerprintError(f"{BEST}: only probe can choose; name a set, a file, or {PREFIX}NAME")
    return _fetched(CorpusSet.of(name)) if name.startswith(PREFIX) else load_probes(name)


def load_sets(names: Sequence[str], known: Fingerprint, candidates: Mapping[str, bool]) -> Sets:
    """Load what `probe` may ask.

    Args:
        names: As --probes gives them; none for `best`, or for all that ship but tasks where the model knows no prompts.
        known: The model.
        candidates: The model's labs in their order, and whether each is in question.

    Raises:
        InputError, FingerprintError: As `load_set`.
    """
    from fingerprint.probing.known import KnownPrompts, once_each

    if known.prompts is None:
        if BEST in names:
            raise FingerprintError(f"{BEST}: the model keeps no prompts; train it again, or name a set")
        return Sets(once_each([load_set(name) for name in dict.fromkeys(names)] or _shipped()))
    prompts = KnownPrompts(known.prompts, known.information, known.config.probing)
    loaded, note = [], ""
    for name in dict.fromkeys(names or (BEST,)):
        if name == BEST:
            found, note = _best(prompts, candidates)
            note += _cost(known) if note else ""
            loaded += found
        else:
            loaded.append(prompts.known(load_set(name), only=False))
    return Sets(once_each(loaded), prompts.worth(loaded), note)


def warn(sets: Sets) -> None:
    """Say on stderr what the choice costs the user, before anything is asked."""
    if sets.note:
        click.echo(printable(f"warning: {sets.note}"), err=True)


def _best(prompts: KnownPrompts, candidates: Mapping[str, bool]) -> tuple[list[ProbeSet], str]:
    """The probes of side evidence with the best prompts that can be had, else all that ship, and what that costs."""
    import numpy as np

    from fingerprint.data.response import APART

    shipped = _shipped()
    share = np.array([float(candidate) for candidate in candidates.values()])
    found, reason = _corpora(prompts, prompts.corpora(share))
    if not found:
        return shipped, (
            f"our own probes are asked, because no corpus could be had ({reason}): the model knows no answers to "
            "them, so the responses are out-of-domain, and fewer labs are named and more wrongly"
        )
    side = [one for one in shipped if all(probe.domain in APART for probe in one.probes)]
    return [*side, *found], ""


def _cost(known: Fingerprint) -> str:
    """What prompts that the model does not know cost, by its own held-out cases of new releases; empty without any."""
    from fingerprint.model.calibration import Expect
    from fingerprint.model.decision import percent
    from fingerprint.training.splits import CaseKind

    figures = known.loaded.calibration.expectations[Expect.NEW].figures.get(str(_TYPICAL), {})
    outside, inside = (figures.get(str(kind)) for kind in (CaseKind.BOTH, CaseKind.UNSEEN))
    if outside is None or inside is None:
        return ""
    right = [percent(1 - of.lab_error, 0) for of in (outside, inside)]
    return (
        f". With {_TYPICAL} responses of a new release the right lab came first in {right[0]} of cases at such "
        f"prompts, and in {right[1]} at prompts of known corpora"
    )


def _shipped() -> list[ProbeSet]:
    """All sets that ship but those of tasks, which take many requests."""
    from fingerprint.data.probes import listed, load_probes

    return [loaded for loaded in map(load_probes, listed()) if not any(probe.simulation for probe in loaded.probes)]


def _corpora(prompts: KnownPrompts, names: Sequence[str]) -> tuple[list[ProbeSet], str]:
    """The prompts of the first corpora that can be had; after one failed download only of those that are kept."""
    from fingerprint.base.files import cache_dir
    from fingerprint.corpora.manifest import find_manifest
    from fingerprint.corpora.prompts import CorpusSet, NoPrompts, unusable

    found: list[ProbeSet] = []
    failed = ""
    for name in names:
        try:
            manifest = find_manifest(name)
        except InputError:
            # Somebody's own corpus.
            continue
        corpus = CorpusSet(manifest)
        if unusable(manifest) or (failed and not corpus.kept(cache_dir()).is_file()):
            continue
        try:
            known = prompts.known(_fetched(corpus), only=True)
        except NoPrompts:
            # It was fetched: others can be.
            continue
        except InputError as error:
            failed = str(error)
            continue
        if known.probes:
            found.append(known)
        if len(found) == _CORPORA:
            break
    return found, failed or "the model knows prompts of no corpus whose manifest says where they are"


def _fetched(corpus: CorpusSet) -> ProbeSet:
    """Fetch the prompts of a corpus if they are not kept, and say where they are from."""
    from fingerprint.base.files import cache_dir
    from fingerprint.cli.terminal import Progress
    from fingerprint.corpora.fetch.download import Origin
    from fingerprint.corpora.fetch.run import Context
    from fingerprint.data.registry import Registry

    with Progress() as progress:
        context = Context(Origin(), cache_dir() / "fetched", progress)
        loaded = corpus.load(cache_dir(), Registry.load(), context)
    click.echo(printable(f"{corpus.about()}; {len(loaded.probes):,} probes"), err=True)
    return loaded
