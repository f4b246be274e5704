"""`fingerprint evaluate`: from corpora and a model to a report."""

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

import msgspec

from fingerprint import __version__
from fingerprint.base.files import cache_dir, write_atomically
from fingerprint.base.parallel import Progress
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.config import FULL, QUICK, EvaluationConfig
from fingerprint.evaluation.document import document
from fingerprint.evaluation.protocols import names, protocols
from fingerprint.evaluation.study import Running, Sample, Study, TrainedOn, read_sample
from fingerprint.evaluation.work import Work
from fingerprint.loading import Loaded, load_whole
from fingerprint.report.evaluation.html import render_html
from fingerprint.report.evaluation.markdown import render_markdown
from fingerprint.store.format import MANIFEST

# What figures depend on beside the program itself.
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "sentence-transformers", "datasets", "jinja2")
_LISTED = 20


@dataclass(frozen=True)
class Settings:
    """What is evaluated, and how.

    Attributes:
        model: The model folder.
        registry: None for the one that ships.
        protocols: Names; none for all.
        config: The size of the evaluation.
        seed: Of the sample, the folds and the bootstrap.
        jobs: Processes.
        cache: None for the user's.
        command: As it was given, for the report.
        encoder: The sentence-transformers model that the model may load.
    """

    model: Path
    registry: Path | None = None
    protocols: tuple[str, ...] = ()
    config: EvaluationConfig = FULL
    seed: int = 0
    jobs: int = 2
    cache: Path | None = None
    command: str = ""
    encoder: str | None = None


def evaluate(corpora: list[Path], out: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Evaluate a model, and write report.html, report.md and report.json.

    Corpora that the model was trained on are tested in folds, by models that are trained like it. Other corpora are
    tested on the model itself.

    Args:
        corpora: Files and folders of labelled responses.
        out: The folder of the report; it is made if it is missing.
        settings: The model and the size of the evaluation.
        progress: Receives (stage, done, total).

    Returns:
        The content of report.json.

    Raises:
        InputError: For a corpus or a registry that is not as expected.
        ModelError: For a folder that is no model.
        ConfigError: For a size out of its range.
        FingerprintError: If `out` is a file, or the registry lacks releases that the model knows.
    """
    settings.config.check()
    if out.exists() and not out.is_dir():
        raise FingerprintError(f"{out}: is a file, expected a folder for the report; name another one with --out")
    registry = Registry.load(settings.registry)
    stored, loaded = load_whole(settings.model, settings.encoder)
    releases = [entry["release"] for entry in loaded.releases]
    strange = sorted(name for name in releases if name not in registry.releases)
    if strange:
        listed = ", ".join(strange[:_LISTED]) + (", ..." if len(strange) > _LISTED else "")
        raise FingerprintError(
            f"{settings.model}: knows {len(strange)} releases that the registry lacks: {listed}; name the registry "
            "that the model was trained with (--registry)"
        )
    corpora_of_model = frozenset(corpus["sha256"] for corpus in stored.documents["training"]["corpora"])
    trained_on = TrainedOn(releases, corpora_of_model, loaded.config)
    running = Running(settings.cache or cache_dir(), settings.jobs, settings.seed, progress)
    sample = read_sample(corpora, registry, trained_on, settings.config, running)
    # The manifest holds the hashes of all other files.
    digest = hashlib.sha256((settings.model / MANIFEST).read_bytes()).hexdigest()
    all_protocols = protocols()
    more = {one.name: one.more_cases for one in all_protocols if one.more_cases is not None}
    sources = [asdict(source) for source in sample.corpus.sources]
    depends_on = [
        sources,
        msgspec.to_builtins(settings.config),
        settings.seed,
        digest,
        sorted(registry.releases),
        sorted(more),
    ]
    work = Work(running.cache, depends_on, settings.jobs, progress)
    study = Study(sample, loaded, settings.config, work, more)
    wanted = settings.protocols or names()
    found = {one: one.ask(study) for one in all_protocols if one.name in wanted}
    tested = {one: cases for one, cases in found.items() if cases is not None and len(cases)}
    report = document(_run(settings, loaded, digest, sample), study, tested)
    pages = {
        "report.html": render_html(report),
        "report.json": json.dumps(report, ensure_ascii=False, allow_nan=False),
        "report.md": render_markdown(report),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_atomically(out / name, text.encode())
    return report


def _run(settings: Settings, loaded: Loaded, digest: str, sample: Sample) -> dict[str, Any]:
    info, config = loaded.info, settings.config
    epoch = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return {
        "command": settings.command,
        "date": time.strftime("%Y-%m-%d", time.gmtime(epoch)),
        "version": __version__,
        "seed": settings.seed,
        "sample": ("A quick sample. " if config == QUICK else "") + config.sentence(),
        "folds": list(fold_sentences(config)),
        "model": {
            "name": info.name,
            "sha256": digest,
            "trained": info.trained,
            "releases": info.releases,
            "newest": info.newest,
        },
        "corpora": [{**asdict(source), "languages": list(source.languages)} for source in sample.corpus.sources],
        "rows": len(sample.corpus) + len(sample.external),
        "packages": {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in _PACKAGES},
    }


def fold_sentences(config: EvaluationConfig) -> tuple[str, ...]:
    """Return what a reader of the report has to know about folds and the temporal split."""
    return (
        "Each corpus, each lab and each group of releases is left out of exactly one fold; corpora of one repository "
        f"are left out together. Each fold leaves out one of {config.prompt_parts} parts of the prompts. Fine-tunes by "
        "others are in no fold.",
        "A fold is calibrated on the cases of the other folds and on those of one model of an earlier time, without "
        "the releases and prompts that the fold leaves out.",
        f"The temporal split begins in {config.first_month}. Its embedding and its calibration are made anew every "
        f"{config.months_per_model} months, from what was released before; the model of each month adds what was "
        "released before that month.",
    )
