"""The script of a response, by Unicode: Latin, Cyrillic, Hangul, Japanese and so on.

What tells models apart in one script says little in another, and no error rate that was measured holds there.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

LATIN, JAPANESE, HAN = "Latin", "Japanese", "Han"
# So many characters show the script of a response.
_READ = 1_000
# Unicode's own word for Chinese characters, and those for the letters that Japanese has beside them.
_CJK, _KANA = "Cjk", frozenset({"Hiragana", "Katakana"})
# Chinese texts quote Japanese words now and then.
_LEAST_KANA = 0.05


def script_of(text: str) -> str:
    """Return the script of most letters of a text, as "Latin"; empty for a text without letters.

    Chinese characters together with kana are "Japanese", alone "Han". All other names are the first word of Unicode's
    names of the letters.
    """
    some = text[:_READ]
    if some.isascii():
        return LATIN if any(map(str.isalpha, some)) else ""
    count: Counter[str] = Counter()
    for character, times in Counter(some).items():
        if script := _script(character):
            count[script] += times
    kana = sum(count.pop(name, 0) for name in _KANA)
    han = count.pop(_CJK, 0)
    count[JAPANESE if kana > _LEAST_KANA * (kana + han) else HAN] = kana + han
    script, letters = count.most_common(1)[0]
    return script if letters else ""


def are_known(scripts: Iterable[str], known: Iterable[str]) -> list[bool]:
    """Return for each script whether it is among the known ones; nothing is unknown to a model that names none.

    Args:
        scripts: As `script_of` gives them. A text without letters is in no unknown script.
        known: The scripts that a model knows; empty if it does not tell.
    """
    names = set(known)
    return [not names or not script or script in names for script in scripts]


@cache
def _script(character: str) -> str:
    """Of one letter; empty for what is none."""
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0].capitalize()
