from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fingerprint.corpora.fetch import download
from fingerprint.corpora.fetch import run as fetching
from fingerprint.corpora.fetch.archive import Limits, extract
from fingerprint.corpora.fetch.download import Origin
from fingerprint.corpora.fetch.git import commit_from_api, commit_tree
from fingerprint.corpora.fetch.run import Context, Fetched, fetch
from fingerprint.corpora.fetch.templates import compiled
from fingerprint.corpora.manifest import Manifest, Source, read_manifest
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError
from tests.corpora.served import Behaviour, git, mirror, serving
from tests.corpora.served import repository as made_repository

NAME = "them/responses"
LONG = "A response that is long enough to be of some use, number {}."
FILES: dict[str, str | bytes] = {
    "answers/gpt-4-0314__q1.txt": LONG.format(1),
    "answers/claude-2__q1.txt": "<think>hm</think>\n" + LONG.format(2),
    "answers/nobody-knows-9__q1.txt": LONG.format(3),
    "answers/claude-2__q2.txt": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
    "questions/q1.txt": "why?",
    "bin/tool": b"#!/bin/sh\n",
    "a.b/x": "1", "a/x": "2", "a0/x": "3", "ü/é.txt": "names that are not ASCII",
}  # fmt: skip


@dataclasses.dataclass
class World:
    folder: Path
    repo: Path
    commit: str
    base: Path
    archive: Path
    manifest: Manifest

    def fetch(self, origin: str | None = None, **kwargs: Any) -> Fetched:
        defaults: dict[str, Any] = {"limits": Limits(), "registry": Registry.load(), "out": self.folder / "out.parquet"}
        given = defaults | kwargs
        where = Origin.of(origin or str(self.base))
        context = Context(where, self.folder / "kept", lambda *_: None, given["limits"])
        return fetch(given.get("manifest", self.manifest), given["out"], given["registry"], context)


def manifest(folder: Path, commit: str, **changes: Any) -> Manifest:
    found = {
        "schema": 2, "name": "ours", "licence": "MIT", "use": "train", "language": ["en"], "domain": ["chat"],
        "sources": [{"repository": NAME, "commit": commit}],
        "rows": [{
            "files": ["answers/<model>__<question>.txt"], "kind": "text", "prompt_key": "{path.question}",
            "fields": {"response": "{text}", "source_model": "{path.model}", "prompt_id": "{path.question}",
                       "language": "en"},
        }],
        "prompts": [{"files": ["questions/<question>.txt"], "kind": "text",
                     "fields": {"key": "{path.question}", "prompt": "{text}"}}],
        "sha256": None,
    } | changes  # fmt: skip
    path = folder / "ours.json"
    path.write_text(json.dumps(found))
    return read_manifest(path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    repo = tmp_path / "repo"
    commit = made_repository(repo, FILES)
    (repo / "bin/tool").chmod(0o755)
    (repo / "link").symlink_to("a/x")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "more")
    commit = git(repo, "rev-parse", "HEAD").decode().strip()
    base = tmp_path / "mirror"
    return World(tmp_path, repo, commit, base, mirror(repo, commit, base, NAME), manifest(tmp_path, commit))


def test_a_corpus_from_a_folder(world: World) -> None:
    done = world.fetch()
    table = pq.read_table(world.folder / "out.parquet")
    rows = {row["release"]: row for row in table.to_pylist()}
    assert set(rows) == {"gpt-4-0314", "claude-2"}
    assert (rows["claude-2"]["response"], rows["claude-2"]["prompt"]) == (LONG.format(2), "why?")
    assert (rows["claude-2"]["corpus"], rows["claude-2"]["kind"], rows["claude-2"]["prompt_id"]) == (
        "ours",
        "lab",
        "q1",
    )
    metadata = table.schema.metadata
    assert metadata[b"licence"] == b"MIT"
    assert metadata[b"source"] == f"{NAME}@{world.commit}".encode()
    assert metadata[b"sha256"].decode() == done.sha256
    assert (done.rows, done.pointers, dict(done.unknown)) == (2, 1, {"nobody-knows-9": 1})


def test_what_is_kept_is_a_mirror_and_asks_nobody_again(world: World) -> None:
    with serving(world.base, behaviour := Behaviour()) as address:
        first = world.fetch(address)
        asked = len(behaviour.asked)
        assert world.fetch(address).sha256 == first.sha256
        assert len(behaviour.asked) == asked == 2
    again = dataclasses.replace(world, folder=world.folder / "again", base=world.folder / "kept")
    again.folder.mkdir()
    assert again.fetch().sha256 == first.sha256


