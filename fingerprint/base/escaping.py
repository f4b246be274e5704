"""Escapes hostile text: nothing in it can control a terminal, or hide or reorder what people read."""

# Letters by their category, yet shown as nothing: they would hide what a name really is.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def printable(text: str) -> str:
    """Return `text` on one line, with everything that a terminal obeys or does not show as a visible escape.

    Escaped are C0 and C1 controls (and with them every escape sequence), line and paragraph separators,
    bidirectional overrides, zero-width and other format characters, lone surrogates, private and
    unassigned code points, spaces other than the plain one, and letters that are shown as nothing.
    """
    if text.isprintable() and _BLANK.isdisjoint(text):
        return text
    return "".join(char if char.isprintable() and char not in _BLANK else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
