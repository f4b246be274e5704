"""What a provider of models is, and how one is opened by its name.

Whoever adds one registers a callable in the entry-point group `fingerprint.providers`, under the name that stands
before the colon in `provider:model`; the built-in ones are registered there too, in pyproject.toml.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from fingerprint.collect.question import Answer, Question
from fingerprint.errors import FingerprintError

GROUP = "fingerprint.providers"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars a token sent and a token written, and a request; `source` says who says so and, if known, when."""

    prompt: float
    completion: float
    request: float = 0.0
    source: str = ""


class Provider(Protocol):
    """Models behind one address and key. Any number of `ask` may be awaited at once."""

    @property
    def name(self) -> str:
        """The name that it was registered under."""
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
        """One request, not repeated. Raises Failure; may be cancelled at any time."""
        ...

    async def price(self, model: str) -> Price | None:
        """What the provider's own list of models says; None where it has none. Raises Failure."""
        ...

    async def close(self) -> None:
        """Gives back its connections."""
        ...


class Opener(Protocol):
    """What is registered: makes a provider without connecting.

    Raises FingerprintError where the key is missing from the environment, MissingExtra where its SDK is.
    """

    def __call__(self, base_url: str | None) -> Provider: ...


def split(model: str) -> tuple[str, str]:
    """("openrouter", "z-ai/glm-4.6:free") of "openrouter:z-ai/glm-4.6:free". Raises FingerprintError."""
    provider, colon, name = model.partition(":")
    if not (provider and colon and name):
        raise FingerprintError(
            f"{model}: expected provider:model, such as openrouter:z-ai/glm-4.6; providers: {', '.join(names())}"
        )
    return provider, name


def names() -> list[str]:
    """Names of all registered providers."""
    return sorted(_registered())


def open_provider(name: str, base_url: str | None = None) -> Provider:
    """The provider `name`, at `base_url` in place of its own address if one is given.

    Raises FingerprintError where nobody registered it or its key is missing; MissingExtra.
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
