"""Sessions of `fingerprint probe --claimed` by replay: at each look all claims are judged on the responses so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verification.heldout import HeldOut, Say
from fingerprint.base.keys import isin
from fingerprint.evaluation.claims import judge_trials
from fingerprint.metrics import Level
from fingerprint.model.claim_sequence import spend
from fingerprint.model.claim_trials import draw_trials
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.claims import Impostor
from fingerprint.model.plda import Ints
from fingerprint.model.verdict import AllowedRates
from fingerprint.training.calibration_cases import calibration_cases
from fingerprint.training.cases import CaseSet, Questions, collect_evidence
from fingerprint.training.splits import CaseKind

# Cases whose evidence is computed at once.
_BATCH = 100


@dataclass(frozen=True)
class Sessions:
    """S sessions, each about one claim.

    Attributes:
        level: (S,) of Level, what is claimed.
        kind: (S,) "target" for a true claim, or an impostor kind.
        corpus_known: (S,) whether the model knows the corpus.
        cell: (S,) code of the release and the corpus.
        group: (S,) code of the group of the release.
        verdict: (S,) of ClaimWord, at the stop.
        responses: (S,) at the stop.
    """

    level: NDArray[np.object_]
    kind: NDArray[np.object_]
    corpus_known: NDArray[np.bool_]
    cell: Ints
    group: Ints
    verdict: NDArray[np.object_]
    responses: Ints

    def of(self, at: NDArray[np.bool_]) -> Sessions:
        """Return some of the sessions."""
        return Sessions(*(getattr(self, one.name)[at] for one in fields(self)))


def replay(held_out: HeldOut, draws: int, allowed: AllowedRates, seed: int, say: Say) -> Sessions:
    """Replay sessions: the responses of a release in a corpus come in a random order.

    Each session is asked about a true claim and about one false claim of each kind, of each level. Whoever claims what
    looks most alike is left out: that claim changes from look to look.

    Args:
        held_out: The responses.
        draws: Sessions of each release in each corpus that has responses enough for the last look.
        allowed: The error rates of a whole session.
        seed: Draws orders and claims.
        say: Receives what was done.

    Raises:
        ValueError: The model has no calibration of claims.
    """
    model = held_out.model
    if model.claims is None:
        raise ValueError("the model has no calibration of claims")
    sizes = {int(size) for tables in model.claims.tables.values() for of in tables.values() for size in of.accept}
    looks = spend(sizes, model.claims.rates, allowed, model.config.plda.correlation)
    rng, last = np.random.default_rng(seed), looks[-1].responses
    orders = [rng.permutation(rows)[:last] for rows in held_out.cells(last) for _ in range(draws)]
    parts: list[dict[str, Any]] = []
    for start in range(0, len(orders), _BATCH):
        some = orders[start : start + _BATCH]
        found: list[dict[str, Any]] = []
        for look in looks:
            cases = _cases(held_out, [rows[: look.responses] for rows in some])
            found = _stopped(found, _judged(held_out, cases, look.allowed, seed + start), look.responses)
        parts += found
        say(f"{start + len(some):,} of {len(orders):,} sessions replayed")
    return Sessions(**{one.name: np.concatenate([part[one.name] for part in parts]) for one in fields(Sessions)})


def _cases(held_out: HeldOut, rows: Sequence[Ints]) -> CaseSet:
    labels, every = held_out.labels, np.arange(len(held_out.labels.release))
    questions = Questions.of(labels, list(rows), CaseKind.SAME)
    return collect_evidence(
        held_out.model.likelihood, held_out.known, held_out.names, questions, every, held_out.embeddings
    )


def _judged(held_out: HeldOut, found: CaseSet, allowed: AllowedRates, seed: int) -> list[dict[str, Any]]:
    """The claims of each level about some cases, as columns of `Sessions`. One seed draws the same claims again."""
    labels, names, claims = held_out.labels, held_out.names, held_out.model.claims
    cases = calibration_cases(found, names)
    calibration = held_out.model.calibration.for_labs(names.labs)
    first = np.array([rows[0] for rows in found.rows])
    out = []
    for level, every in draw_trials(cases, found.known_releases, calibration, seed, tuple(Level)).items():
        trials = every.of(~isin(every.kind, {Impostor.CLOSEST}))
        verdict = judge_trials(cases, trials, claims.tables[level] if claims else {}, calibration, allowed)[1]
        row = first[trials.case]
        out.append(
            {
                "level": np.full(len(row), str(level), object),
                "kind": trials.kind,
                "corpus_known": held_out.corpus_known[row],
                "cell": labels.release[row] * len(labels.corpora) + labels.corpus[row],
                "group": names.group[cases.release[trials.case]],
                "verdict": verdict,
                "responses": np.zeros(len(row), np.int64),
            }
        )
    return out


def _stopped(before: list[dict[str, Any]], now: list[dict[str, Any]], responses: int) -> list[dict[str, Any]]:
    """The claims after a look: those that an earlier one settled stay as they were."""
    for i, part in enumerate(now):
        part["responses"] = np.full(len(part["kind"]), responses)
        if before:
            settled = before[i]["verdict"] != str(ClaimWord.INCONCLUSIVE)
            for name in ("verdict", "responses"):
                part[name] = np.where(settled, before[i][name], part[name])
    return now
