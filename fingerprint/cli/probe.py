"""`fingerprint probe`"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.collect import budget_of, make_folder
from fingerprint.cli.identify import candidates_of
from fingerprint.cli.terminal import dollars, resumable, screen
from fingerprint.errors import FingerprintError
from fingerprint.model.verdict import Verdict

if TYPE_CHECKING:
    from fingerprint.collect.plan import Job
    from fingerprint.collect.run import Counters
    from fingerprint.data.response import Case
    from fingerprint.probing.session import Session, Step

GIVEN_UP = 1
_SHOWN = 3


@click.command("probe")
@click.argument("target", metavar="MODEL")
@options.answers
@options.model
@options.encoder
@click.option("--probes", "sets", multiple=True, metavar="SET", help="What may be asked; repeatable.  [default: all]")
@options.base_url
@click.option("--max-requests", type=click.IntRange(min=1), help="Stop after so many, failed ones included.")
@options.max_cost
@options.timeout
@options.expect("new")
@options.candidates
@options.top
@options.false_attributions
@options.style_only
@options.text_or_json
def command(target: str, out: Path, model: Path | None, sets: tuple[str, ...], form: str, **given: Any) -> int:
    """Question MODEL (provider:model, such as openrouter:z-ai/glm-4.6), and identify it as it goes.

    Asks the probe that is expected to tell most about the labs that are still likely. Stops when an attribution is
    firm, when no other probe would change the verdict, or at a limit; a lab that is only likely does not stop it.
    Keeps the answers in --out as `collect` does; the same command again goes on with them. Exit code 1 if the provider
    gave no more answers.
    """
    from fingerprint.api import Fingerprint
    from fingerprint.base.files import data_dir
    from fingerprint.collect.provider import open_provider, split
    from fingerprint.data.probes import listed, load_probes

    known = Fingerprint.load(model or data_dir("models") / "default", given["encoder"])
    labs = candidates_of(given["candidates"], known.labs)
    provider, name = split(target)
    loaded = [load_probes(one) for one in dict.fromkeys(sets or listed())]
    opened = open_provider(provider, given["base_url"])

    def identify(case: Case) -> Verdict:
        return known.identify(
            case,
            candidates=labs,
            expect=given["expect"],
            false_attributions=given["false_attributions"],
            style_only=given["style_only"],
        )

    async def work() -> tuple[Step, Counters]:
        from fingerprint.collect.asking import RetryPolicy
        from fingerprint.collect.plan import RequestSettings, Target, plan_job
        from fingerprint.collect.run import start
        from fingerprint.probing.choice import Choice
        from fingerprint.probing.session import Identifier, Limits, Session

        try:
            where = Target(opened, name, out, given["base_url"])
            whole = _joined([plan_job(where, probes, RequestSettings()) for probes in loaded])
            (counters,) = await start([whole])
            identifier = Identifier(
                identify,
                Choice(known.information),
                {lab: labs is None or lab in labs for lab in known.labs},
                () if given["style_only"] else tuple(known.side.domains()),
                known.config.probing,
            )
            retry = RetryPolicy(timeout=given["timeout"])
            limits = Limits(budget_of([counters], given["max_cost"]), given["max_requests"], retry)
            make_folder(out)
            return await _followed(Session(whole, counters, identifier, limits), _Reporter(printable(target))), counters
        finally:
            await opened.close()

    with resumable():
        last, counters = asyncio.run(work())
    if last.verdict is None:
        raise FingerprintError(
            f"{target}: there is no answer to identify; {last.stopped}; {counters.last_failure or 'nothing failed'}"
        )
    note = None if known.information else "the model has no table of information gains: every kind was asked in turn"
    click.echo(_WRITERS[form](_Outcome(last, last.verdict, counters, note), given["top"]), nl=False)
    return GIVEN_UP if last.given_up else 0


@dataclass(frozen=True)
class _Outcome:
    last: Step
    verdict: Verdict
    counters: Counters
    note: str | None


async def _followed(session: Session, report: _Reporter) -> Step:
    async for step in session.steps():
        report(step)
    return step


class _Reporter:
    """One line on stderr for each answer; silent if stderr is no terminal."""

    def __init__(self, target: str):
        self._shown = sys.stderr.isatty()
        self._target = target
        self._asked = 0

    def __call__(self, step: Step) -> None:
        if not self._shown or step.request is None:
            return
        self._asked += 1
        probe = step.request.probe
        kind = ", ".join(filter(None, (probe.domain, probe.language)))
        verdict = step.verdict
        seen = "no answer yet" if verdict is None else f"{verdict.verdict}: {_leaders(verdict)}"
        click.echo(printable(f"{self._asked:3}  {probe.id} ({kind})  {seen}"), err=True)


def _leaders(verdict: Verdict) -> str:
    side = verdict.side_evidence
    rows = {"style": verdict.labs}
    if side and (side.token_counts.labs or side.self_identification.labs):
        rows["with side evidence"] = side.combined
    return "; ".join(
        f"{name} " + ", ".join(f"{row.lab} {row.probability:.0%}" for row in ranked[:_SHOWN])
        for name, ranked in rows.items()
    )


def _joined(jobs: Sequence[Job]) -> Job:
    from dataclasses import replace

    todo = tuple(one for job in jobs for one in job.todo)
    return replace(jobs[0], total=sum(job.total for job in jobs), todo=todo)


def _text(outcome: _Outcome, top: int | None) -> str:
    from fingerprint.data.registry import Registry
    from fingerprint.report.layout import wrap
    from fingerprint.report.text import render

    width, encoding = screen()
    counters = outcome.counters
    state = (
        f"{counters.model}: {counters.answered} new answers, {counters.refused} refused, {counters.empty} empty, "
        f"{counters.tries.total()} failed requests; {dollars(counters)}. Stopped: {outcome.last.stopped}."
    )
    lines = wrap(printable(state), width) + wrap(printable(f"Answers: {counters.file}"), width)
    lines += wrap(f"note: {outcome.note}", width) if outcome.note else []
    text = render(outcome.verdict, Registry.load().labs, top, width, encoding)
    return text + "\n" + "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding) + "\n"


def _json(outcome: _Outcome, top: int | None) -> str:
    last = outcome.last
    probe = {**outcome.counters.to_dict(), "stopped": last.stopped, "given_up": last.given_up, "note": outcome.note}
    return json.dumps({**outcome.verdict.to_dict(top), "probe": probe}, indent=2, allow_nan=False) + "\n"


_WRITERS = {"text": _text, "json": _json}
