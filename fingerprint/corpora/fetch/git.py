"""Git's names of objects: a commit's name depends on its tree's, and a tree's on the name of each file's content.

An archive that has the tree of a pinned commit therefore is that commit, whoever served it. The names are SHA-1, as
strong as git itself; the sha256 of a manifest adds to it once it is known.

References:
    Chacon & Straub, Pro Git, section 10.2, "Git Objects".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

Blob = tuple[str, str]
_TREE = re.compile(rb"tree ([0-9a-f]{40})\n")
# Minutes of all time zones: whole and half hours, and Nepal, Eucla and Chatham.
_ZONES = sorted(
    {60 * h + m for h in range(-12, 15) for m in (0, 30)} | {345, 525, 765, 825}, key=lambda z: (z % 60 != 0, abs(z))
)


def blob_hash(size: int) -> Any:
    """Return a hash object that, updated with the `size` bytes of a file, has the blob's name as hexdigest."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def tree_name(files: Mapping[str, Blob]) -> str:
    """Return the name of the tree that holds `files`: path to (mode, blob's name)."""
    root: dict[str, Any] = {}
    for path, blob in files.items():
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.setdefault(folder, {})
        at[name] = blob
    return _tree(root)


def commit_tree(commit: str, data: bytes) -> str | None:
    """Return the name of a commit's tree.

    Args:
        commit: The commit's name.
        data: The commit object.

    Returns:
        The tree's name, None if `data` is not the commit of that name.
    """
    if _name(b"commit", data) != commit:
        return None
    found = _TREE.match(data)
    return found.group(1).decode() if found else None


def commit_from_api(commit: str, found: Mapping[str, Any]) -> bytes | None:
    """Return the commit object that GitHub's API (git/commits) describes.

    The API leaves out the time zones, the last line end and the form of a signature. All possible ones are tried until
    the name is right.

    Args:
        commit: The commit's name.
        found: What the API says about it.

    Returns:
        The object, None if none of that name can be made.
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
    # tarfile reads names that are not UTF-8 in the same way.
    return name.encode("utf-8", "surrogateescape")
