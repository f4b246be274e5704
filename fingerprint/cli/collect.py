"""`fingerprint collect`"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, library, options, update
from fingerprint.cli.probe_sets import load_set
from fingerprint.cli.terminal import ProgressTable, dollars, resumable
from fingerprint.errors import FingerprintError, MissingExtra

if TYPE_CHECKING:
    from fingerprint.collect.limits import Budget
    from fingerprint.collect.missing import Library, Missing
    from fingerprint.collect.plan import Job, RequestSettings
    from fingerprint.collect.provider import Provider
    from fingerprint.collect.run import Counters
    from fingerprint.data.probes import ProbeSet

# The same as in fingerprint.collect.run, which --help does not import; a test compares them.
GIVE_UP_AFTER = 10
INCOMPLETE = 1


@click.command("collect")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--probes",
    "set_name",
    required=True,
    metavar="SET",
    shell_complete=completion.probe_sets,
    help="What to ask: a set's name, a file, or corpus:NAME or corpus:NAME:N for (N of) the prompts of a public "
    "corpus.",
)
@options.answers
@options.base_url
@click.option("--draws", type=click.IntRange(min=1), help="Answers to each probe.  [default: as the probe says, or 1]")
@click.option("--temperature", type=click.FloatRange(min=0), help="[default: the provider's]")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="[default: the provider's]")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Of each answer.  [default: as the probe says, or 4096]")
@click.option("--system", metavar="TEXT", help="System prompt, in place of a probe's own.")
@options.timeout
@click.option(
    "--give-up-after",
    type=click.IntRange(min=1),
    default=GIVE_UP_AFTER,
    show_default=True,
    help="Give a model up after so many failed questions in a row, each with several tries.",
)
@options.max_cost
@click.option(
    "--missing",
    is_flag=True,
    help="MODEL is a provider: ask known releases that it lists for the answers that --out lacks.",
)
@click.option(
    "--known", type=click.Choice(["model", "registry"]), help="Whose releases --missing is about.  [default: model]"
)
@options.model
@options.registry
@click.option(
    "--update",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="After --missing, add the answers to the model, and write it to DIR (as `update` does).",
)
@click.option("--dry-run", is_flag=True, help="Say how many requests and tokens, and what they may cost; ask nothing.")
@options.text_or_json
def command(models: tuple[str, ...], set_name: str, out: Path, base_url: str | None, form: str, **given: Any) -> int:
    """Ask each MODEL (provider:model, such as openrouter:z-ai/glm-4.6) the probes. Keep the answers in --out, a file
    of JSON lines for each model, which `identify` and `train` read.

    The same command again goes on where it was, and asks again what brought no answer. Keys come from the environment
    (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...). Exit code 1 if a model was given up or questions are left.

    With --missing, `fingerprint collect openrouter --missing --probes SET --out DIR` asks the known releases for the
    answers that DIR lacks, whichever provider the others came from; --dry-run lists them and the cost first.
    """
    library.check_options(given)
    try:
        import rich  # noqa: F401
    except ImportError:
        raise MissingExtra("collecting", "collect") from None
    from fingerprint.collect.asking import RetryPolicy
    from fingerprint.collect.messages import Sampling
    from fingerprint.collect.plan import RequestSettings
    from fingerprint.collect.run import RunSettings, collect, start

    sampling = Sampling(given["temperature"], given["top_p"])
    settings = RequestSettings(given["draws"], sampling, given["max_tokens"], given["system"])
    # A missing key is said before anything is fetched.
    providers = _providers(models, base_url, named_alone=given["missing"])
    probes = load_set(set_name)
    wanted = library.library_of(out, probes, settings, given) if given["missing"] else None
    run = _Run()

    async def work() -> None:
        from fingerprint.collect.missing import missing

        try:
            if wanted is None:
                run.jobs = _jobs(models, providers, probes, settings, out, base_url)
            else:
                run.missing = await missing(wanted, list(providers.values()), base_url)
                run.jobs = list(run.missing.jobs.values())
            run.counters = await start(run.jobs)
            if not given["dry_run"]:
                if run.missing is not None and given["max_cost"] is not None:
                    run.leave_out_unpriced(run.missing.jobs)
                budget = budget_of(run.counters, given["max_cost"])
                check_reaches(run.jobs, run.counters, given["max_cost"])
                make_folder(out)
                retry = RetryPolicy(timeout=given["timeout"])
                with ProgressTable(run.counters):
                    await collect(run.jobs, run.counters, RunSettings(budget, retry, given["give_up_after"]))
        finally:
            for provider in providers.values():
                await provider.close()

    if given["dry_run"]:
        asyncio.run(work())
        click.echo(_planned(run, wanted, form))
        return 0
    with resumable():
        try:
            asyncio.run(work())
        except (KeyboardInterrupt, FingerprintError):
            if any(counted.done for counted in run.counters):
                click.echo(_summary(run, form))
            raise
    if wanted is None or given["update"] is None:
        click.echo(_summary(run, form))
    else:
        _updated(run, wanted, form, given)
    return 0 if run.complete else INCOMPLETE


@dataclass
class _Run:
    """What is asked, and what came of it; unpriced: the releases that no limit on the cost could hold for."""

    jobs: list[Job] = field(default_factory=list)
    counters: list[Counters] = field(default_factory=list)
    missing: Missing | None = None
    unpriced: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the same command again could add nothing but what models refuse."""
        return not self.unpriced and all(counted.complete for counted in self.counters)

    def leave_out_unpriced(self, releases: Iterable[str]) -> None:
        """Leave out releases that no limit on the cost could hold for."""
        priced = [counted.price is not None for counted in self.counters]
        self.unpriced = [name for name, is_priced in zip(releases, priced, strict=True) if not is_priced]
        self.jobs, self.counters = list(compress(self.jobs, priced)), list(compress(self.counters, priced))


