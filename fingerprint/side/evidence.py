"""Side evidence on a case: token counts and self-identification, each with its own likelihood ratios.

Side evidence never changes the verdict by style. It is shown beside it, and combined with it in a block of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fingerprint.base.keys import digest
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case, Response, prompt_tokens
from fingerprint.data.tokenizers import TokenizerTable, users
from fingerprint.model.verdict import (
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    Statements,
    TokenCounts,
)
from fingerprint.side.self_identification import StatementRates, count_statements
from fingerprint.side.token_counts import (
    FEWEST,
    KnownTokenizers,
    Tokenizer,
    compare,
    group_by_tokenizer,
    one_count_each,
)

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

    def known_tokenizers(self, table: TokenizerTable, registry: Registry) -> KnownTokenizers:
        """Return the tokenizers of these tables together with the public ones.

        Args:
            table: The public tokenizers. Releases whose counts agree with one of them join it.
            registry: What the names of their users are looked up in.

        Raises:
            InputError: The table names a release or family that the registry does not have.
        """
        public = [
            Tokenizer(users(one.users, registry), table.counts(i), one.name) for i, one in enumerate(table.tokenizers)
        ]
        learned = {name: one.counts for one in self.tokenizers for name in one.releases}
        lab_of = {name: lab for one in self.tokenizers for name, lab in one.releases.items()}
        elsewhere = users(table.elsewhere, registry)
        return KnownTokenizers(group_by_tokenizer(learned, lab_of, public), Counter(elsewhere.values()))

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
                # Older models have the prompt's id before its digest.
                {str(k).rpartition("|")[2]: int(v) for k, v in t["counts"].items()},
            )
            for t in document["token_counts"]
        )
        return cls(tokenizers, None if document["self_names"] is None else _rates(document["self_names"]))


def side_evidence(
    case: Case, labs: Sequence[str], names: StatementRates | None, known: KnownTokenizers
) -> SideEvidence:
    """Evaluate the side evidence of a case.

    Args:
        case: With the responses that are no style, such as answers about the model itself.
        labs: The labs in question.
        names: What known releases say about themselves; None where that is not known.
        known: What token counts are compared with.

    Returns:
        The ratios of each kind.
    """
    return SideEvidence(_token_counts(case, known, labs), _statements(case, names, labs))


def counted(records: Iterable[Response]) -> dict[str, int]:
    """Return the tokens of each prompt, by its digest, as the provider counted them.

    Args:
        records: Responses; those without a prompt or without its count are left out.
    """
    rows = []
    for record in records:
        tokens = prompt_tokens(record.usage)
        if tokens and record.prompt:
            rows.append((digest(record.system), digest(record.prompt), tokens))
    return one_count_each(rows)


def _token_counts(case: Case, known: KnownTokenizers, labs: Sequence[str]) -> TokenCounts:
    counts = counted((*case.records, *case.aside))
    if not counts:
        return TokenCounts("the responses have no token counts of their prompts", 0, (), (), (), ())
    found = compare(counts, known, labs)
    if found is None:
        return TokenCounts(f"fewer than {FEWEST} of the prompts have counts by known tokenizers", 0, (), (), (), ())
    ratios = [SideRatio(lab, round(llr, 3)) for lab, llr in found.llr.items()]
    return TokenCounts("", found.compared, found.tokenizers, found.agree, found.ruled_out, _ranked(ratios))


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
