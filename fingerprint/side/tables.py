"""What a model keeps to judge side evidence by: one document of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fingerprint.side.names import Habits
from fingerprint.side.tokens import Tokenizer

DOCUMENT = "side"


@dataclass(frozen=True)
class Tables:
    """tokenizers: empty where no training corpus had token counts; names: None in a model without them."""

    tokenizers: tuple[Tokenizer, ...]
    names: Habits | None

    def domains(self) -> tuple[str, ...]:
        """Of the probes that are worth asking with these tables, beside style."""
        known = {"self-identification": self.names is not None, "token-counts": bool(self.tokenizers)}
        return tuple(domain for domain, worth in known.items() if worth)

    def to_document(self) -> dict[str, Any]:
        names = self.names
        return {
            "token_counts": [{"releases": dict(t.releases), "counts": dict(t.counts)} for t in self.tokenizers],
            "self_names": names
            and {
                "releases": dict(names.releases),
                "says": {lab: dict(of) for lab, of in names.says.items()},
                "others": dict(names.others),
            },
        }

    @classmethod
    def from_document(cls, document: Any) -> Tables:
        """None gives empty ones: models of before have no such document. Raises KeyError, TypeError, AttributeError
        or ValueError where it is not what `to_document` wrote."""
        if document is None:
            return cls((), None)
        tokenizers = tuple(
            Tokenizer(
                {str(name): str(lab) for name, lab in t["releases"].items()},
                {str(k): int(v) for k, v in t["counts"].items()},
            )
            for t in document["token_counts"]
        )
        return cls(tokenizers, None if document["self_names"] is None else _habits(document["self_names"]))


def _habits(held: Any) -> Habits:
    releases = {str(lab): int(count) for lab, count in held["releases"].items()}
    says = {str(lab): _shares(of) for lab, of in held["says"].items()}
    for lab, of in says.items():
        if sum(of.values()) > releases.get(lab, 0) + 1e-6:
            raise ValueError(f"side.json: {lab} says more than its releases do")
    return Habits(releases, says, _shares(held["others"]))


def _shares(held: Mapping[str, Any]) -> dict[str, float]:
    out = {str(lab): float(share) for lab, share in held.items()}
    if any(share < 0 for share in out.values()):
        raise ValueError("side.json: a share is below 0")
    return out
