"""The errors that a person is meant to read: one line that says where, what was expected and what to do."""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class FingerprintError(Exception):
    """Base of every error that this package raises on purpose; `str()` of it is one line.

    Args:
        message: For people; control characters in what it quotes become visible escapes.
    """

    exit_code = 2

    def __init__(self, message: str):
        super().__init__(_CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), message))


class InputError(FingerprintError):
    """A file of responses, a corpus or the registry is not what was expected.

    The message reads `FILE:LINE: what was expected`; `line` is None where no line is to blame.
    """

    def __init__(self, file: str, expected: str, line: int | None = None):
        self.file, self.line, self.expected = file, line, expected
        super().__init__(f"{file}:{line}: {expected}" if line else f"{file}: {expected}")


class ModelError(FingerprintError):
    """A model folder is missing a file, damaged, of another schema, or not data."""


class ConfigError(FingerprintError):
    """A config holds an unknown name, a wrong type or a value out of its range."""


class Refused(FingerprintError):
    """What was made is sound, but worse than what it would take the place of."""

    exit_code = 3


class MissingExtra(FingerprintError):
    """A command, or a file, needs packages that the light install leaves out.

    Args:
        what: What needs them; a file is named first, as in "FILE: reading parquet".
        extra: The extra that installs them.
    """

    def __init__(self, what: str, extra: str):
        super().__init__(f"{what} needs packages that are not installed: pip install 'llm-authorship[{extra}]'")
