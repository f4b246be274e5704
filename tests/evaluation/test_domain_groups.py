from __future__ import annotations

import pytest

from fingerprint.evaluation.domain_groups import GROUPS, group_of


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("chat", "prose"),
        ("chat-multiturn", "prose"),
        ("fiction: beat_revision", "prose"),
        ("tool-refusal-prose", "prose"),
        ("legal advice, false-refusal prompts", "prose"),
        ("code-ruby", "code"),
        ("sql-optimise", "code"),
        # The finer pattern comes first.
        ("code-analysis-json", "structured data"),
        ("code-reasoning", "structured data"),
        ("sql-understanding", "structured data"),
        ("json-science-summary", "structured data"),
        ("code-agent-js", "agents"),
        ("agent-negotiation", "agents"),
        ("agent-toolcalls", "tool calls"),
        ("tool-calls", "tool calls"),
        ("game-chat", "games"),
        ("what nobody has named yet", ""),
        ("", ""),
    ],
)
def test_a_domain_is_of_the_first_group_that_has_a_pattern_for_it(domain: str, group: str) -> None:
    assert group_of(domain) == group


def test_no_pattern_is_in_two_groups() -> None:
    patterns = [pattern for _, some in GROUPS for pattern in some]
    assert len(patterns) == len(set(patterns))
