"""A public corpus by its manifest: download, verify against the pinned commit, read rows, write a parquet file."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fingerprint.base.files import locked, write_atomically
from fingerprint.corpora.fetch.archive import Extracted, Limits, digest, extract
from fingerprint.corpora.fetch.download import Origin, Report, fetch_file
from fingerprint.corpora.fetch.git import commit_from_api, commit_tree
from fingerprint.corpora.fetch.templates import compiled, render
from fingerprint.corpora.manifest import Manifest, Part, Source
from fingerprint.corpora.write import writing
from fingerprint.data.cleaning import clean
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError

# Characters of a prompt that are kept, the same as in the corpora that the shipped model was trained on.
MOST_PROMPT = 4_000
# Bytes of a commit object or its description: messages have kilobytes, and a server might send without end.
_MOST_COMMIT = 10_000_000


@dataclass(frozen=True)
class Context:
    """Where archives come from and stay.

    Attributes:
        origin: GitHub or a mirror.
        kept: The folder of downloaded archives and commits, in the form of a mirror.
        report: Receives the progress.
        limits: Bounds on an archive.
    """

    origin: Origin
    kept: Path
    report: Report
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Fetched:
    """The result of a fetch.

    Attributes:
        rows: Rows written.
        files: Files read.
        left_out: Rows left out, by reason.
        unknown: Rows left out because the registry does not know their name, by name.
        pointers: Files that Git LFS keeps elsewhere.
        sha256: Of the files read.
    """

    rows: int
    files: int
    left_out: Counter[str]
    unknown: Counter[str]
    pointers: int
    sha256: str


def fetch(manifest: Manifest, out: Path, registry: Registry, context: Context) -> Fetched:
    """Fetch a corpus and write it, whole or not at all.

    Args:
        manifest: Which repositories, and how their files become rows.
        out: The parquet file to write.
        registry: Resolves the names of models.
        context: Where archives come from and stay.

    Returns:
        What was written and what was left out.

    Raises:
        InputError: The corpus cannot be fetched, is not what the manifest pins, or has no row.
    """
    if not manifest.rows:
        raise InputError(manifest.name, f"its files are not read by fetch: {manifest.note}")
    if out.suffix != ".parquet":
        raise InputError(str(out), "expected a name ending in .parquet, which keeps licence and source with the rows")
    if not out.resolve().parent.is_dir():
        raise InputError(str(out), "its folder does not exist")
    with tempfile.TemporaryFile() as spool:
        patterns = wanted(manifest)
        found = [verified(source, patterns, spool, context) for source in manifest.sources]
        sha256 = digest(found)
        if manifest.sha256 and manifest.sha256 != sha256:
            raise InputError(manifest.name, f"its files have the sha256 {sha256}; the manifest says {manifest.sha256}")
        if not any(part.files for part in found):
            raise InputError(manifest.name, "its repository has none of the files that the manifest names")
        metadata = {
            "licence": manifest.licence,
            "source": ", ".join(f"{s.repository}@{s.commit}" for s in manifest.sources),
            "sha256": sha256,
            "manifest": json.dumps({"name": manifest.name, "use": manifest.use}),
        }
        rows, count = CorpusRows(manifest, found, registry), 0
        with writing(out, metadata) as add:
            for row in rows:
                add(row)
                count += 1
                context.report("responses", count, count)
            if not count:
                raise InputError(manifest.name, "no response is by a release that the registry knows")
    pointers = sum(len(part.pointers) for part in found)
    return Fetched(count, sum(len(p.files) for p in found), rows.left_out, rows.unknown, pointers, sha256)


def verified(source: Source, wanted: Sequence[re.Pattern[str]], spool: IO[bytes], context: Context) -> Extracted:
    """Return the wanted files of a repository at its pinned commit, downloaded once.

    Args:
        source: The repository and the commit.
        wanted: Expressions, one of which the path of a wanted file matches.
        spool: Receives the contents of wanted files.
        context: Where archives come from and stay.

    Raises:
        InputError: It cannot be fetched or kept; or the archive is not the commit's, and is removed then.
    """
    folder = context.kept / Path(*source.repository.split("/"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(str(folder), f"cannot be made ({error.strerror}); archives are kept there") from None
    with locked(folder):
        archive = folder / f"{source.commit}.tar.gz"
        tree = _tree(source, folder / f"{source.commit}.commit", context)
        if not archive.exists():
            fetch_file(context.origin.archive(source), archive, context.limits.packed, context.report)
        try:
            found = extract(archive, wanted, spool, context.limits)
            if found.tree != tree:
                raise InputError(
                    f"{source.repository}@{source.commit}",
                    f"the archive is not this commit (its tree is {found.tree}, the commit's {tree}); it was removed. "
                    "It was damaged on the way or changed by its server, or the repository has submodules or leaves "
                    "files out of its archives",
                )
        except InputError:
            archive.unlink()
            raise
    return found


def _tree(source: Source, kept: Path, context: Context) -> str:
    """The tree of the pinned commit, from a commit object whose name is the commit's."""
    if not kept.exists():
        downloaded = kept.with_suffix(".downloaded")
        fetch_file(context.origin.commit(source), downloaded, _MOST_COMMIT, context.report)
        data = downloaded.read_bytes()
        downloaded.unlink()
        write_atomically(kept, _from_api(source, data) if context.origin.base is None else data)
    tree = commit_tree(source.commit, kept.read_bytes())
    if tree is None:
        kept.unlink()
        raise InputError(
            f"{source.repository}@{source.commit}",
            "the server sent another commit; expected what `git cat-file commit` writes about this one",
        )
    return tree


