"""Git's names of what it keeps: a commit's name holds its tree's, and that the name of each file's content.

So an archive that has the tree of a pinned commit is that commit, whoever served it. (Git objects: git-scm.com/book,
10.2. The names are SHA-1, as strong as git's own; a manifest's sha256 adds to it once it is known.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

Blob = tuple[str, str]
_TREE = re.compile(rb"tree ([0-9a-f]{40})\n")
# Whole and half hours, and Nepal, Chatham and Eucla.
_ZONES = sorted(
    {60 * h + m for h in range(-12, 15) for m in (0, 30)} | {345, 525, 765, 825}, key=lambda z: (z % 60 != 0, abs(z))
)


def blob_hash(size: int) -> Any:
    """A hash to which the `size` bytes of a file are still to be given; its hexdigest is the blob's name."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def tree_name(files: Mapping[str, Blob]) -> str:
    """The name of the tree of `files`: path to (mode, blob's name)."""
    root: dict[str, Any] = {}
    for path, blob in files.items():
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.setdefault(folder, {})
        at[name] = blob
    return _tree(root)


def commit_tree(commit: str, data: bytes) -> str | None:
    """The tree that a commit object names, where `data` is the commit of that name."""
    if _name(b"commit", data) != commit:
        return None
    found = _TREE.match(data)
    return found.group(1).decode() if found else None


def commit_of_api(commit: str, found: Mapping[str, Any]) -> bytes | None:
    """The commit object from what GitHub's API says of it (git/commits); None where it cannot be made again.

    The API leaves out what a commit object holds besides: the time zones, the last line end, the form of a
    signature. All there may be are tried until the name is right.
    """
    for candidate in _candidates(found):
        if _name(b"commit", candidate) == commit:
            return candidate
    return None


def _candidates(found: Mapping[str, Any]) -> Iterator[bytes]:
    checked = found.get("verification") or {}
    if checked.get("payload") and checked.get("signature"):
        head, _, message = checked["payload"].partition("\n\n")
        for signature in (checked["signature"], checked["signature"].rstrip("\n")):
            folded = signature.replace("\n", "\n ")
            yield f"{head}\ngpgsig {folded}\n\n{message}".encode()
        return
    head = f"tree {found['tree']['sha']}\n" + "".join(f"parent {p['sha']}\n" for p in found["parents"])
    author, committer = found["author"], found["committer"]
    for first in _ZONES:
        for second in [first, *(z for z in _ZONES if z != first)]:
            for end in ("", "\n"):
                signed = f"author {_person(author, first)}\ncommitter {_person(committer, second)}\n"
                yield f"{head}{signed}\n{found['message']}{end}".encode()


def _person(person: Mapping[str, Any], zone: int) -> str:
    seconds = int(datetime.fromisoformat(person["date"].replace("Z", "+00:00")).timestamp())
    sign, minutes = "-" if zone < 0 else "+", abs(zone)
    return f"{person['name']} <{person['email']}> {seconds} {sign}{minutes // 60:02}{minutes % 60:02}"


def _tree(entries: Mapping[str, Any]) -> str:
    out = b""
    # Git sorts folders as if their names ended in a slash.
    for name in sorted(entries, key=lambda n: _raw(n) + b"/" * isinstance(entries[n], dict)):
        entry = entries[name]
        mode, digest = ("40000", _tree(entry)) if isinstance(entry, dict) else entry
        out += mode.encode() + b" " + _raw(name) + b"\0" + bytes.fromhex(digest)
    return _name(b"tree", out)


def _name(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(kind + b" %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _raw(name: str) -> bytes:
    # As tarfile reads names that are not UTF-8.
    return name.encode("utf-8", "surrogateescape")
