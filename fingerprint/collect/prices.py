"""What a request costs: prices of models, bounds before a request, the cost after it."""

from __future__ import annotations

import json
from pathlib import Path

from fingerprint.base.files import data_dir
from fingerprint.collect.messages import Answer, Failure, Question, canonical_json
from fingerprint.collect.provider import Price, Provider
from fingerprint.data.simulation import MOST_CALLS, MOST_RESULT_BYTES, size
from fingerprint.errors import InputError

# Tokens that chat templates put around a message, and APIs around the schemas of tools: more than any that was seen.
_TEMPLATE_TOKENS = 16
_TOOLS_TOKENS = 512


async def price_of(provider: Provider, model: str) -> Price | None:
    """Return the price of a model by the provider's own list, else by the table `prices.json`.

    Args:
        provider: The provider that is asked for its list.
        model: The model's name there.

    Returns:
        The price, None if nobody states it.

    Raises:
        InputError: The table cannot be read.
    """
    try:
        listed = await provider.price(model)
    except Failure:
        # The questions will show whether the model can be asked.
        listed = None
    return listed or tabled(provider.base_url, model)


def tabled(base_url: str, model: str, path: Path | None = None) -> Price | None:
    """Return the table's price of a model at one address; at another address the same name may cost anything.

    Args:
        base_url: The address.
        model: The model's name there.
        path: The table, None for the one that ships.

    Returns:
        The price, None if the table has none.

    Raises:
        InputError: The table cannot be read.
    """
    path = path or data_dir("corpora") / "prices.json"
    try:
        for page in json.loads(path.read_text(encoding="utf-8"))["addresses"].get(base_url, []):
            if model in page["models"]:
                sent, written = page["models"][model]
                return Price(sent / 1e6, written / 1e6, source=f"{path.name}, as of {page['as_of']}: {page['source']}")
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(str(path), f"is not the table of prices ({type(error).__name__}: {error})") from None


def most_tokens(question: Question) -> tuple[int, int]:
    """Return upper bounds on the tokens (sent, written) of a question: a token is at least one byte of UTF-8.

    Of a task, these are the bounds of all its steps. Every step sends again what the model wrote before.
    """
    sent = sum(len(message.content.encode("utf-8", "replace")) + _TEMPLATE_TOKENS for message in question.messages)
    if question.tools:
        sent += len(canonical_json(list(question.tools)).encode("utf-8", "replace")) + _TOOLS_TOKENS
    for turn in question.turns:
        sent += question.max_tokens + _TEMPLATE_TOKENS * (1 + len(turn.results)) + size(turn.results)
    if question.simulation is None:
        return sent, question.max_tokens
    steps, turn_tokens = question.steps, question.max_tokens + _TEMPLATE_TOKENS * (1 + MOST_CALLS)
    again = (steps - 1) * MOST_RESULT_BYTES + turn_tokens * steps * (steps - 1) // 2
    return steps * sent + again, steps * question.max_tokens


def most_cost(question: Question, price: Price) -> float:
    """Return an upper bound on the cost of a question, in US dollars; of a task, of all its steps."""
    sent, written = most_tokens(question)
    return price.request * question.steps + sent * price.prompt + written * price.completion


def cost_of(answer: Answer, price: Price | None) -> float | None:
    """Return the cost of an answer in US dollars.

    Args:
        answer: The answer, with its cost if the provider states it.
        price: The model's price, None if it is unknown.

    Returns:
        The stated cost, else token counts times price; None if neither is known.
    """
    if answer.cost is not None:
        return answer.cost
    if price is None or answer.usage.prompt is None or answer.usage.completion is None:
        return None
    return price.request + answer.usage.prompt * price.prompt + answer.usage.completion * price.completion
