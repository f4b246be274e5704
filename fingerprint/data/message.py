"""What one model wrote in one turn, whatever file it comes from, and the count of what was left out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file holds beside what the model wrote, or a row that holds nothing that it wrote."""

    TOOL_RESULT = "tool result"
    REASONING = "reasoning block"
    ERROR = "error row"
    EMPTY = "row without an answer"
    ONLY_REASONING = "row with reasoning and no answer"
    TOOL_TURN = "turn of tool calls alone"
    GREETING = "greeting written by a person"
    SUBAGENT = "message of a sub-agent on another model"
    REPEATED = "repeated row"
    CUT_OFF = "line cut off"
    STRANGE = "row of another form"

    def counted(self, count: int) -> str:
        """Return "1 tool result", "2 tool results"."""
        return f"1 {self}" if count == 1 else f"{count:,} {self.plural}"

    @property
    def plural(self) -> str:
        """The kind of several: "tool results", "rows without an answer"."""
        first, _, rest = self.partition(" ")
        return f"{first}s {rest}" if first in _HEADS else f"{self}s"


# Nouns that stand first: "2 rows without an answer", not "2 row without an answers".
_HEADS = frozenset({"row", "turn", "greeting", "message", "line"})

LeftOut = Counter[Kind]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wrote. name: the tool's, which the harness gave. arguments: a JSON value."""

    name: str
    arguments: object

    def text(self, name: str | None = None) -> str:
        """Return the call as one JSON object.

        Args:
            name: Stands for the tool's name, if given.
        """
        shown = {"tool": self.name if name is None else name, "arguments": self.arguments}
        try:
            return json.dumps(shown, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return json.dumps({**shown, "arguments": str(type(self.arguments).__name__)}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What one model wrote in one turn; all but `text` may be empty.

    Attributes:
        text: The answer as written, without what is known to be reasoning.
        calls: Tool calls of the turn.
        prompt, prompt_id, system: What it answers.
        language, domain: As the file names them.
        model: As the file names it.
        usage: Token counts as the provider states them.
        effort, temperature, time: How and when it was asked, if the file says so.
        variant, corpus: Of a row of a corpus.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    prompt: str = ""
    prompt_id: str = ""
    system: str = ""
    language: str = ""
    domain: str = ""
    model: str = ""
    usage: Mapping[str, object] | None = None
    effort: str = ""
    temperature: float | None = None
    time: str = ""
    variant: str = ""
    corpus: str = ""
