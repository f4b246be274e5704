"""The protocols, one file each: a new file with an object PROTOCOL is a new protocol, and nothing else names it."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fingerprint.evaluation.protocol import Protocol


def names() -> list[str]:
    """Return the names of all protocols, in alphabetical order, without importing one."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def protocols() -> list[Protocol]:
    """Return all protocols in the order of the report.

    Raises:
        TypeError: If a file does not hold the protocol of its name.
    """
    found = []
    for name in names():
        protocol: Protocol = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").PROTOCOL
        if protocol.name != name:
            raise TypeError(f"protocols/{name.replace('-', '_')}.py holds the protocol {protocol.name!r}")
        found.append(protocol)
    return sorted(found, key=lambda protocol: (protocol.order, protocol.name))
