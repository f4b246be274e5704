"""Files by address: resumed where they broke off, bounded, and from no other host than they were asked of."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from fingerprint.base.files import write_atomically
from fingerprint.corpora.fetch.urls import check_address
from fingerprint.errors import InputError

TRIES = 4
TIMEOUT = 60
_BLOCK = 1 << 18
_MOST_REDIRECTS = 5
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_BROKEN = (OSError, http.client.HTTPException)
Report = Callable[[str, int, int], None]


def fetch_file(where: Path | str, to: Path, most: int, report: Report) -> None:
    """Brings `where` to `to`; what came before it broke off is kept beside it, and the next call goes on there.

    most: bytes. Raises InputError where there is none, it is larger, or it breaks off time and again.
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
                # What is kept is no beginning of what lies there now.
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
        # Without a tag nothing says that what lies there is still what was begun.
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    with _opener(address).open(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:
            have = 0
        elif not _begins_at(answer, have):
            # A part that nobody asked for: the next try asks for all of it.
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
            got = _copy_stream(address, answer, file, have, total, most, report)
    if total and got < total:
        return False
    known.unlink(missing_ok=True)
    return True


def _begins_at(answer: Any, have: int) -> bool:
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return found is not None and int(found.group(1)) == have


def _copy_stream(address: str, answer: Any, file: IO[bytes], have: int, total: int, most: int, report: Report) -> int:
    while block := answer.read(_BLOCK):
        have += len(block)
        if have > most:
            raise InputError(address, f"is larger than {most:,} bytes")
        file.write(block)
        report("bytes", have, total or most)
    return have


def _opener(address: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(), _SameHost(address),
    ):  # fmt: skip
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
        to = check_address(newurl)
        if (to.scheme, to.netloc) != (self._start.scheme, self._start.netloc):
            raise InputError(self._start.geturl(), f"redirects to another host ({to.scheme}://{to.netloc}); refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
