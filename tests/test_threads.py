from __future__ import annotations

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from fingerprint.base.parallel import ONE_THREAD


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
