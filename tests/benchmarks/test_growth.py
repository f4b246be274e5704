from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.growth import slope, table
from benchmarks.measured import measured
from benchmarks.resampled import COLUMNS, Pool, more_releases, more_responses
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry

RELEASES = ("gpt-4-0613", "claude-2.1", "yi-34b-chat")


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    registry = Registry.load(None)
    rows = [
        dict.fromkeys(COLUMNS, "x")
        | {"release": release, "prompt_id": str(i), "response": f"{release} says that {i} is a number\nof its own."}
        for n, release in enumerate(RELEASES)
        for i in range(30 - n)
    ]
    (tmp_path / "pool").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pool" / "a.parquet")
    return Pool.read(tmp_path / "pool", registry)


def test_no_copy_is_a_duplicate(pool: Pool, tmp_path: Path) -> None:
    more_responses(pool, 400, tmp_path / "many.parquet")
    found = read_corpora([tmp_path / "many.parquet"], Registry.load(None))
    assert len(found) == 400
    assert set(found.release) == set(RELEASES)
    assert len(set(found.prompt)) > 100


def test_made_up_releases_are_in_their_registry(pool: Pool, tmp_path: Path) -> None:
    more_releases(pool, 8, 203, tmp_path / "many.parquet", tmp_path / "registry.csv")
    registry = Registry.load(tmp_path / "registry.csv")
    found = read_corpora([tmp_path / "many.parquet"], registry)
    assert len(found) == 203
    assert len(set(found.release)) == 8
    assert {registry.releases[name].lab for name in found.release} == {"openai", "anthropic", "01-ai"}
    assert all(registry.group(name) == {name} for name in found.release)


def test_what_is_measured_is_the_process_alone() -> None:
    large = bytearray(300_000_000)
    small = measured([sys.executable, "-c", "sum(range(10**6))"])
    assert small["peak_mb"] < len(large) / 1e6
    assert measured([sys.executable, "-c", "len(bytearray(10**8))"])["peak_mb"] > small["peak_mb"] + 60
    held = "import time\nheld = bytes(range(256)) * 400_000\ntime.sleep(2)"
    assert measured([sys.executable, "-c", held])["own_mb"] > small["own_mb"] + 60
    with pytest.raises(SystemExit, match="no such thing"):
        measured([sys.executable, "-c", "raise ValueError('no such thing')"])


def test_slopes() -> None:
    assert slope([10, 100, 1000], [3, 30, 300]) == pytest.approx(1)
    assert slope([10, 100], [5, 5]) == pytest.approx(0)
    same = {"verb": "train", "grows": "responses", "seconds": 1.0, "peak_mb": 7, "own_mb": 5}
    rows = [{**same, "size": size, "cpu_seconds": size} for size in (100, 10)]
    assert "| train | responses | slope | 1.00 | 0.00 | 0.00 | 0.00 |" in table(rows)