def _updated(run: _Run, wanted: Library, form: str, given: dict[str, Any]) -> None:
    """Update the model, and say what was collected and learned."""
    from fingerprint.training.comparison import check_written

    if form == "text":
        click.echo(_summary(run, form))
    outcome = library.updated(wanted, given)
    if form == "json":
        learned = None if outcome is None else update.to_dict(outcome)
        click.echo(json.dumps({**_summed(run), "update": learned}, indent=2))
    else:
        click.echo(
            "no answer that the model has not learned" if outcome is None else "\n" + update.text(outcome),
            nl=outcome is None,
        )
    if outcome is not None:
        check_written(outcome.comparison, outcome.written)


def _providers(models: Sequence[str], base_url: str | None, named_alone: bool) -> dict[str, Provider]:
    """The providers of the models, by name; those that are named without a model, for --missing."""
    from fingerprint.collect.provider import open_provider, split

    if named_alone and (strange := [name for name in models if ":" in name]):
        raise click.UsageError(f"--missing takes providers, and {strange[0]} names a model too")
    names = models if named_alone else [split(model)[0] for model in models]
    return {name: open_provider(name, base_url) for name in dict.fromkeys(names)}


def _jobs(
    models: Sequence[str],
    providers: dict[str, Provider],
    probes: ProbeSet,
    settings: RequestSettings,
    out: Path,
    base_url: str | None,
) -> list[Job]:
    from fingerprint.collect.plan import Target, plan_job
    from fingerprint.collect.provider import split

    named = [split(model) for model in dict.fromkeys(models)]
    return [plan_job(Target(providers[name], model, out, base_url), probes, settings) for name, model in named]


def budget_of(counters: Sequence[Counters], limit: float | None) -> Budget:
    """Return the budget of --max-cost.

    Args:
        counters: Those of the models that are asked.
        limit: US dollars, None for no limit.

    Raises:
        FingerprintError: There is a limit, and the price of a model is unknown.
    """
    from fingerprint.collect.limits import Budget

    for counted in counters:
        if limit is not None and counted.price is None:
            raise FingerprintError(f"{counted.model}: its price is unknown, so --max-cost cannot hold; leave it out")
    return Budget(limit)


