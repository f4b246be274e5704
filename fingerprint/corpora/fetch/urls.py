"""Where a repository's archive and commit lie: at GitHub, or at a mirror (a folder or an address)."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from fingerprint.corpora.manifest import Source
from fingerprint.errors import InputError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Origin:
    """base: a folder, or an address without its last slash; None is GitHub."""

    base: Path | str | None = None

    @classmethod
    def of(cls, given: str | None) -> Origin:
        """Reads --from. Raises InputError for an address that is neither https nor on this machine, and no folder."""
        if given is None:
            return cls()
        if "://" not in given:
            if not Path(given).is_dir():
                raise InputError(given, "is no folder; expected one, or an address that begins with https://")
            return cls(Path(given))
        check_address(given)
        return cls(given.rstrip("/"))

    def archive(self, source: Source) -> Path | str:
        """Where the tar.gz of the source lies."""
        if self.base is None:
            return f"https://codeload.github.com/{source.repository}/tar.gz/{source.commit}"
        return self._at(source, ".tar.gz")

    def commit(self, source: Source) -> Path | str:
        """Where what makes up the commit lies: at GitHub as its API has it, at mirrors the commit object itself."""
        if self.base is None:
            return f"https://api.github.com/repos/{source.repository}/git/commits/{source.commit}"
        return self._at(source, ".commit")

    def _at(self, source: Source, suffix: str) -> Path | str:
        name = f"{source.repository}/{source.commit}{suffix}"
        return self.base / name if isinstance(self.base, Path) else f"{self.base}/{name}"


def check_address(address: str) -> urllib.parse.SplitResult:
    """The parts of an address that may be asked. Raises InputError for any other, before anything is sent."""
    try:
        parts = urllib.parse.urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise InputError(address, f"is no address ({error})") from None
    if parts.username or parts.password:
        raise InputError(parts.hostname or "the address", "expected an address without a name or password in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise InputError(address, "expected https (http only on this machine)")
    if not parts.hostname:
        raise InputError(address, "names no host")
    return parts
