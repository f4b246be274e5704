"""`fingerprint probe`"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.collect import budget_of, make_folder
from fingerprint.cli.identify import candidates_of
from fingerprint.cli.interrupt import resumable
from fingerprint.cli.screen import screen
from fingerprint.errors import FingerprintError
from fingerprint.model.verdict import Verdict

if TYPE_CHECKING:
    from fingerprint.collect.counters import Counters
    from fingerprint.collect.plan import Job
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
@options.candidates
@options.top
@options.false_attributions
@options.style_only
@options.text_or_json
def command(
    target: str, out: Path, model: Path | None, encoder: str | None, sets: tuple[str, ...], base_url: str | None, max_requests: int | None,
    max_cost: float | None, timeout: float, candidates: str | None, top: int | None, false_attributions: float,
    style_only: bool, form: str,
) -> int:  # fmt: skip
    """Question MODEL (provider:model, such as openrouter:z-ai/glm-4.6) and identify it as it goes.

    Asks the probe that tells most about the labs still in question, and stops when the verdict is firm, when no other
    probe would change it, or at a limit. The answers are kept in --out as `collect` keeps them; the same command again
    goes on with them. Exit code 1 if the provider gave no more answers.
    """
    from fingerprint.api import Fingerprint
    from fingerprint.base.locations import data_dir
    from fingerprint.collect.provider import open_provider, split
    from fingerprint.data.probes import listed, load_probes

    known = Fingerprint.load(model or data_dir("models") / "default", encoder)
    labs = candidates_of(candidates, known.labs)
    provider, name = split(target)
    loaded = [load_probes(one) for one in dict.fromkeys(sets or listed())]
    opened = open_provider(provider, base_url)
    told = _Told(printable(target))

    async def work() -> tuple[Step, Counters]:
        from fingerprint.collect.asking import Patience
        from fingerprint.collect.plan import How, job
        from fingerprint.collect.run import start
        from fingerprint.probing.choice import Choice
        from fingerprint.probing.session import Limits, Session

        try:
            jobs = [job(opened, name, probes, How(), out, base_url) for probes in loaded]
            whole = _joined(jobs)
            (counters,) = await start([whole])
            budget = budget_of([counters], max_cost)
            session = Session(
                whole, counters,
                lambda case: known.identify(
                    case, candidates=labs, false_attributions=false_attributions, style_only=style_only
                ),
                Choice(known.information),
                {lab: labs is None or lab in labs for lab in known.labs},
                () if style_only else known.side.domains(),
                Limits(budget, max_requests, Patience(timeout=timeout)),
            )  # fmt: skip
            make_folder(out)
            return await _followed(session, told), counters
        finally:
            await opened.close()

    with resumable():
        last, counters = asyncio.run(work())
    if last.verdict is None:
        raise FingerprintError(
            f"{target}: no answer to judge; {last.stopped}; {counters.last_failure or 'nothing failed'}"
        )
    note = None if known.information else "the model has no table of what probes tell: every kind was asked in turn"
    click.echo(_WRITERS[form](last, last.verdict, counters, note, top), nl=False)
    return GIVEN_UP if last.given_up else 0


async def _followed(session: Session, told: _Told) -> Step:
    async for step in session.steps():
        told(step)
    return step


class _Told:
    """One line on stderr for each answer; silent where that is no terminal."""

    def __init__(self, target: str):
        self._shown = sys.stderr.isatty()
        self._target = target
        self._asked = 0

    def __call__(self, step: Step) -> None:
        if not self._shown or step.asked is None:
            return
        self._asked += 1
        probe = step.asked.probe
        kind = ", ".join(filter(None, (probe.domain, probe.language)))
        verdict = step.verdict
        seen = "no answer yet" if verdict is None else f"{verdict.verdict}: {_leaders(verdict)}"
        click.echo(printable(f"{self._asked:3}  {probe.id} ({kind})  {seen}"), err=True)


def _leaders(verdict: Verdict) -> str:
    side = verdict.side_evidence
    rows = {"style": verdict.labs}
    if side and (side.token_counts.labs or side.self_names.labs):
        rows["with side evidence"] = side.combined
    return "; ".join(
        f"{name} " + ", ".join(f"{row.lab} {row.probability:.0%}" for row in ranked[:_SHOWN])
        for name, ranked in rows.items()
    )


def _joined(jobs: Sequence[Job]) -> Job:
    from dataclasses import replace

    todo = tuple(one for job in jobs for one in job.todo)
    return replace(jobs[0], total=sum(job.total for job in jobs), todo=todo)


def _text(last: Step, verdict: Verdict, counters: Counters, note: str | None, top: int | None) -> str:
    from fingerprint.cli.progress_table import dollars
    from fingerprint.data.registry import Registry
    from fingerprint.report.names import wrap
    from fingerprint.report.text import render

    width, encoding = screen()
    told = (
        f"{counters.model}: {counters.answered} new answers, {counters.refused} refused, {counters.empty} empty, "
        f"{counters.tries.total()} failed requests; {dollars(counters)}. Stopped: {last.stopped}."
    )
    lines = wrap(printable(told), width) + wrap(printable(f"Answers: {counters.file}"), width)
    lines += wrap(f"note: {note}", width) if note else []
    text = render(verdict, Registry.load().labs, top or 5, width, encoding)
    return text + "\n" + "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding) + "\n"


def _json(last: Step, verdict: Verdict, counters: Counters, note: str | None, top: int | None) -> str:
    probe: dict[str, Any] = {**counters.to_dict(), "stopped": last.stopped, "given_up": last.given_up, "note": note}
    return json.dumps({**verdict.to_dict(top), "probe": probe}, indent=2, allow_nan=False) + "\n"


_WRITERS = {"text": _text, "json": _json}
