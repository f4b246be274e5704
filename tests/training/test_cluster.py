"""Training on a Dask cluster: two workers, processes of their own that are reached over TCP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from fingerprint.base.cluster import cluster
from fingerprint.base.parallel import parallel_map
from fingerprint.cli.main import main
from fingerprint.config import EmbeddingConfig
from fingerprint.errors import FingerprintError
from fingerprint.features import counts_cache, weights
from fingerprint.model import plda
from fingerprint.training import embedding
from fingerprint.training.update.run import Settings, update
from tests import worlds
from tests.training.test_train import content

_LONG = 30
Train = Callable[..., Path]


@contextmanager
def started(*command: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *command], stderr=subprocess.PIPE, text=True, env={**os.environ, **more}
    )
    try:
        yield process
    finally:
        # Stopped processes, too.
        process.kill()
        process.communicate()


@contextmanager
def scheduler(**more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with started("scheduler", "--host", "tcp://127.0.0.1", "--port", "0", "--no-dashboard", **more) as process:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
                yield found[1], process
                return
        pytest.fail("the scheduler did not start")


@pytest.fixture
def workers() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """The scheduler's address, and the processes of two workers."""
    with scheduler() as (address, _), worker(address) as first, worker(address) as second:
        yield address, [first, second]


def worker(address: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return started("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")


def wait_for(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + _LONG
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def test_a_worker_that_is_killed_in_the_middle_changes_no_byte(
    workers: tuple[str, list[subprocess.Popen[str]]], train_small: Train, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    address, processes = workers
    # Many pieces where this world would be one or two.
    monkeypatch.setattr(counts_cache, "SHARD_ROWS", 100)
    for module in (weights, plda, embedding):
        monkeypatch.setattr(module, "_BLOCK", 150)
    short = worlds.config(embedding=EmbeddingConfig(directions=16, size=8, steps=5, batch=48))
    here = train_small(tmp_path / "here", config=short, cache=tmp_path / "cache of here")
    lost: set[str] = set()
    with Client(address, set_as_default=False) as watch:  # type: ignore[no-untyped-call]
        watch.wait_for_workers(2, timeout=_LONG)
        watch.get_task_stream()
        of_pid = {pid: name for name, pid in watch.run(os.getpid).items()}
        victim, other = (of_pid[process.pid] for process in processes)

        def progress(stage: str, done: int, total: int) -> None:
            if stage == "features" and not lost and any(t["worker"] == victim for t in watch.get_task_stream()):
                assert done < total == 22
                # Stopped, it cannot finish what it is given: so it dies with a piece in its hands.
                processes[0].send_signal(signal.SIGSTOP)
                lost.update(wait_for(lambda: watch.processing()[victim]))
                processes[0].send_signal(signal.SIGKILL)

        with cluster(address):
            made = train_small(tmp_path / "m", progress, short, cache=tmp_path / "cache")
        done = watch.get_task_stream()
    assert processes[0].wait(_LONG) == -signal.SIGKILL
    assert content(made) == content(here)
    by = {name: [task for task in done if task["worker"] == name] for name in (victim, other)}
    assert by[victim]
    assert lost
    assert lost <= {task["key"] for task in by[other]}
    # The 22 and 11 shards of features, and after them for the model itself the places of all 3,240 rows, and sums.
    assert len(done) > 33 + 22
    assert max(t["startstops"][-1]["stop"] for t in by[victim]) < max(t["startstops"][-1]["stop"] for t in by[other])


def test_an_update_has_the_same_bytes(
    workers: tuple[str, list[subprocess.Popen[str]]], model: Path, world: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    corpus = worlds.foreign(tmp_path)

    def updated(name: str) -> dict[str, bytes]:
        settings = Settings(world / "registry.csv", jobs=1, cache=tmp_path / f"cache of {name}", force=True)
        update(model, [corpus], tmp_path / name, settings, lambda stage, done, total: None)
        return content(tmp_path / name)

    with Client(workers[0], set_as_default=False) as watch, cluster(workers[0]):  # type: ignore[no-untyped-call]
        watch.get_task_stream()
        there = updated("there")
        # Features, those of plain forms, and places.
        assert len(watch.get_task_stream()) == 3
    assert there == updated("here")


def test_results_come_in_order_and_failures_as_they_are(workers: tuple[str, list[subprocess.Popen[str]]]) -> None:
    with cluster(workers[0]):
        map_function = parallel_map(1)
        assert list(map_function(pow, ((2, i) for i in range(40)))) == [2**i for i in range(40)]
        with pytest.raises(ZeroDivisionError):
            list(map_function(divmod, [(1, 1), (1, 0), (1, 1)]))
        assert list(map_function(divmod, [(7, 2)])) == [(3, 1)]


def test_a_piece_that_takes_its_workers_with_it_is_an_error() -> None:
    with (
        scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as (address, _),
        worker(address),
        cluster(address),
        pytest.raises(FingerprintError, match="the cluster lost"),
    ):
        list(parallel_map(1)(os._exit, [(1,)]))


def test_a_scheduler_that_is_lost_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with scheduler() as (address, process), worker(address), cluster(address):
        found = parallel_map(1)(time.sleep, [(0.2,)] * 40)
        next(found)
        process.kill()
        with pytest.raises(FingerprintError, match="the cluster lost"):
            list(found)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://127.0.0.1:port", "tcp://[::1:80"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(FingerprintError, match="expected the address of a Dask scheduler"), cluster(address):
        pass


@pytest.mark.parametrize("verb", ["train", "update"])
def test_an_address_where_nobody_listens(
    verb: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fingerprint.base.cluster._PATIENCE", 1)
    corpora, address = str(world / "corpora"), "tcp://127.0.0.1:1"
    arguments = [corpora] if verb == "train" else [str(tmp_path / "model"), corpora]
    with pytest.raises(SystemExit) as done:
        main([verb, *arguments, "--out", str(tmp_path / "m"), "--scheduler", address])
    assert done.value.code == 2
    said = capfd.readouterr().err
    assert said.startswith(f"fingerprint: {address}: no Dask scheduler answers there")
    assert said.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_something_else_that_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fingerprint.base.cluster._PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(FingerprintError, match="no Dask scheduler answers"), cluster(address):
            pass


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fingerprint.base.cluster._PATIENCE", 1)
    with scheduler() as (address, _), pytest.raises(FingerprintError, match="has no workers"), cluster(address):
        pass
