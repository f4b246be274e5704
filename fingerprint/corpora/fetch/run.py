"""A public corpus by its manifest, to a parquet file that says where it comes from."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fingerprint.corpora.fetch.archive import Limits, digest
from fingerprint.corpora.fetch.download import Report
from fingerprint.corpora.fetch.read import Rows, wanted
from fingerprint.corpora.fetch.repository import proven
from fingerprint.corpora.fetch.urls import Origin
from fingerprint.corpora.manifest import Manifest
from fingerprint.corpora.write import writing
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError


@dataclass(frozen=True)
class Fetched:
    """Rows written and left out (why: how many; names that the registry does not know: how many), files that Git LFS
    keeps elsewhere, and the sha256 of the files that were read."""

    rows: int
    files: int
    left_out: Counter[str]
    unknown: Counter[str]
    pointers: int
    sha256: str


def fetch(
    manifest: Manifest, out: Path, origin: Origin, kept: Path, registry: Registry, report: Report,
    limits: Limits | None = None,
) -> Fetched:  # fmt: skip
    """Brings a corpus to `out` (.parquet), whole or not at all.

    kept: where archives stay. Raises InputError where it cannot be brought, or is not what the manifest pins.
    """
    if not manifest.rows:
        raise InputError(manifest.name, f"its files are not read by fetch: {manifest.note}")
    if out.suffix != ".parquet":
        raise InputError(str(out), "expected a name ending in .parquet, which keeps licence and source with the rows")
    if not out.resolve().parent.is_dir():
        raise InputError(str(out), "lies in no folder that is there")
    with tempfile.TemporaryFile() as spool:
        found = [
            proven(source, origin, kept, wanted(manifest), spool, limits or Limits(), report)
            for source in manifest.sources
        ]
        sha256 = digest(found)
        if manifest.sha256 and manifest.sha256 != sha256:
            raise InputError(manifest.name, f"its files have the sha256 {sha256}; the manifest says {manifest.sha256}")
        if not any(part.files for part in found):
            raise InputError(manifest.name, "none of the files that the manifest names is in its repository")
        metadata = {
            "licence": manifest.licence,
            "source": ", ".join(f"{s.repository}@{s.commit}" for s in manifest.sources),
            "sha256": sha256,
            "manifest": json.dumps({"name": manifest.name, "use": manifest.use}),
        }
        rows, count = Rows(manifest, found, registry), 0
        with writing(out, metadata) as add:
            for row in rows:
                add(row)
                count += 1
                report("responses", count, count)
            if not count:
                raise InputError(manifest.name, "no response is by a release that the registry knows")
    pointers = sum(len(part.pointers) for part in found)
    return Fetched(count, sum(len(p.files) for p in found), rows.left_out, rows.unknown, pointers, sha256)
