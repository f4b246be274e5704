"""Groups of the domains that corpora name: what kind of text their responses consist of.

A corpus names its domains as it likes. This is the one place that says which of them a report sums up together.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Most responses are one JSON object: the prompt asks for the reasoning or the judgement in fields.
    ("structured data", ("*json*", "code-reasoning", "math", "sql-understanding", "sql-optimise-judgement")),
    # Most are a call with arguments, by an agent or not.
    ("tool calls", ("tool-calls", "agent-toolcalls")),
    # A model acts in an environment and says what it does; its prose, code and calls are mixed.
    ("agents", ("agent-*", "code-agent-*")),
    # Short messages between players, by the rules of a game.
    ("games", ("game-*",)),
    # A program or a query, with or without words around it.
    ("code", ("code", "code-*", "coding", "sql-*")),
    # Sentences, whatever they are about; a refusal to call a tool is one too.
    (
        "prose",
        (
            "behavioural", "chat", "chat-*", "contested-speech", "contract *", "creative", "fiction*",
            "instruction_following", "learning", "legal *", "medical exam", "meta", "open-ended ideas",
            "process-mining", "reasoning", "research", "tool-refusal-prose", "trivia*", "writing", "writing-*",
        ),
    ),
)  # fmt: skip
"""Each group with the patterns of its domains. A domain is of the first group that has a pattern for it."""


def group_of(domain: str) -> str:
    """Return the group of a domain; empty for one that no group has."""
    return next((group for group, patterns in GROUPS if any(fnmatchcase(domain, one) for one in patterns)), "")
