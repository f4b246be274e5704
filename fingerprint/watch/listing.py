"""Which models of a list are new, and which of them look like a lab's model under another name."""

from __future__ import annotations

import re
from collections.abc import Collection

from fingerprint.collect.provider import ListedModel
from fingerprint.data.registry import Registry

NO_VENDOR = "no known vendor"
FREE = "free"
_NAMES = re.compile(r"(?<![a-z])(alpha|beta|stealth|cloaked)(?![a-z])", re.I)
# Letters and digits of a vendor's name: "Z.ai" and "z-ai" are the same.
_SPELLING = re.compile(r"[^a-z0-9]+")


def known_vendors(registry: Registry) -> frozenset[str]:
    """Return every spelling of a vendor by which a list may name a known lab.

    Args:
        registry: The labs, and the aliases of their releases, which begin with the name of a vendor.
    """
    owners = (
        alias.partition("/")[0] for entry in registry.releases.values() for alias in entry.aliases if "/" in alias
    )
    return frozenset(map(_folded, (*owners, *registry.labs, *registry.labs.values()))) - {""}


def signs(listed: ListedModel, provider: str, vendors: Collection[str]) -> tuple[str, ...]:
    """Return the signs of a stealth model that a list shows.

    Args:
        listed: The model.
        provider: The provider's name, under which it lists models of labs that are not named.
        vendors: As `known_vendors`.

    Returns:
        NO_VENDOR, FREE, and the words of its name that say so, such as "alpha".
    """
    vendor, slash, _ = listed.id.partition("/")
    found = []
    if not slash or _folded(vendor) == _folded(provider) or _folded(vendor) not in vendors:
        found.append(NO_VENDOR)
    price = listed.price
    if price is not None and not (price.prompt or price.completion or price.request):
        found.append(FREE)
    return (*found, *dict.fromkeys(word.lower() for word in _NAMES.findall(f"{listed.id} {listed.name}")))


def is_stealth(signs: Collection[str]) -> bool:
    """Return whether signs make a stealth model: nobody's, and given away or named as a trial.

    A free model of a known vendor is an offer, and a priced one of an unknown vendor is somebody's fine-tune.
    """
    return NO_VENDOR in signs and len(signs) > 1


def _folded(vendor: str) -> str:
    return _SPELLING.sub("", vendor.lower())
