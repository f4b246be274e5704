"""`fingerprint collect`"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.probe_sets import load_set
from fingerprint.cli.terminal import ProgressTable, dollars, resumable
from fingerprint.errors import FingerprintError, MissingExtra

if TYPE_CHECKING:
    from fingerprint.collect.limits import Budget
    from fingerprint.collect.plan import Job, RequestSettings
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
@click.option("--dry-run", is_flag=True, help="Say how many requests and tokens, and what they may cost; ask nothing.")
@options.text_or_json
def command(models: tuple[str, ...], set_name: str, out: Path, base_url: str | None, form: str, **given: Any) -> int:
    """Ask each MODEL (provider:model, such as openrouter:z-ai/glm-4.6) the probes. Keep the answers in --out, a file
    of JSON lines for each model, which `identify` and `train` read.

    The same command again goes on where it was, and asks again what brought no answer. Keys come from the environment
    (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...). Exit code 1 if a model was given up or questions are left.
    """
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
    jobs = _jobs(models, load_set(set_name), settings, out, base_url)
    counters: list[Counters] = []

    async def work() -> None:
        try:
            counters.extend(await start(jobs))
            if not given["dry_run"]:
                budget = budget_of(counters, given["max_cost"])
                check_reaches(jobs, counters, given["max_cost"])
                make_folder(out)
                retry = RetryPolicy(timeout=given["timeout"])
                with ProgressTable(counters):
                    await collect(jobs, counters, RunSettings(budget, retry, given["give_up_after"]))
        finally:
            for provider in {id(job.provider): job.provider for job in jobs}.values():
                await provider.close()

    if given["dry_run"]:
        asyncio.run(work())
        click.echo(_planned(jobs, counters, form))
        return 0
    with resumable():
        try:
            asyncio.run(work())
        except (KeyboardInterrupt, FingerprintError):
            if any(counted.done for counted in counters):
                click.echo(_summary(counters, form))
            raise
    click.echo(_summary(counters, form))
    return 0 if all(counted.complete for counted in counters) else INCOMPLETE


def _jobs(
    models: Sequence[str], probes: ProbeSet, settings: RequestSettings, out: Path, base_url: str | None
) -> list[Job]:
    from fingerprint.collect.plan import Target, plan_job
    from fingerprint.collect.provider import open_provider, split

    named = [split(model) for model in dict.fromkeys(models)]
    providers = {name: open_provider(name, base_url) for name, _ in named}
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


def _planned(jobs: Sequence[Job], counters: Sequence[Counters], form: str) -> str:
    from fingerprint.collect.prices import most_cost, most_tokens

    models: list[dict[str, Any]] = []
    for job, counted in zip(jobs, counters, strict=True):
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
    if form == "json":
        return json.dumps({"models": models}, indent=2)
    return "\n".join(
        f"{printable(m['model'])}: {m['requests']:,} requests ({m['there_before']:,} of {m['questions']:,} answers are "
        f"there), at most {m['prompt_tokens_at_most']:,} tokens sent and {m['completion_tokens_at_most']:,} written, "
        + (f"at most ${m['cost_at_most']:.4f} ({m['price_source']})" if m["price_source"] else "price unknown")
        for m in models
    )


def _summary(counters: Sequence[Counters], form: str) -> str:
    if form == "json":
        complete = all(counted.complete for counted in counters)
        return json.dumps({"complete": complete, "models": [counted.to_dict() for counted in counters]}, indent=2)
    return "\n".join(line for counted in counters for line in _lines(counted))


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
