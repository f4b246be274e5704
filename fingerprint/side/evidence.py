"""Side evidence on a case: token counts and self-identification, each with its own likelihood ratios.

Side evidence never changes the verdict. It is shown beside it, and combined with the probabilities by style.
"""

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
from fingerprint.side.token_counts import FEWEST, Tokenizer, compare, one_count_each, prompt_key

DOCUMENT = "side"
"""The document of a model folder with the tables."""

_Row = TypeVar("_Row", SideRatio, StatementRatio)


@dataclass(frozen=True)
class SideTables:
    """What a model knows about side evidence.

    Attributes:
        tokenizers: Token counts of known releases; empty if no training corpus had any.
        names: What known releases say about themselves; None in a model without it.
    """

    tokenizers: tuple[Tokenizer, ...]
    names: StatementRates | None

    def domains(self) -> tuple[str, ...]:
        """Return the domains of the probes that give side evidence with these tables."""
        useful = {"self-identification": self.names is not None, "token-counts": bool(self.tokenizers)}
        return tuple(domain for domain, use in useful.items() if use)

    def to_document(self) -> dict[str, Any]:
        """Return the tables as JSON values, `side.json` of a model folder."""
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
        """Return the tables that `to_document` wrote; empty ones for None, as models without the document have.

        Raises:
            KeyError, TypeError, AttributeError, ValueError: For a document that `to_document` did not write.
        """
        if document is None:
            return cls((), None)
        tokenizers = tuple(
            Tokenizer(
                {str(name): str(lab) for name, lab in t["releases"].items()},
                {str(k): int(v) for k, v in t["counts"].items()},
            )
            for t in document["token_counts"]
        )
        return cls(tokenizers, None if document["self_names"] is None else _rates(document["self_names"]))


def side_evidence(case: Case, style: Sequence[LabShare], tables: SideTables) -> SideEvidence:
    """Evaluate the side evidence of a case.

    Args:
        case: With the responses that are no style, such as answers about the model itself.
        style: The probabilities of the candidate labs and of the unknown one by style.
        tables: What the model knows.

    Returns:
        The ratios of each kind, and the labs by style times both ratios.
    """
    labs = [share.lab for share in style if share.lab != UNKNOWN]
    counts, names = _token_counts(case, tables.tokenizers, labs), _statements(case, tables.names, labs)
    llr = dict.fromkeys(labs, 0.0)
    rows: list[SideRatio | StatementRatio] = [*counts.labs, *names.labs]
    for row in rows:
        llr[row.lab] += row.log_likelihood_ratio
    return SideEvidence(counts, names, _combined(style, llr))


def _token_counts(case: Case, known: Sequence[Tokenizer], labs: Sequence[str]) -> TokenCounts:
    rows = []
    for record in (*case.records, *case.aside):
        tokens = prompt_tokens(record.usage)
        if tokens and record.prompt:
            rows.append((digest(record.system), prompt_key(record.prompt_id, digest(record.prompt)), tokens))
    if not known:
        return TokenCounts("none known: the model was trained without token counts", 0, (), ())
    if not rows:
        return TokenCounts("the responses have no token counts of their prompts", 0, (), ())
    found = compare(one_count_each(rows), known, labs)
    if found is None:
        return TokenCounts(f"fewer than {FEWEST} of the prompts have counts for a known release", 0, (), ())
    ratios = [SideRatio(lab, round(llr, 3)) for lab, llr in found.llr.items()]
    return TokenCounts("", found.compared, found.agree, _ranked(ratios))


def _statements(case: Case, rates: StatementRates | None, labs: Sequence[str]) -> SelfIdentification:
    found = count_statements(record.response for record in (*case.records, *case.aside))
    named = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    statements = tuple(Statements(lab, count) for lab, count in named)
    if rates is None:
        return SelfIdentification("none known: the model was trained without self-identification", statements, ())
    if not statements:
        return SelfIdentification("no response says what wrote it", (), ())
    llr = rates.log_likelihood_ratios(found, labs)
    rows = [StatementRatio(lab, round(value, 3), round(rates.false_rate(lab), 3)) for lab, value in llr.items()]
    return SelfIdentification("", statements, _ranked(rows))


def _combined(style: Sequence[LabShare], llr: Mapping[str, float]) -> tuple[LabShare, ...]:
    log = {share.lab: math.log(share.probability) + llr.get(share.lab, 0.0) for share in style if share.probability > 0}
    top = max(log.values())
    weight = {share.lab: math.exp(log[share.lab] - top) if share.lab in log else 0.0 for share in style}
    total = sum(weight.values())
    shares = [LabShare(lab, value / total) for lab, value in weight.items()]
    return tuple(sorted(shares, key=lambda share: -share.probability))


def _ranked(rows: Sequence[_Row]) -> tuple[_Row, ...]:
    return tuple(sorted(rows, key=lambda row: -row.log_likelihood_ratio))


def _rates(values: Any) -> StatementRates:
    releases = {str(lab): int(count) for lab, count in values["releases"].items()}
    says = {str(lab): _shares(of) for lab, of in values["says"].items()}
    for lab, of in says.items():
        if sum(of.values()) > releases.get(lab, 0) + 1e-6:
            raise ValueError(f"side.json: the shares of {lab} sum to more than its releases")
    return StatementRates(releases, says, _shares(values["others"]))


def _shares(values: Mapping[str, Any]) -> dict[str, float]:
    out = {str(lab): float(share) for lab, share in values.items()}
    if any(share < 0 for share in out.values()):
        raise ValueError("side.json: a share is below 0")
    return out
