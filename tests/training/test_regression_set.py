from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerprint.config import SplitConfig
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry
from fingerprint.training.regression_set import RegressionSet, leave_out
from tests import worlds


def corpus(
    folder: Path, prompts: Sequence[int], releases: tuple[str, ...] = ("ash-1", "oak-2"), known: bool = True
) -> Corpus:
    rows = [
        {"release": r, "prompt_id": str(p) if known else "", "response": worlds.write(r, p, draw)}
        for r in releases
        for p in prompts
        for draw in (0, 1)
    ]
    path = folder / f"c{len(list(folder.iterdir()))}.jsonl"
    path.write_text("".join(json.dumps({**row, "corpus": "c"}) + "\n" for row in rows))
    return read_corpora([path], Registry.load(worlds.registry(folder)))


def left_out(of: Corpus) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Release and prompt of what is left out of the fit and of what is kept."""
    out, kept = leave_out(of, np.ones(len(of), bool), SplitConfig())
    pairs = list(zip(of.release, of.prompt, strict=True))
    return {pairs[i] for i in np.flatnonzero(out)}, {pairs[i] for i in kept}


def test_every_answer_to_a_prompt_is_left_out_and_one_is_kept(tmp_path: Path) -> None:
    of = corpus(tmp_path, range(60))
    out, kept = leave_out(of, np.ones(len(of), bool), SplitConfig())
    assert len(kept) == 8
    assert out.sum() == 16
    assert left_out(of)[0] == left_out(of)[1]


def test_what_is_left_out_was_left_out_from_any_smaller_corpus(tmp_path: Path) -> None:
    small, large = corpus(tmp_path, range(40)), corpus(tmp_path, range(90))
    old = {pair for pair in left_out(large)[0] if int(pair[1].split("|")[1]) < 40}
    assert old <= left_out(small)[0]
    assert left_out(corpus(tmp_path, range(90), ("oak-2",)))[0] < left_out(large)[0]


def test_nothing_is_taken_from_a_release_with_few_prompts(tmp_path: Path) -> None:
    assert left_out(corpus(tmp_path, range(19))) == (set(), set())


def test_without_prompts_the_responses_decide(tmp_path: Path) -> None:
    of = corpus(tmp_path, range(30), known=False)
    out, kept = leave_out(of, np.ones(len(of), bool), SplitConfig())
    assert len(kept) == out.sum() == 8


def test_a_byte_a_number_is_enough() -> None:
    rng = np.random.default_rng(0)
    embedding = rng.standard_normal((5, 64)).astype(np.float32)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    embedding[2] = 0
    one = RegressionSet(embedding, np.arange(5), np.array([0, 0, 1, 1, 3]))
    again = RegressionSet.of(one.arrays())
    np.testing.assert_allclose(again.embedding, embedding, atol=2e-3)
    assert again.arrays()["regression_embedding"].tobytes() == one.arrays()["regression_embedding"].tobytes()
    assert (again.size.tolist(), again.release.tolist()) == ([0, 1, 2, 3, 4], [0, 0, 1, 1, 3])
