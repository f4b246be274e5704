"""The Dockerfile, as far as it can be checked without building it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from fingerprint.cli.main import group
from fingerprint.cli.serve import command

ROOT = Path(__file__).resolve().parents[2]
# A line that goes on is one with the next; comments are none.
LINES = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)).splitlines()
STEPS = [line.split(maxsplit=1) for line in LINES if line.strip()]


def arguments(keyword: str) -> list[str]:
    return [rest for word, rest in STEPS if word == keyword]


def test_it_copies_what_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [name for rest in arguments("COPY") if "--from" not in rest for name in rest.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored


def test_it_installs_the_extra_and_runs_without_rights() -> None:
    assert any("'.[web]'" in rest for rest in arguments("RUN"))
    words = [word for word, _ in STEPS]
    assert words.index("USER") < words.index("ENTRYPOINT")
    (user,) = arguments("USER")
    assert int(user) > 0


def test_it_runs_the_command_with_options_that_it_has() -> None:
    (entry,) = arguments("ENTRYPOINT")
    program, verb, *given = json.loads(entry)
    assert (program, verb) == ("fingerprint", "serve")
    # As the group calls it: a context of its own would change the help of the verb for the whole process.
    parsed = command.make_context(verb, given, parent=click.Context(group, **group.context_settings)).params
    assert parsed["host"] == "0.0.0.0"
    assert parsed["expose"]
    assert arguments("EXPOSE") == [str(parsed["port"])]
