"""What servers, templates, exports and careless scripts do to a text, undone: the same for cases and for training.

Every step is a pure function of a text, undoes damage of one kind only where it is certain, makes the text shorter
whenever it changes it, and changes nothing the second time.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from fingerprint.data.reasoning import without_reasoning

LONGEST_RESPONSE = 8_000
# The later steps look at no more than this: what they undo makes a text shorter by less than half.
_ENOUGH = 3 * LONGEST_RESPONSE
_MOST_ROUNDS = 6


@dataclass(frozen=True)
class Step:
    """One kind of damage. said: completes "3 responses: ...". late: looks at the beginning of a long text only."""

    name: str
    said: str
    mend: Callable[[str], str]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text as the model wrote it, and the names of the steps that changed it."""

    text: str
    mended: tuple[str, ...] = ()


def clean(text: str) -> Cleaned:
    """Undo every kind of damage, again until nothing changes, and cut what is longer than LONGEST_RESPONSE.

    A text that still changes after a few rounds is made to, and stays as it is but for the cut.
    """
    found, mended = text, dict[str, None]()
    for _ in range(_MOST_ROUNDS):
        before = found
        for step in STEPS:
            if step.late and len(found) > _ENOUGH:
                found = found[:_ENOUGH]
            after = step.mend(found)
            if after != found:
                found = after
                mended[step.name] = None
        if len(found) > LONGEST_RESPONSE:
            found = found[:LONGEST_RESPONSE]
            mended[CUT.name] = None
        if found == before:
            return Cleaned(found, tuple(mended))
    return Cleaned(text[:LONGEST_RESPONSE], (CUT.name,) if len(text) > LONGEST_RESPONSE else ())


def _json_string(text: str) -> str:
    """A text that is a whole JSON string with escapes in it."""
    bare = text.strip()
    if len(bare) > 2 and bare[0] == bare[-1] == '"' and "\\" in bare:
        try:
            found = json.loads(bare)
        except (ValueError, RecursionError):
            return text
        return found if isinstance(found, str) else text
    return text


def _json_parts(text: str) -> str:
    """A text that is a JSON list of content parts."""
    bare = text.strip()
    if bare[:1] != "[" or bare[-1:] != "]" or '"type"' not in bare or '"text"' not in bare:
        return text
    try:
        parts = json.loads(bare)
    except (ValueError, RecursionError):
        return text
    kinds = [part.get("type") for part in parts if isinstance(part, dict)]
    if len(kinds) != len(parts) or "text" not in kinds:
        return text
    texts = [part.get("text") for part in parts if part.get("type") == "text"]
    return "\n".join(texts) if all(isinstance(one, str) for one in texts) else text


# Two returns before a line end: it was changed to Windows' twice.
_RETURNS = re.compile(r"\r+\n?")


def _line_ends(text: str) -> str:
    return _RETURNS.sub(lambda m: "\n" if m[0][-1] == "\n" else "\n" * len(m[0]), text) if "\r" in text else text


_BAR = "[|｜]"
_END = (
    rf"</s>|<eos>|<end_of_turn>|\[EOS\]|<{_BAR}(?:im_end|eot_id|eom_id|endoftext|end_of_text|end|return|EOT|eot"
    rf"|end_of_turn|END_OF_TURN_TOKEN|im_sep|eos|endofprompt|user|observation|end[_▁]of[_▁]sentence|END_RESPONSE){_BAR}>"
)
_HEADER = (
    rf"<{_BAR}im_start{_BAR}>\ *(?:assistant|user|system|tool)"
    rf"|<{_BAR}start_header_id{_BAR}>[a-z]+<{_BAR}end_header_id{_BAR}>|<start_of_turn>(?:model|user)|<{_BAR}start_of_role{_BAR}>[a-z]+<{_BAR}end_of_role{_BAR}>"
    rf"|<{_BAR}(?:[Aa]ssistant|[Uu]ser|[Ss]ystem|CHATBOT_TOKEN|START_OF_TURN_TOKEN){_BAR}>|\[INST\]"
    rf"|<{_BAR}begin_of_text{_BAR}>"
)
# At the beginning: what a template puts before an answer.
_TEMPLATE_HEAD = re.compile(
    rf"(?:\s*(?:<s>|<bos>|<{_BAR}begin_of_text{_BAR}>|<{_BAR}begin[_▁]of[_▁]sentence{_BAR}>"
    rf"|<{_BAR}START_OF_TURN_TOKEN{_BAR}>|<{_BAR}(?:[Aa]ssistant|CHATBOT_TOKEN){_BAR}>"
    rf"|<{_BAR}im_start{_BAR}>\ *assistant|<start_of_turn>model|\[/INST\]"
    rf"|<{_BAR}start_header_id{_BAR}>assistant<{_BAR}end_header_id{_BAR}>"
    rf"|<{_BAR}start_of_role{_BAR}>assistant<{_BAR}end_of_role{_BAR}>"
    r"|\#\#\#\ Response:(?=\s)|(?:ASSISTANT|Assistant):(?=\s))\s*)+",
    re.X,
)
# At the end, or where the model went on with the next turn by itself.
_TEMPLATE_TAIL = re.compile(rf"(?:{_END})\s*(?=\Z|{_HEADER}|{_END})", re.X)


