"""The page in a real browser: nothing is loaded, nothing complains, nothing sticks out on a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fingerprint.report.evaluation.html import render_html
from tests.report.evaluation.made_up import report

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-extensions", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
]  # fmt: skip
# Reads the page beside it in a frame of a phone's width, every part of it opened.
PROBE = """<!doctype html><body><iframe id="page" src="open.html" width="360" height="780"></iframe><script>
document.getElementById("page").onload = event => {
  const page = event.target.contentDocument, root = page.documentElement
  const out = [...page.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > root.clientWidth + 1 && !one.parentElement.closest(".scroll"))
  const found = {wide: root.scrollWidth, room: root.clientWidth, out: out.map(one => one.outerHTML.slice(0, 80)),
    sections: page.querySelectorAll("section").length, scripts: page.scripts.length, images: page.images.length}
  document.title = JSON.stringify(found)
}</script>"""

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on this machine: the page was not opened in a browser"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    text = render_html(report())
    (folder / "report.html").write_text(text)
    (folder / "open.html").write_text(text.replace("<details>", "<details open>"))
    (folder / "probe.html").write_text(PROBE)
    return folder


def browse(folder: Path, page: str, *options: str) -> subprocess.CompletedProcess[str]:
    profile = folder / f"profile of {page}"
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--enable-logging=stderr", *options]
    done = subprocess.run([*command, (folder / page).as_uri()], capture_output=True, text=True)
    shutil.rmtree(profile, ignore_errors=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def asked_for(folder: Path, page: str) -> tuple[set[str], list[str]]:
    """The addresses that a page requests, its own left out, and its complaints on the console."""
    log = folder / "net.json"
    done = browse(folder, page, f"--log-net-log={log}", "--dump-dom")
    assert '<main id="main">' in done.stdout
    written = log.read_text()
    # A browser that is told to stop does not always close the list.
    events = json.loads(written if written.rstrip().endswith("}") else written.rstrip().rstrip(",") + "]}")["events"]
    requests = [event["params"] for event in events if "url" in (event.get("params") or {})]
    # What the browser asks for of its own accord (the time, updates) comes from no origin.
    urls = {r["url"] for r in requests if r.get("initiator", "not an origin") != "not an origin"}
    return urls, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_it_opens_without_a_complaint_and_asks_for_nothing(folder: Path) -> None:
    assert asked_for(folder, "open.html") == (set(), [])


def test_a_request_and_a_complaint_would_be_seen(folder: Path) -> None:
    """Of the same page with a picture from elsewhere, with its policy and without."""
    picture = "http://127.0.0.1:9/x.png"
    text = (folder / "report.html").read_text().replace("<body>", f'<body><img src="{picture}">')
    (folder / "blocked.html").write_text(text)
    (folder / "loaded.html").write_text(re.sub(r"<meta http-equiv=.*?>", "", text))
    urls, complaints = asked_for(folder, "blocked.html")
    assert urls == set()
    assert complaints
    assert asked_for(folder, "loaded.html")[0] == {picture}


def test_nothing_sticks_out_at_the_width_of_a_phone(folder: Path) -> None:
    done = browse(folder, "probe.html", "--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stdout[:500]
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert 320 <= found["room"] <= 360
    assert found["wide"] <= found["room"]
    assert found["out"] == []
    assert (found["sections"], found["scripts"], found["images"]) == (16, 0, 0)
