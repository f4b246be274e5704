"""What a model is asked, what it answers, and why it gives no answer: the same for every provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fingerprint.data.message import ToolCall
from fingerprint.data.simulation import Simulation
from fingerprint.errors import FingerprintError

# A reasoning model spends most of it before its first visible word; probes ask for a few hundred words.
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        role: "system", "user" or "assistant".
        content: Its text.
    """

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling settings; None leaves the choice to the provider.

    Attributes:
        temperature: Softmax temperature, 0 or more.
        top_p: Probability mass of nucleus sampling, above 0 and at most 1.
    """

    temperature: float | None = None
    top_p: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn in which the model called tools, and what they gave back.

    Attributes:
        native: The turn in the provider's own form, as `Answer.native`. It goes back as it came: some models refuse a
            call without the signature of the reasoning before it.
        results: A result for each call, in their order.
    """

    native: Mapping[str, Any]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One request: a chat that ends with a turn of the user, or with the results of tools.

    Attributes:
        messages: The turns.
        tools: Function schemas in the form of OpenAI's chat completions, {"type": "function", "function": {"name",
            "description", "parameters"}}.
        sampling: Sampling settings.
        max_tokens: Limit on what the model writes in one turn, its reasoning included.
        simulation: What the tools give back. Then the question takes several requests (`collect.tasks`); a provider
            takes no notice of it.
        turns: The turns of the model so far, after all messages.
    """

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = MAX_TOKENS
    simulation: Simulation | None = None
    turns: tuple[Turn, ...] = ()

    @property
    def system(self) -> str:
        """The text of all system messages."""
        return "\n\n".join(message.content for message in self.messages if message.role == "system")

    @property
    def prompt(self) -> str:
        """The last turn of the user."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def steps(self) -> int:
        """Requests that the question takes at most if none fails."""
        return self.simulation.max_steps if self.simulation else 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the provider states them; None where it does not.

    Attributes:
        prompt: Everything sent, cached or not.
        completion: Everything written.
        reasoning: The part of `completion` that the provider keeps back.
    """

    prompt: int | None = None
    completion: int | None = None
    reasoning: int | None = None


def total(*values: int | None) -> int | None:
    """Return the sum of the counts that are known; None if none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        text: The answer without reasoning, then its calls of tools, one JSON object a line.
        model: The model that answered, as the provider states it.
        provider: The provider that answered, as the provider states it.
        finish_reason: In the provider's words.
        usage: Token counts.
        refused: Whether the provider declares a refusal (a filter, a refusal field), whatever the text says.
        cost: US dollars, if the provider states it.
        latency: Seconds, measured by the caller of the provider.
        calls: The calls of tools. The arguments are a JSON value, or the text if it is no JSON.
        native: The turn in the provider's own form, for `Turn`; empty if there are no calls.
        steps: Turns of the model that the answer consists of.
    """

    text: str
    model: str
    provider: str
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    cost: float | None = None
    latency: float | None = None
    calls: tuple[ToolCall, ...] = ()
    native: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 1


class Cause(StrEnum):
    """Why a request brought no answer; the values are the words of reports and logs."""

    RATE_LIMIT = "rate limit"
    SERVER = "server error"
    UNREACHABLE = "no connection"
    NETWORK = "connection failed"
    TIMEOUT = "timed out"
    MALFORMED = "not an answer"
    REJECTED = "request rejected"
    FATAL = "model not available"

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self not in (Cause.REJECTED, Cause.FATAL)

    @property
    def billed(self) -> bool:
        """Whether the provider may charge for the request although no answer came."""
        return self in (Cause.NETWORK, Cause.TIMEOUT, Cause.MALFORMED)


class Failure(FingerprintError):
    """What a provider raises in place of an answer.

    REJECTED blames one question. FATAL blames the model, the key or the address, so that no other question can
    succeed.

    Args:
        cause: Why there is no answer.
        message: For people; holds no secret.
        retry_after: Seconds from now after which the server allows another request, if it says so.
    """

    def __init__(self, cause: Cause, message: str, retry_after: float | None = None):
        self.cause, self.retry_after = cause, retry_after
        super().__init__(message)


def canonical_json(value: object) -> str:
    """Return JSON that is the same for equal values, as input of a digest."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
