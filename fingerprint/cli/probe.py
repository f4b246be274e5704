"""`fingerprint probe`"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click
from click.core import ParameterSource

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.collect import budget_of, make_folder
from fingerprint.cli.identify import candidates_of
from fingerprint.cli.probe_sets import Sets, load_sets
from fingerprint.cli.terminal import dollars, resumable, screen
from fingerprint.cli.verify import CODES
from fingerprint.errors import FingerprintError
from fingerprint.model.verdict import Verdict

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.collect.plan import Job
    from fingerprint.collect.run import Counters
    from fingerprint.data.response import Case
    from fingerprint.model.claim_sequence import ClaimSequence
    from fingerprint.probing.identification import Identification
    from fingerprint.probing.session import Aim, Session, Step
    from fingerprint.probing.verification import Verification

GIVEN_UP = 1
_SHOWN = 3
_OF_IDENTIFICATION = ("candidates", "expect", "top", "false_attributions", "style_only")
_OF_VERIFICATION = ("false_alarms", "false_accepts")

_Found = TypeVar("_Found")


@click.command("probe")
@click.argument("target", metavar="MODEL")
@options.answers
@options.model
@options.encoder
@click.option(
    "--probes",
    "sets",
    multiple=True,
    metavar="SET",
    help="What may be asked; repeatable: a set's name, a file, corpus:NAME or corpus:NAME:N for (N of) the prompts of "
    "a public corpus, or best: those prompts of all corpora that the model knows which tell most for their cost.  "
    "[default: best]",
)
@options.base_url
@click.option("--max-requests", type=click.IntRange(min=1), help="Stop after so many, failed ones included.")
@options.max_cost
@options.timeout
@options.expect("new")
@options.candidates
@options.top
@options.false_attributions
@options.style_only
@click.option(
    "--claimed",
    metavar="NAME",
    help="Ask only whether MODEL is this release, line, family or lab, as verify does.",
)
@options.false_alarms
@options.false_accepts
@options.text_or_json
@click.pass_context
def command(context: click.Context, /, target: str, model: Path | None, claimed: str | None, **given: Any) -> int:
    """Question MODEL (provider:model, such as openrouter:z-ai/glm-4.6), and identify it as it goes.

    Asks the probe that is expected to tell most about the labs that are still likely. Stops when an attribution is
    firm, when no other probe would change the verdict, or at a limit; a lab that is only likely does not stop it.
    Keeps the answers in --out as `collect` does; the same command again goes on with them. Exit code 1 if the provider
    gave no more answers.

    With --claimed it verifies the claim instead, on style alone, and stops as soon as the claim is settled. The error
    rates hold however early it stops. The exit code is 0 for consistent, 1 for inconsistent and 3 for inconclusive.
    """
    _check_options(context, claimed)
    from fingerprint.api import Fingerprint
    from fingerprint.base.files import data_dir

    known = Fingerprint.load(model or data_dir("models") / "default", given["encoder"])
    probes = load_sets(given["sets"], known, _in_question(given["candidates"], known))
    missing = None if known.information else "the model has no table of information gains: every kind was asked in turn"
    note = missing or probes.note or None
    if claimed is None:
        identified, counters = _asked(target, _identification(known, given), _leaders, probes, given)
        outcome = _Outcome(identified, _found(identified, target, counters), counters, note)
        click.echo(_WRITERS[given["form"]](outcome, given["top"]), nl=False)
        return GIVEN_UP if identified.given_up else 0
    verified, counters = _asked(target, _verification(known, claimed, given), _ratio, probes, given)
    sequence = _Outcome(verified, _found(verified, target, counters), counters, note)
    click.echo(_CLAIM_WRITERS[given["form"]](sequence), nl=False)
    return CODES[sequence.found.verdict.verdict]


def _check_options(context: click.Context, claimed: str | None) -> None:
    """Refuse options of the other question."""
    strange = _OF_VERIFICATION if claimed is None else _OF_IDENTIFICATION
    for name in strange:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} {'needs' if claimed is None else 'cannot be given with'} --claimed")


def _identification(known: Fingerprint, given: dict[str, Any]) -> Identification:
    from fingerprint.probing.choice import Choice
    from fingerprint.probing.identification import Identification, Identifier

    labs = candidates_of(given["candidates"], known.labs)

    def identify(case: Case) -> Verdict:
        return known.identify(
            case,
            candidates=labs,
            expect=given["expect"],
            false_attributions=given["false_attributions"],
            style_only=given["style_only"],
        )

    identifier = Identifier(
        identify,
        Choice(known.information),
        _in_question(given["candidates"], known),
        () if given["style_only"] else tuple(known.side.domains()),
        known.config.probing,
    )
    return Identification(identifier)


def _in_question(candidates: Any, known: Fingerprint) -> dict[str, bool]:
    """The model's labs, and whether each is a candidate."""
    labs = candidates_of(candidates, known.labs)
    return {lab: labs is None or lab in labs for lab in known.labs}


def _verification(known: Fingerprint, claimed: str, given: dict[str, Any]) -> Verification:
    from fingerprint.probing.choice import Choice
    from fingerprint.probing.verification import Verification, Verifier

    claim = known.claim(claimed)
    test = known.sequential_test(claim, **{name: given[name] for name in _OF_VERIFICATION})
    identify = partial(known.identify, style_only=True)
    return Verification(Verifier(test.see, identify, Choice(known.information), known.labs), claim.lab)


