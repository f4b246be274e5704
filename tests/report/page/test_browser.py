"""The page of a verdict in a real browser: nothing is loaded, nothing complains, nothing sticks out on a phone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fingerprint import Fingerprint
from fingerprint.report.page import Surroundings, render_page
from tests.report.evaluation.test_browser import CHROMIUM, PROBE, asked_for, browse
from tests.report.page.test_page import HOSTILE, PROSE, around, case, context, known

__all__ = ["around", "known"]

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on this machine: the page was not opened in a browser"
)


@pytest.fixture(scope="module")
def folder(known: Fingerprint, around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    hostile = case((HOSTILE * 3, "x" * 3000 + " **" + "y" * 3000 + "**", *PROSE), HOSTILE)
    text = render_page(known.identify(hostile), context(known, around, hostile))
    (folder / "open.html").write_text(text.replace("<details>", "<details open>"), "utf-8")
    (folder / "probe.html").write_text(PROBE)
    return folder


def test_it_opens_without_a_complaint_and_asks_for_nothing(folder: Path) -> None:
    assert asked_for(folder, "open.html") == (set(), [])


def test_nothing_sticks_out_at_the_width_of_a_phone(folder: Path) -> None:
    done = browse(folder, "probe.html", "--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stdout[:500]
    found = json.loads(title[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["wide"] <= found["room"]
    assert found["out"] == []
    assert (found["scripts"], found["images"]) == (0, 0)
