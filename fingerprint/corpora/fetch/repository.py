"""A repository at its pinned commit: downloaded once, and proven to be that commit before anything is read from it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from fingerprint.base.files import locked, write_atomically
from fingerprint.corpora.fetch.archive import Extracted, Limits, extract
from fingerprint.corpora.fetch.download import Report, fetch_file
from fingerprint.corpora.fetch.gitids import commit_of_api, commit_tree
from fingerprint.corpora.fetch.urls import Origin
from fingerprint.corpora.manifest import Source
from fingerprint.errors import InputError

_MOST_COMMIT = 10_000_000


def proven(
    source: Source, origin: Origin, kept: Path, wanted: Sequence[re.Pattern[str]], spool: IO[bytes], limits: Limits,
    report: Report,
) -> Extracted:  # fmt: skip
    """The files of `source` that match `wanted`.

    kept: a folder where archives and commits stay, as a mirror has them. Raises InputError where the archive is not
    what the commit names; it is then removed.
    """
    folder = kept / Path(*source.repository.split("/"))
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        archive = folder / f"{source.commit}.tar.gz"
        tree = _tree(source, origin, folder / f"{source.commit}.commit", report)
        if not archive.exists():
            fetch_file(origin.archive(source), archive, limits.packed, report)
        try:
            found = extract(archive, wanted, spool, limits)
            if found.tree != tree:
                raise InputError(
                    f"{source.repository}@{source.commit}",
                    f"the archive is not this commit (its tree is {found.tree}, the commit's {tree}); it was removed. "
                    "It was damaged on the way or changed by who serves it, or the repository has submodules or "
                    "leaves files out of its archives",
                )
        except InputError:
            archive.unlink()
            raise
    return found


def _tree(source: Source, origin: Origin, kept: Path, report: Report) -> str:
    """The tree of the pinned commit, from a commit object whose name is the commit's."""
    if not kept.exists():
        brought = kept.with_suffix(".brought")
        fetch_file(origin.commit(source), brought, _MOST_COMMIT, report)
        data = brought.read_bytes()
        brought.unlink()
        write_atomically(kept, _from_api(source, data) if origin.base is None else data)
    tree = commit_tree(source.commit, kept.read_bytes())
    if tree is None:
        kept.unlink()
        raise InputError(
            f"{source.repository}@{source.commit}",
            "what was served as this commit is another one; expected what `git cat-file commit` writes of it",
        )
    return tree


def _from_api(source: Source, data: bytes) -> bytes:
    try:
        made = commit_of_api(source.commit, json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        made = None
    if made is None:
        raise InputError(
            f"{source.repository}@{source.commit}",
            "what GitHub says of this commit does not make the commit of that name; write it from a clone instead "
            f"(git cat-file commit) to {source.repository}/{source.commit}.commit in a folder for --from",
        )
    return made
