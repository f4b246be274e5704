"""What an importer finds in a file of another tool: a response, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A response; all else may be empty. model: as the file names it."""

    response: str
    model: str = ""
    prompt: str = ""
    prompt_id: str = ""
    language: str = ""
    temperature: float | None = None


class Format(Protocol):
    """A module of `formats`: one tool's form of an item (an object of a JSON file or line, a row of a table)."""

    @property
    def NAME(self) -> str:
        """For people."""

    def fits(self, item: Item) -> bool:
        """Whether an item has this form."""

    def read(self, item: Item) -> Iterator[Found]:
        """The responses in an item that fits; nothing of what it lacks is an error."""


def content(value: object) -> str:
    """A message's content as text: text itself, or the text among its parts (reasoning is none)."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return content(value.get("answer", value.get("text")))
    if isinstance(value, Sequence):
        kinds = ("text", "output_text", None)
        parts = [p.get("text") if isinstance(p, Mapping) and p.get("type") in kinds else p for p in value]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def last_turn(messages: object) -> tuple[str, str]:
    """The last response of a conversation and what the user said before it."""
    prompt, found = "", ("", "")
    for turn in messages if isinstance(messages, Sequence) and not isinstance(messages, str) else ():
        if not isinstance(turn, Mapping):
            continue
        role, said = turn.get("role", turn.get("from")), content(turn.get("content", turn.get("value")))
        if role in ("user", "human"):
            prompt = said
        elif role in ("assistant", "gpt", "model", "bot", "chatgpt") and said.strip():
            found = said, prompt
    return found


def mappings(value: object) -> list[Item]:
    """The objects in a list; none of anything else."""
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def as_text(value: object) -> str:
    """A name or number as text; empty for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def number(value: object) -> float | None:
    """A number, if it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
