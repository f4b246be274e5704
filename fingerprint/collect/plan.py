"""What is to be asked: every draw of every probe, from which model, and what of it is there already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fingerprint.collect.answers import AnswerFile, file_name
from fingerprint.collect.provider import Provider
from fingerprint.collect.question import MAX_TOKENS, Message, Question, Sampling
from fingerprint.collect.record import Asked
from fingerprint.data.probes import Probe, ProbeSet


@dataclass(frozen=True, slots=True)
class How:
    """How probes are asked. None leaves draws and max_tokens to the probe (and then 1 and MAX_TOKENS), and the
    system prompt too; a system prompt given here replaces the probe's."""

    draws: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One model and its file: `todo` is what of `total` questions has no answer in it."""

    provider: Provider
    model: str
    file: AnswerFile
    total: int
    todo: tuple[Asked, ...]

    @property
    def name(self) -> str:
        """As on the command line."""
        return f"{self.provider.name}:{self.model}"


def job(provider: Provider, model: str, probes: ProbeSet, how: How, out: Path, base_url: str | None = None) -> Job:
    """Plans a model by what its file in `out` holds, and changes nothing. Raises InputError."""
    file = AnswerFile(out / file_name(provider.name, model, base_url), model, provider.base_url)
    file.look()
    asked = [
        Asked(model, provider.base_url, question_of(probe, how), draw, probe, probes)
        for probe, draw in _draws(probes, how)
    ]
    return Job(provider, model, file, len(asked), tuple(one for one in asked if one.key not in file.keys))


def question_of(probe: Probe, how: How) -> Question:
    """The request that a probe becomes."""
    messages = [Message(role, content) for role, content in probe.messages]
    if how.system is not None:
        messages = [Message("system", how.system), *(m for m in messages if m.role != "system")]
    return Question(tuple(messages), probe.tools, how.sampling, how.max_tokens or probe.max_tokens or MAX_TOKENS)


def _draws(probes: ProbeSet, how: How) -> Iterator[tuple[Probe, int]]:
    """First every probe's first draw, so that what is cut short is a little of everything."""
    counts = [how.draws or probe.draws or 1 for probe in probes.probes]
    for draw in range(max(counts)):
        for probe, count in zip(probes.probes, counts, strict=True):
            if draw < count:
                yield probe, draw
