"""Probes whose answers by known models the model was trained on: which corpora to take them from, and which to ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import prompt_digest
from fingerprint.config import ProbingConfig
from fingerprint.data.probes import Probe, ProbeSet
from fingerprint.data.response import APART
from fingerprint.model.plda import Floats
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.prompts import PromptTable
from fingerprint.probing.choice import Choice

# Prompts of a corpus that its place among the corpora is decided by: about as many as a session asks.
_SESSION = 12


@dataclass(frozen=True)
class KnownPrompts:
    """What a model knows about prompts that may be asked.

    Attributes:
        table: Its prompts.
        information: What kinds of prompts tell; None where that was not learned.
        config: What costs how much, and which prompts are answered by enough releases.
    """

    table: PromptTable
    information: InformationGain | None
    config: ProbingConfig

    def corpora(self, probabilities: Floats) -> list[str]:
        """Return the corpora whose prompts are expected to tell anything for their cost, the best first.

        Args:
            probabilities: (L,) of the model's labs: those in question.
        """
        table = self.table
        choice, usable = Choice(self.information), self._usable()
        nats = np.array([choice.nats(kind, probabilities) for kind in table.kinds])
        value = table.worth(self.config) * nats[table.kind]
        told = {}
        for code, name in enumerate(table.corpora):
            best = np.sort(value[usable & (table.corpus == code)])[-_SESSION:]
            if len(best) and best.max() > 0:
                # Few prompts are soon asked.
                told[name] = float(best.sum())
        return sorted(told, key=lambda name: -told[name])

    def known(self, probes: ProbeSet, *, only: bool) -> ProbeSet:
        """Return a set with the kinds of its prompts as the model names them.

        Args:
            probes: The set.
            only: Whether prompts are left out that the model does not know, or not well enough to ask them.
        """
        rows, usable = self._rows, self._usable()
        found: list[Probe] = []
        for probe in probes.probes:
            # What is asked for side evidence stays that, whoever else asked it.
            row = None if probe.domain in APART else rows.get(_digest(probe))
            if row is not None and (usable[row] or not only):
                domain, language = self.table.kinds[self.table.kind[row]]
                found.append(replace(probe, domain=domain, language=language))
            elif not only:
                found.append(probe)
        return replace(probes, probes=tuple(found))

    def worth(self, sets: Iterable[ProbeSet]) -> dict[str, float]:
        """Return what each known prompt of some sets is worth, by its digest."""
        rows, worth = self._rows, self.table.worth(self.config)
        digests = [_digest(probe) for one in sets for probe in one.probes]
        return {digest: float(worth[rows[digest]]) for digest in digests if digest in rows}

    def _usable(self) -> NDArray[np.bool_]:
        """(A,) whether a prompt is all that was asked, and enough releases answered it."""
        return self.table.whole & (self.table.releases >= self.config.least_releases)

    @cached_property
    def _rows(self) -> dict[str, int]:
        """The row of each prompt, by its digest; of one in several corpora, that with the most answers."""
        order = np.argsort(self.table.answers, kind="stable")
        return {f"{int(self.table.hash[row]):016x}": int(row) for row in order}


def once_each(sets: Iterable[ProbeSet]) -> list[ProbeSet]:
    """Return the sets without the prompts that an earlier one has, whatever their id and white space.

    What is asked for side evidence is compared to the letter, and never with what is asked for style.
    """
    seen: set[object] = set()
    out = []
    for one in sets:
        probes = []
        for probe in one.probes:
            if (mark := _mark(probe)) not in seen:
                seen.add(mark)
                probes.append(probe)
        out.append(replace(one, probes=tuple(probes)))
    return out


def _mark(probe: Probe) -> object:
    """What two probes with the same prompt have in common."""
    if probe.domain in APART:
        return probe.domain, probe.messages
    return _digest(probe) or repr((probe.messages, probe.tools, probe.simulation))


def _digest(probe: Probe) -> str:
    """The digest of a probe that is one prompt; empty for a longer chat, or one with tools."""
    if len(probe.messages) != 1 or probe.tools:
        return ""
    return prompt_digest(probe.messages[0][1])
