from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save
from scipy import sparse

from fingerprint.config import EmbeddingConfig, FeatureConfig
from fingerprint.embedding.directions import between_release
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.embedding.torch_encoder import NgramEncoder
from fingerprint.errors import ModelError
from fingerprint.features.ngrams import Vocabulary, count

CLIP = EmbeddingConfig().clip


def test_four_bits_keep_the_direction_of_a_sum() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 64)).astype(np.float32)
    vectors[3] = 0
    kept = QuantisedTable.quantise(vectors, CLIP).vectors()
    assert not kept[3].any()
    error = np.square(kept - vectors).mean() / np.square(vectors).mean()
    assert error < 0.02
    one, other = (v.sum(axis=0) for v in (vectors, kept))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.99


def test_an_odd_dimension_gets_one_of_zeros() -> None:
    vectors = np.array([[7.0, -7.0, 3.0], [1.0, 1.0, -1.0]], np.float32)
    table = QuantisedTable.quantise(vectors, CLIP)
    assert table.size == 4
    np.testing.assert_allclose(table.vectors(), np.pad(vectors, ((0, 0), (0, 1))), atol=0.02)


def test_corpora_are_no_direction() -> None:
    rng = np.random.default_rng(1)
    release, corpus = np.repeat(np.arange(4), 50), np.tile(np.repeat([0, 1], 25), 4)
    rows = rng.normal(scale=0.1, size=(200, 5))
    rows[:, 0] += 5 * corpus
    rows[:, 1] += release
    code, cell = np.unique(release * 2 + corpus, return_inverse=True)
    found = between_release(
        sparse.csr_matrix(rows.astype(np.float32)), np.arange(200), cell, code % 2, 1, EmbeddingConfig()
    )
    assert abs(found[1, 0]) > 0.99
    assert abs(found[0, 0]) < 0.05


def test_directions_are_those_of_the_cells_however_few_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    rows = sparse.random(300, 30, 0.5, "csr", np.float32, random_state=rng)
    at = rng.permutation(300)[:260]
    cell = np.unique(rng.integers(0, 40, 260), return_inverse=True)[1]
    corpus = np.arange(cell.max() + 1) % 3
    found = []
    for block, cells in ((4_000, 250), (7, 4)):
        monkeypatch.setattr("fingerprint.embedding.directions._BLOCK", block)
        monkeypatch.setattr("fingerprint.embedding.directions._CELLS", cells)
        found.append(between_release(rows, at, cell, corpus, 5, EmbeddingConfig()))
    dense, count = rows.toarray()[at].astype(float), np.bincount(cell)
    means = np.stack([dense[cell == c].mean(axis=0) for c in range(len(count))])
    for c in range(3):
        means[corpus == c] -= np.average(means[corpus == c], axis=0, weights=count[corpus == c])
    true = np.linalg.svd(means * np.sqrt(count / 100)[:, None])[2][:5].T
    for directions in found:
        assert directions.shape == (30, 5)
        np.testing.assert_allclose(np.abs((directions * true).sum(axis=0)), 1, atol=1e-3)


def test_sentence_transformers_and_numpy_agree(model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["Time people work.", "- Water!\n- House", ""]
    mine = StaticEncoder.load(model / "encoder").encode(texts)
    theirs = SentenceTransformer(str(model / "encoder"), device="cpu", trust_remote_code=True).encode(texts)
    np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert count(texts, FeatureConfig()).starts[-1] > 0


def an_encoder(features: FeatureConfig) -> StaticEncoder:
    rng = np.random.default_rng(3)
    vocabulary = Vocabulary(np.arange(0, 200, 2, dtype=np.int32), np.ones(100, np.float32), features)
    return StaticEncoder(vocabulary, QuantisedTable.quantise(rng.normal(size=(100, 6)).astype(np.float32), CLIP))


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("features", [FeatureConfig(), FeatureConfig(hash_bits=8, word_orders=())])
def test_an_encoder_is_read_as_it_was_written(features: FeatureConfig, tmp_path: Path) -> None:
    encoder = an_encoder(features)
    files = encoder.files()
    # safetensors gives metadata in an order that differs from time to time.
    assert all(encoder.files() == files for _ in range(20))
    found = StaticEncoder.load(written(tmp_path, files))
    assert found.vocabulary.features == features
    texts = ["Some text, and more.", "- another"]
    assert (found.encode(texts) == encoder.encode(texts)).all()


def test_what_pytorch_loads_and_saves_is_the_same_file(tmp_path: Path) -> None:
    files = an_encoder(FeatureConfig(hash_bits=8)).files()
    (tmp_path / "again").mkdir()
    NgramEncoder.load(str(written(tmp_path, files))).save(str(tmp_path / "again"))
    again = StaticEncoder.load(tmp_path / "again")
    first = StaticEncoder.load(tmp_path)
    assert (again.table.codes == first.table.codes).all()
    np.testing.assert_allclose(again.table.scale, first.table.scale, rtol=1e-6)


def test_an_encoder_from_before_it_said_how_it_counts(tmp_path: Path) -> None:
    encoder = an_encoder(FeatureConfig())
    arrays = load(encoder.files()["model.safetensors"])
    assert (
        StaticEncoder.load(written(tmp_path, {"model.safetensors": save(arrays)})).vocabulary.features
        == FeatureConfig()
    )


def test_an_encoder_of_other_features_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, an_encoder(FeatureConfig()).files())
    monkeypatch.setattr("fingerprint.embedding.encoder.feature_signature", lambda config: "of another program")
    with pytest.raises(ModelError, match=r"model\.safetensors: was trained on features that this program"):
        StaticEncoder.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("codes", np.zeros((100, 3), np.int8), "shapes or types"),
        ("scale", np.ones(99, np.float32), "shapes or types"),
        ("weights", np.full(100, np.nan, np.float32), "not finite"),
        ("scale", np.full(100, np.inf, np.float32), "not finite"),
        ("buckets", np.full(100, 5, np.int32), "not ascending"),
        ("buckets", np.arange(200, 300, dtype=np.int32), "beyond the last"),
    ],
)
def test_wrong_arrays_are_refused(name: str, array: np.ndarray, said: str, tmp_path: Path) -> None:
    files = an_encoder(FeatureConfig(hash_bits=8)).files()
    with safe_open_of(written(tmp_path, files)) as file:
        metadata = file.metadata()
    arrays = load(files["model.safetensors"]) | {name: array}
    with pytest.raises(ModelError, match=said):
        StaticEncoder.load(written(tmp_path, {"model.safetensors": save(arrays, metadata)}))


@pytest.mark.parametrize(
    "features",
    [
        "{",
        '{"config": {"hash_bits": 99}, "signature": ""}',
        '{"config": {"bits": 8}, "signature": ""}',
        '{"config": {}}',
    ],
)
def test_a_configuration_that_is_none_is_refused(features: str, tmp_path: Path) -> None:
    arrays = load(an_encoder(FeatureConfig()).files()["model.safetensors"])
    data = save(arrays, {"features": features})
    with pytest.raises(ModelError, match="feature configuration cannot be read"):
        StaticEncoder.load(written(tmp_path, {"model.safetensors": data}))


def safe_open_of(folder: Path) -> Any:
    return safe_open(folder / "model.safetensors", framework="numpy")
