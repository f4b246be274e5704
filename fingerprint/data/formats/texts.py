"""Plain text: transcripts of chats, and single answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fingerprint.data.formats.base import Format, Group, Shape
from fingerprint.data.message import Kind, LeftOut, Message

_HEAD = 20_000
_AIDER = re.compile(r"^# aider chat started at ", re.M)
_AIDER_MODEL = re.compile(r"^> (?:Main model|Model): (?:`)?([^\s`]+)", re.M)
_AIDER_THOUGHT = re.compile(r"^-+\n► \*\*THINKING\*\*.*?^► \*\*ANSWER\*\*\n*", re.S | re.M)

_USER = r"user|human|you|me|prompt|question"
_MODEL = r"assistant|ai|agent|model|response|answer|bot|chatgpt|claude|gemini|copilot|github copilot|cline|roo"
# A line of its own: "## User", "**Assistant:**", "_**Agent (claude-opus-4-8 2026-01-01 00:00:10Z)**_", "ChatGPT said:".
_HEADING = re.compile(
    rf"^(?:(?P<mark>\#{{1,4}}\ +|_?\*\*|\[)\ *)?(?:(?P<user>{_USER})|(?P<model>{_MODEL})|(?P<system>system|tool))"
    r"(?:\ said)?(?:\ *\((?P<about>[^()\n]{1,120})\))?(?P<colon>:?)(?P<end>\ *(?:\*\*_?|\])?)(?P<late>:?)\ *$",
    re.I | re.M | re.X,
)
# The same at the beginning of a line that goes on: "User: what is ...".
_INLINE = re.compile(
    r"^(?:\*\*)?(?:(?P<user>user|human|q)|(?P<model>assistant|ai|chatgpt|claude|gemini|model|bot|a)|(?P<system>system))"
    r"(?:\*\*)?:(?:\*\*)?\ +(?=\S)",
    re.I | re.M | re.X,
)
_RULE = re.compile(r"\n+(?:---|\*\*\*|___)[ \t]*\s*\Z")
_TOOL_USE = re.compile(r"<tool-use\b.*?(?:</tool-use>|\Z)", re.S)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)\s*", re.S)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.S)


@dataclass(frozen=True, slots=True)
class _Turn:
    who: str
    about: str
    text: str


def _is_aider(text: str) -> bool:
    return _AIDER.search(text[:_HEAD]) is not None


def _aider(text: str, left_out: LeftOut) -> Iterator[Message]:
    """Lines with `####` are the user's, quoted lines are aider's own, the rest is the model's."""
    model = prompt = ""
    said: list[str] = []
    asked: list[str] = []

    def answer() -> Iterator[Message]:
        whole = "\n".join(said).strip("\n")
        found = _AIDER_THOUGHT.sub("", whole)
        left_out[Kind.REASONING] += found != whole
        if found.strip():
            yield Message(found, prompt=prompt, model=model)

    for line in text.split("\n"):
        if line.startswith("#### "):
            if said:
                yield from answer()
                said = []
            asked.append(line[5:].rstrip())
        elif _AIDER.match(line) or line.startswith(">"):
            if _AIDER.match(line) and said:
                yield from answer()
                said = []
            found = _AIDER_MODEL.match(line)
            model = found[1] if found else model
        else:
            if asked:
                prompt, asked = "\n".join(asked), []
            if said or line.strip():
                said.append(line)
    if said:
        yield from answer()


def _turns(text: str) -> list[_Turn]:
    """The turns of a transcript; none where a text is none."""
    for pattern in (_HEADING, _INLINE):
        found = [m for m in pattern.finditer(text) if pattern is _INLINE or _is_marked(m)]
        kinds = {"user" if m["user"] else "model" if m["model"] else "system" for m in found}
        # An answer may quote a dialogue further down; a transcript begins as one.
        if {"user", "model"} <= kinds and _begins(text[: found[0].start()], pattern is _INLINE):
            ends = [m.start() for m in found[1:]] + [len(text)]
            return [
                _Turn(
                    "user" if m["user"] else "assistant" if m["model"] else "system",
                    (m.groupdict().get("about") or "").strip(),
                    _RULE.sub("", text[m.end() : end]).strip("\n"),
                )
                for m, end in zip(found, ends, strict=True)
            ]
    return []


def _is_marked(found: re.Match[str]) -> bool:
    """Whether a line is set apart as a heading: marked up, or with a colon at its end."""
    closed = not (found["mark"] or "").strip().endswith("**") or "**" in found["end"]
    return bool(found["mark"] or found["colon"] or found["late"]) and closed


def _begins(before: str, inline: bool) -> bool:
    """Whether what comes before the first turn is no more than a title, comments and rules."""
    bare = _COMMENT.sub("", before)
    lines = [line for line in bare.split("\n") if line.strip() and line.strip() not in ("---", "***", "___")]
    if inline:
        return not lines
    return len(lines) <= 12 and all(line.lstrip().startswith(("#", ">", "*", "-", "_", "|")) for line in lines)


def _is_transcript(text: str) -> bool:
    return bool(_turns(text[:_HEAD]))


def _transcript(text: str, left_out: LeftOut) -> Iterator[Message]:
    prompt = system = ""
    for turn in _turns(text):
        if turn.who == "user":
            prompt = turn.text
        elif turn.who == "system":
            system = turn.text
        else:
            said, tools = _TOOL_USE.subn("", turn.text)
            said, thoughts = _THOUGHT.subn("", said)
            left_out[Kind.TOOL_RESULT] += tools
            left_out[Kind.REASONING] += thoughts
            if said.strip():
                yield Message(said.strip("\n"), prompt=prompt, system=system, model=_model(turn.about))
            elif not tools:
                left_out[Kind.ONLY_REASONING if thoughts else Kind.EMPTY] += 1


def _model(about: str) -> str:
    """The model's name at the head of a turn: "claude-opus-4-8 2026-01-01 00:00:10Z" → "claude-opus-4-8"."""
    words = [word.rstrip(",") for word in about.split()]
    return next((w for w in words if re.search(r"[a-zA-Z]", w) and re.search(r"\d", w) and not w[:4].isdigit()), "")


def _is_text(text: str) -> bool:
    return bool(text.strip())


def _plain(text: str, left_out: LeftOut) -> Iterator[Message]:
    yield Message(text.removesuffix("\n"))


FORMATS = (
    Format(
        "aider", "an aider session", Group.TEXT, "aider, `.aider.chat.history.md`", "`# aider chat started at`",
        "what stands between the user's lines", "the user's lines (`####`), aider's own (`>`), thinking",
        _is_aider, _aider, Shape.TEXT, "assistant message",
    ),
    Format(
        "transcript", "a transcript", Group.TEXT,
        "SpecStory, Cline and ChatGPT exports as markdown, people's own",
        "turns that begin with lines such as `## User`, `**Assistant:**`, `_**Agent (model)**_`, or with `User:`",
        "every turn of the assistant", "what the user wrote, tool use, reasoning", _is_transcript, _transcript,
        Shape.TEXT, "assistant message",
    ),
    Format(
        "text", "plain text", Group.TEXT, "anybody: `.txt`, `.md`", "anything else", "the whole file, as one response",
        "nothing", _is_text, _plain, Shape.TEXT,
    ),
)  # fmt: skip