def test_sha256_is_of_the_files_and_pins_them(world: World) -> None:
    done = world.fetch()
    pinned = dataclasses.replace(world.manifest, sha256=done.sha256)
    assert world.fetch(manifest=pinned).sha256 == done.sha256
    wrong = dataclasses.replace(world.manifest, sha256="0" * 64)
    (world.folder / "out.parquet").unlink()
    with pytest.raises(InputError, match=f"have the sha256 {done.sha256}"):
        world.fetch(manifest=wrong)
    assert not (world.folder / "out.parquet").exists()


def test_goes_on_where_it_broke_off(world: World) -> None:
    size = world.archive.stat().st_size
    cut = size // 2
    with serving(world.base, behaviour := Behaviour(cut=cut)) as address:
        world.fetch(address)
    ranges = [asked for path, asked in behaviour.asked if path.endswith(".tar.gz")]
    assert ranges[:2] == ["", f"bytes={cut}-"]


@pytest.mark.parametrize("behaviour", [Behaviour(ranges=False), Behaviour(tagged=False)])
def test_begins_again_where_ranges_are_not_served(world: World, behaviour: Behaviour) -> None:
    kept = world.folder / "kept" / NAME
    kept.mkdir(parents=True)
    (kept / f"{world.commit}.tar.gz.part").write_bytes(b"something else that was begun")
    with serving(world.base, behaviour) as address:
        assert world.fetch(address).rows == 2


def test_what_changed_in_between_is_not_glued_together(world: World) -> None:
    with serving(world.base, Behaviour(cut=50)) as address, pytest.raises(InputError, match="in 4 tries"):
        world.fetch(address)
    mirror(world.repo, world.commit, world.base, NAME)
    world.archive.write_bytes(world.archive.read_bytes()[:-8] + b"\0" * 8)
    mirror(world.repo, world.commit, world.base, NAME)
    with serving(world.base, Behaviour()) as address:
        assert world.fetch(address).rows == 2


def test_breaks_off_time_and_again_then_the_same_command_finishes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TRIES", 2)
    with (
        serving(world.base, Behaviour(cut=40)) as address,
        pytest.raises(InputError, match="goes on where it broke off"),
    ):
        world.fetch(address)
    assert not (world.folder / "out.parquet").exists()
    with serving(world.base, Behaviour()) as address:
        assert world.fetch(address).rows == 2


