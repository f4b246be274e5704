"""Where a repository lies, and downloads: resumed where they broke off, bounded, and from one host only.

This is the only module of `fingerprint.corpora` that opens connections.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.base.files import write_atomically
from fingerprint.corpora.manifest import Source
from fingerprint.errors import InputError

# A server that fails four times in a row will not recover within a command; the next command resumes.
TRIES = 4
# Seconds without a byte.
TIMEOUT = 60
# Bytes between two progress reports.
_BLOCK = 1 << 18
# GitHub needs one; more than a few are a loop.
_MOST_REDIRECTS = 5
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_BROKEN = (OSError, http.client.HTTPException)
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Origin:
    """Where archives and commits come from.

    Attributes:
        base: A mirror: a folder, or an address without its last slash. None is GitHub.
    """

    base: Path | str | None = None

    @classmethod
    def of(cls, given: str | None) -> Origin:
        """Read the value of --from.

        Raises:
            InputError: It is neither a folder, nor an https address, nor an http address on this machine.
        """
        if given is None:
            return cls()
        if "://" not in given:
            if not Path(given).is_dir():
                raise InputError(given, "is no folder; expected one, or an address that begins with https://")
            return cls(Path(given))
        check_address(given)
        return cls(given.rstrip("/"))

    def archive(self, source: Source) -> Path | str:
        """Return where the tar.gz of a source lies."""
        if self.base is None:
            return f"https://codeload.github.com/{source.repository}/tar.gz/{source.commit}"
        return self._at(source, ".tar.gz")

    def commit(self, source: Source) -> Path | str:
        """Return where a source's commit lies: at GitHub in the form of its API, at mirrors as the commit object."""
        if self.base is None:
            return f"https://api.github.com/repos/{source.repository}/git/commits/{source.commit}"
        return self._at(source, ".commit")

    def _at(self, source: Source, suffix: str) -> Path | str:
        name = f"{source.repository}/{source.commit}{suffix}"
        return self.base / name if isinstance(self.base, Path) else f"{self.base}/{name}"


def check_address(address: str) -> urllib.parse.SplitResult:
    """Return the parts of an address that may be asked.

    Raises:
        InputError: It is another address; nothing has been sent.
    """
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


def fetch_file(where: Path | str, to: Path, most: int, report: Report) -> None:
    """Copy or download a file; after an interruption, the next call goes on where it broke off.

    Args:
        where: A file or an address.
        to: The file to write.
        most: Bytes at most.
        report: Receives the progress.

    Raises:
        InputError: There is no such file, it is larger, or all tries fail.
    """
    part = to.with_name(to.name + ".part")
    if isinstance(where, Path):
        _copy(where, part, most)
    else:
        check_address(where)
        _download(where, part, most, report)
    part.replace(to)


def _copy(where: Path, part: Path, most: int) -> None:
    try:
        if where.stat().st_size > most:
            raise InputError(str(where), f"is larger than {most:,} bytes")
        shutil.copyfile(where, part)
    except OSError as error:
        raise InputError(str(where), f"cannot be read ({error.strerror})") from None


def _download(address: str, part: Path, most: int, report: Report) -> None:
    for attempt in range(1, TRIES + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            if _go_on(address, part, most, report):
                return
            cause = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:
                # The kept part is not the beginning of the file that lies there now.
                part.unlink()
            elif error.code < 500 and error.code != 429:
                raise InputError(address, f"answered {error.code} {error.reason}") from None
            cause = f"it answered {error.code}"
        except _BROKEN as error:
            cause = str(getattr(error, "reason", None) or error)
        if attempt == TRIES:
            raise InputError(
                address, f"could not be fetched in {TRIES} tries ({cause}); the same command goes on where it broke off"
            )


def _go_on(address: str, part: Path, most: int, report: Report) -> bool:
    """Whether the whole file is there afterwards."""
    known = part.with_name(part.name + ".tag")
    have = part.stat().st_size if part.exists() else 0
    tag = json.loads(known.read_text()) if have and known.exists() else None
    request = urllib.request.Request(address, headers={"User-Agent": "fingerprint", "Accept-Encoding": "identity"})
    if tag:
        # Without a tag nothing says that the file there is still the one that was begun.
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    with _opener(address).open(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:
            have = 0
        elif not _begins_at(answer, have):
            # A part that was not requested: the next try requests the whole file.
            known.unlink(missing_ok=True)
            return False
        new = answer.headers.get("ETag")
        if new and not new.startswith("W/"):
            write_atomically(known, json.dumps(new).encode())
        else:
            known.unlink(missing_ok=True)
        length = answer.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else 0
        if total > most:
            raise InputError(address, f"is larger than {most:,} bytes")
        with part.open("r+b" if have else "wb") as file:
            file.seek(have)
            file.truncate()
            got = have
            while block := answer.read(_BLOCK):
                got += len(block)
                if got > most:
                    raise InputError(address, f"is larger than {most:,} bytes")
                file.write(block)
                report("bytes", got, total or most)
    if total and got < total:
        return False
    known.unlink(missing_ok=True)
    return True


def _begins_at(answer: Any, have: int) -> bool:
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return found is not None and int(found.group(1)) == have


def _opener(address: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameHost(address),
    ):
        opener.add_handler(handler)
    return opener


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to another host, port or scheme."""

    max_redirections = _MOST_REDIRECTS

    def __init__(self, address: str):
        self._start = urllib.parse.urlsplit(address)

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """See urllib.request.HTTPRedirectHandler."""
        to = check_address(newurl)
        if (to.scheme, to.netloc) != (self._start.scheme, self._start.netloc):
            raise InputError(self._start.geturl(), f"redirects to another host ({to.scheme}://{to.netloc}); refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
