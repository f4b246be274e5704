from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from fingerprint.base.parallel import ONE_THREAD, each, executing, parallel_map


def threads() -> list[int]:
    return [torch.get_num_threads(), *(library["num_threads"] for library in threadpool_info())]


def test_sums_have_one_thread_until_the_last_has_left_and_then_what_they_had() -> None:
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(2):
            before = threads()
            assert max(before[1:]) == before[0] == 2
            with ONE_THREAD:
                with ONE_THREAD:
                    assert set(threads()) == {1}
                assert set(threads()) == {1}
            assert threads() == before
    finally:
        torch.set_num_threads(usual)


def test_results_come_in_order_from_processes() -> None:
    map_function = parallel_map(2)
    assert list(map_function(pow, ((2, i) for i in range(20)))) == [2**i for i in range(20)]
    assert dict(each(divmod, [(7, 2), (9, 4)], 2)) == {0: (3, 1), 1: (2, 1)}


def test_what_a_piece_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(parallel_map(1)(divmod, [(1, 1), (1, 0)]))


def test_another_executor_does_the_work_within_its_block() -> None:
    def backwards(function: Any, pieces: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        for i, piece in reversed(list(enumerate(pieces))):
            yield i, ("executor", function(*piece))

    with executing(backwards):
        assert [i for i, _ in each(abs, [(-1,), (-2,)], 1)] == [1, 0]
        assert list(parallel_map(1)(abs, [(-1,), (-2,)])) == [("executor", 1), ("executor", 2)]
    assert list(parallel_map(1)(abs, [(-1,)])) == [1]


def test_nothing_heavy_and_no_filter_at_import() -> None:
    program = (
        "import sys, warnings; before = list(warnings.filters); import fingerprint.base.parallel; "
        "print(before == warnings.filters, {'joblib', 'threadpoolctl', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "set()"]
