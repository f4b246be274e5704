"""What a model knows: its labs and releases, with dates, counts, domains, and how often it recognises each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.likelihood import LinearClassifiers
from fingerprint.store.folder import Stored

# What follows the name of a corpus in that of its plain copies.
_PLAIN = "/plain"


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release that a model knows.

    Attributes:
        release, lab, family, line: Names in the registry.
        released: YYYY-MM, or empty where nobody knows.
        responses: How many of its responses were in the training corpora.
        domains: The training corpora that have some of them, as each has a domain of its own.
        held_out: Responses of it in the regression set, which the model has not learned.
        lab_right: The share of these whose lab the linear classifier names, each response alone; None without any.
        release_right: The same for the release.
    """

    release: str
    lab: str
    family: str
    line: str
    released: str
    responses: int
    domains: tuple[str, ...]
    held_out: int
    lab_right: float | None
    release_right: float | None


@dataclass(frozen=True, slots=True)
class KnownLab:
    """A lab that a model knows.

    Attributes:
        lab: Its name in the registry.
        releases: How many of its releases are known.
        oldest, newest: Months of the first and the last of these, YYYY-MM; empty where no month is known.
        responses, domains, held_out, lab_right: As in `KnownRelease`, of all its releases together.
    """

    lab: str
    releases: int
    oldest: str
    newest: str
    responses: int
    domains: tuple[str, ...]
    held_out: int
    lab_right: float | None


def known_releases(model: Stored) -> list[KnownRelease]:
    """Return the releases that a model knows, by lab, the newest of each first."""
    labels, rows = model.documents["labels"], model.documents["training"]["rows"]
    corpora = [name.removesuffix(_PLAIN) for name in labels["corpora"]]
    cells = zip(model.arrays["cell_release"].tolist(), model.arrays["cell_corpus"].tolist(), strict=True)
    domains: dict[int, set[str]] = {}
    for release, corpus in cells:
        domains.setdefault(release, set()).add(corpora[corpus])
    true, lab_right, release_right = _recognised(model)
    found = []
    for code, entry in enumerate(labels["releases"]):
        own = true == code
        found.append(
            KnownRelease(
                **entry,
                responses=rows.get(entry["release"], 0),
                domains=tuple(sorted(domains.get(code, ()))),
                held_out=int(own.sum()),
                lab_right=_share(lab_right[own]),
                release_right=_share(release_right[own]),
            )
        )
    found.sort(key=lambda one: one.release)
    found.sort(key=lambda one: one.released, reverse=True)
    return sorted(found, key=lambda one: one.lab)


def known_labs(model: Stored) -> list[KnownLab]:
    """Return the labs that a model knows, by name."""
    of_lab: dict[str, list[KnownRelease]] = {}
    for release in known_releases(model):
        of_lab.setdefault(release.lab, []).append(release)
    return [_lab(lab, releases) for lab, releases in sorted(of_lab.items())]


def _lab(lab: str, releases: list[KnownRelease]) -> KnownLab:
    months = sorted(filter(None, (one.released for one in releases)))
    held_out = sum(one.held_out for one in releases)
    right = sum(one.held_out * one.lab_right for one in releases if one.lab_right is not None)
    return KnownLab(
        lab=lab,
        releases=len(releases),
        oldest=months[0] if months else "",
        newest=months[-1] if months else "",
        responses=sum(one.responses for one in releases),
        domains=tuple(sorted(frozenset[str]().union(*(one.domains for one in releases)))),
        held_out=held_out,
        lab_right=round(right / held_out, 4) if held_out else None,
    )


def _recognised(model: Stored) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """The true release of each response of the regression set, and whether its lab and its release are named."""
    arrays = model.arrays
    true = arrays["regression_release"].astype(np.int64)
    embeddings = arrays["regression_embedding"].astype(float) * arrays["regression_scale"][:, None]
    points = (embeddings - arrays["plda_centre"]) @ arrays["plda_basis"]
    names = ("release_classifier", "release_classifier_bias", "lab_classifier", "lab_classifier_bias")
    release, lab = LinearClassifiers(*(arrays[name].astype(float) for name in names)).scores(points)
    lab_of = arrays["release_lab"].astype(np.int64)
    return true, lab.argmax(axis=1) == lab_of[true], release.argmax(axis=1) == true


def _share(right: NDArray[np.bool_]) -> float | None:
    return round(float(right.mean()), 4) if len(right) else None
