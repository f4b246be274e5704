"""One live model questioned: asks, keeps the answer, judges all answers so far, and chooses again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fingerprint.collect.asking import PATIENCE, Patience
from fingerprint.collect.budget import Budget, most_cost
from fingerprint.collect.counters import Counters
from fingerprint.collect.plan import Job
from fingerprint.collect.record import Asked
from fingerprint.collect.run import collect
from fingerprint.data.reading import case_of
from fingerprint.data.response import APART, Case, Response
from fingerprint.model.plda import Floats
from fingerprint.model.verdict import ATTRIBUTIONS, LabShare, Verdict
from fingerprint.probing.choice import FIRM_AFTER, LEAST_NATS, Choice, Kind, firm

# Of what is no style: enough to compare, and not so many that the style has to wait.
_FEW = {"self-identification": 1, "token-counts": 6}


@dataclass(frozen=True, slots=True)
class Limits:
    """requests: sent at most, those that failed included; None is no limit."""

    budget: Budget
    requests: int | None = None
    patience: Patience = PATIENCE


@dataclass(frozen=True, slots=True)
class Step:
    """asked: what was asked last, None before the first question; verdict: on all answers so far, None without any;
    stopped: why nothing more is asked, empty where something is; given_up: whether that is the provider's doing."""

    asked: Asked | None
    verdict: Verdict | None
    stopped: str = ""
    given_up: bool = False


class Session:
    """Questions one model until enough is known."""

    def __init__(
        self, job: Job, counters: Counters, judge: Callable[[Case], Verdict], choice: Choice, labs: Mapping[str, bool],
        apart: Iterable[str], limits: Limits,
    ):  # fmt: skip
        """job: the model, its file and all that may be asked, of which one draw of each probe is; tally: of the job.

        judge: the verdict on a suspect; labs: the model's, in its order, and whether they are in question; apart: the
        domains that are asked about beside style.
        """
        self._job, self._tally, self._judge, self._choice, self._limits = job, counters, judge, choice, limits
        self._labs = labs
        todo = [one for one in job.todo if one.draw == 0]
        self._style = [one for one in todo if one.probe.domain not in APART]
        self._aside = {domain: [one for one in todo if one.probe.domain == domain] for domain in apart}
        self._claimed: list[str | None] = []
        self._used = 0

    async def steps(self) -> AsyncIterator[Step]:
        """Before the first question, if its file holds answers, and after each; the last says why it is.

        Raises FingerprintError where the file cannot be written, InputError where it is no suspect.
        """
        # Mends what a kill left.
        self._job.file.open()
        asked: Asked | None = None
        while True:
            case, verdict = self._look()
            following, step = self._following(case, Step(asked, verdict))
            if asked or verdict or step.stopped:
                yield step
            if following is None:
                return
            asked = following
            await self._ask(asked)

    def _look(self) -> tuple[Case | None, Verdict | None]:
        if not self._job.file.keys:
            return None, None
        case = case_of(_whole_lines(self._job.file.path), str(self._job.file.path))
        verdict = self._judge(case)
        # An answer that is no style is no further look at the style.
        if verdict.n_used > self._used:
            self._used = verdict.n_used
            self._claimed.append(verdict.labs[0].lab if verdict.verdict in ATTRIBUTIONS else None)
        return case, verdict

    def _following(self, case: Case | None, step: Step) -> tuple[Asked | None, Step]:
        """What to ask next, or why nothing."""
        records = case.records if case else ()
        aside = self._next_aside(case.aside if case else ())
        kinds: list[Kind] = [(one.probe.domain, one.probe.language) for one in self._style]
        asked = Counter((record.domain, record.language) for record in records)
        if self._tally.stopped:
            return None, replace(step, stopped=f"given up: {self._tally.stopped}", given_up=True)
        if firm(self._claimed, self._used):
            return None, replace(step, stopped="the verdict is firm")
        if self._limits.requests is not None and self._requests() >= self._limits.requests:
            return None, replace(step, stopped="--max-requests is reached")
        if not aside and not kinds:
            return None, replace(step, stopped="no probe is left")
        if not aside and self._used >= FIRM_AFTER and step.verdict:
            nats = self._choice.left_to_learn(kinds, asked, self._share(step.verdict.labs))
            if nats < LEAST_NATS:
                told = f"no other probe would change it (at most {nats:.3f} nats are expected of one)"
                return None, replace(step, stopped=told)
        following = aside or self._style[self._choice.next(kinds, asked, self._in_question(step.verdict))]
        if self._too_dear(following):
            return None, replace(step, stopped="--max-cost might be exceeded by another")
        return following, step

    def _next_aside(self, answered: Sequence[Response]) -> Asked | None:
        done = Counter(record.domain for record in answered)
        for domain, left in self._aside.items():
            if left and done[domain] < _FEW[domain]:
                return left[0]
        return None

    def _in_question(self, verdict: Verdict | None) -> Floats:
        """(L,) the labs, by all that is known of them."""
        if verdict is None:
            return np.array([float(asked) for asked in self._labs.values()])
        return self._share(verdict.side_evidence.combined if verdict.side_evidence else verdict.labs)

    def _share(self, rows: Sequence[LabShare]) -> Floats:
        share = {row.lab: row.probability for row in rows}
        return np.array([share.get(lab, 0.0) for lab in self._labs])

    def _requests(self) -> int:
        counters = self._tally
        return counters.answered + counters.refused + counters.empty + counters.tries.total()

    def _too_dear(self, following: Asked) -> bool:
        price = self._tally.price
        return price is not None and not self._limits.budget.allows(most_cost(following.question, price))

    async def _ask(self, asked: Asked) -> None:
        of = self._aside.get(asked.probe.domain, self._style)
        of.remove(asked)
        patience = self._limits.patience
        if self._limits.requests is not None:
            patience = replace(patience, tries=min(patience.tries, self._limits.requests - self._requests()))
        await collect([replace(self._job, total=1, todo=(asked,))], [self._tally], self._limits.budget, patience)


def _whole_lines(path: Path) -> list[Mapping[str, Any]]:
    """The records in a file that others may be appending to at this moment."""
    *whole, _ = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in whole]
