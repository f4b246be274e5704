"""What a model is asked, and what it answered; the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Reasoning models spend most of it before they say a word.
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Message:
    """role is "system", "user" or "assistant"; content is text."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling settings as given; None leaves the provider's own."""

    temperature: float | None = None
    top_p: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One request: a chat that ends with a turn of the user.

    tools are function schemas in the form of OpenAI's chat completions ({"type": "function", "function": {"name",
    "description", "parameters"}}); max_tokens bounds what the model may write, its reasoning included.
    """

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = MAX_TOKENS

    @property
    def system(self) -> str:
        """All that its system messages say."""
        return "\n\n".join(message.content for message in self.messages if message.role == "system")

    @property
    def prompt(self) -> str:
        """The last turn of the user."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None where it does not say.

    prompt counts everything sent (cached or not), completion everything written, of which reasoning was kept back.
    """

    prompt: int | None = None
    completion: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. text has no reasoning in it; where the model called tools, it is the calls, one JSON object a
    line. model and provider are those that answered, as far as the provider says. refused is what the provider
    declares (a filter, a refusal field), not what the text says. cost is in US dollars, where the provider states
    it; latency in seconds, set by whoever measured it."""

    text: str
    model: str
    provider: str
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    cost: float | None = None
    latency: float | None = None
