from __future__ import annotations

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from fingerprint.base.files import data_dir
from fingerprint.cli.corpora import local
from fingerprint.corpora import stats
from fingerprint.corpora.add_release import ReleaseFields, add_release
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(data_dir("corpora") / "releases.csv", tmp_path / "releases.csv"))


def test_a_release_comes_after_its_lab_and_no_other_line_changes(path: Path) -> None:
    before = path.read_text().splitlines()
    add_release(
        path,
        ReleaseFields("gpt-9-mini", "openai", "gpt-9", "gpt", "2026-11", aliases=("openai/gpt-9-mini", "G9, mini")),
    )
    after = path.read_text().splitlines()
    (line,) = [i for i, text in enumerate(after) if text not in before]
    assert after[line] == 'gpt-9-mini,openai,gpt-9,gpt,2026-11,lab,"openai/gpt-9-mini|G9, mini"'
    assert after[:line] + after[line + 1 :] == before
    assert after[line - 1].split(",")[1] == "openai"
    registry = Registry.load(path)
    found = registry.resolve("OPENAI/GPT-9-mini")
    assert found is not None
    assert found.release == "gpt-9-mini"


def test_a_family_says_its_line(path: Path) -> None:
    entry = add_release(path, ReleaseFields("claude-9", "anthropic", Registry.load(path).releases["claude-2.1"].family))
    assert (entry.line, entry.released, entry.kind) == (Registry.load(path).releases["claude-2.1"].line, "", "lab")


def test_aliases_of_a_release_that_is_there(path: Path) -> None:
    old = Registry.load(path).releases["claude-2.1"]
    add_release(path, ReleaseFields("claude-2.1", aliases=("bedrock/claude-2-1", *old.aliases[:1])))
    assert Registry.load(path).releases["claude-2.1"].aliases == (*old.aliases, "bedrock/claude-2-1")
    assert len(path.read_text().splitlines()) == len((data_dir("corpora") / "releases.csv").read_text().splitlines())


def test_a_new_lab_needs_its_name(path: Path) -> None:
    new = ReleaseFields("pine-1", "pinelabs", "pine", "pine", "2026-10")
    with pytest.raises(InputError, match=r"no lab 'pinelabs'.*--lab-name"):
        add_release(path, new)
    add_release(path, ReleaseFields("pine-1", "pinelabs", "pine", "pine", "2026-10", lab_name="Pine Labs"))
    registry = Registry.load(path)
    assert (registry.display("pinelabs"), registry.display("openai")) == ("Pine Labs", "OpenAI")


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (ReleaseFields("gpt-9", "openia", "gpt-9", "gpt"), "near: openai"),
        (ReleaseFields("gpt-9", "openai"), "--family"), (ReleaseFields("gpt-9", family="gpt"), "--lab"),
        (ReleaseFields("gpt-9", "openai", "gpt-9"), "no release yet"),
        (ReleaseFields("gpt-9", "openai", "gpt-9", "gpt", "2999-01"), "in the future"),
        (ReleaseFields("gpt-9", "openai", "gpt-9", "gpt", "2025-13"), "not YYYY-MM"),
        (ReleaseFields("GPT 9", "openai", "gpt-9", "gpt"), "lower-case"),
        (ReleaseFields("gpt-9", "openai", "gpt-9", "gpt", aliases=("claude-2.1",)), "stands for 'claude-2.1'"),
        (ReleaseFields("claude-2.1", "anthropic", "claude"), "is there already"),
        (ReleaseFields("claude-2.1"), "is there already"),
        (ReleaseFields("gpt-9", "openai", "gpt-9", "gpt", lab_name="OpenAI"), "has the lab"),
    ],
)  # fmt: skip
def test_what_would_be_a_mistake_changes_nothing(path: Path, new: ReleaseFields, message: str) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        add_release(path, new)
    assert path.read_bytes() == before
    assert {p.name for p in path.parent.iterdir()} - {".lock"} == {"releases.csv"}


def _add(path: Path, number: int) -> None:
    add_release(path, ReleaseFields(f"gpt-9{number}", "openai", "gpt-9", "gpt"))


def test_two_at_once_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add, args=(path, n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {f"gpt-9{n}" for n in range(4)} <= Registry.load(path).releases.keys()


def test_counts(tmp_path: Path) -> None:
    rows = [
        {"release": "gpt-4o-2024-05-13", "response": "four", "prompt_id": "1", "language": "en"},
        {"release": "claude-2.1", "response": "sixsix", "prompt_id": "1", "language": "ja"},
        {"release": "stranger", "response": "", "language": "ja"},
    ]
    file = tmp_path / "c.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = stats.count([file], Registry.load(), "language", lambda *_: None)
    assert found.total.to_dict() == {
        "responses": 3, "releases": 3, "labs": 2, "prompts": 1, "no_prompt": 3, "mean_characters": 3,
    }  # fmt: skip
    assert {name: one.responses for name, one in found.groups.items()} == {"en": 1, "ja": 2}
    assert dict(found.unknown) == {"stranger": 1}
    assert found.files[str(file)]["responses"] == 3
    assert local.BY == stats.BY
