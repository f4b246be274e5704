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
from fingerprint.cli.interrupt import resumable
from fingerprint.errors import FingerprintError, MissingExtra

if TYPE_CHECKING:
    from fingerprint.collect.budget import Budget
    from fingerprint.collect.counters import Counters
    from fingerprint.collect.plan import How, Job
    from fingerprint.data.probes import ProbeSet

# As in fingerprint.collect.run, which a --help shall not wait for; a test compares them.
GIVE_UP_AFTER = 10
INCOMPLETE = 1


@click.command("collect")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--probes", "set_name", required=True, metavar="SET", help="What to ask: a set's name, or a file.")
@options.answers
@options.base_url
@click.option("--draws", type=click.IntRange(min=1), help="Answers to each probe.  [default: as the probe says, or 1]")
@click.option("--temperature", type=click.FloatRange(min=0), help="[default: the provider's]")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="[default: the provider's]")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Of each answer.  [default: as the probe says, or 4096]")
@click.option("--system", metavar="TEXT", help="System prompt, in place of a probe's own.")
@options.timeout
@click.option(
    "--give-up-after", type=click.IntRange(min=1), default=GIVE_UP_AFTER, show_default=True,
    help="Leave a model when so many questions in a row failed, each after several tries.",
)  # fmt: skip
@options.max_cost
@click.option("--dry-run", is_flag=True, help="Say how many requests and tokens, and what they may cost; ask nothing.")
@options.text_or_json
def command(
    models: tuple[str, ...], set_name: str, out: Path, base_url: str | None, draws: int | None,
    temperature: float | None, top_p: float | None, max_tokens: int | None, system: str | None, timeout: float,
    give_up_after: int, max_cost: float | None, dry_run: bool, form: str,
) -> int:  # fmt: skip
    """Ask each MODEL (provider:model, such as openrouter:z-ai/glm-4.6) the probes, and keep the answers in --out, a
    file of JSON lines for each model, which `identify` and `train` read.

    The same command again goes on where it was, and asks once more what brought no answer. Keys come from the
    environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...). Exit code 1 if a model was given up or questions are left.
    """
    try:
        from fingerprint.cli.progress_table import ProgressTable
    except ImportError:
        raise MissingExtra("collecting", "collect") from None
    from fingerprint.collect.asking import Patience
    from fingerprint.collect.plan import How
    from fingerprint.collect.question import Sampling
    from fingerprint.collect.run import collect, start
    from fingerprint.data.probes import load_probes

    how = How(draws, Sampling(temperature, top_p), max_tokens, system)
    jobs = _jobs(models, load_probes(set_name), how, out, base_url)
    tallies: list[Counters] = []

    async def work() -> None:
        try:
            tallies.extend(await start(jobs))
            if not dry_run:
                budget = budget_of(tallies, max_cost)
                make_folder(out)
                with ProgressTable(tallies):
                    await collect(jobs, tallies, budget, Patience(timeout=timeout), give_up_after)
        finally:
            for provider in {id(job.provider): job.provider for job in jobs}.values():
                await provider.close()

    if dry_run:
        asyncio.run(work())
        click.echo(_planned(jobs, tallies, form))
        return 0
    with resumable():
        try:
            asyncio.run(work())
        except (KeyboardInterrupt, FingerprintError):
            if any(counters.done for counters in tallies):
                click.echo(_reported(tallies, form))
            raise
    click.echo(_reported(tallies, form))
    return 0 if all(counters.complete for counters in tallies) else INCOMPLETE


def _jobs(models: Sequence[str], probes: ProbeSet, how: How, out: Path, base_url: str | None) -> list[Job]:
    from fingerprint.collect.plan import job
    from fingerprint.collect.provider import open_provider, split

    named = [split(model) for model in dict.fromkeys(models)]
    providers = {name: open_provider(name, base_url) for name, _ in named}
    return [job(providers[name], model, probes, how, out, base_url) for name, model in named]


def budget_of(tallies: Sequence[Counters], limit: float | None) -> Budget:
    """Of --max-cost. Raises FingerprintError for a limit where a price is not known."""
    from fingerprint.collect.budget import Budget

    for counters in tallies:
        if limit is not None and counters.price is None:
            raise FingerprintError(
                f"{counters.model}: its price is unknown, so that --max-cost cannot hold; leave it out"
            )
    return Budget(limit)


def make_folder(folder: Path) -> None:
    """Makes a folder for answers where there is none. Raises FingerprintError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FingerprintError(f"{folder}: cannot be made ({error.strerror})") from None


def _planned(jobs: Sequence[Job], tallies: Sequence[Counters], form: str) -> str:
    from fingerprint.collect.budget import most_cost, most_tokens

    models: list[dict[str, Any]] = []
    for job, counters in zip(jobs, tallies, strict=True):
        tokens = [most_tokens(asked.question) for asked in job.todo]
        price = counters.price
        models.append(
            {
                "model": counters.model,
                "file": counters.file,
                "questions": counters.total,
                "there_before": counters.before,
                "requests": len(job.todo),
                "prompt_tokens_at_most": sum(sent for sent, _ in tokens),
                "completion_tokens_at_most": sum(written for _, written in tokens),
                "cost_at_most": sum(most_cost(asked.question, price) for asked in job.todo) if price else None,
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


def _reported(tallies: Sequence[Counters], form: str) -> str:
    if form == "json":
        complete = all(counters.complete for counters in tallies)
        return json.dumps({"complete": complete, "models": [counters.to_dict() for counters in tallies]}, indent=2)
    return "\n".join(line for counters in tallies for line in _lines(counters))


def _lines(counters: Counters) -> Iterator[str]:
    from fingerprint.cli.progress_table import dollars

    there = counters.before + counters.answered + counters.elsewhere
    yield f"{printable(counters.model)}: {there:,} of {counters.total:,} answers in {printable(counters.file)}"
    yield (
        f"  {counters.answered:,} new, {counters.prompt_tokens:,} tokens sent, {counters.completion_tokens:,} written, "
        + dollars(counters)
    )
    without = [("refused", counters.refused), ("empty", counters.empty), *sorted(counters.failed.items())]
    if told := _counts(without):
        yield f"  without answer: {told}; each is in {printable(str(Path(counters.file).with_suffix('.log')))}"
    if told := _counts(sorted(counters.tries.items())):
        yield f"  requests that failed: {told}; the last: {printable(counters.last_failure)}"
    if counters.unasked:
        yield f"  {counters.unasked:,} not asked"
    if counters.cut:
        yield f"  {counters.cut:,} bytes of a torn last line were taken off the file; it is asked again"
    if counters.stopped:
        yield f"  STOPPED: {printable(counters.stopped)}"


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts if count)
