"""`fingerprint watch`"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.collect import make_folder
from fingerprint.cli.probe import Outcome as Questioned
from fingerprint.cli.probe import document, identification, in_question, leaders, note_on, question
from fingerprint.cli.probe_sets import Sets, load_sets, warn
from fingerprint.cli.terminal import resumable
from fingerprint.errors import FingerprintError, MissingExtra

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.collect.plan import Job
    from fingerprint.collect.provider import ListedModel, Provider
    from fingerprint.collect.run import Counters
    from fingerprint.probing.session import Limits
    from fingerprint.watch.run import Outcome, Probed
    from fingerprint.watch.state import Watched

ANSWERS = "answers"
DAMAGED = 1


@click.command("watch")
@click.argument("provider", type=click.Choice(["openrouter"]))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for all that is kept."
)
@options.model
@options.encoder
@click.option("--probes", "sets", multiple=True, metavar="SET", help="As for `probe`; repeatable.")
@options.base_url
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="USD",
    help="What one run may cost; with 0 only free models are probed.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Requests to one model in one run, failed ones included.",
)
@options.timeout
@options.expect("new")
@options.false_attributions
@options.style_only
@options.text_or_json
def command(provider: str, out: Path, model: Path | None, form: str, **given: Any) -> int:
    """List the models that are new at PROVIDER since the last run, and probe them within the budget.

    Keeps everything in --out: the state, the answers, each verdict with its date, a page (index.html) and an Atom feed
    (feed.xml). The first run takes the list as known and probes only stealth models: no known vendor, and free or
    called alpha, beta or stealth. The same command again goes on where it was. Exit code 1 if a file of answers is
    damaged; its model is left out.
    """
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise MissingExtra("the page of fingerprint watch", "report") from None
    from fingerprint.api import Fingerprint
    from fingerprint.base.files import data_dir, locked
    from fingerprint.collect.provider import open_provider

    # A missing key is said before anything is fetched.
    opened = open_provider(provider, given["base_url"])
    known = Fingerprint.load(model or data_dir("models") / "default", given["encoder"])
    sets = load_sets(given["sets"], known, in_question(None, known))
    make_folder(out)
    with resumable(), locked(out):
        outcome = asyncio.run(_watched(_Prober(opened, known, sets, out, given)))
    click.echo(_json(outcome) if form == "json" else _text(outcome, out))
    return DAMAGED if outcome.damaged else 0


class _Prober:
    """Questions one model after the other, within one budget."""

    def __init__(self, provider: Provider, known: Fingerprint, sets: Sets, out: Path, given: dict[str, Any]):
        from fingerprint.collect.limits import Budget

        self.provider, self.out = provider, out
        self._known, self._sets = known, sets
        self._given = {**given, "candidates": None}
        self._budget = Budget(given["max_cost"])
        self._warned = False

    async def __call__(self, listed: ListedModel) -> Probed:
        """See fingerprint.watch.run.Watch."""
        from fingerprint.collect.plan import Target
        from fingerprint.watch.run import Probed

        if listed.price is None:
            return Probed(None, {}, "its price is unknown, so no budget can hold", finished=False)
        target = Target(self.provider, listed.id, self.out / ANSWERS, self._given["base_url"])
        aim = identification(self._known, self._given)
        last, counters = await question(target, self._sets, aim, self._limits, leaders)
        finished = not (last.limited or last.given_up)
        if last.found is None:
            return Probed(None, {}, last.stopped, finished)
        questioned = Questioned(last, last.found, counters, note_on(self._known) or self._sets.note or None)
        return Probed(last.found, document(questioned, None), last.stopped, finished)

    def _limits(self, job: Job, counters: Counters) -> Limits:
        from fingerprint.collect.asking import RetryPolicy
        from fingerprint.probing.session import Limits

        if not self._warned:
            warn(self._sets)
            self._warned = True
        return Limits(self._budget, self._given["max_requests"], RetryPolicy(timeout=self._given["timeout"]))


async def _watched(prober: _Prober) -> Outcome:
    from fingerprint.collect.messages import Failure
    from fingerprint.data.registry import Registry
    from fingerprint.watch.run import Watch, watch

    try:
        return await watch(Watch(prober.provider, prober.out, Registry.load(), prober, _report))
    except Failure as failure:
        raise FingerprintError(f"{prober.provider.name}: its list of models cannot be read ({failure})") from None
    finally:
        await prober.provider.close()


def _report(one: Watched) -> None:
    click.echo(printable(f"{one.id}: {_found(one)}"), err=True)


def _found(one: Watched) -> str:
    if one.failure or not one.findings:
        return one.failure or "not probed yet"
    last = one.findings[-1]
    return f"{last.in_words()} ({last.responses} responses; {last.stopped})"


def _json(outcome: Outcome) -> str:
    return json.dumps(outcome.to_dict(), indent=2, allow_nan=False)


def _text(outcome: Outcome, out: Path) -> str:
    state = outcome.state
    asked = {one.id for one in outcome.probed}
    lines = [
        f"{state.provider}: {sum(one.listed for one in state.models):,} models, {len(outcome.fresh):,} new, "
        f"{len(asked):,} probed"
    ]
    shown = {one.id: one for one in (*outcome.fresh, *outcome.probed)}
    for one in shown.values():
        signs = f"{'stealth: ' if one.stealth else ''}{', '.join(one.signs)}"
        lines.append(f"  {one.id}{f' ({signs})' if signs else ''}: {_found(one)}")
    lines.append(f"Page: {out / 'index.html'}. Feed: {out / 'feed.xml'}.")
    return "\n".join(map(printable, lines))
