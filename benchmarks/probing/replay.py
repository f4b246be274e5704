"""Sessions over answers that exist: one response at a time, in a random order or by choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from benchmarks.probing.model import World
from fingerprint.config import ProbingConfig
from fingerprint.model.calibration import Expect
from fingerprint.model.covariates import read_cases
from fingerprint.model.decision import Question, decisions
from fingerprint.model.plda import Floats
from fingerprint.model.prompts import BYTES_PER_TOKEN
from fingerprint.probing.choice import Choice, Kind, Left, firm

LONGEST = 25
# A pool must leave a choice: several kinds, and more prompts than a session needs.
_FEWEST, _FEWEST_KINDS = 12, 2


@dataclass(frozen=True)
class Sessions:
    """S sessions of n responses.

    Attributes:
        right: (S, n) whether the first lab is right after each response.
        confidence: (S, n) its probability.
        attributed: (S, n) the lab that the verdict names, -1 for an abstention.
        tokens: (S, n) tokens of all answers so far, estimated from their bytes.
    """

    right: NDArray[np.bool_]
    confidence: Floats
    attributed: NDArray[np.int64]
    tokens: Floats

    def stops(self) -> NDArray[np.int64]:
        """Return (S,) the number of responses after which the verdict is firm, or all."""
        out, config = [], ProbingConfig()
        for row in self.attributed:
            named = [str(lab) if lab >= 0 else None for lab in row]
            out.append(next((n for n in range(1, len(named) + 1) if firm(named[:n], n, config)), len(named)))
        return np.array(out)


class How(Enum):
    """The order in which a session asks: any, by the kind of prompt, or by the kind and worth of each prompt."""

    RANDOM = 0
    CHOSEN = 1
    BEST = 2


@dataclass(frozen=True)
class Plan:
    """How sessions are replayed.

    Attributes:
        how: The order.
        draws: Sessions of each pool.
        seed: Of the draws.
        longest: Responses of a session at most.
        expect: What the verdict expects.
    """

    how: How
    draws: int
    seed: int
    longest: int = LONGEST
    expect: Expect = Expect.ANY


def pools(world: World, among: NDArray[np.bool_], kinds: int = _FEWEST_KINDS) -> list[NDArray[np.int64]]:
    """Return of each release the rows that are `among` (n,), if they are enough and of so many kinds."""
    out = []
    for release in np.unique(world.release[among]):
        rows = np.flatnonzero((world.release == release) & among)
        if len(rows) >= _FEWEST and len({world.kind[i] for i in rows}) >= kinds:
            out.append(rows)
    return out


def replay(world: World, some: list[NDArray[np.int64]], plan: Plan) -> Sessions:
    """Replay sessions of each pool; each begins with the same probability for all labs."""
    rng = np.random.default_rng(plan.seed)
    worth = world.worth() if plan.how is How.BEST else np.ones(len(world.kind))
    choice = Choice(world.information)
    left = [rng.permutation(rows).tolist() for rows in some for _ in range(plan.draws)]
    took: list[list[int]] = [[] for _ in left]
    answered: list[Counter[Kind]] = [Counter() for _ in left]
    known = world.fitted.known
    share = np.full((len(left), len(known.labs)), 1 / len(known.labs))
    truth = np.array([world.lab[rows[0]] for rows in left])
    right, confidence, attributed, tokens = [], [], [], []
    for _ in range(plan.longest):
        for i, rows in enumerate(left):
            if not rows:
                continue
            kinds = [world.kind[row] for row in rows]
            asked = Left(kinds, answered[i], worth=worth[rows].tolist())
            at = 0 if plan.how is How.RANDOM else choice.next(asked, share[i])
            answered[i][kinds[at]] += 1
            took[i].append(rows.pop(at))
        evidence, covariates = read_cases(
            world.fitted.likelihood, [world.embeddings[t] for t in took], [world.sizes[t] for t in took]
        )
        found = world.calibration.predict(evidence, covariates, known.lab)
        share = found.labs()
        first = share.argmax(axis=1)
        top = share.max(axis=1)
        right.append(first == truth)
        confidence.append(top)
        decided = decisions(found, evidence, covariates, world.family, world.calibration, Question(expect=plan.expect))
        tokens.append([world.bytes[rows].sum() / BYTES_PER_TOKEN for rows in took])
        attributed.append(np.where([one.verdict.is_attribution for one in decided], first, -1))
    return Sessions(*(np.stack(part, axis=1) for part in (right, confidence, attributed, tokens)))