def test_a_part_that_was_not_asked_for_is_not_taken(world: World) -> None:
    size = world.archive.stat().st_size
    with serving(world.base, behaviour := Behaviour(cut=size // 2 + 1, slips=7)) as address:
        assert world.fetch(address).rows == 2
    ranges = [asked for path, asked in behaviour.asked if path.endswith(".tar.gz")]
    assert [bool(asked) for asked in ranges] == [False, True, False, True]


def test_server_errors_are_tried_again_and_missing_files_are_not(world: World) -> None:
    with serving(world.base, behaviour := Behaviour(fail=2)) as address:
        assert world.fetch(address).rows == 2
    assert len(behaviour.asked) == 4
    other = manifest(world.folder, "0" * 40)
    with serving(world.base, behaviour := Behaviour()) as address, pytest.raises(InputError, match="answered 404"):
        world.fetch(address, manifest=other)
    assert len(behaviour.asked) == 1


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:9/x.tar.gz", "file:///etc/passwd", "ftp://127.0.0.1/x", "https://example.org/x"]
)
def test_redirects_to_other_places_are_refused(world: World, to: str) -> None:
    with (
        serving(world.base, Behaviour(elsewhere=to)) as address,
        pytest.raises(InputError, match=r"refused|expected https|not allowed"),
    ):
        world.fetch(address)
    assert not list((world.folder / "kept").rglob("*.tar.gz"))


def test_a_redirect_on_the_same_host_is_followed(world: World) -> None:
    moved = world.base / "moved.bin"
    moved.write_bytes(world.archive.read_bytes())
    with serving(world.base, Behaviour(elsewhere="/moved.bin")) as address:
        assert world.fetch(address).rows == 2


@pytest.mark.parametrize(
    "address", ["http://example.org/x", "ftp://127.0.0.1/", "https://u:p@example.org/", "file:///tmp"]
)
def test_addresses_that_are_never_asked(address: str) -> None:
    with pytest.raises(InputError) as caught:
        Origin.of(address)
    assert "u:p" not in str(caught.value)


def test_another_archive_is_refused_and_removed(world: World) -> None:
    other = world.folder / "other"
    made_repository(other, FILES | {"answers/gpt-4-0314__q1.txt": "what somebody would rather have us train on"})
    prefix = f"responses-{world.commit}/"
    world.archive.write_bytes(git(other, "archive", "--format=tar.gz", f"--prefix={prefix}", "HEAD"))
    with pytest.raises(InputError, match="not this commit"):
        world.fetch()
    assert not list((world.folder / "kept").rglob("*.tar.gz"))
    assert not (world.folder / "out.parquet").exists()


def test_another_commit_is_refused(world: World) -> None:
    commit = world.archive.with_name(f"{world.commit}.commit")
    commit.write_bytes(commit.read_bytes() + b"\n")
    with pytest.raises(InputError, match="sent another commit"):
        world.fetch()


def entry(name: str, data: bytes = b"x", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, data


def archive(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return path


HOSTILE = {
    "up": (entry("r/../../etc/passwd"), "leads out"),
    "up at once": (entry("../r/x"), "leads out"),
    "absolute": (entry("/etc/passwd"), "leads out"),
    "two tops": (entry("other/x"), "leads out"),
    "git's own": (entry("r/.git/config"), "leads out"),
    "link to a device": (entry("r/dev", b"", type=tarfile.CHRTYPE), "no file"),
    "hard link": (entry("r/hard", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"), "no file"),
    "symbolic link": (entry("r/take/x.txt", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "symbolic link"),
    "backslash": (entry("r/take/..\\..\\x.txt"), "another place"),
    "device of Windows": (entry("r/take/nul.txt"), "another place"),
    "twice": (entry("r/first"), "twice"),
    "large": (entry("r/large", b"0" * 3_000), "3,000 bytes"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_paths_and_entries_that_are_refused(tmp_path: Path, what: str) -> None:
    hostile, message = HOSTILE[what]
    path = archive(tmp_path / "x.tar.gz", entry("r/first"), hostile)
    with pytest.raises(InputError, match=message), (tmp_path / "spool").open("w+b") as spool:
        extract(path, [compiled("take/*.txt")], spool, Limits(file=2_000))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spool", "x.tar.gz"]


def test_bombs_are_refused_before_they_burst(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "b.tar.gz", *(entry(f"r/{i}", b"\0" * 1_000_000) for i in range(30)))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(InputError, match="unpacks to more than"), (tmp_path / "spool").open("w+b") as spool:
        extract(bomb, [compiled("*")], spool, Limits(file=2_000_000))
    assert (tmp_path / "spool").stat().st_size < 15_000_000
    many = archive(tmp_path / "m.tar.gz", *(entry(f"r/{i}", b"") for i in range(40)))
    with pytest.raises(InputError, match="more than 20 files"), (tmp_path / "spool").open("w+b") as spool:
        extract(many, [], spool, Limits(files=20))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    long = entry("r/x")
    long[0].pax_headers = {"comment": "x" * 5_000_000}
    with tarfile.open(tmp_path / "h.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(long[0], io.BytesIO(long[1]))
    with pytest.raises(InputError, match="header is far too large"), (tmp_path / "spool").open("w+b") as spool:
        extract(tmp_path / "h.tar.gz", [], spool, Limits())


@pytest.mark.parametrize("damage", ["cut", "bytes", "no gzip", "empty"])
def test_damaged_archives_are_said_to_be(world: World, damage: str) -> None:
    data = world.archive.read_bytes()
    world.archive.write_bytes(
        {
            "cut": data[:-200],
            "bytes": data[:100] + b"\xff" * 50 + data[150:],
            "no gzip": b"<html>no</html>",
            "empty": b"",
        }[damage]
    )
    with pytest.raises(InputError, match=r"damaged or cut off|not this commit|refused"):
        world.fetch()


@pytest.mark.parametrize("zone", ["+0000", "-0800", "+0545"])
@pytest.mark.parametrize("message", ["one line", "two\n\nparts\n"])
def test_a_commit_is_made_again_from_what_the_api_says(tmp_path: Path, zone: str, message: str) -> None:
    repo = tmp_path / "r"
    made_repository(repo, {"a": "b"})
    git(repo, "commit", "-q", "--allow-empty", f"--date=2024-01-02T03:04:05{zone}", "-m", message)
    commit = git(repo, "rev-parse", "HEAD").decode().strip()
    form = '{"tree":{"sha":"%T"},"parents":[{"sha":"%P"}]}'
    found = json.loads(git(repo, "show", "-s", f"--format={form}", commit))
    for who, name, email, date in (("author", "%an", "%ae", "%at"), ("committer", "%cn", "%ce", "%ct")):
        shown = git(repo, "show", "-s", f"--format={name}%x00{email}%x00{date}").decode().rstrip("\n").split("\0")
        from datetime import UTC, datetime

        day = datetime.fromtimestamp(int(shown[2]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found[who] = {"name": shown[0], "email": shown[1], "date": day}
    found["message"] = git(repo, "show", "-s", "--format=%B").decode().rstrip("\n")
    found["verification"] = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}
    made = commit_from_api(commit, found)
    assert made == git(repo, "cat-file", "commit", commit)
    assert commit_tree(commit, made) == git(repo, "rev-parse", "HEAD^{tree}").decode().strip()
    assert commit_from_api("0" * 40, found) is None


def test_a_signed_commit_is_made_again(tmp_path: Path) -> None:
    repo = tmp_path / "r"
    made_repository(repo, {"a": "b"})
    plain = git(repo, "cat-file", "commit", "HEAD").decode()
    signature = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    head, _, message = plain.partition("\n\n")
    folded = signature.rstrip("\n").replace("\n", "\n ")
    signed = f"{head}\ngpgsig {folded}\n\n{message}"
    (tmp_path / "signed").write_text(signed)
    commit = git(repo, "hash-object", "-t", "commit", "-w", str(tmp_path / "signed")).decode().strip()
    found = {"verification": {"payload": plain, "signature": signature}}
    assert commit_from_api(commit, found) == signed.encode()


def test_github_is_asked_at_its_own_addresses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def downloaded(where: str, to: Path, most: int, report: Any) -> None:
        asked.append(where)
        if "codeload" in where:
            to.write_bytes(world.archive.read_bytes())
        else:
            plain = git(world.repo, "cat-file", "commit", world.commit).decode()
            to.write_text(json.dumps({"verification": {"payload": plain, "signature": "no"}}))

    monkeypatch.setattr(fetching, "fetch_file", downloaded)
    context = Context(Origin.of(None), world.folder / "k", lambda *_: None)
    with pytest.raises(InputError, match="does not make the commit"):
        fetch(world.manifest, world.folder / "o.parquet", Registry.load(), context)
    assert asked == [f"https://api.github.com/repos/{NAME}/git/commits/{world.commit}"]
    assert Origin().archive(Source(NAME, world.commit)) == f"https://codeload.github.com/{NAME}/tar.gz/{world.commit}"


def test_two_at_once_do_not_write_into_each_other(world: World) -> None:
    done: list[int] = []
    with serving(world.base, behaviour := Behaviour()) as address:

        def one(number: int) -> None:
            done.append(world.fetch(address, out=world.folder / f"{number}.parquet").rows)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == [2] * 4
    assert len(behaviour.asked) == 2


def test_an_old_file_stays_where_fetching_fails(world: World) -> None:
    out = world.folder / "out.parquet"
    out.write_bytes(b"what was there")
    world.archive.write_bytes(b"")
    with pytest.raises(InputError):
        world.fetch()
    assert out.read_bytes() == b"what was there"
    with pytest.raises(InputError, match="parquet"):
        world.fetch(out=world.folder / "x.jsonl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 1}, "schema 2"),
        ({"surprise": 1}, "surprise"),
        ({"sources": []}, "no source"),
        ({"sources": [{"repository": "../x", "commit": "0" * 40}]}, "repository"),
        ({"sources": [{"repository": "a/b", "commit": "main"}]}, "commit"),
        ({"sha256": "12"}, "sha256"),
        ({"use": "sell"}, "use"),
        ({"name": "../x"}, "name"),
        ({"rows": [{"files": ["*"], "kind": "pickle", "fields": {}}]}, "kind"),
        ({"rows": [{"files": ["*"], "kind": "text", "fields": {"response": "{text}"}}]}, "source_model"),
        (
            {"rows": [{"files": ["*"], "kind": "text", "fields": {"response": "{os.x}", "source_model": "m"}}]},
            "takes values",
        ),
        (
            {"rows": [{"files": ["<a>/<a>"], "kind": "text", "fields": {"response": "{text}", "source_model": "m"}}]},
            "pattern",
        ),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        manifest(tmp_path, "0" * 40, **change)


def test_corpora_that_fetch_does_not_read_say_so(world: World) -> None:
    with pytest.raises(InputError, match="not read by fetch"):
        world.fetch(manifest=dataclasses.replace(world.manifest, rows=()))
