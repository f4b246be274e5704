"""`fingerprint compare A --by time`: no model is loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import worlds
from tests.cli.test_cli import run

HOSTILE = "\x1b[31m"


def over_days(path: Path, releases: Sequence[str], prompts: int = 3) -> Path:
    """A release for each day, all asked the same prompts."""
    rows = [
        {
            "prompt_id": f"{HOSTILE}{prompt}",
            "response": worlds.write(release, prompt, day) + HOSTILE,
            "time": f"2026-03-{day + 1:02}T0{prompt}:00:00Z",
        }
        for day, release in enumerate(releases)
        for prompt in range(prompts)
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def test_a_change_is_dated_with_its_interval(tmp_path: Path) -> None:
    file = over_days(tmp_path / "swapped.jsonl", ["ash-1"] * 5 + ["oak-2"] * 5)
    done = run("compare", file, "--by", "time")
    assert done.returncode == 1, done.stderr
    text = " ".join(done.stdout.split())
    assert "The style changed: it is not the same throughout." in text
    assert "between 2026-03-05 02:00:00 UTC (15 responses up to then) and 2026-03-06 00:00:00 UTC (15 from then" in text
    assert "95 % interval: after 2026-03-0" in text
    assert "Only responses to the same prompts were compared" in text
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "\x1b" not in done.stdout
    done = run("compare", file, "--by", "time", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["schema"], found["file"], found["verdict"], found["n_used"]) == (1, str(file), "changed", 30)
    change = found["change"]
    assert (change["n_before"], change["n_after"]) == (15, 15)
    assert change["low"] <= change["last_before"] < change["first_after"] <= change["high"]
    assert (change["last_before"], found["no_drift"]) == ("2026-03-05T02:00:00+00:00", None)
    assert 0 < found["smallest_p"] <= found["p_value"] <= 0.05


def test_without_a_change_none_is_dated(tmp_path: Path) -> None:
    file = over_days(tmp_path / "steady.jsonl", ["ash-1"] * 8)
    done = run("compare", file, "--by", "time")
    assert done.returncode == 0, done.stderr
    assert "No change of style was found." in " ".join(done.stdout.split())
    assert "interval" not in done.stdout
    found = json.loads(run("compare", file, "--by", "time", "--format", "json").stdout)
    assert (found["verdict"], found["change"]) == ("no-change-found", None)
    assert found["p_value"] > 0.05


@pytest.mark.parametrize("kind", ["no-times", "too-few"])
def test_what_cannot_be_told_has_a_code_of_its_own(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "case.jsonl"
    if kind == "no-times":
        worlds.case(file, "ash-1", 12)
    else:
        over_days(file, ["ash-1", "oak-2"], 2)
    done = run("compare", file, "--by", "time")
    assert done.returncode == 3, done.stderr
    assert "do not show whether the style changed" in " ".join(done.stdout.split())
    assert {"no-times": "No row carries a time", "too-few": "needs at least 5 responses"}[kind] in " ".join(
        done.stdout.split()
    )
    found = json.loads(run("compare", file, "--by", "time", "--format", "json").stdout)
    assert (found["verdict"], found["p_value"], found["no_drift"]) == ("inconclusive", None, kind)


def test_answers_that_are_always_the_same_have_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "greedy.jsonl"
    rows = [
        {"prompt_id": str(prompt), "response": worlds.write("ash-1", prompt), "time": f"2026-03-{day + 1:02}"}
        for day in range(6)
        for prompt in range(3)
    ]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n")
    done = run("compare", file, "--by", "time")
    assert done.returncode == 0, done.stdout
    assert "All responses to a prompt are the same, word for word." in done.stdout
    found = json.loads(run("compare", file, "--by", "time", "--format", "json").stdout)
    assert (found["verdict"], found["no_drift"], found["n_used"]) == ("no-change-found", "constant", 18)


def test_too_few_orders_to_show_a_change(tmp_path: Path) -> None:
    # Five prompts that come twice can change places in 32 ways, and each looks the same from both ends.
    file = over_days(tmp_path / "case.jsonl", ["ash-1", "oak-2"], 5)
    done = run("compare", file, "--by", "time")
    assert done.returncode == 3, done.stdout
    assert "No order of these responses has a p-value below 0.06" in " ".join(done.stdout.split())
    found = json.loads(run("compare", file, "--by", "time", "--format", "json").stdout)
    assert (found["verdict"], found["no_drift"], found["change"]) == ("inconclusive", None, None)
    assert 0.05 < found["smallest_p"] <= found["p_value"]


def test_rows_without_a_time_are_counted(tmp_path: Path) -> None:
    file = over_days(tmp_path / "steady.jsonl", ["ash-1"] * 4)
    rest = {"prompt_id": "0", "response": worlds.write("ash-1", 0, 99), "time": "soon"}
    file.write_text(file.read_text() + json.dumps(rest) + "\n")
    done = run("compare", file, "--by", "time")
    assert "warning: left out: 1 response without a time that can be read" in done.stdout


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    nothing = tmp_path / "short.jsonl"
    nothing.write_text('{"response": "no"}\n')
    for given, said in ((nothing, "no response is left to judge"), (tmp_path / "none.jsonl", "none.jsonl"),
                        (tmp_path, "a folder; name the files")):  # fmt: skip
        done = run("compare", given, "--by", "time")
        assert done.returncode == 2
        assert said in done.stderr
        assert not done.stdout
        assert "Traceback" not in done.stderr