def _template(text: str) -> str:
    found = text
    if found[:200].lstrip()[:1] in _HEADS:
        head = _TEMPLATE_HEAD.match(found)
        found = found[head.end() :] if head and head.end() else found
    if ">" in found or "[EOS]" in found:
        tail = _TEMPLATE_TAIL.search(found)
        found = found[: tail.start()].rstrip() if tail else found
    return found


_HEADS = frozenset("<[#aA")


_ESCAPED = re.compile(r"\\r\\n|\\n(?![a-z])")
# Commands of LaTeX that begin as an escaped line end, tab or return does.
_UNESCAPE = re.compile(
    r"\\r\\n|\\n(?!abla|atural|eg\b|eq|e\b|earrow|exists|i\b|leq|geq|mid|ot|otin|ormal|parallel|rightarrow|sim|subset|u\b"
    r"|warrow|wline|ewline|ewcommand|oindent)|\\t(?![a-z])|\\\""
)
_MEANT = {"\\n": "\n", "\\r\\n": "\n", "\\t": "\t", '\\"': '"'}


def _escaped(text: str) -> str:
    """Escaped line ends in a text that has no real one."""
    bare = text.strip()
    # In a JSON object, such as a tool call, escapes are as they should be.
    if "\\n" not in text or "\n" in bare or bare[:1] in ("{", "["):
        return text
    if "\\n\\n" not in text and len(_ESCAPED.findall(text)) < 3:
        return text
    try:
        found = json.loads(f'"{text}"', strict=False)
    except ValueError:
        found = None
    return found if isinstance(found, str) else _UNESCAPE.sub(lambda m: _MEANT[m[0]], text)


_BREAK = re.compile(r"\n?<br ?/?>\n?", re.I)


def _breaks(text: str) -> str:
    """HTML's line breaks in a text that has no line ends beside them."""
    if "<br" not in text and "<BR" not in text:
        return text
    breaks = len(_BREAK.findall(text))
    bare = _BREAK.sub("", text).strip()
    # In a row of a Markdown table a break is all there can be.
    return _BREAK.sub("\n", text) if breaks > 1 and "\n" not in bare and bare.count("|") < 3 else text


_ENTITY = re.compile(r"&(?:amp;)*(?:lt|gt|amp|quot|apos|nbsp|#0?39|#x27|#34|#x2F);", re.I)
_QUOTED = {'"': ("&quot;", "&#34;"), "'": ("&#39;", "&#039;", "&#x27;", "&apos;")}


def _entities(text: str) -> str:
    """A text that was escaped for HTML: wherever it could have an entity it has one."""
    if "&" not in text or not _ENTITY.search(text):
        return text
    if not any(e in text for entities in _QUOTED.values() for e in entities) and len(_ENTITY.findall(text)) < 3:
        return text
    escapes = [raw for raw, entities in _QUOTED.items() if any(e in text for e in entities)]
    if "<" in text or ">" in text or any(raw in text for raw in escapes) or "&" in _ENTITY.sub("", text):
        return text
    # A model that explains entities names them in code.
    return text if "`&" in text else html.unescape(text)


# The first and the second letter of what UTF-8 becomes when it is read as Windows-1252.
_MOJIBAKE = re.compile(
    "[ÂÃâãåæçèéÐÑØÙïð][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
)  # fmt: skip


def _mojibake(text: str) -> str:
    """UTF-8 that was read as Windows-1252 or Latin-1."""
    if text.isascii() or not _MOJIBAKE.search(text):
        return text
    import ftfy

    # The last byte of a closing quote stands for nothing in Windows-1252, so it is lost most often.
    found = ftfy.fix_encoding(text.replace("â€\ufffd", "”"))
    return found if len(found) < len(text) else text


STEPS: tuple[Step, ...] = (
    Step("json string", "JSON in JSON read", _json_string),
    Step("json parts", "content parts as text read", _json_parts),
    Step("line ends", "Windows line ends changed", _line_ends),
    Step("reasoning", "reasoning left out", without_reasoning),
    Step("template", "tokens of a chat template taken off", _template),
    Step("escapes", "escaped line ends read", _escaped, late=True),
    Step("breaks", "<br> changed to line ends", _breaks, late=True),
    Step("entities", "HTML entities read", _entities, late=True),
    Step("mojibake", "wrong encoding undone", _mojibake, late=True),
)
CUT = Step("cut", f"cut at {LONGEST_RESPONSE:,} characters", lambda text: text)
SAID = {step.name: step.said for step in (*STEPS, CUT)}

_TAG = re.compile(r"</(?:p|div|li|ul|ol|strong|em|h[1-6]|span|a|b|td)>", re.I)


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML that no step undoes: a rendered page and no code that was asked for."""
    return len(_TAG.findall(text[:LONGEST_RESPONSE])) > 2 and "```" not in text and text.lstrip()[:1] == "<"
