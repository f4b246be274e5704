"""Everything that is wrong in corpora, in one pass over them; and a copy in which it is mended, in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fingerprint.corpora.check.exact_duplicates import Same
from fingerprint.corpora.check.finding import Finding, Mending
from fingerprint.corpora.check.labels import Labels
from fingerprint.corpora.check.near_duplicates import Alike
from fingerprint.corpora.check.sketches import Weighed, weigh
from fingerprint.corpora.check.texts import Texts
from fingerprint.corpora.rows import read_batches
from fingerprint.corpora.write import writing
from fingerprint.data.corpus import corpus_files, licence_and_source
from fingerprint.data.registry import Registry
from fingerprint.data.usable import BROKEN
from fingerprint.errors import InputError

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Checked:
    """rows: of all files. findings: in the order of the checks."""

    rows: int
    findings: tuple[Finding, ...]
    mending: Mending


def check(paths: Sequence[Path], registry: Registry, jobs: int, report: Report) -> Checked:
    """Looks at every row once, `jobs` processes at once. Raises InputError for what cannot be read."""
    from joblib import Parallel, delayed

    mending = Mending()
    labels, texts, same, alike = Labels(registry), Texts(registry), Same(), Alike()
    rows = 0
    work = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs")
    weighed: Iterator[Weighed] = work(delayed(weigh)(batch) for batch in read_batches(paths))
    for seen in weighed:
        entries = labels.see(rows, seen, mending)
        releases = [e.release if e else name for e, name in zip(entries, seen.release, strict=True)]
        texts.see(rows, seen, [e.lab if e else "" for e in entries], mending)
        same.see(rows, seen, releases, mending)
        alike.see(rows, seen, releases)
        rows += len(releases)
        report("responses", rows, rows)
    found = [*labels.findings(), *same.findings(), *alike.findings(mending), *texts.findings()]
    return Checked(rows, tuple(found), mending)


def copies(paths: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Where in `folder` the copy of each file goes. Raises InputError where two would be one, or a file is there."""
    to = {path: folder / path.name for path in corpus_files(paths)}
    names = Counter(to.values())
    for out in to.values():
        if names[out] > 1 or out.exists():
            what = "is there already" if out.exists() else "would be the copy of two files"
            raise InputError(str(out), f"{what}; name another folder, or these files in two commands")
    return to


def fix(paths: Sequence[Path], checked: Checked, folder: Path, report: Report) -> tuple[int, Counter[str]]:
    """Writes a mended copy of each file into `folder`, whole or not at all; says how many rows it holds and how many
    were left out for what. Raises InputError as `copies` does."""
    to = copies(paths, folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = kept = 0
    left_out: Counter[str] = Counter()
    for path, batches in groupby(read_batches(paths), key=lambda batch: batch.path):
        licence, source = licence_and_source(path)
        metadata = {"licence": licence, "source": source, "cleaned": "by fingerprint corpora check"}
        with writing(to[path], metadata) as add:
            for batch in batches:
                for row in batch.rows:
                    why = checked.mending.left_out.get(rows)
                    if why is None:
                        add(
                            row
                            | {"response": BROKEN.sub("\ufffd", row["response"])}
                            | checked.mending.changed.get(rows, {})
                        )
                        kept += 1
                    else:
                        left_out[why] += 1
                    rows += 1
                report("mended", rows, checked.rows)
    return kept, left_out
