"""A scripted tool simulator: what the tools of a probe give back, as data, so that every model meets the same world."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fingerprint.data.message import ToolCall
from fingerprint.errors import InputError

MOST_STEPS = 20
MOST_CALLS = 16
"""Calls of one turn. Tasks need a few; a turn with more is a loop."""

MOST_RESULT_BYTES = 6_000
"""UTF-8 bytes of all results of a task: a bound on its cost, however often a model calls."""

# Of an argument, characters that a pattern is compared with: hostile arguments have megabytes.
_COMPARED = 2_000
_FORM = '{"tool": NAME, "arguments": {NAME: PATTERN}, "result": TEXT}'


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of call gives back.

    Attributes:
        tool: The name of the tool.
        arguments: Patterns of arguments by name, in lower case, as of a shell: `*` stands for any text.
        result: What the model is shown.
    """

    tool: str
    arguments: Mapping[str, str]
    result: str

    def fits(self, tool: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a call is of this kind; letter case does not count."""
        return tool == self.tool and all(
            name in arguments and fnmatchcase(_compared(arguments[name]), pattern)
            for name, pattern in self.arguments.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON values."""
        return {"tool": self.tool, "arguments": dict(self.arguments), "result": self.result}


@dataclass(frozen=True, slots=True)
class Simulation:
    """The tools of a probe. The same calls give the same results, whatever was called before.

    Attributes:
        tools: The names of the tools.
        rules: The first that fits a call gives its result.
        max_steps: Turns of the model at most.
    """

    tools: tuple[str, ...]
    rules: tuple[Rule, ...]
    max_steps: int

    def results(self, calls: Sequence[ToolCall], given: int) -> tuple[str, ...] | None:
        """Return what the calls of one turn give back.

        Args:
            calls: The calls, as the model wrote them.
            given: Bytes of the results that it was given before.

        Returns:
            A result for each call; None if the task ends here, because the model calls without end.
        """
        if len(calls) > MOST_CALLS:
            return None
        results = tuple(self._result(call) for call in calls)
        return results if given + size(results) <= MOST_RESULT_BYTES else None

    def to_dict(self) -> dict[str, Any]:
        """Return what makes it this simulation and no other, as JSON values."""
        return {"results": [rule.to_dict() for rule in self.rules], "max_steps": self.max_steps}

    def _result(self, call: ToolCall) -> str:
        if call.name not in self.tools:
            return "error: there is no such tool"
        if not isinstance(call.arguments, Mapping):
            return "error: the arguments are not a JSON object"
        fitting = (rule.result for rule in self.rules if rule.fits(call.name, call.arguments))
        return next(fitting, "error: nothing found")


def size(results: Iterable[str]) -> int:
    """Return the UTF-8 bytes of results."""
    return sum(len(result.encode()) for result in results)


def simulation_of(
    row: Mapping[str, Any], tools: Sequence[Mapping[str, Any]], wrong: Callable[[str], InputError]
) -> Simulation | None:
    """Return the simulation that a probe describes.

    Args:
        row: The probe, with `results` and `max_steps` if its tools are simulated.
        tools: Its tools.
        wrong: Makes an error of what was expected.

    Returns:
        None if the probe has neither: its first call is the answer.

    Raises:
        InputError: The description is not as expected.
    """
    if "results" not in row and "max_steps" not in row:
        return None
    most = row.get("max_steps")
    if not isinstance(most, int) or isinstance(most, bool) or not 2 <= most <= MOST_STEPS:
        raise wrong(f"expected a whole number from 2 to {MOST_STEPS} as max_steps, beside results")
    if not tools:
        raise wrong("expected tools beside results")
    given = row.get("results")
    if not isinstance(given, list) or not given:
        raise wrong(f"expected a list of results beside max_steps, each {_FORM}")
    named = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
    return Simulation(tuple(named), tuple(_rule(rule, named, wrong) for rule in given), most)


def _rule(rule: object, tools: Mapping[str, Mapping[str, Any]], wrong: Callable[[str], InputError]) -> Rule:
    if not isinstance(rule, dict) or not {"tool", "result"} <= set(rule) <= {"tool", "arguments", "result"}:
        raise wrong(f"expected each result as {_FORM}")
    tool, arguments, result = rule["tool"], rule.get("arguments", {}), rule["result"]
    if not isinstance(tool, str) or tool not in tools:
        raise wrong(f"results: {tool!r} is none of the tools")
    if not isinstance(result, str) or not result or size([result]) > MOST_RESULT_BYTES:
        raise wrong(f"results of {tool}: expected text of at most {MOST_RESULT_BYTES:,} bytes as result")
    if not isinstance(arguments, dict) or not all(isinstance(pattern, str) for pattern in arguments.values()):
        raise wrong(f"results of {tool}: expected a pattern for each argument")
    properties = tools[tool].get("properties")
    if strange := sorted(set(arguments) - set(properties if isinstance(properties, dict) else ())):
        raise wrong(f"results of {tool}: its schema has no {', '.join(strange)}")
    return Rule(tool, {name: pattern.lower() for name, pattern in arguments.items()}, result)


def _compared(argument: object) -> str:
    """An argument as the text that a pattern is compared with."""
    if isinstance(argument, str):
        return argument[:_COMPARED].lower()
    try:
        return json.dumps(argument, ensure_ascii=False)[:_COMPARED].lower()
    except (ValueError, RecursionError):
        return ""
