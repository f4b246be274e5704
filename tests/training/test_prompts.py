from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fingerprint.api import Fingerprint
from fingerprint.base.keys import prompt_digest
from fingerprint.config import ProbingConfig
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry
from fingerprint.loading import load_model
from fingerprint.model.plda import Plda
from fingerprint.model.prompts import PromptTable, codes_of
from fingerprint.report.text import render
from fingerprint.training.prompts import Answers, measure_prompts
from tests import worlds
from tests.model import made_pairs
from tests.model.test_prompts import row

USUAL = ProbingConfig()
LABS = {name: code for code, name in enumerate(worlds.LABS)}


def corpus(folder: Path, prompts: dict[str, list[str]]) -> Corpus:
    """Each release answers each prompt once; prompts: of each text the ids of questions that have it."""
    rows = [
        {"release": name, "prompt_id": one, "prompt": text, "domain": "chat", "language": "en",
         "response": f"Answer {i} by {name} to {one}, long enough to count."}
        for i, (text, ids) in enumerate(prompts.items()) for one in ids for name in worlds.RELEASES
    ]  # fmt: skip
    path = folder / "some.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return read_corpora([path], Registry.load(worlds.registry(folder)))


@pytest.fixture
def plda() -> Plda:
    return made_pairs.likelihood().plda


def points(of: Corpus, plda: Plda, apart: dict[str, float]) -> np.ndarray:
    """Embeddings in which labs lie as far apart in the answers to a prompt as `apart` says."""
    rng = np.random.default_rng(0)
    width = plda.basis.shape[0]
    centre = {lab: rng.normal(size=width) for lab in worlds.LABS}
    digests = {prompt_digest(text): distance for text, distance in apart.items()}
    rows = [
        digests[asked] * centre[worlds.RELEASES[name]] + rng.normal(size=width)
        for asked, name in zip(of.asked, of.release, strict=True)
    ]
    return np.array(rows, np.float32)


def measured(of: Corpus, plda: Plda, rows: np.ndarray, config: ProbingConfig = USUAL) -> PromptTable:
    answers = Answers.of(of, np.ones(len(of), bool))
    lab = np.array([LABS[worlds.RELEASES[name]] for name in of.release[answers.at]], np.int64)
    return measure_prompts(answers, rows, lab, plda, config)


def test_a_prompt_whose_answers_tell_labs_apart_tells_more(tmp_path: Path, plda: Plda) -> None:
    some = corpus(tmp_path, {"telling": ["a"], "usual": ["b"], "dull": ["c"]})
    table = measured(some, plda, points(some, plda, {"telling": 2.0, "usual": 1.0, "dull": 0.0}))
    telling, usual, dull = (row(table, text, "some").gain[0] for text in ("telling", "usual", "dull"))
    assert telling > 1.2 > usual > dull
    # Fewer answers than the prior's worth: far from what they say alone.
    strict = msgspec.structs.replace(ProbingConfig(), prompt_prior=1e6)
    table = measured(some, plda, points(some, plda, {"telling": 2.0, "usual": 1.0, "dull": 0.0}), strict)
    np.testing.assert_allclose(table.gain, 1.0, atol=1e-3)


def test_what_is_known_of_each_prompt(tmp_path: Path, plda: Plda) -> None:
    long = "word " * 600
    some = corpus(tmp_path, {"whole": ["a"], "frame": ["b", "c"], long: ["d"], "": ["e"]})
    table = measured(some, plda, points(some, plda, {"whole": 1.0, "frame": 1.0, long: 1.0, "": 1.0}))
    assert len(table) == 3
    whole, frame, cut = (row(table, text, "some") for text in ("whole", "frame", long))
    assert [one.whole[0] for one in (whole, frame, cut)] == [True, False, False]
    assert [int(one.answers[0]) for one in (whole, frame, cut)] == [18, 36, 18]
    assert [int(one.releases[0]) for one in (whole, frame, cut)] == [18, 18, 18]
    assert [int(one.size[0]) for one in (whole, frame, cut)] == [5, 5, 3000]
    assert 40 < whole.answer_size[0] < 60
    assert table.kinds == (("chat", "en"),)


def test_one_lab_says_nothing_about_labs(tmp_path: Path, plda: Plda) -> None:
    some = corpus(tmp_path, {"one": ["a"], "two": ["b"]})
    some = some.of(some.release == "ash-1")
    table = measured(some, plda, points(some, plda, {"one": 1.0, "two": 1.0}))
    assert table.gain.tolist() == [1.0, 1.0]


def test_a_trained_model_knows_the_prompts_of_its_corpora(model: Path) -> None:
    table = load_model(model).prompts
    assert table is not None
    digests = [prompt_digest(f"Prompt {1000 * number + p}?") for number in range(4) for p in range(30)]
    # The regression set has some prompts for itself.
    assert 100 < len(table) < len(digests)
    assert np.isin(table.hash, codes_of(digests)).all()
    assert table.corpora == ("first", "fourth", "second", "third")
    assert table.knows(digests).sum() == len(table)
    assert not table.knows([prompt_digest("Prompt 30?")]).any()
    assert table.whole.all()
    assert 10 <= table.releases.min() <= table.releases.max() == 18
    # No text of a prompt is anywhere in the model.
    assert not any(b"Prompt 0?" in path.read_bytes() for path in model.rglob("*") if path.is_file())


def test_an_update_adds_prompts_and_counts_answers(lesser: Path, world: Path, tmp_path: Path) -> None:
    from tests.training.update.test_update import add

    before = load_model(lesser).prompts
    rows = [worlds.row(name, f"first-{p}", p) for name in ("oak-3", "ash-1") for p in range(28, 52)]
    (tmp_path / "first.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    add(lesser, [tmp_path / "first.jsonl"], tmp_path / "m", world, force=True)
    after = load_model(tmp_path / "m").prompts
    assert before is not None
    assert after is not None
    assert len(after) > len(before)
    known, now = (row(table, "Prompt 29?", "first") for table in (before, after))
    # oak-3 was left out of the lesser model; what ash-1 wrote was there before.
    assert now.releases[0] - known.releases[0] <= 1
    new = after.of(~np.isin(after.hash, before.hash))
    assert set(new.releases.tolist()) <= {1, 2}
    assert new.answers.sum() <= 2 * 22


def test_identify_says_how_many_responses_answer_known_prompts(model: Path) -> None:
    known = Fingerprint.load(model)
    assert known.prompts is not None
    asked = [f"Prompt {p}?" for p in (*range(30), 700, 701)]
    rows = [{"prompt": text, "response": worlds.write("ash-1", p)} for p, text in enumerate(asked)]
    expected = int(known.prompts.knows([prompt_digest(text) for text in asked]).sum())
    assert 20 < expected <= 30
    found = known.identify(rows)
    assert found.known_prompts == found.to_dict()["known_prompts"] == expected
    assert f"32 of 32 responses used, {expected} of them to" in " ".join(render(found, {}).split())
    assert known.identify([row["response"] for row in rows]).known_prompts == 0
