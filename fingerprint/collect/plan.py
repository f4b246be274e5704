"""What is to be asked: every draw of every probe that a model's file has no answer to, and the record of an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fingerprint.collect.answers import AnswerFile, file_name
from fingerprint.collect.messages import MAX_TOKENS, Answer, Message, Question, Sampling, canonical_json
from fingerprint.collect.provider import Provider
from fingerprint.data.probes import Probe, ProbeSet


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How probes are asked; None leaves the value to the probe.

    Attributes:
        draws: Answers to each probe; 1 if the probe does not say.
        sampling: Sampling settings.
        max_tokens: Limit on each answer; MAX_TOKENS if the probe does not say.
        system: A system prompt that replaces the probe's own.
    """

    draws: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """One draw of one probe from one model.

    Attributes:
        model: The model's name with its provider.
        base_url: The address that it is asked at.
        question: What is sent.
        draw: The number of the draw, from 0.
        probe: The probe.
        probes: The set that it belongs to.
    """

    model: str
    base_url: str
    question: Question
    draw: int
    probe: Probe
    probes: ProbeSet

    @property
    def key(self) -> str:
        """A digest of model, address, messages, tools, their results, settings and draw: 32 hexadecimal digits."""
        parts, simulation = [*_parts(self.question), self.draw], self.question.simulation
        return _digest([self.model, self.base_url, *parts, *([simulation.to_dict()] if simulation else [])])


@dataclass(frozen=True, slots=True)
class Job:
    """One model and its file.

    Attributes:
        provider: Where the model is asked.
        model: Its name there.
        file: The file of its answers.
        total: Requests that the probes make, answered or not.
        todo: The requests that have no answer in the file.
    """

    provider: Provider
    model: str
    file: AnswerFile
    total: int
    todo: tuple[ProbeRequest, ...]

    @property
    def name(self) -> str:
        """The name on the command line, `provider:model`."""
        return f"{self.provider.name}:{self.model}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a job's answers come from and go to.

    Attributes:
        provider: Where the model is asked.
        model: Its name there.
        folder: The folder of the file of answers.
        base_url: The address, if it is not the provider's own: it becomes part of the file's name.
    """

    provider: Provider
    model: str
    folder: Path
    base_url: str | None = None


def plan_job(target: Target, probes: ProbeSet, settings: RequestSettings) -> Job:
    """Plan the requests of one model by what its file holds; change nothing.

    Args:
        target: The model and the folder of its file.
        probes: The set that is asked.
        settings: How it is asked.

    Returns:
        The job.

    Raises:
        InputError: The file cannot be read, or `collect` did not write it.
    """
    provider, model = target.provider, target.model
    file = AnswerFile(target.folder / file_name(provider.name, model, target.base_url), model, provider.base_url)
    file.look()
    requests = [
        ProbeRequest(model, provider.base_url, question_of(probe, settings), draw, probe, probes)
        for probe, draw in draws(probes, settings)
    ]
    return Job(provider, model, file, len(requests), tuple(one for one in requests if one.key not in file.keys))


def question_of(probe: Probe, settings: RequestSettings) -> Question:
    """Return what is sent for a probe."""
    messages = [Message(role, content) for role, content in probe.messages]
    if settings.system is not None:
        messages = [Message("system", settings.system), *(m for m in messages if m.role != "system")]
    max_tokens = settings.max_tokens or probe.max_tokens or MAX_TOKENS
    return Question(tuple(messages), probe.tools, settings.sampling, max_tokens, probe.simulation)


def record(request: ProbeRequest, answer: Answer, now: datetime | None = None) -> dict[str, Any]:
    """Return an answer as a record, which `identify` reads in a case and `train` in a corpus.

    Args:
        request: What was asked.
        answer: What came back.
        now: The time of the record, None for the present.

    Returns:
        The fields; every record has the same, so that tables can be made of them.
    """
    question = request.question
    return {
        "prompt_id": request.probe.id,
        "prompt": question.prompt,
        "response": answer.text,
        "release": request.model,
        "model": answer.model,
        "provider": answer.provider,
        "base_url": request.base_url,
        "draw": request.draw,
        "system": question.system,
        "messages": [asdict(message) for message in question.messages],
        # As text: a column of schemas that differ from line to line has no type.
        "tools": canonical_json(list(question.tools)) if question.tools else "",
        "settings": _settings(question),
        "steps": answer.steps,
        "finish_reason": answer.finish_reason,
        "usage": {
            "prompt_tokens": answer.usage.prompt,
            "completion_tokens": answer.usage.completion,
            "reasoning_tokens": answer.usage.reasoning,
        },
        "cost": answer.cost,
        "latency": answer.latency,
        "time": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "language": request.probe.language,
        "domain": request.probe.domain,
        "corpus": f"probes-{request.probes.name}",
        "probes": request.probes.name,
        "probes_sha256": request.probes.sha256,
        "key": request.key,
    }


def _settings(question: Question) -> dict[str, float | int | None]:
    """Sampling settings as sent; null leaves the choice to the provider."""
    return {**asdict(question.sampling), "max_tokens": question.max_tokens}


def draws(probes: ProbeSet, settings: RequestSettings) -> Iterator[tuple[Probe, int]]:
    """Yield every draw of every probe: all first draws come first, so that a run that is cut short has some of each.

    Probes that ask the same question under other ids are one.
    """
    counts = [settings.draws or probe.draws or 1 for probe in probes.probes]
    questions = [question_of(probe, settings) for probe in probes.probes]
    marks = [_digest([*_parts(one), one.simulation and one.simulation.to_dict()]) for one in questions]
    seen: set[tuple[str, int]] = set()
    for draw in range(max(counts, default=0)):
        for probe, count, mark in zip(probes.probes, counts, marks, strict=True):
            if draw < count and (mark, draw) not in seen:
                seen.add((mark, draw))
                yield probe, draw


def _parts(question: Question) -> list[Any]:
    """What a question is made of, but for the results of its tools."""
    return [[asdict(message) for message in question.messages], list(question.tools), _settings(question)]


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(canonical_json(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
