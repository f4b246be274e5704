"""Every release that is known by name: its lab, family, line and date, and which releases belong together."""

from __future__ import annotations

import csv
import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fingerprint.base.files import data_dir
from fingerprint.data.spelling import bag, dates, forms, squashed, tuned
from fingerprint.errors import InputError

COLUMNS = ("release", "lab", "family", "line", "released", "kind", "aliases")
LABS = "labs.csv"
LAB_COLUMNS = ("lab", "display")
KINDS = frozenset({"lab", "base", "finetune"})
_LISTED = 20
# Letters and digits with which a name begins before it is completed, and names that an error offers for one.
_TELLING = 3
_OFFERED = 4
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NAME = re.compile(r"[a-z0-9][a-z0-9.:+_\-]*")
# What tells snapshots, effort settings and quantisations of one model apart, and nothing else.
_VARIANT = re.compile(
    r"-(?:preview-\d{2}-\d{2}|preview|latest|exp|beta|thinking|non-thinking|reasoning|high|medium-effort|low-effort"
    r"|minimal|fp16|bf16|fp8|awq|gptq|int4|int8|nf4|q\d\w*|\d{4}-\d{2}-\d{2}|\d{4}-\d{2}|\d{2}-\d{2}|\d{4}|\d{3})$"
)


def month_number(month: str) -> int:
    """Return the number of a month YYYY-MM, counted from the year 0; -1 for an empty text."""
    return int(month[:4]) * 12 + int(month[5:]) - 1 if month else -1


@dataclass(frozen=True, slots=True)
class Release:
    """released is YYYY-MM, or empty where nobody knows; kind is lab, base or finetune."""

    release: str
    lab: str
    family: str
    line: str
    released: str
    kind: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Registry:
    """releases by their canonical name; names of labs for people."""

    releases: dict[str, Release]
    labs: dict[str, str]

    @classmethod
    def load(cls, path: Path | None = None) -> Registry:
        """Reads a registry; None reads the one that ships. Labs' names are those of labs.csv beside it, then those
        that ship. Raises InputError with the line that is wrong."""
        path = path or data_dir("corpora") / "releases.csv"
        releases: dict[str, Release] = {}
        names: dict[str, str] = {}
        for line, row in _rows(path, COLUMNS):
            entry = _release(path, line, row)
            if entry.release in releases:
                raise InputError(str(path), f"release {entry.release!r} is there twice", line)
            releases[entry.release] = entry
            for name in {entry.release, *entry.aliases}:
                if names.setdefault(name, entry.release) != entry.release:
                    raise InputError(str(path), f"name {name!r} also stands for {names[name]!r}", line)
        return cls(releases, _display_names(data_dir("corpora") / LABS) | _display_names(path.with_name(LABS)))

    def resolve(self, name: str) -> Release | None:
        """Return the release that a name means, however a provider or a person spells it.

        An exact name counts before any other reading; then letter case, dots, dashes, owners, dates, precisions and
        the names of services are looked past, one after the other.

        Args:
            name: A canonical name, an alias, or another spelling of one.

        Returns:
            None where no release, or more than one, could be meant: see `candidates`.
        """
        canonical = self._names.get(name) or self._folded.get(name.casefold())
        if canonical is None:
            meant = self._meant(name)
            canonical = next(iter(meant)) if len(meant) == 1 else None
        return self.releases[canonical] if canonical else None

    def candidates(self, name: str, most: int = 8) -> tuple[str, ...]:
        """Return canonical names that an ambiguous or unknown name could mean, the likeliest first.

        Args:
            name: Any spelling.
            most: How many at most.
        """
        meant = self._meant(name)
        if meant:
            return tuple(sorted(meant))[:most]
        for key in map(squashed, forms(name)):
            if len(key) < _TELLING:
                break
            longer = [found for known, found in self._squashed.items() if known.startswith(key)]
            if longer:
                return tuple(sorted(frozenset[str]().union(*longer)))[:most]
        return tuple(difflib.get_close_matches(min(forms(name), key=len), list(self.releases), most, 0.8))

    def labs_of(self, name: str) -> tuple[str, ...]:
        """Return the labs that a name stands for: of a lab, a family, a line or a release, however it is spelt.

        Args:
            name: A key, a display name, or any name of a release.

        Returns:
            None of them for an unknown name; several for a family that labs share.
        """
        wanted = name.strip().casefold()
        entries = [e for e in self.releases.values() if e.kind == "lab"]
        named = {
            *(lab for lab in {e.lab for e in entries} if wanted in (lab.casefold(), self.display(lab).casefold())),
            *(e.lab for e in entries if wanted in (e.family.casefold(), e.line.casefold())),
        }
        release = self.resolve(name)
        return tuple(sorted(named)) or ((release.lab,) if release else ())

    def described(self, name: str) -> str:
        """Return a name and what it could mean, for an error: "mistral-large (mistral-large-2402 or ...?)"."""
        meant = self.candidates(name, _OFFERED)
        return f"{name} ({' or '.join(meant)}?)" if meant else name

    def of_lab(self, lab: str) -> list[Release]:
        """Its releases; those of its models that others fine-tuned are not among them."""
        return [entry for entry in self.releases.values() if entry.lab == lab]

    def group(self, release: str) -> frozenset[str]:
        """`release` and its dated snapshots, previews, effort settings and quantisations.

        Raises KeyError for a name that is no canonical one.
        """
        return self._groups[_stem(self.releases[release])]

    def before(self, month: str) -> frozenset[str]:
        """Canonical names of what was released before `month` (YYYY-MM); undated releases are not among them."""
        return frozenset(n for n, e in self.releases.items() if e.released and e.released < month)

    def display(self, lab: str) -> str:
        """The lab's name for people."""
        return self.labs.get(lab, lab)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name: e.release for e in self.releases.values() for name in (*e.aliases, e.release)}

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {name.casefold(): release for name, release in self._names.items()}

    def _meant(self, name: str) -> frozenset[str]:
        """The releases of the first spelling that any has."""
        dated = dates(name)
        for form in forms(name):
            found = (
                self._squashed.get(squashed(form))
                or self._bags.get(bag(form))
                or next(
                    filter(None, (self._squashed.get(squashed(longer)) for longer in tuned(form.replace(":", "-")))),
                    None,
                )
            )
            # A snapshot of another day is another release.
            if found and not (dated and all(dates(release) - dated for release in found)):
                return found
        return frozenset()

    @cached_property
    def _squashed(self) -> dict[str, frozenset[str]]:
        return self._index(squashed)

    @cached_property
    def _bags(self) -> dict[str, frozenset[str]]:
        return self._index(bag)

    def _index(self, key: Callable[[str], str]) -> dict[str, frozenset[str]]:
        """Releases by a key of their names: of canonical ones first, then of aliases, then of aliases without owner."""
        found: dict[str, frozenset[str]] = {}
        aliases = [(alias, e.release) for e in self.releases.values() for alias in e.aliases]
        owned = [(alias.rpartition("/")[2], release) for alias, release in aliases if "/" in alias]
        for names in ([(name, name) for name in self.releases], aliases, owned):
            level: dict[str, set[str]] = defaultdict(set)
            for name, release in names:
                level[key(name)].add(release)
            found = {k: frozenset(v) for k, v in level.items()} | found
        return found

    @cached_property
    def _groups(self) -> dict[tuple[str, str], frozenset[str]]:
        members: dict[tuple[str, str], set[str]] = defaultdict(set)
        for entry in self.releases.values():
            members[_stem(entry)].add(entry.release)
        return {stem: frozenset(names) for stem, names in members.items()}


