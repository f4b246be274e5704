"""`fingerprint collect --missing`: a library of answers by known releases, and the model that learns from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.terminal import FEATURES, Progress, resumable
from fingerprint.cli.update import need_training
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.collect.missing import Library, Missing
    from fingerprint.collect.plan import RequestSettings
    from fingerprint.data.probes import ProbeSet
    from fingerprint.data.registry import Registry
    from fingerprint.training.update.run import Outcome

_NEEDS_MISSING = ("known", "model", "registry", "update")


def check_options(given: Mapping[str, Any]) -> None:
    """Refuse the options of --missing without it, and check what the update after it needs.

    Raises:
        click.UsageError: An option needs another one.
        FingerprintError: The updated model cannot be written.
        MissingExtra: What training needs is not installed.
    """
    if not given["missing"]:
        for name in _NEEDS_MISSING:
            if given[name] is not None:
                raise click.UsageError(f"--{name} needs --missing")
    elif given["update"] is not None:
        need_training()
        from fingerprint.store.folder import check_free

        if given["update"].resolve() != model_of(given).resolve():
            check_free(given["update"])


def model_of(given: Mapping[str, Any]) -> Path:
    """Return the model that --model names, or the one that ships."""
    from fingerprint.base.files import data_dir

    model: Path | None = given["model"]
    return model or data_dir("models") / "default"


def library_of(out: Path, probes: ProbeSet, settings: RequestSettings, given: Mapping[str, Any]) -> Library:
    """Return what the folder is to hold: answers by the known releases of the model, or of the registry.

    Raises:
        FingerprintError: The registry does not know a release of the model.
    """
    from fingerprint.collect.missing import Library
    from fingerprint.data.registry import Registry
    from fingerprint.loading import load_model

    registry = Registry.load(given["registry"])
    if given["known"] == "registry":
        of_labs = [entry.release for entry in registry.releases.values() if entry.kind == "lab"]
        return Library(out, probes, settings, of_labs, registry)
    names = [entry["release"] for entry in load_model(model_of(given)).releases]
    if strange := sorted(set(names) - registry.releases.keys()):
        raise FingerprintError(
            f"the registry has no {', '.join(strange[:5])}, which the model knows; name it by --registry"
        )
    return Library(out, probes, settings, names, registry)


def planned(models: Sequence[dict[str, Any]], found: Missing, registry: Registry) -> dict[str, Any]:
    """Return what is missing as JSON values.

    Args:
        models: What is to be asked, as `collect --dry-run` gives it, in the order of the jobs.
        found: What is missing.
        registry: The known releases.
    """
    rows = [
        {"release": release, "lab": registry.releases[release].lab, **row}
        for release, row in zip(found.jobs, models, strict=True)
    ]
    return {
        "models": rows,
        "requests": sum(row["requests"] for row in rows),
        "cost_at_most": sum(row["cost_at_most"] or 0.0 for row in rows),
        "price_unknown": [row["release"] for row in rows if row["cost_at_most"] is None],
        "complete": list(found.complete),
        "not_offered": list(found.not_offered),
    }


def planned_text(values: Mapping[str, Any], lines: Sequence[str]) -> str:
    """Return the same for people.

    Args:
        values: As `planned` gives them.
        lines: A line for each model.
    """
    rows = [f"{row['release']} ({row['lab']}) by {line}" for row, line in zip(values["models"], lines, strict=True)]
    rows.append(
        f"{len(lines):,} releases lack answers and are offered: {values['requests']:,} requests, at most "
        f"${values['cost_at_most']:.4f}"
        + (f" and {len(values['price_unknown']):,} at an unknown price" if values["price_unknown"] else "")
    )
    rows.append(f"{len(values['complete']):,} are complete")
    if absent := values["not_offered"]:
        rows.append(f"{len(absent):,} lack answers and are not offered: {', '.join(absent)}")
    return "\n".join(map(printable, rows))


def updated(library: Library, given: Mapping[str, Any]) -> Outcome | None:
    """Update the model with the answers of the library.

    Args:
        library: The answers.
        given: The options, with `update`: where the updated model goes.

    Returns:
        What the update did; None if there is nothing that the model has not learned.
    """
    from fingerprint.collect.missing import batches
    from fingerprint.training.update.rows import NothingToLearn
    from fingerprint.training.update.run import Settings, update

    files, new = batches(library)
    if not files:
        return None
    settings = Settings(registry=given["registry"], command=options.command_line("update", files, {}, ()))
    try:
        with resumable(FEATURES), Progress() as progress:
            return update(model_of(given), files, given["update"], settings, progress)
    except NothingToLearn:
        # All batches were given to an update before.
        if new:
            raise
        return None
