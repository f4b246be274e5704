"""The model card, written from the model's own documents."""

from __future__ import annotations

from typing import Any


def card(documents: dict[str, Any]) -> str:
    """MODEL_CARD.md in the Hugging Face form: front matter, then what a reader must know before use."""
    training, labels = documents["training"], documents["labels"]
    rows = training["rows"]
    corpora = "\n".join(
        f"| {c['name']} | {c['source']} | {c['licence']} | {c['rows']} | `{c['sha256'][:16]}` |"
        for c in training["corpora"]
    )
    scores = "\n".join(
        "| " + " | ".join("-" if v is None else str(v) for v in row.values()) + " |" for row in training["scores"]
    )
    releases = "\n".join(
        f"| {r['release']} | {r['lab']} | {r['family']} | {r['released'] or '-'} | {rows.get(r['release'], 0)} |"
        for r in labels["releases"]
    )
    shares = ", ".join(f"{kind} {100 * share:g} %" for kind, share in training["shares"].items())
    columns = list(training["scores"][0])
    licences = sorted({c["licence"] for c in training["corpora"] if c["licence"]})
    return f"""---
library_name: fingerprint
tags: [authorship-attribution, llm-identification]
licences_of_corpora: [{", ".join(licences)}]
---

# {training["name"]}

Says which lab, family and release wrote a set of responses. {len(labels["releases"])} releases of
{len(labels["labs"])} labs, the newest of {training["newest"] or "unknown date"}; trained on {training["trained"]}
with fingerprint {training["version"]}, encoder: {training["encoder"] or "its own static one"}.

## Settings

{chr(10).join(f"- {k}: {v}" for k, v in training["settings"].items())}
- rows dropped: {training["dropped"]}

## Corpora

| corpus | source | licence | rows | sha256 |
|---|---|---|---|---|
{corpora}

## What it scored

By a model trained without these prompts, corpora, releases and labs; the model in this folder was then trained on
everything. `same`: known releases, other prompts. `other`: corpora that it had not seen. `unseen`: releases that it
had not seen, of labs that it knows. `unknown`: labs that it had not seen. Probabilities and thresholds are fitted on
these suspects in the shares that users are taken to bring them: {shares}.

`claimed` and `false claims` are at the threshold for 5 % false claims over all of them: a claim about a release that
nobody has trained on is wrong more often than one about a known release, as the rows say.

| {" | ".join(columns)} |
|{"---|" * len(columns)}
{scores}

## Limits

A verdict is a probability, not a proof. Releases that imitate others, prompts that dictate the form, and languages
and domains that are not in the corpora above make it unsure; it was calibrated to say so.

## Releases

| release | lab | family | released | rows |
|---|---|---|---|---|
{releases}
"""
