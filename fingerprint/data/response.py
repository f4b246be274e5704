"""One response, and one suspect: a file of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Domains of probes whose answers are evidence of another kind than style, and never count as style.
APART = frozenset({"self-identification", "token-counts"})
_COUNTED_AS = ("prompt_tokens", "input_tokens", "prompt_token_count")


@dataclass(frozen=True, slots=True)
class Response:
    """A response and what is known of how it came about; all but `response` may be empty."""

    response: str
    prompt: str = ""
    prompt_id: str = ""
    system: str = ""
    language: str = ""
    domain: str = ""
    usage: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The usable responses of one file, of `n_responses` that it holds; `warnings` say what was left out.

    aside: what is left out but may say something else than style does: answers about the model itself, and all that
    came with a count of tokens.
    """

    file: str
    records: tuple[Response, ...]
    n_responses: int
    warnings: tuple[str, ...] = ()
    aside: tuple[Response, ...] = ()

    @property
    def n_used(self) -> int:
        return len(self.records)


def prompt_tokens(usage: object) -> int | None:
    """How many tokens a provider counted for what it was sent; None where it does not say."""
    if not isinstance(usage, Mapping):
        return None
    for name in _COUNTED_AS:
        value = usage.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
