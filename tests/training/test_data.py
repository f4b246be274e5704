from __future__ import annotations

from itertools import starmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.base.parallel import Progress
from fingerprint.config import FeatureConfig
from fingerprint.features.text_forms import TextForm
from fingerprint.training.context import no_progress
from fingerprint.training.data import Data, Domain, labels_of

names = st.lists(st.sampled_from(["a", "b", "/", "/plain", "/full"]), max_size=4).map("".join)
domains = st.builds(Domain, names, st.sampled_from(TextForm))


@settings(deadline=None)
@given(domains)
def test_a_label_gives_its_domain_back(domain: Domain) -> None:
    assert Domain.of(domain.label) == domain


@settings(deadline=None)
@given(domains, domains)
def test_no_two_domains_share_a_label(one: Domain, other: Domain) -> None:
    assert (one.label == other.label) == (one == other)


def test_the_labels_of_models_that_there_are() -> None:
    assert Domain("arena").label == "arena"
    assert Domain("arena", TextForm.PLAIN).label == "arena/plain"


def test_a_corpus_is_never_taken_for_the_plain_copy_of_another() -> None:
    labels = labels_of(["r"] * 6, ["p"] * 6, ["a", "a", "a", "a/plain", "a/plain", "a/plain"], plain_copies=True)
    found = [labels.corpora[code] for code in labels.corpus]
    assert found[:6] == [Domain("a")] * 3 + [Domain("a/plain")] * 3
    assert found[6:] == [Domain("a", TextForm.PLAIN)] * 2 + [Domain("a/plain", TextForm.PLAIN)]
    assert [domain.label for domain in labels.corpora] == ["a", "a/plain", "a/plain/full", "a/plain/plain"]


def test_names_become_codes_and_the_copies_follow() -> None:
    labels = labels_of(["y", "x", "y"], ["q", "", "p"], ["b", "a", "a"], plain_copies=True)
    assert [labels.releases[code] for code in labels.release] == ["y", "x", "y", "y", "y"]
    assert labels.prompt.tolist() == [1, -1, 0, 1, 0]
    assert [labels.corpora[code].label for code in labels.corpus] == ["b", "a", "a", "b/plain", "a/plain"]


class Rows:
    """Eight rows with markdown, of two releases in a corpus whose name looks like a plain copy's."""

    release = np.array(["x", "y"] * 4, object)
    prompt = np.array([f"p{i // 2}" for i in range(8)], object)
    corpus = np.array(["a"] * 4 + ["a/plain"] * 4, object)

    def __len__(self) -> int:
        return 8

    def texts(self, start: int, stop: int) -> list[str]:
        return [f"**Row {'xy'[i % 2] * 5}** says {'very' if i % 2 else 'quite'} much." for i in range(start, stop)]


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data.prepare(Rows(), tmp_path, 1, FeatureConfig(least_count=1), no_progress)


def test_rows_in_full_and_every_second_plain(data: Data) -> None:
    assert data.full.tolist() == [True] * 8 + [False] * 4
    assert data.filled.all()
    assert len(data.labels.corpora) == 4
    vocabulary = data.vocabulary(np.ones(12, bool), data.features, no_progress, starmap)
    rows = data.rows(vocabulary)
    assert rows.shape == (12, len(vocabulary))
    keep = np.arange(12) % 3 == 0
    assert (data.sample(keep).rows(vocabulary)[:] != rows[keep]).nnz == 0


def test_counts_are_found_again_and_other_features_are_counted_anew(tmp_path: Path) -> None:
    stages: list[str] = []
    progress: Progress = lambda stage, done, total: stages.append(stage)  # noqa: E731
    for features in (FeatureConfig(), FeatureConfig(vocabulary=7)):
        Data.prepare(Rows(), tmp_path, 1, features, progress)
        assert len(list(tmp_path.iterdir())) == 2
    Data.prepare(Rows(), tmp_path, 1, FeatureConfig(word_orders=(1,)), progress)
    assert len(list(tmp_path.iterdir())) == 4
    assert stages == ["features", "features of plain forms"] * 3


def test_a_configuration_that_counts_other_features_is_refused(data: Data) -> None:
    with pytest.raises(ValueError, match="other features"):
        data.vocabulary(data.full, FeatureConfig(edge_words=0), no_progress, starmap)
