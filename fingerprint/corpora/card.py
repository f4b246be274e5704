"""The card of a corpus as a data set of the Hugging Face Hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from fingerprint.base.cards import hub_licences, markdown_cell, markdown_table
from fingerprint.corpora.stats import Count, count
from fingerprint.data.registry import Registry
from fingerprint.errors import MissingExtra

# The Hub's classes of size, by the number of rows below which each holds.
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGEST = "n>10M"

_ABOUT = """Each row is one response of a language model, labelled with the release that wrote it.

| column | holds |
|---|---|
| `response` | the text that the model wrote |
| `release` | the release, as the registry of fingerprint names it |
| `prompt`, `prompt_id` | what it answered, and a name of that |
| `corpus`, `language`, `domain`, `variant` | where the row comes from, its language, its subject, how it was asked |

A column is missing where no row has it. `train` is the one split: a fair test leaves out whole prompts, corpora or
releases, which no fixed split can serve at once.

## Before use

- Labels are those of the sources: nobody has checked that a model wrote what a source says that it wrote.
- The text is model output. It may be wrong, offensive or harmful, and may repeat what prompts contain.
- A licence covers what its source may license. Providers' terms may restrict the training of models on outputs.
"""


def data_set_card(paths: Sequence[Path], registry: Registry, report: Callable[[str, int, int], None]) -> str:
    """Write the card of corpora: front matter for the Hub, then what a reader must know before use.

    Args:
        paths: Files and folders, as `collect` and `corpora import` write them. The card belongs into their folder.
        registry: Resolves releases.
        report: Receives the progress.

    Returns:
        Markdown.

    Raises:
        FingerprintError: For a file that cannot be read.
        MissingExtra: Without `huggingface_hub`.
    """
    try:
        from huggingface_hub import DatasetCardData
    except ImportError:
        raise MissingExtra("the data set card", "hub") from None
    releases = count(paths, registry, "release", report)
    languages = count(paths, registry, "language", report).groups
    files = {Path(name): one for name, one in releases.files.items()}
    folder = Path(os.path.commonpath([file.resolve().parent for file in files]))
    stored = sorted(file.resolve().relative_to(folder).as_posix() for file in files)
    rows = releases.total.responses
    licences = hub_licences(one["licence"] for one in releases.files.values())
    front = DatasetCardData(
        language=sorted(name for name in languages if name),
        license=licences if len(licences) > 1 else licences[0],
        pretty_name=folder.name,
        size_categories=[next((size for most, size in _SIZES if rows < most), _LARGEST)],
        task_categories=["text-classification"],
        tags=["llm-identification", "model-outputs"],
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": stored}]}],
    )
    of_files = (
        (file.name, one["source"], one["licence"] or "none stated", one["responses"], one["releases"])
        for file, one in sorted(files.items())
    )
    largest = sorted(releases.groups.items(), key=lambda group: (-group[1].responses, group[0]))
    of_languages = sorted(languages.items(), key=lambda group: -group[1].responses)
    return f"""---
{front.to_yaml()}
---

# {markdown_cell(folder.name)}

{rows:,} responses by {len(releases.total.releases):,} releases to {len(releases.total.prompts):,} prompts.
{_ABOUT}
## Files

{markdown_table(("file", "source", "licence", "rows", "releases"), of_files)}

## Languages

{markdown_table(("language", "rows", "releases"), ((name or "not stated", *_sizes(one)) for name, one in of_languages))}

## Releases

{markdown_table(("release", "rows", "prompts"), ((name, one.responses, len(one.prompts)) for name, one in largest))}
"""


def _sizes(one: Count) -> tuple[int, int]:
    return one.responses, len(one.releases)
