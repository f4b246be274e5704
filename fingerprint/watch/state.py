"""What is known of a provider's models from one run to the next, in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from fingerprint.base.files import write_atomically
from fingerprint.errors import FingerprintError, InputError

FILE = "state.json"
SCHEMA = 1


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict that was kept.

    Attributes:
        time: When, in UTC.
        file: The verdict as JSON, in the folder.
        verdict: The word.
        lab: The lab with the largest probability.
        probability: Of this lab.
        responses: How many the verdict used.
        stopped: Why nothing more was asked.
        finished: Whether it was no limit and no failure that stopped it.
        shortlist: The labs on the short list, if no lab is named and there is one.
    """

    time: str
    file: str
    verdict: str
    lab: str
    probability: float
    responses: int
    stopped: str
    finished: bool
    shortlist: tuple[str, ...] = ()

    def in_words(self, name: Callable[[str], str] = str) -> str:
        """Return the verdict with the lab or the short list, in a few words.

        Args:
            name: Returns the display name of a lab by its key.
        """
        if self.shortlist:
            return f"{self.verdict}, probably one of {', '.join(map(name, self.shortlist))}"
        return f"{self.verdict}, {name(self.lab)} {self.probability:.0%}"


class Watched(msgspec.Struct, forbid_unknown_fields=True):
    """A model of the list.

    Attributes:
        id: Its name at the provider.
        name: Its name for people.
        seen: When it was first seen, in UTC.
        signs: The signs of a stealth model.
        stealth: Whether they make it one.
        new: Whether it was not there in the first run, or is a stealth model: the others are never probed.
        listed: Whether the list still had it in the last run.
        findings: The verdicts, the oldest first.
        failure: Why the last run brought no verdict; empty if it did.
    """

    id: str
    name: str
    seen: str
    signs: tuple[str, ...]
    stealth: bool
    new: bool
    listed: bool = True
    findings: list[Finding] = msgspec.field(default_factory=list)
    failure: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is to be probed, or probed further."""
        return self.new and self.listed and not (self.findings and self.findings[-1].finished)

    @property
    def changed(self) -> str:
        """When something was last found about it, in UTC."""
        return self.findings[-1].time if self.findings else self.seen


class State(msgspec.Struct, forbid_unknown_fields=True):
    """All models that a provider's list ever had.

    Attributes:
        schema: The version of this form.
        provider: The provider's name.
        base_url: Its address.
        models: In the order in which they were seen.
        runs: How many runs there were.
    """

    schema: int
    provider: str
    base_url: str
    models: list[Watched] = msgspec.field(default_factory=list)
    runs: int = 0

    def newest_first(self) -> list[Watched]:
        """Return the models that are new since the first run, those of which something was found last first."""
        return sorted((one for one in self.models if one.new), key=lambda one: (one.changed, one.id), reverse=True)


def load(folder: Path, provider: str, base_url: str) -> State:
    """Return the state in a folder; a new one if there is none.

    Args:
        folder: The folder.
        provider: The provider that the state must be of.
        base_url: Its address.

    Raises:
        InputError: The file is no state, or one of another provider.
    """
    path = folder / FILE
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return State(SCHEMA, provider, base_url)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"is no state of fingerprint watch ({error}); take another --out") from None
    expected = (SCHEMA, provider, base_url)
    if (found := (state.schema, state.provider, state.base_url)) != expected:
        raise InputError(str(path), f"is of {found}; expected {expected}; take another --out")
    return state


def write(folder: Path, name: str, data: bytes) -> None:
    """Write a file of the folder, whole or not at all.

    Raises:
        FingerprintError: It cannot be written.
    """
    path = folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise FingerprintError(f"{path}: cannot be written ({error.strerror})") from None


def save(folder: Path, state: State) -> None:
    """Write the state.

    Raises:
        FingerprintError: It cannot be written.
    """
    write(folder, FILE, msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n")
