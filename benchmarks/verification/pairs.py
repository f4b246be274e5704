"""Pairs of `fingerprint compare` with as many responses a side as wanted, by the limits that ship."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from benchmarks.verification.heldout import HeldOut
from fingerprint.base.keys import isin
from fingerprint.metrics.trials import equal_error_rate
from fingerprint.model.pair_calibration import TARGETS, PairDomain, PairKind, PairVerdict
from fingerprint.model.pairs import Sides, pair_features
from fingerprint.model.pairs_fit import Trials
from fingerprint.model.verdict import AllowedRates
from fingerprint.training.pairs import SideLabels, draw_pairs, draw_sides


@dataclass(frozen=True)
class PairRow:
    """What was found on pairs of one kind.

    Attributes:
        responses: On each side.
        kind: What the two releases have to do with each other.
        pairs: How many pairs.
        cells: How many of them are independent.
        in_domain: Share that was judged by the limits of in-domain pairs.
        eer: The equal error rate of two releases against pairs of one release; None for these themselves.
        same: Share that is called `same`.
        different: Share that is called `different`.
    """

    responses: int
    kind: PairKind
    pairs: int
    cells: int
    in_domain: float
    eer: float | None
    same: float
    different: float


def pair_rows(held_out: HeldOut, sizes: Sequence[int], cells: int, allowed: AllowedRates) -> list[PairRow]:
    """Judge pairs of cases that share no prompt, all from corpora that the model was not trained on.

    Args:
        held_out: The responses.
        sizes: Responses on each side.
        cells: Releases in a corpus, for each size, that sides are drawn from.
        allowed: The error rates.

    Raises:
        ValueError: The model has no calibration of pairs.
    """
    trials = _trials(held_out, sizes, cells)
    calibration = held_out.model.pairs
    if calibration is None:
        raise ValueError("the model has no calibration of pairs")
    score = calibration.score(trials.features)
    verdict = np.full(len(trials), "", object)
    for i, one in enumerate(score):
        domain = PairDomain.IN if trials.in_domain[i] else PairDomain.OUT
        limits = calibration.limits[calibration.nearest(int(trials.count[i]))][domain]
        verdict[i] = str(calibration.verdict(float(one), limits, allowed.false_alarms, allowed.false_accepts))

    def rows() -> Iterator[PairRow]:
        for size in sizes:
            targets = score[(trials.count == size) & isin(trials.kind, TARGETS)]
            for kind in PairKind:
                at = (trials.count == size) & isin(trials.kind, {kind})
                if at.any():
                    told = kind not in TARGETS and len(targets)
                    yield PairRow(
                        responses=size,
                        kind=kind,
                        pairs=int(at.sum()),
                        cells=len(np.unique(trials.cell[at])),
                        in_domain=float(trials.in_domain[at].mean()),
                        eer=equal_error_rate(targets, score[at]) if told else None,
                        same=float(isin(verdict[at], {PairVerdict.SAME}).mean()),
                        different=float(isin(verdict[at], {PairVerdict.DIFFERENT}).mean()),
                    )

    return list(rows())


def _trials(held_out: HeldOut, sizes: Sequence[int], cells: int) -> Trials:
    """Pairs drawn as training draws them."""
    model, labels, names = held_out.model, held_out.labels, held_out.names
    wanted = msgspec.structs.replace(model.config.pairs, sizes=tuple(sizes), cells=cells)
    config = msgspec.structs.replace(model.config, pairs=wanted)
    kind = np.full(len(labels.release), "left out", object)
    sides = draw_sides(labels, ~held_out.corpus_known, kind, config)
    code = {name: i for i, name in enumerate(names.releases)}
    of = SideLabels(
        names,
        np.array([code[labels.releases[side.release]] for side in sides], np.int64),
        np.array([side.corpus for side in sides], np.int64),
        np.ones(len(sides), bool),
    )
    embeddings = held_out.embeddings
    rows = [side.rows for side in sides]
    read = Sides.read(model.likelihood, [embeddings.rows[some] for some in rows], [embeddings.size[r] for r in rows])
    pair = draw_pairs(sides, of, config)
    return of.trials(pair, pair_features(model.likelihood, read, pair[:, 0], pair[:, 1]), read)
