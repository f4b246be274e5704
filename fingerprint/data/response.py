"""One response, one case, and which responses of a case can be judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from fingerprint.base.keys import BottomK, text_hash

# Domains of probes whose answers are evidence of another kind than style, and never count as style.
SELF_IDENTIFICATION, TOKEN_COUNTS = "self-identification", "token-counts"
APART = frozenset({SELF_IDENTIFICATION, TOKEN_COUNTS})
# Shorter texts say next to nothing about who wrote them; training leaves them out too.
LEAST_CHARACTERS = 20
# Responses of one writer are correlated (docs/model.md): so many tell 99.7 % of what any number would.
MOST_RESPONSES = 2_000
# NUL and lone surrogates, which neither UTF-8 nor Arrow can hold.
BROKEN = re.compile("[\x00\ud800-\udfff]")
_COUNTED_AS = ("prompt_tokens", "input_tokens", "prompt_token_count")
_LONGEST_REFUSAL = 300
_REFUSALS = re.compile(
    r"\W*(?:"
    r"(?:i['’]?m|i am) (?:very |really |so |truly )?(?:sorry|afraid)|sorry\b|i apologi[sz]e|"
    r"i(?: can(?:['’]t|not)|['’]m unable|"
    r" am unable|['’]m not able|won['’]t| will not| must decline)|unfortunately, i|as an ai\b|"
    r"извините|простите|к сожалению|я не могу|я не буду|"
    r"申し訳|すみません|ごめんなさい|お答えでき|"
    r"抱歉|对不起|很抱歉|我无法|我不能|作为一个?(?:ai|人工智能)|"
    r"anteeksi|valitettavasti|pahoittelen|en voi|"
    r"es tut mir leid|tut mir leid|entschuldigung|leider kann ich|ich kann (?:ihnen |dir )?(?:dabei |das )?nicht|"
    r"lo siento|lamento|no puedo|"
    r"(?:je suis )?désolée?|je ne peux pas|je regrette"
    r")",
    re.I,
)


class Part(StrEnum):
    """What a model writes: prose, code (fenced, in its prose), and calls of tools."""

    PROSE = "prose"
    CODE = "code"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True)
class Response:
    """A response and what is known of how it came about; all but `response` may be empty.

    Attributes:
        response: The text.
        prompt: What it answers.
        prompt_id: The name of the prompt.
        system: The system prompt.
        language: ISO 639.
        domain: Of the prompt, such as chat or code.
        usage: Token counts as the provider states them.
        time: When it was written, as the file says it.
    """

    response: str
    prompt: str = ""
    prompt_id: str = ""
    system: str = ""
    language: str = ""
    domain: str = ""
    usage: Mapping[str, object] | None = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The usable responses of one file, or of several.

    Attributes:
        file: The name of the file.
        records: The responses that can be judged.
        n_responses: How many responses there were.
        warnings: What was left out or mended, a sentence each.
        aside: What is left out but may say something else than style does: answers about the model itself, and all
            that came with a count of tokens.
        summary: What was read, in one line.
        parts: How many of each part there were.
        judged: The parts that `records` are made of.
        repeats: Responses that repeat one of `records` word for word. They are no further evidence of style, but say
            at what times a text was written.
    """

    file: str
    records: tuple[Response, ...]
    n_responses: int
    warnings: tuple[str, ...] = ()
    aside: tuple[Response, ...] = ()
    summary: str = ""
    parts: Mapping[Part, int] = field(default_factory=dict)
    judged: tuple[Part, ...] = ()
    repeats: tuple[Response, ...] = ()

    @property
    def n_used(self) -> int:
        """How many responses can be judged."""
        return len(self.records)


def prompt_tokens(usage: object) -> int | None:
    """Return how many tokens a provider counted for what it was sent; None where it does not say."""
    if not isinstance(usage, Mapping):
        return None
    for name in _COUNTED_AS:
        value = usage.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def is_count(domain: str, usage: object) -> bool:
    """Return whether an answer was asked for only to have the tokens of its prompt counted; it may be empty then."""
    return domain == TOKEN_COUNTS and prompt_tokens(usage) is not None


def is_refusal(text: str) -> bool:
    """Return whether a text refuses and says little else."""
    return len(text) <= _LONGEST_REFUSAL and _REFUSALS.match(text) is not None


def usable(file: str, records: Iterable[Response]) -> Case:
    """Make a case of the responses that can be judged.

    Responses that are too short, refuse or come twice are left out, and so are those beyond MOST_RESPONSES. Only a
    number a response is kept of what is left out.

    Args:
        file: The name of the case.
        records: All responses.

    Returns:
        The case; its warnings say how many were left out for what.
    """
    total = broken = short = refusals = again = apart = 0
    seen: set[int] = set()
    kept, aside = BottomK[Response](MOST_RESPONSES), BottomK[Response](MOST_RESPONSES)
    repeats = BottomK[Response](MOST_RESPONSES)
    for record in records:
        total += 1
        text = BROKEN.sub("\ufffd", record.response)
        broken += text != record.response
        bare = text.strip()
        marked = text_hash(bare)
        if record.domain in APART:
            apart += 1
        elif len(bare) < LEAST_CHARACTERS:
            short += 1
        elif is_refusal(bare):
            refusals += 1
        elif marked in seen:
            again += 1
            # A hash of its own: the sample of repeats must not depend on when they came.
            repeats.add(replace(record, response=text), text_hash(f"{total} {bare}"))
        else:
            seen.add(marked)
            kept.add(replace(record, response=text), marked)
            continue
        if record.domain in APART or prompt_tokens(record.usage):
            aside.add(replace(record, response=text), marked)
    notes = (
        (broken, "held NUL or lone surrogate characters, which were replaced"),
        (again, "repeated another word for word and counted once with it"),
        (short, f"had fewer than {LEAST_CHARACTERS} characters (left out)"),
        (refusals, "refused and said nothing else (left out)"),
        (apart, "answered what the model is or had its tokens counted (side evidence, no style)"),
        (kept.left_out, f"left out: {MOST_RESPONSES:,} drawn evenly say as much"),
        (aside.left_out, f"left out of the side evidence, for which {MOST_RESPONSES:,} drawn evenly are enough"),
    )
    warnings = [f"{_responses(count)} {what}" for count, what in notes if count]
    chosen = kept.values()
    if not chosen:
        warnings.append("no response is left to judge")
    return Case(file, chosen, total, tuple(warnings), aside.values(), repeats=repeats.values())


def _responses(count: int) -> str:
    return f"{count} response" + ("" if count == 1 else "s")
