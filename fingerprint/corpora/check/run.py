"""Everything that is wrong in corpora, in one pass; and a copy with fixes, in a second pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fingerprint.corpora.check.duplicates import ExactDuplicates, NearDuplicates
from fingerprint.corpora.check.features import RowFeatures, row_features
from fingerprint.corpora.check.findings import Finding, Fixes, LabelCheck, TextCheck
from fingerprint.corpora.rows import read_batches
from fingerprint.corpora.write import writing
from fingerprint.data.cleaning import clean
from fingerprint.data.corpus import corpus_files, licence_and_source
from fingerprint.data.registry import Registry
from fingerprint.data.response import BROKEN
from fingerprint.errors import InputError

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Attributes:
        rows: Rows of all files.
        findings: In the order of the checks.
        fixes: What --fix does.
    """

    rows: int
    findings: tuple[Finding, ...]
    fixes: Fixes


def check(paths: Sequence[Path], registry: Registry, jobs: int, report: Report) -> Checked:
    """Check every row once.

    Args:
        paths: Files and folders.
        registry: What the labels are compared with.
        jobs: Processes.
        report: Receives the progress.

    Raises:
        InputError: A file cannot be read.
    """
    from joblib import Parallel, delayed

    fixes = Fixes()
    labels, texts, exact, near = LabelCheck(registry), TextCheck(registry), ExactDuplicates(), NearDuplicates()
    rows = 0
    work = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs")
    features: Iterator[RowFeatures] = work(delayed(row_features)(batch) for batch in read_batches(paths))
    for seen in features:
        entries = labels.see(rows, seen, fixes)
        releases = [e.release if e else name for e, name in zip(entries, seen.release, strict=True)]
        texts.see(rows, seen, [e.lab if e else "" for e in entries], fixes)
        exact.see(rows, seen, releases, fixes)
        near.see(rows, seen, releases)
        rows += len(releases)
        report("responses", rows, rows)
    found = [*labels.findings(), *exact.findings(), *near.findings(fixes), *texts.findings()]
    return Checked(rows, tuple(found), fixes)


def copies(paths: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Return where in `folder` the copy of each file goes.

    Raises:
        InputError: Two files would have one copy, or a copy is there already.
    """
    to = {path: folder / path.name for path in corpus_files(paths)}
    names = Counter(to.values())
    for out in to.values():
        if names[out] > 1 or out.exists():
            what = "is there already" if out.exists() else "would be the copy of two files"
            raise InputError(str(out), f"{what}; name another folder, or these files in two commands")
    return to


def fix(paths: Sequence[Path], checked: Checked, folder: Path, report: Report) -> tuple[int, Counter[str]]:
    """Write a fixed copy of each file, whole or not at all.

    Args:
        paths: The files and folders that were checked.
        checked: The result of the check.
        folder: Where the copies go.
        report: Receives the progress.

    Returns:
        The rows written, and how many were left out for which reason.

    Raises:
        InputError: As `copies`; or a file cannot be written.
    """
    to = copies(paths, folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = written = 0
    left_out: Counter[str] = Counter()
    for path, batches in groupby(read_batches(paths), key=lambda batch: batch.path):
        licence, source = licence_and_source(path)
        metadata = {"licence": licence, "source": source, "cleaned": "by fingerprint corpora check"}
        with writing(to[path], metadata) as add:
            for batch in batches:
                for row in batch.rows:
                    why = checked.fixes.left_out.get(rows)
                    if why is None:
                        response = {"response": BROKEN.sub("\ufffd", clean(row["response"]).text)}
                        add(row | response | checked.fixes.changed.get(rows, {}))
                        written += 1
                    else:
                        left_out[why] += 1
                    rows += 1
                report("fixed", rows, checked.rows)
    return written, left_out
