"""`fingerprint probe`"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click
from click.core import ParameterSource

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, options
from fingerprint.cli.collect import budget_of, check_reaches, make_folder
from fingerprint.cli.identify import candidates_of
from fingerprint.cli.page import PageWriter, check_page
from fingerprint.cli.probe_sets import Sets, load_sets, warn
from fingerprint.cli.terminal import dollars, resumable, screen
from fingerprint.cli.verify import CODES
from fingerprint.errors import FingerprintError
from fingerprint.model.verdict import CombinedShare, LabShare, Verdict

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.collect.plan import Job, Target
    from fingerprint.collect.run import Counters
    from fingerprint.data.response import Case
    from fingerprint.model.claim_sequence import ClaimSequence
    from fingerprint.model.claim_verdict import ClaimVerdict
    from fingerprint.probing.identification import Identification
    from fingerprint.probing.session import Aim, Limits, Session, Step
    from fingerprint.probing.verification import Verification
    from fingerprint.report.layout import Screen

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
    shell_complete=completion.probe_sets,
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
    shell_complete=completion.claimed,
    help="Ask only whether MODEL is this release, line, family or lab, as verify does.",
)
@options.false_alarms
@options.false_accepts
@options.text_or_json
@options.html
@options.verbose
@options.color
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
    check_page(given["html"], is_one=True)
    from fingerprint.api import Fingerprint
    from fingerprint.base.files import data_dir

    # A missing key is said before anything is fetched.
    where = _target(target, given)
    folder = model or data_dir("models") / "default"
    known = Fingerprint.load(folder, given["encoder"])
    probes = load_sets(given["sets"], known, in_question(given["candidates"], known))
    note = note_on(known) or probes.note or None
    is_json = given["form"] == "json"
    if claimed is None:
        identified, counters = _asked(where, identification(known, given), leaders, probes, given)
        outcome = Outcome(identified, _found(identified, target, counters), counters, note)
        text = _json(outcome, given["top"]) if is_json else _text(outcome, given["top"], screen(given["verbose"]))
        click.echo(text, nl=False)
        _write_page(given["html"], known, folder, (outcome.found, counters.file))
        return GIVEN_UP if identified.given_up else 0
    verified, counters = _asked(where, _verification(known, claimed, given), _ratio, probes, given)
    sequence = Outcome(verified, _found(verified, target, counters), counters, note)
    click.echo(_claim_json(sequence) if is_json else _claim_text(sequence, screen(given["verbose"])), nl=False)
    _write_page(given["html"], known, folder, (sequence.found.verdict, counters.file))
    return CODES[sequence.found.verdict.verdict]


def note_on(known: Fingerprint) -> str | None:
    """Return what is to be known about the choice of probes with a model, None for nothing."""
    return None if known.information else "the model has no table of information gains: every kind was asked in turn"


def _check_options(context: click.Context, claimed: str | None) -> None:
    """Refuse options of the other question."""
    strange = _OF_VERIFICATION if claimed is None else _OF_IDENTIFICATION
    for name in strange:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} {'needs' if claimed is None else 'cannot be given with'} --claimed")


def identification(known: Fingerprint, given: Mapping[str, Any]) -> Identification:
    """Return the aim of a session that asks who wrote the answers.

    Args:
        known: The model.
        given: The options `candidates`, `expect`, `false_attributions` and `style_only`.
    """
    from fingerprint.probing.choice import Choice
    from fingerprint.probing.identification import Identification, Identifier
    from fingerprint.probing.side import SideChoice

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
        in_question(given["candidates"], known),
        None if given["style_only"] else SideChoice(known.known_tokenizers, known.side.names is not None),
        known.config.probing,
    )
    return Identification(identifier)


def in_question(candidates: str | None, known: Fingerprint) -> dict[str, bool]:
    """Return the model's labs, and whether each is a candidate.

    Args:
        candidates: The value of --candidates, None for all labs.
        known: The model.
    """
    labs = candidates_of(candidates, known.labs)
    return {lab: labs is None or lab in labs for lab in known.labs}


def _verification(known: Fingerprint, claimed: str, given: dict[str, Any]) -> Verification:
    from fingerprint.probing.choice import Choice
    from fingerprint.probing.verification import Verification, Verifier

    claim = known.claim(claimed)
    test = known.sequential_test(claim, **{name: given[name] for name in _OF_VERIFICATION})
    choice = Choice(known.information)
    return Verification(Verifier(test.see, test.lab_probabilities, choice, known.labs), claim.lab)


def _target(target: str, given: dict[str, Any]) -> Target:
    from fingerprint.collect.plan import Target
    from fingerprint.collect.provider import open_provider, split

    provider, name = split(target)
    return Target(open_provider(provider, given["base_url"]), name, given["out"], given["base_url"])


def _asked(
    where: Target, aim: Aim[_Found], shown: Callable[[_Found], str], probes: Sets, given: dict[str, Any]
) -> tuple[Step[_Found], Counters]:
    """Question the model until the aim is reached, or a limit."""

    async def work() -> tuple[Step[_Found], Counters]:
        from fingerprint.collect.asking import RetryPolicy
        from fingerprint.probing.session import Limits

        def limits(job: Job, counters: Counters) -> Limits:
            budget, retry = budget_of([counters], given["max_cost"]), RetryPolicy(timeout=given["timeout"])
            # What is on file can be identified without another question.
            if not job.file.keys:
                check_reaches([job], [counters], given["max_cost"])
            warn(probes)
            return Limits(budget, given["max_requests"], retry)

        try:
            return await question(where, probes, aim, limits, shown)
        finally:
            await where.provider.close()

    with resumable():
        return asyncio.run(work())


def _write_page(out: Path | None, known: Fingerprint, folder: Path, found: tuple[Verdict | ClaimVerdict, str]) -> None:
    """Write the page of a verdict on the answers in a file, if one is wanted."""
    if out is None:
        return
    from fingerprint.data.reader import read_case

    result, answers = found
    PageWriter(out, known, folder, [answers]).write(result, [read_case([answers])])


async def question(
    target: Target,
    sets: Sets,
    aim: Aim[_Found],
    limits: Callable[[Job, Counters], Limits],
    shown: Callable[[_Found], str],
) -> tuple[Step[_Found], Counters]:
    """Question a model until the aim is reached, or a limit.

    Args:
        target: The model.
        sets: What may be asked, and what that is worth.
        aim: What is to be found out.
        limits: Returns what the session may use, once it is known what is left to ask, and the price.
        shown: Returns what was found in a few words.

    Returns:
        The last step, and the counters of the requests.
    """
    from fingerprint.collect.plan import RequestSettings, plan_job
    from fingerprint.collect.run import start
    from fingerprint.probing.session import Session

    whole = _joined([plan_job(target, probes, RequestSettings()) for probes in sets.probes])
    (counters,) = await start([whole])
    held = limits(whole, counters)
    make_folder(target.folder)
    return await _followed(Session(whole, counters, aim, held, sets.worth), _Reporter(shown)), counters


def _found(last: Step[_Found], target: str, counters: Counters) -> _Found:
    if last.found is None:
        raise FingerprintError(
            f"{target}: there is no answer to identify; {last.stopped}; {counters.last_failure or 'nothing failed'}"
        )
    return last.found


@dataclass(frozen=True)
class Outcome(Generic[_Found]):
    """How a session ended.

    Attributes:
        last: Its last step.
        found: What all answers say.
        counters: What happened to the requests.
        note: What else is to be known, None for nothing.
    """

    last: Step[_Found]
    found: _Found
    counters: Counters
    note: str | None

    def state(self, width: int) -> list[str]:
        """Return what was asked and why no more, for people."""
        from fingerprint.report.layout import wrap

        counters = self.counters
        state = (
            f"{counters.model}: {counters.answered:,} new answers, {counters.refused:,} refused, "
            f"{counters.empty:,} empty, {counters.tries.total():,} failed requests; {dollars(counters)}. "
            f"Stopped: {self.last.stopped}."
        )
        lines = wrap(printable(state), width) + wrap(printable(f"Answers: {counters.file}"), width)
        return lines + (wrap(f"note: {self.note}", width) if self.note else [])

    def to_dict(self) -> dict[str, object]:
        """Return the same as JSON values."""
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


def leaders(verdict: Verdict) -> str:
    """Return a verdict and its first labs in one line."""
    rows: dict[str, Sequence[LabShare | CombinedShare]] = {"style": verdict.labs}
    if verdict.combined:
        rows["with side evidence"] = verdict.combined.labs
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


def _text(outcome: Outcome[Verdict], top: int | None, shown: Screen) -> str:
    from fingerprint.data.registry import Registry
    from fingerprint.report.text import render

    text = render(outcome.found, Registry.load().labs, top, shown)
    return text + "\n" + _encoded(outcome.state(shown.width), shown.encoding)


def _json(outcome: Outcome[Verdict], top: int | None) -> str:
    return _dumped(document(outcome, top))


def document(outcome: Outcome[Verdict], top: int | None) -> dict[str, object]:
    """Return a verdict and how it came about, as JSON values.

    Args:
        outcome: How the session ended.
        top: Rows of families and releases, None for all.
    """
    return {**outcome.found.to_dict(top), "probe": outcome.to_dict()}


def _claim_text(outcome: Outcome[ClaimSequence], shown: Screen) -> str:
    from fingerprint.data.registry import Registry
    from fingerprint.report.claim import render_sequence

    text = render_sequence(outcome.found, Registry.load().labs, shown)
    return text + "\n" + _encoded(outcome.state(shown.width), shown.encoding)


def _claim_json(outcome: Outcome[ClaimSequence]) -> str:
    return _dumped({**outcome.found.to_dict(), "probe": outcome.to_dict()})


def _encoded(lines: Sequence[str], encoding: str) -> str:
    from fingerprint.report.layout import as_text

    return as_text([lines], encoding)


def _dumped(values: dict[str, object]) -> str:
    return json.dumps(values, indent=2, allow_nan=False) + "\n"
