"""The files that a verb judges, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from fingerprint.cli.main import complain, unforeseen
from fingerprint.errors import FingerprintError, InputError

if TYPE_CHECKING:
    from fingerprint.data.response import Case
    from fingerprint.data.rows import Options

Judged = TypeVar("Judged")


class Cases:
    """Files and how they are read; one that cannot be read does not keep the others from their verdicts.

    Args:
        files: As the user names them.
        reading: How they are read.
        together: Whether the responses of all files are those of one case.
        debug: Whether to print the traceback of an error that the program did not foresee.

    Attributes:
        failed: Whether a file could not be read or judged.
    """

    def __init__(self, files: Sequence[str], reading: Options, together: bool, debug: bool):
        self._files, self._reading, self._together, self._debug = files, reading, together, debug
        self.failed = False

    def each(self, judge: Callable[[Case], Judged]) -> Iterator[Judged]:
        """Yield what `judge` says about each case."""
        from fingerprint.data.reader import expanded

        files = expanded(self._files, self._fail)
        for group in [list(files)] if self._together else ([file] for file in files):
            found = self._judged(group, judge) if group else None
            if found is not None:
                yield found

    def _judged(self, group: list[str], judge: Callable[[Case], Judged]) -> Judged | None:
        from fingerprint.data.reader import read_case

        try:
            case = read_case(group, self._reading)
            if not case.n_used and not case.aside:
                raise InputError(case.file, "; ".join(case.warnings))
            return judge(case)
        except FingerprintError as error:
            self._fail(error)
        except Exception as error:
            unforeseen(error, ", ".join(group), self._debug)
            self.failed = True
        return None

    def _fail(self, error: FingerprintError) -> None:
        complain(error)
        self.failed = True
