"""Side evidence on a suspect: each kind with its own likelihood ratio, and what all make of the style's verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fingerprint.base.keys import digest
from fingerprint.data.response import Case, prompt_tokens
from fingerprint.model.verdict import (
    UNKNOWN,
    LabShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    Statements,
    TokenCounts,
)
from fingerprint.side.self_identification import StatementRates, count_statements
from fingerprint.side.token_counts import FEWEST, Tokenizer, one_count_each, prompt_key, read

DOCUMENT = "side"


@dataclass(frozen=True)
class SideTables:
    """tokenizers: empty where no training corpus had token counts; names: None in a model without them."""

    tokenizers: tuple[Tokenizer, ...]
    names: StatementRates | None

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
    def from_document(cls, document: Any) -> SideTables:
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


def _habits(held: Any) -> StatementRates:
    releases = {str(lab): int(count) for lab, count in held["releases"].items()}
    says = {str(lab): _shares(of) for lab, of in held["says"].items()}
    for lab, of in says.items():
        if sum(of.values()) > releases.get(lab, 0) + 1e-6:
            raise ValueError(f"side.json: {lab} says more than its releases do")
    return StatementRates(releases, says, _shares(held["others"]))


def _shares(held: Mapping[str, Any]) -> dict[str, float]:
    out = {str(lab): float(share) for lab, share in held.items()}
    if any(share < 0 for share in out.values()):
        raise ValueError("side.json: a share is below 0")
    return out


_Row = TypeVar("_Row", SideRatio, StatementRatio)


def side_evidence(case: Case, style: Sequence[LabShare], tables: SideTables) -> SideEvidence:
    """style: the labs in question and the unknown one, with what the style makes of them."""
    labs = [share.lab for share in style if share.lab != UNKNOWN]
    counts, names = _counts(case, tables.tokenizers, labs), _names(case, tables.names, labs)
    ratio = dict.fromkeys(labs, 0.0)
    for rows in (counts.labs, names.labs):
        for row in rows:
            ratio[row.lab] += row.log_likelihood_ratio
    return SideEvidence(counts, names, _combined(style, ratio))


def _counts(case: Case, known: Sequence[Tokenizer], labs: Sequence[str]) -> TokenCounts:
    rows = []
    for record in (*case.records, *case.aside):
        tokens = prompt_tokens(record.usage)
        if tokens and record.prompt:
            rows.append((digest(record.system), prompt_key(record.prompt_id, digest(record.prompt)), tokens))
    if not known:
        return TokenCounts("none known: the model was trained without token counts", 0, (), ())
    if not rows:
        return TokenCounts("the responses came without token counts of their prompts", 0, (), ())
    found = read(one_count_each(rows), known, labs)
    if found is None:
        return TokenCounts(f"fewer than {FEWEST} of the prompts were counted for a known release", 0, (), ())
    ratios = [SideRatio(lab, round(ratio, 3)) for lab, ratio in found.ratio.items()]
    return TokenCounts("", found.compared, found.agree, _sorted(ratios))


def _names(case: Case, style_markers: StatementRates | None, labs: Sequence[str]) -> SelfIdentification:
    found = count_statements(record.response for record in (*case.records, *case.aside))
    named = tuple(Statements(lab, count) for lab, count in sorted(found.items(), key=lambda row: (-row[1], row[0])))
    if style_markers is None:
        return SelfIdentification("none known: the model was trained without what models say of themselves", named, ())
    if not named:
        return SelfIdentification("no response says what wrote it", (), ())
    ratios = style_markers.ratios(found, labs)
    rows = [StatementRatio(lab, round(ratio, 3), round(style_markers.false(lab), 3)) for lab, ratio in ratios.items()]
    return SelfIdentification("", named, _sorted(rows))


def _combined(style: Sequence[LabShare], ratio: Mapping[str, float]) -> tuple[LabShare, ...]:
    log = {
        share.lab: math.log(share.probability) + ratio.get(share.lab, 0.0) for share in style if share.probability > 0
    }
    top = max(log.values())
    weight = {share.lab: math.exp(log[share.lab] - top) if share.lab in log else 0.0 for share in style}
    total = sum(weight.values())
    shares = [LabShare(lab, value / total) for lab, value in weight.items()]
    return tuple(sorted(shares, key=lambda share: -share.probability))


def _sorted(rows: Sequence[_Row]) -> tuple[_Row, ...]:
    return tuple(sorted(rows, key=lambda row: -row.log_likelihood_ratio))
