"""Side evidence on a suspect: each kind with its own likelihood ratio, and what all make of the style's verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from fingerprint.base.keys import digest
from fingerprint.data.response import Case, prompt_tokens
from fingerprint.model.verdict import (
    UNKNOWN,
    LabShare,
    NameRatio,
    Said,
    SelfNames,
    SideEvidence,
    SideRatio,
    TokenCounts,
)
from fingerprint.side.names import Habits, said
from fingerprint.side.tables import Tables
from fingerprint.side.tokens import FEWEST, Tokenizer, gathered, key, read

_Row = TypeVar("_Row", SideRatio, NameRatio)


def side_evidence(case: Case, style: Sequence[LabShare], tables: Tables) -> SideEvidence:
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
            rows.append((digest(record.system), key(record.prompt_id, digest(record.prompt)), tokens))
    if not known:
        return TokenCounts("none known: the model was trained without token counts", 0, (), ())
    if not rows:
        return TokenCounts("the responses came without token counts of their prompts", 0, (), ())
    found = read(gathered(rows), known, labs)
    if found is None:
        return TokenCounts(f"fewer than {FEWEST} of the prompts were counted for a known release", 0, (), ())
    ratios = [SideRatio(lab, round(ratio, 3)) for lab, ratio in found.ratio.items()]
    return TokenCounts("", found.compared, found.agree, _sorted(ratios))


def _names(case: Case, style_markers: Habits | None, labs: Sequence[str]) -> SelfNames:
    found = said(record.response for record in (*case.records, *case.aside))
    named = tuple(Said(lab, count) for lab, count in sorted(found.items(), key=lambda row: (-row[1], row[0])))
    if style_markers is None:
        return SelfNames("none known: the model was trained without what models say of themselves", named, ())
    if not named:
        return SelfNames("no response says what wrote it", (), ())
    ratios = style_markers.ratios(found, labs)
    rows = [NameRatio(lab, round(ratio, 3), round(style_markers.false(lab), 3)) for lab, ratio in ratios.items()]
    return SelfNames("", named, _sorted(rows))


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
