"""What became of the questions to one model."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fingerprint.collect.failure import Cause
from fingerprint.collect.provider import Price


@dataclass
class Counters:
    """Counts of questions: total = there before + answered + elsewhere (another run was first) + refused + empty +
    failed (by the cause of the last try) + those not asked. tries counts every request that failed."""

    model: str
    file: str
    total: int
    before: int
    price: Price | None = None
    answered: int = 0
    elsewhere: int = 0
    refused: int = 0
    empty: int = 0
    failed: Counter[Cause] = field(default_factory=Counter)
    tries: Counter[Cause] = field(default_factory=Counter)
    in_a_row: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    # Answers whose cost nobody knows.
    uncosted: int = 0
    stopped: str = ""
    last_failure: str = ""
    cut: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Questions that this run is through with."""
        return self.answered + self.elsewhere + self.refused + self.empty + self.failed.total()

    @property
    def unasked(self) -> int:
        """Questions that this run did not get to, or not to the end of."""
        return self.total - self.before - self.done

    @property
    def complete(self) -> bool:
        """Whether asking again would bring nothing but what the model itself withholds."""
        return not (self.stopped or self.failed or self.unasked)

    def rate(self) -> float:
        """Questions a second so far."""
        return self.done / max(time.monotonic() - self.began, 1e-9)

    def seconds_left(self) -> float | None:
        """By the rate so far; None where there is none."""
        return self.unasked / self.rate() if self.done else None

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "model": self.model,
            "file": self.file,
            "questions": self.total,
            "there_before": self.before,
            "answered": self.answered,
            "answered_by_another_run": self.elsewhere,
            "refused": self.refused,
            "empty": self.empty,
            "failed": {str(cause): count for cause, count in sorted(self.failed.items())},
            "not_asked": self.unasked,
            "failed_requests": {str(cause): count for cause, count in sorted(self.tries.items())},
            "last_failure": self.last_failure,
            "stopped": self.stopped,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "answers_of_unknown_cost": self.uncosted,
            "torn_bytes_cut": self.cut,
        }
