"""`evaluate`: corpora and a model to a report."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fingerprint import __version__
from fingerprint.base.files import cache_dir, write_atomically
from fingerprint.base.parallel import Progress
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.assemble import document
from fingerprint.evaluation.ground import Ground, survey
from fingerprint.evaluation.plan import FULL, QUICK, Plan
from fingerprint.evaluation.protocols import NAMES, run
from fingerprint.evaluation.work import Work
from fingerprint.loading import Loaded, load_whole
from fingerprint.report.evaluation.html import render_html
from fingerprint.report.evaluation.markdown import render_markdown
from fingerprint.store.format import MANIFEST

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "sentence-transformers", "datasets", "jinja2")


@dataclass(frozen=True)
class Settings:
    """protocols: some of NAMES; plan: how much is spent; command: as it was given, for the report; encoder:
    the sentence-transformers model that the model may load."""

    model: Path
    registry: Path | None = None
    protocols: tuple[str, ...] = NAMES
    plan: Plan = FULL
    seed: int = 0
    jobs: int = 2
    cache: Path | None = None
    command: str = ""
    encoder: str | None = None


def evaluate(corpora: list[Path], out: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Writes report.html, report.json and report.md to the folder `out`, and returns what is in the second.

    What the model was trained on is asked about in folds, by models made like it; all else of the model itself.
    Raises InputError for corpora that are not as expected, ModelError for the model, FingerprintError for `out`.
    """
    if out.exists() and not out.is_dir():
        raise FingerprintError(f"{out}: is there and no folder; name another with --out")
    registry = Registry.load(settings.registry)
    stored, loaded = load_whole(settings.model, settings.encoder)
    training = stored.documents["training"]
    cache = settings.cache or cache_dir()
    releases = [entry["release"] for entry in loaded.releases]
    strange = sorted(name for name in releases if name not in registry.releases)
    if strange:
        raise FingerprintError(
            f"{settings.model}: knows releases that the registry does not: {', '.join(strange[:20])}"
        )
    ground = survey(
        corpora, registry, training, releases, settings.plan.rows, settings.seed, cache, settings.jobs, progress
    )
    digest = _hash(settings.model)
    sources = [asdict(source) for source in ground.corpus.sources]
    work = Work(cache, [sources, asdict(settings.plan), settings.seed, digest, sorted(registry.releases)])
    results = run(ground, loaded, settings.plan, settings.protocols, work, settings.seed, settings.jobs, progress)
    report = document(
        _made(settings, loaded, digest, sources, ground),
        ground,
        loaded,
        results,
        settings.plan,
        settings.seed,
        progress,
    )
    pages = {
        "report.html": render_html(report),
        "report.json": json.dumps(report, ensure_ascii=False, allow_nan=False),
        "report.md": render_markdown(report),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_atomically(out / name, text.encode())
    return report


def _hash(model: Path) -> str:
    """Of the manifest, which holds the hashes of all other files."""
    return hashlib.sha256((model / MANIFEST).read_bytes()).hexdigest()


def _made(
    settings: Settings, loaded: Loaded, digest: str, sources: list[dict[str, Any]], ground: Ground
) -> dict[str, Any]:
    info = loaded.info
    epoch = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return {
        "command": settings.command,
        "date": time.strftime("%Y-%m-%d", time.gmtime(epoch)),
        "version": __version__,
        "seed": settings.seed,
        "sample": ("A quick sample: " if settings.plan == QUICK else "A sample: ") + settings.plan.sentence() + ".",
        "folds": [
            "Each corpus, lab and release (with all that the registry groups with it) is left out of exactly one fold; "
            "a fifth of the prompts of each; fine-tunes by others are in none.",
            "A fold's model is calibrated by what the other folds' models said of other releases and prompts.",
            "At the time: the space and the calibration are made anew from what came before "
            f"{settings.plan.first} and every {settings.plan.every} months after; each month adds what came before it.",
        ],
        "model": {
            "name": info.name,
            "sha256": digest,
            "trained": info.trained,
            "releases": info.releases,
            "newest": info.newest,
        },
        "corpora": sources,
        "rows": len(ground.corpus) + len(ground.foreign),
        "packages": {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in _PACKAGES},
    }