def check_reaches(jobs: Sequence[Job], counters: Sequence[Counters], limit: float | None) -> None:
    """Raise FingerprintError if --max-cost does not reach for the cheapest question that is left of all models."""
    from fingerprint.collect.prices import most_cost

    costs = [
        most_cost(request.question, counted.price)
        for job, counted in zip(jobs, counters, strict=True)
        for request in job.todo
        if counted.price
    ]
    if limit is not None and costs and min(costs) > limit:
        raise FingerprintError(
            f"--max-cost {limit:g} does not reach for one probe: the cheapest may cost ${min(costs):.4f}"
        )


def make_folder(folder: Path) -> None:
    """Make a folder for answers if there is none.

    Raises:
        FingerprintError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FingerprintError(f"{folder}: cannot be made ({error.strerror})") from None


def _planned(run: _Run, wanted: Library | None, form: str) -> str:
    from fingerprint.collect.prices import most_cost, most_tokens

    models: list[dict[str, Any]] = []
    for job, counted in zip(run.jobs, run.counters, strict=True):
        tokens = [most_tokens(request.question) for request in job.todo]
        price = counted.price
        models.append(
            {
                "model": counted.model,
                "file": counted.file,
                "questions": counted.total,
                "there_before": counted.before,
                "requests": len(job.todo),
                "prompt_tokens_at_most": sum(sent for sent, _ in tokens),
                "completion_tokens_at_most": sum(written for _, written in tokens),
                "cost_at_most": sum(most_cost(request.question, price) for request in job.todo) if price else None,
                "price_source": price.source if price else None,
            }
        )
    lines = [
        f"{printable(m['model'])}: {m['requests']:,} requests ({m['there_before']:,} of {m['questions']:,} answers are "
        f"there), at most {m['prompt_tokens_at_most']:,} tokens sent and {m['completion_tokens_at_most']:,} written, "
        + (f"at most ${m['cost_at_most']:.4f} ({m['price_source']})" if m["price_source"] else "price unknown")
        for m in models
    ]
    if run.missing is None or wanted is None:
        return json.dumps({"models": models}, indent=2) if form == "json" else "\n".join(lines)
    values = library.planned(models, run.missing, wanted.registry)
    return json.dumps(values, indent=2) if form == "json" else library.planned_text(values, lines)


def _summary(run: _Run, form: str) -> str:
    if form == "json":
        return json.dumps(_summed(run), indent=2)
    lines = [line for counted in run.counters for line in _lines(counted)] or ["nothing was asked"]
    if run.unpriced:
        names = printable(", ".join(run.unpriced))
        lines.append(f"NOT ASKED: --max-cost cannot hold where the price is unknown: {names}")
    return "\n".join(lines)


def _summed(run: _Run) -> dict[str, Any]:
    return {
        "complete": run.complete,
        "models": [counted.to_dict() for counted in run.counters],
        "price_unknown": run.unpriced,
    }


def _lines(counters: Counters) -> Iterator[str]:
    there = counters.before + counters.answered + counters.elsewhere
    yield f"{printable(counters.model)}: {there:,} of {counters.total:,} answers in {printable(counters.file)}"
    yield (
        f"  {counters.answered:,} new, {counters.prompt_tokens:,} tokens sent, {counters.completion_tokens:,} written, "
        + dollars(counters)
    )
    without = [("refused", counters.refused), ("empty", counters.empty), *sorted(counters.failed.items())]
    if counts := _counts(without):
        log = printable(str(Path(counters.file).with_suffix(".log")))
        yield f"  without answer: {counts}; the reason of each is in {log}"
    if counts := _counts(sorted(counters.tries.items())):
        yield f"  failed requests: {counts}; the last: {printable(counters.last_failure)}"
    if counters.unasked:
        yield f"  {counters.unasked:,} not asked"
    if counters.cut:
        yield f"  {counters.cut:,} bytes of a torn last line were removed; its question is asked again"
    if counters.stopped:
        yield f"  STOPPED: {printable(counters.stopped)}"


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts if count)
