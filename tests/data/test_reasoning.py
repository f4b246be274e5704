from __future__ import annotations

import time

import pytest

from fingerprint.data.reasoning import without_reasoning


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Because.", "Because."),
        ("<think>hm\nhm</think>\n\nBecause.", "Because."),
        ("  <think></think> Because. ", "Because. "),
        ("hm\nhm</think>\n\nBecause.", "Because."),
        ("<think>hm, and no end", ""),
        ("<thinking>a</thinking><think>b</think>Because.", "Because."),
        ("[THINK]hm[/THINK]Because.", "Because."),
        ("hm</thinking>\n<think>b</think>Because.", "Because."),
        ("<think>a</think>\n\n<think>b, and no end", ""),
        ("Because.\n\n<think>x</think>", "Because.\n\n<think>x</think>"),
        ("Write <think>x</think> around it.", "Write <think>x</think> around it."),
        (" leading space stays", " leading space stays"),
    ],
)
def test_reasoning_in_the_text(text: str, left: str) -> None:
    assert without_reasoning(text) == left


@pytest.mark.parametrize("text", ["<think>" * 100_000, "</think" * 100_000, "a" * 1_000_000 + "<"])
def test_hostile_text_costs_little(text: str) -> None:
    began = time.process_time()
    without_reasoning(text)
    assert time.process_time() - began < 2
