"""What a model is asked, what it answers, and why it gives no answer: the same for every provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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
class Question:
    """One request: a chat that ends with a turn of the user.

    Attributes:
        messages: The turns.
        tools: Function schemas in the form of OpenAI's chat completions, {"type": "function", "function": {"name",
            "description", "parameters"}}.
        sampling: Sampling settings.
        max_tokens: Limit on what the model writes, its reasoning included.
    """

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = MAX_TOKENS

    @property
    def system(self) -> str:
        """The text of all system messages."""
        return "\n\n".join(message.content for message in self.messages if message.role == "system")

    @property
    def prompt(self) -> str:
        """The last turn of the user."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        text: The answer without reasoning; if the model called tools, the calls, one JSON object a line.
        model: The model that answered, as the provider states it.
        provider: The provider that answered, as the provider states it.
        finish_reason: In the provider's words.
        usage: Token counts.
        refused: Whether the provider declares a refusal (a filter, a refusal field), whatever the text says.
        cost: US dollars, if the provider states it.
        latency: Seconds, measured by the caller of the provider.
    """

    text: str
    model: str
    provider: str
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    cost: float | None = None
    latency: float | None = None


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