def unknown_names(file: str, names: Iterable[str], registry: Registry) -> InputError:
    """Return the error for names that no registry entry has: which they are, what they could mean, what to do.

    Args:
        file: Where the names are.
        names: The names.
        registry: What does not know them.
    """
    strange = sorted(names)
    listed = ", ".join(map(registry.described, strange[:_LISTED])) + (", ..." if len(strange) > _LISTED else "")
    return InputError(
        file,
        f"{len(strange)} release names are not in the registry: {listed}; add a row for each ({','.join(COLUMNS)}) or "
        "an alias to an existing one (fingerprint corpora add-release), and name the file with --registry",
    )


def _stem(entry: Release) -> tuple[str, str]:
    name = entry.release
    while (shorter := _VARIANT.sub("", name)) != name and shorter:
        name = shorter
    return entry.lab, name


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader]
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(str(path), f"is not CSV in UTF-8 ({error})") from None
    if missing:
        raise InputError(str(path), f"lacks the columns {', '.join(missing)}", 1)
    for line, row in rows:
        if None in row or None in row.values():
            raise InputError(str(path), "expected as many fields as there are columns", line)
    return rows


def _release(path: Path, line: int, row: dict[str, str]) -> Release:
    entry = Release(
        row["release"], row["lab"], row["family"], row["line"], row["released"], row["kind"],
        tuple(a for a in row["aliases"].split("|") if a),
    )  # fmt: skip
    if not _NAME.fullmatch(entry.release):
        raise InputError(str(path), f"release {entry.release!r} is not lower-case letters, digits and .:+_-", line)
    if not _NAME.fullmatch(entry.lab):
        raise InputError(str(path), f"lab {entry.lab!r} is not lower-case letters, digits and .:+_-", line)
    if entry.released and not _MONTH.fullmatch(entry.released):
        raise InputError(str(path), f"released {entry.released!r} is not YYYY-MM or empty", line)
    if entry.kind not in KINDS:
        raise InputError(str(path), f"kind {entry.kind!r} is none of {', '.join(sorted(KINDS))}", line)
    return entry


def _display_names(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return {row["lab"]: row["display"] for _, row in _rows(path, LAB_COLUMNS)}