def _from_api(source: Source, data: bytes) -> bytes:
    try:
        made = commit_from_api(source.commit, json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        made = None
    if made is None:
        raise InputError(
            f"{source.repository}@{source.commit}",
            "GitHub's description does not make the commit of that name; write the commit from a clone "
            f"(git cat-file commit) to {source.repository}/{source.commit}.commit in a folder for --from",
        )
    return made


@dataclass
class CorpusRows:
    """The rows of a corpus, in the order of the manifest's parts.

    Attributes:
        manifest: How files become rows.
        files: The files.
        registry: Resolves the names of models.
        left_out: After the iteration: rows left out, by reason.
        unknown: After the iteration: rows of names that the registry does not know, by name.
    """

    manifest: Manifest
    files: Sequence[Extracted]
    registry: Registry
    left_out: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        prompts = {
            render(part.fields["key"], values): render(part.fields["prompt"], values)
            for part in self.manifest.prompts
            for values in self._values(part)
        }
        seen: set[bytes] = set()
        for part in self.manifest.rows:
            for values in self._values(part):
                row = self._row(part, values, prompts)
                if row is None:
                    continue
                key = "\0".join((row["source_model"], row["prompt_id"], row["response"])).encode("utf-8", "replace")
                found = hashlib.blake2b(key, digest_size=16).digest()
                if found in seen:
                    self.left_out["the same model, prompt and response again"] += 1
                    continue
                seen.add(found)
                yield row

    def _row(self, part: Part, values: dict[str, Any], prompts: Mapping[str, str]) -> dict[str, Any] | None:
        response = clean(render(part.fields["response"], values)).text
        if not response.strip():
            self.left_out["no response"] += 1
            return None
        prompt = prompts.get(render(part.prompt_key, values), "") if part.prompt_key else ""
        values["prompt"] = prompt or render(part.fields.get("prompt", ""), values)
        row: dict[str, Any] = {name: render(template, values) for name, template in part.fields.items()}
        entry = self.registry.resolve(row["source_model"])
        if entry is None:
            self.unknown[row["source_model"]] += 1
            return None
        return {
            "prompt_id": "",
            **row,
            "prompt": values["prompt"][:MOST_PROMPT],
            "response": response,
            "release": entry.release,
            "kind": entry.kind,
            "corpus": self.manifest.name,
        }

    def _values(self, part: Part) -> Iterator[dict[str, Any]]:
        patterns = [compiled(p) for p in part.files]
        for found in self.files:
            for path in sorted(found.files):
                match = next(filter(None, (p.fullmatch(path) for p in patterns)), None)
                if match is not None:
                    yield from self._rows(part.kind, match, found.read(path))

    def _rows(self, kind: str, match: re.Match[str], data: bytes) -> Iterator[dict[str, Any]]:
        base = {"path": match.groupdict(), "row": {}, "text": "", "prompt": ""}
        content = data.decode("utf-8-sig", "replace")
        if kind == "text":
            yield {**base, "text": content}
            return
        for document in [content] if kind == "json" else filter(str.strip, content.split("\n")):
            try:
                found = json.loads(document)
            except (ValueError, RecursionError):
                self.left_out["not JSON"] += 1
                continue
            for row in found if isinstance(found, list) else [found]:
                if isinstance(row, dict):
                    yield {**base, "row": row}


def wanted(manifest: Manifest) -> list[re.Pattern[str]]:
    """Return expressions that match the paths of all files that a manifest reads."""
    files = dict.fromkeys(p for part in (*manifest.rows, *manifest.prompts) for p in part.files)
    return [compiled(p) for p in files]
