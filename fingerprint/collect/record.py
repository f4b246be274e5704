"""An answer as a line of a file: what `identify` reads as a suspect's and `train` as a corpus'."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from fingerprint.collect.question import Answer, Question
from fingerprint.data.probes import Probe, ProbeSet


@dataclass(frozen=True, slots=True)
class Asked:
    """One draw of one probe from one model: what is asked, whom, and where it comes from."""

    model: str
    base_url: str
    question: Question
    draw: int
    probe: Probe
    probes: ProbeSet

    @property
    def key(self) -> str:
        """Tells it from everything else that was ever asked: model, address, messages, tools, settings and draw."""
        parts = (
            self.model, self.base_url, [asdict(m) for m in self.question.messages], list(self.question.tools),
            settings(self.question), self.draw,
        )  # fmt: skip
        return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def settings(question: Question) -> dict[str, float | int | None]:
    """Sampling settings as sent; null is the provider's own."""
    return {**asdict(question.sampling), "max_tokens": question.max_tokens}


def record(asked: Asked, answer: Answer, now: datetime | None = None) -> dict[str, Any]:
    """The line as a dictionary; the same fields in every line, so that tables can be made of them."""
    question = asked.question
    return {
        "prompt_id": asked.probe.id,
        "prompt": question.prompt,
        "response": answer.text,
        "release": asked.model,
        "model": answer.model,
        "provider": answer.provider,
        "base_url": asked.base_url,
        "draw": asked.draw,
        "system": question.system,
        "messages": [asdict(message) for message in question.messages],
        # As text: a column of schemas that differ from line to line has no type.
        "tools": canonical(list(question.tools)) if question.tools else "",
        "settings": settings(question),
        "finish_reason": answer.finish_reason,
        "usage": usage(answer),
        "cost": answer.cost,
        "latency": answer.latency,
        "time": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "language": asked.probe.language,
        "domain": asked.probe.domain,
        "corpus": f"probes-{asked.probes.name}",
        "probes": asked.probes.name,
        "probes_sha256": asked.probes.sha256,
        "key": asked.key,
    }


def usage(answer: Answer) -> dict[str, int | None]:
    """Token counts by the names that most APIs use."""
    counted = answer.usage
    return {
        "prompt_tokens": counted.prompt,
        "completion_tokens": counted.completion,
        "reasoning_tokens": counted.reasoning,
    }


def canonical(value: object) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def line(fields: Mapping[str, Any]) -> bytes:
    """A record as it is written, with the end of its line."""
    # Lone surrogates, which hostile JSON can hold, are no UTF-8 and stay escapes.
    try:
        return (json.dumps(fields, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(fields) + "\n").encode()
