"""What kind of character each code point of the Basic Multilingual Plane is; all others count as OTHER."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

OTHER, SPACE, NEWLINE, DIGIT, LETTER, HIRAGANA, KATAKANA, HAN = range(8)
PLANE = 1 << 16


@dataclass(frozen=True)
class Tables:
    """`script` (65536,) holds the kinds above; `lower` (65536,) the lower-case code; `upper` is a flag."""

    script: NDArray[np.uint8]
    lower: NDArray[np.uint32]
    upper: NDArray[np.bool_]


@cache
def tables() -> Tables:
    """Built once a process from `unicodedata`."""
    script = np.zeros(PLANE, np.uint8)
    lower = np.arange(PLANE, dtype=np.uint32)
    upper = np.zeros(PLANE, bool)
    category = unicodedata.category
    for code in range(0xAC00):
        if 0x3400 <= code < 0xA000:
            continue
        character = chr(code)
        kind = category(character)
        if kind[0] in "LM":
            script[code] = LETTER
            if kind == "Lu":
                upper[code] = True
                small = character.lower()
                if len(small) == 1:
                    lower[code] = ord(small)
        elif kind == "Nd":
            script[code] = DIGIT
            lower[code] = ord("0")
        elif kind == "Zs" or code == 9:
            script[code] = SPACE
    script[0xAC00:0xD7A4] = LETTER
    script[0x3041:0x30A0] = HIRAGANA
    script[0x30A1:0x3100] = KATAKANA
    script[0x3400:0xA000] = HAN
    script[0xF900:0xFB00] = HAN
    script[0x3005] = HAN
    script[[10, 13]] = NEWLINE
    return Tables(script, lower, upper)
