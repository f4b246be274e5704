"""Model folders on the Hugging Face Hub: pushed as one commit, pulled whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fingerprint.base.escaping import printable
from fingerprint.errors import FingerprintError, MissingExtra, ModelError
from fingerprint.store.folder import check_free, load, manifest_files, put_in_place, staged
from fingerprint.store.format import CARD, MANIFEST

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TOKEN = "HF_TOKEN"
"""The environment variable with the token; no other place is asked for one."""

# Twenty times the shipped model; whoever trains a larger one can copy it. The manifest is read before anything else.
_MOST_BYTES, _MOST_MANIFEST = 500_000_000, 1_000_000

# The Hub shows the card of a repository under this name.
_HUB_CARD = "README.md"


def push(folder: Path, repository: str, *, private: bool = False) -> str:
    """Put a model folder into a repository of the Hub, in one commit, with its card as README.md.

    Args:
        folder: A sound model folder.
        repository: OWNER/NAME; made if there is none.
        private: Whether a repository that is made is private.

    Returns:
        The address of the commit.

    Raises:
        ModelError: For a folder that is not a sound model.
        FingerprintError: Without a token, and where the Hub refuses or cannot be reached.
        MissingExtra: Without `huggingface_hub`.
    """
    load(folder)
    token = os.environ.get(TOKEN)
    if not token:
        raise FingerprintError(f"{TOKEN}: not set; give it a token that may write to {printable(repository)}")
    with _hub(repository, token) as hub:
        from huggingface_hub import CommitOperationAdd

        names = [MANIFEST, *manifest_files((folder / MANIFEST).read_bytes(), folder / MANIFEST)]
        operations = [CommitOperationAdd(name, folder / name) for name in sorted(names)]
        operations.append(CommitOperationAdd(_HUB_CARD, folder / CARD))
        hub.create_repo(repository, private=private or None, exist_ok=True)
        made = hub.create_commit(repository, operations, commit_message=f"fingerprint model {folder.resolve().name}")
        return str(made.commit_url)


def pull(repository: str, out: Path, revision: str | None = None) -> str:
    """Fetch a model folder from a repository of the Hub and check it.

    Only the files that the manifest names are fetched, all of one commit.

    Args:
        repository: OWNER/NAME.
        out: A new folder.
        revision: A branch, tag or commit; None for the main branch.

    Returns:
        The commit that was fetched.

    Raises:
        ModelError: Where `out` is taken, and for a repository that does not hold a sound model: nothing is written.
        FingerprintError: Where the Hub refuses or cannot be reached.
        MissingExtra: Without `huggingface_hub`.
    """
    out = out.resolve()
    check_free(out)
    where = Path(repository) / MANIFEST
    with _hub(repository, os.environ.get(TOKEN)) as hub, tempfile.TemporaryDirectory() as scratch:
        info = hub.model_info(repository, revision=revision, files_metadata=True)
        sizes = {one.rfilename: one.size for one in info.siblings or ()}

        def fetch(name: str) -> bytes:
            if name not in sizes:
                raise ModelError(printable(f"{repository}: has no file {name}; it is no model of fingerprint"))
            return Path(hub.hf_hub_download(repository, name, revision=info.sha, local_dir=scratch)).read_bytes()

        if (sizes.get(MANIFEST) or 0) > _MOST_MANIFEST:
            raise ModelError(
                printable(f"{repository}: {MANIFEST}: over {_MOST_MANIFEST:,} bytes; no manifest of a model")
            )
        manifest = fetch(MANIFEST)
        entries = manifest_files(manifest, where)
        for name, size in entries.items():
            # Before anything large is fetched that the manifest does not speak of.
            if sizes.get(name) != size:
                raise ModelError(printable(f"{repository}: {name}: not the file that {MANIFEST} says"))
        if sum(entries.values()) > _MOST_BYTES:
            raise ModelError(printable(f"{repository}: over {_MOST_BYTES:,} bytes; too large for a model"))
        contents = {MANIFEST: manifest, **{name: fetch(name) for name in entries}}
    with staged(out, contents) as made:
        try:
            load(made)
        except ModelError as error:
            raise ModelError(str(error).replace(str(made), printable(repository))) from None
        check_free(out)
        put_in_place(made, out)
    return str(info.sha)


@contextmanager
def _hub(repository: str, token: str | None) -> Iterator[HfApi]:
    """The Hub's interface; its errors are one line that names the repository."""
    try:
        import httpx2
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError
    except ImportError:
        raise MissingExtra("the Hugging Face Hub", "hub") from None
    try:
        # Without a token of the environment none is sent: False keeps the library from those that it stores.
        yield HfApi(token=token or False)
    except (httpx2.HTTPError, OSError, HFValidationError) as error:
        said = " ".join(str(error).split())
        if token:
            said = said.replace(token, "***")
        raise FingerprintError(printable(f"{repository}: {said}")) from None
