"""Which of a suspect's responses can be judged, and in what form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from fingerprint.base.keys import BottomK, text_hash
from fingerprint.data.response import APART, Case, Response, prompt_tokens

LEAST_CHARACTERS = 20
# Responses of one writer are correlated (verdict/evidence.py): so many tell 99.7 % of what any number would.
MOST_RESPONSES = 2_000
_LONGEST_REFUSAL = 300
BROKEN = re.compile("[\x00\ud800-\udfff]")
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


def is_refusal(text: str) -> bool:
    """Whether a text refuses and says little else."""
    return len(text) <= _LONGEST_REFUSAL and _REFUSALS.match(text) is not None


def case(file: str, records: Iterable[Response]) -> Case:
    """Leaves out what is too short, refuses or comes twice, and what is more than can tell, and says how many of
    each; never raises. Only a number a response is kept of what is left out."""
    total = broken = short = refusals = again = apart = 0
    seen: set[int] = set()
    usable, aside = BottomK[Response](MOST_RESPONSES), BottomK[Response](MOST_RESPONSES)
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
        else:
            seen.add(marked)
            usable.add(replace(record, response=text), marked)
            continue
        if record.domain in APART or prompt_tokens(record.usage):
            aside.add(replace(record, response=text), marked)
    notes = (
        (broken, "held NUL or lone surrogate characters, which were replaced"),
        (again, "repeated another word for word and counted once with it"),
        (short, f"had fewer than {LEAST_CHARACTERS} characters (left out)"),
        (refusals, "refused and said nothing else (left out)"),
        (apart, "answered what the model is or had its tokens counted (side evidence, no style)"),
        (usable.left_out, f"left out: {MOST_RESPONSES:,} drawn evenly say as much"),
        (aside.left_out, f"left out of the side evidence, for which {MOST_RESPONSES:,} drawn evenly are enough"),
    )
    warnings = [f"{_responses(count)} {what}" for count, what in notes if count]
    kept = usable.values()
    if not kept:
        warnings.append("no response is left to judge")
    return Case(file, kept, total, tuple(warnings), aside.values())


def _responses(count: int) -> str:
    return f"{count} response" + ("" if count == 1 else "s")
