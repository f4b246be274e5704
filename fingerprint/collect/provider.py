"""What a provider of models is, and how one is opened by its name.

A provider is a callable in the entry-point group `fingerprint.providers`, registered under the name that stands before
the colon in `provider:model`. The built-in providers are registered in pyproject.toml in the same way.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from fingerprint.collect.messages import Answer, Question
from fingerprint.errors import FingerprintError

GROUP = "fingerprint.providers"


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a model, in US dollars.

    Attributes:
        prompt: Of a token sent.
        completion: Of a token written.
        request: Of a request.
        source: Who states it and, if known, when.
    """

    prompt: float
    completion: float
    request: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model in a provider's own list.

    Attributes:
        id: Its name there, as `ask` takes it.
        name: Its name for people.
        added: The day since when the provider has it, YYYY-MM-DD; empty if it does not say.
        price: None if the list does not say.
        is_one: Whether it is one model that answers in text: no router to several, no model of images.
    """

    id: str
    name: str = ""
    added: str = ""
    price: Price | None = None
    is_one: bool = True


class Provider(Protocol):
    """Models behind one address and key. Any number of calls of `ask` may be awaited at once."""

    @property
    def name(self) -> str:
        """The name that it is registered under."""
        ...

    @property
    def base_url(self) -> str:
        """The address that questions go to, without a slash at its end."""
        ...

    @property
    def account(self) -> str:
        """What shares one rate limit: the address and a digest of the key, never the key."""
        ...

    async def ask(self, model: str, question: Question) -> Answer:
        """Send one request, once. It may be cancelled at any time.

        Raises:
            Failure: There is no answer.
        """
        ...

    async def price(self, model: str) -> Price | None:
        """Return the price in the provider's own list of models, None if it has no such list.

        Raises:
            Failure: The list cannot be read.
        """
        ...

    async def models(self) -> Sequence[ListedModel]:
        """Return the provider's own list of models.

        Raises:
            Failure: The list cannot be read.
        """
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class Opener(Protocol):
    """What is registered: makes a provider, without a connection."""

    def __call__(self, base_url: str | None) -> Provider:
        """Return a provider at `base_url`, None for the provider's own address.

        Raises:
            FingerprintError: The key is missing from the environment.
            MissingExtra: Its SDK is not installed.
        """
        ...


def split(model: str) -> tuple[str, str]:
    """Split `provider:model` into its two names.

    Raises:
        FingerprintError: A name is missing.

    Examples:
        >>> split("openrouter:z-ai/glm-4.6:free")
        ('openrouter', 'z-ai/glm-4.6:free')
    """
    provider, colon, name = model.partition(":")
    if not (provider and colon and name):
        raise FingerprintError(
            f"{model}: expected provider:model, such as openrouter:z-ai/glm-4.6; providers: {', '.join(names())}"
        )
    return provider, name


def names() -> list[str]:
    """Return the names of all registered providers."""
    return sorted(_registered())


def open_provider(name: str, base_url: str | None = None) -> Provider:
    """Open a provider by its name, without a connection.

    Args:
        name: The name that it is registered under.
        base_url: An address in place of its own.

    Returns:
        The provider.

    Raises:
        FingerprintError: No provider has that name, it cannot be loaded, or its key is missing.
        MissingExtra: Its SDK is not installed.
    """
    found = _registered().get(name)
    if found is None:
        near = difflib.get_close_matches(name, names(), n=3)
        hint = f"near: {', '.join(near)}" if near else f"known: {', '.join(names())}"
        raise FingerprintError(f"{name}: no such provider; {hint}")
    try:
        opener = cast(Opener, found.load())
    except (ImportError, AttributeError) as error:
        raise FingerprintError(f"{name}: its provider cannot be loaded ({error})") from None
    return opener(base_url)


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
