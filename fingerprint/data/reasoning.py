"""Answers without the reasoning that servers, templates and chat programs leave in their text."""

from __future__ import annotations

import re

_TAGS = "think|thinking|thoughts?|reasoning|ant_thinking|antml:thinking|seed:think|mm:think|longcat_think|analysis"
# What opens a trace at the beginning of an answer, and what closes it.
_OPENINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"<({_TAGS})(?: [^<>]{{0,200}})?>"), "</{}>"),
    (re.compile(r"\[THINK\]"), "[/THINK]"),
    (re.compile(r"◁think▷"), "◁/think▷"),
    (re.compile(r"<\|begin_of_thought\|>"), "<|end_of_thought|>"),
    (re.compile(r"<\|START_THINKING\|>"), "<|END_THINKING|>"),
    (re.compile(r"<unused94>(?:thought\n)?"), "<unused95>"),
    (re.compile(r"<details>\s*<summary>[^<]{0,40}(?:[Tt]hink|[Tt]hought|[Rr]eason)[^<]{0,60}</summary>"), "</details>"),
)
# Templates that end with the opening tag leave only the closing one in the answer.
_HEADLESS = re.compile(rf"</({_TAGS})>|\[/THINK\]|◁/think▷")
_QUOTES = "`'\"“‘«"
_SHELLS = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
)
# Open WebUI writes what happened between the pieces of an answer into it.
_DETAILS = re.compile(r'<details\s[^<>]*?type="(?:reasoning|tool_calls|code_interpreter|code_execution)"[^<>]*>')
_CHANNEL = "<|channel|>"
_HARMONY = re.compile(
    r"(?:<\|start\|>[^<]{0,100})?<\|channel\|>(?P<channel>[a-z]+)(?P<to>[^<]{0,200})(?:<\|constrain\|>[^<]{0,50})?<\|message\|>"
)
_HARMONY_END = re.compile(r"<\|(?:end|return|call|start)\|>")


def without_reasoning(text: str) -> str:
    """Return what follows the traces at the beginning of a text; nothing where the last of them has no end.

    Of the channels of OpenAI's harmony format only `final` is kept, and blocks that a chat program marks as reasoning
    or as tool calls are dropped wherever they stand. Tags that are quoted further on are part of the answer.
    """
    if _CHANNEL in text:
        text = _final_channel(text)
    elif text.startswith("analysis"):
        text = _bare_harmony(text)
    if "<details" in text:
        text = _without_details(text)
    return _without_traces(text)


def _without_traces(text: str) -> str:
    start, begun = 0, 0
    headless = _HEADLESS.search(text)
    if headless is not None and _is_headless(text, headless):
        begun = headless.end()
    while begun != start or not start:
        start = begun
        at = start + len(text[start:]) - len(text[start:].lstrip())
        for opening, closing in _OPENINGS:
            found = opening.match(text, at)
            if found is not None:
                close = closing.format(found[1]) if found.lastindex else closing
                end = text.find(close, found.end())
                if end < 0:
                    return ""
                begun = end + len(close)
                break
        if begun == start:
            break
    rest = text[start:].lstrip() if start else text
    for opened, closed in _SHELLS:
        if rest.startswith(opened):
            rest = rest.removeprefix(opened).partition(closed)[0].strip()
    return rest


def _is_headless(text: str, found: re.Match[str]) -> bool:
    """Whether a closing tag ends a trace whose beginning is missing: nothing opens it, and nobody quotes it."""
    opened = f"<{found[1]}" if found[1] else found[0].replace("/", "")
    before = text[max(0, found.start() - 1) : found.start()]
    return text.find(opened, 0, found.start()) < 0 and (not before or before not in _QUOTES)


def _without_details(text: str) -> str:
    parts, start = [], 0
    while found := _DETAILS.search(text, start):
        parts.append(text[start : found.start()])
        end = text.find("</details>", found.end())
        if end < 0:
            return "".join(parts)
        start = end + len("</details>")
    return ("".join(parts) + text[start:]).strip("\n") if start else text


def _final_channel(text: str) -> str:
    """What stands in the channels `final`; the text itself where the tokens do not make a message."""
    found = list(_HARMONY.finditer(text))
    if not found or text[: found[0].start()].strip():
        return text
    finals = []
    for one in found:
        if one["channel"] == "final":
            end = _HARMONY_END.search(text, one.end())
            finals.append(text[one.end() : end.start() if end else len(text)])
    return "\n".join(finals)


def _bare_harmony(text: str) -> str:
    """A harmony message that lost its tokens: "analysisThe user wants ...assistantfinalHere is ..."."""
    body = text.removeprefix("analysis")
    at = body.find("assistantfinal")
    return body[at + len("assistantfinal") :] if at > 0 and not body[:1].isspace() else text