def _asked(
    target: str, aim: Aim[_Found], shown: Callable[[_Found], str], probes: Sets, given: dict[str, Any]
) -> tuple[Step[_Found], Counters]:
    """Question the model until the aim is reached, or a limit."""
    from fingerprint.collect.provider import open_provider, split

    provider, name = split(target)
    opened = open_provider(provider, given["base_url"])

    async def work() -> tuple[Step[_Found], Counters]:
        from fingerprint.collect.asking import RetryPolicy
        from fingerprint.collect.plan import RequestSettings, Target, plan_job
        from fingerprint.collect.run import start
        from fingerprint.probing.session import Limits, Session

        try:
            where = Target(opened, name, given["out"], given["base_url"])
            whole = _joined([plan_job(where, one, RequestSettings()) for one in probes.probes])
            (counters,) = await start([whole])
            retry = RetryPolicy(timeout=given["timeout"])
            limits = Limits(budget_of([counters], given["max_cost"]), given["max_requests"], retry)
            make_folder(given["out"])
            return await _followed(Session(whole, counters, aim, limits, probes.worth), _Reporter(shown)), counters
        finally:
            await opened.close()

    with resumable():
        return asyncio.run(work())


def _found(last: Step[_Found], target: str, counters: Counters) -> _Found:
    if last.found is None:
        raise FingerprintError(
            f"{target}: there is no answer to identify; {last.stopped}; {counters.last_failure or 'nothing failed'}"
        )
    return last.found


@dataclass(frozen=True)
class _Outcome(Generic[_Found]):
    last: Step[_Found]
    found: _Found
    counters: Counters
    note: str | None

    def state(self, width: int) -> list[str]:
        """What was asked and why no more, for people."""
        from fingerprint.report.layout import wrap

        counters = self.counters
        state = (
            f"{counters.model}: {counters.answered} new answers, {counters.refused} refused, {counters.empty} empty, "
            f"{counters.tries.total()} failed requests; {dollars(counters)}. Stopped: {self.last.stopped}."
        )
        lines = wrap(printable(state), width) + wrap(printable(f"Answers: {counters.file}"), width)
        return lines + (wrap(f"note: {self.note}", width) if self.note else [])

    def to_dict(self) -> dict[str, object]:
        """The same as JSON values."""
        last = self.last
        return {**self.counters.to_dict(), "stopped": last.stopped, "given_up": last.given_up, "note": self.note}


async def _followed(session: Session[_Found], report: _Reporter[_Found]) -> Step[_Found]:
    async for step in session.steps():
        report(step)
    return step


class _Reporter(Generic[_Found]):
    """One line on stderr for each answer; silent if stderr is no terminal.

    Args:
        shown: Returns what was found in a few words.
    """

    def __init__(self, shown: Callable[[_Found], str]):
        self._terminal = sys.stderr.isatty()
        self._shown = shown
        self._asked = 0

    def __call__(self, step: Step[_Found]) -> None:
        if not self._terminal or step.request is None:
            return
        self._asked += 1
        probe = step.request.probe
        kind = ", ".join(filter(None, (probe.domain, probe.language)))
        seen = "no answer yet" if step.found is None else self._shown(step.found)
        click.echo(printable(f"{self._asked:3}  {probe.id} ({kind})  {seen}"), err=True)


def _leaders(verdict: Verdict) -> str:
    side = verdict.side_evidence
    rows = {"style": verdict.labs}
    if side and (side.token_counts.labs or side.self_identification.labs):
        rows["with side evidence"] = side.combined
    ranked = "; ".join(
        f"{name} " + ", ".join(f"{row.lab} {row.probability:.0%}" for row in ranked[:_SHOWN])
        for name, ranked in rows.items()
    )
    return f"{verdict.verdict}: {ranked}"


def _ratio(found: ClaimSequence) -> str:
    return f"{found.verdict.verdict}: log-likelihood ratio {found.verdict.log_likelihood_ratio:+.1f}"


def _joined(jobs: Sequence[Job]) -> Job:
    from dataclasses import replace

    todo = tuple(one for job in jobs for one in job.todo)
    return replace(jobs[0], total=sum(job.total for job in jobs), todo=todo)


def _text(outcome: _Outcome[Verdict], top: int | None) -> str:
    from fingerprint.data.registry import Registry
    from fingerprint.report.text import render

    width, encoding = screen()
    text = render(outcome.found, Registry.load().labs, top, width, encoding)
    return text + "\n" + _encoded(outcome.state(width), encoding)


def _json(outcome: _Outcome[Verdict], top: int | None) -> str:
    return _dumped({**outcome.found.to_dict(top), "probe": outcome.to_dict()})


def _claim_text(outcome: _Outcome[ClaimSequence]) -> str:
    from fingerprint.data.registry import Registry
    from fingerprint.report.claim import render_sequence

    width, encoding = screen()
    text = render_sequence(outcome.found, Registry.load().labs, width, encoding)
    return text + "\n" + _encoded(outcome.state(width), encoding)


def _claim_json(outcome: _Outcome[ClaimSequence]) -> str:
    return _dumped({**outcome.found.to_dict(), "probe": outcome.to_dict()})


def _encoded(lines: Sequence[str], encoding: str) -> str:
    from fingerprint.report.layout import as_text

    return as_text([lines], encoding)


def _dumped(values: dict[str, object]) -> str:
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


_WRITERS = {"text": _text, "json": _json}
_CLAIM_WRITERS = {"text": _claim_text, "json": _claim_json}
