"""Our rows from the files of a repository, as a manifest says."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fingerprint.corpora.fetch.archive import Extracted
from fingerprint.corpora.fetch.patterns import compiled
from fingerprint.corpora.fetch.templates import render
from fingerprint.corpora.manifest import Manifest, Part
from fingerprint.data.reasoning import without_reasoning
from fingerprint.data.registry import Registry

# As in the corpora that the shipped model was trained on.
MOST_RESPONSE = 8_000
MOST_PROMPT = 4_000


@dataclass
class Rows:
    """Iterates over rows (our columns); afterwards, how many were left out for what, and names nobody knows."""

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
                digest = hashlib.blake2b(key, digest_size=16).digest()
                if digest in seen:
                    self.left_out["the same model, prompt and response again"] += 1
                    continue
                seen.add(digest)
                yield row

    def _row(self, part: Part, values: dict[str, Any], prompts: Mapping[str, str]) -> dict[str, Any] | None:
        response = without_reasoning(render(part.fields["response"], values))[:MOST_RESPONSE]
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
            "prompt_id": "", **row, "prompt": values["prompt"][:MOST_PROMPT], "response": response,
            "release": entry.release, "kind": entry.kind, "corpus": self.manifest.name,
        }  # fmt: skip

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
    """What the paths of all files that a manifest reads match."""
    files = dict.fromkeys(p for part in (*manifest.rows, *manifest.prompts) for p in part.files)
    return [compiled(p) for p in files]
