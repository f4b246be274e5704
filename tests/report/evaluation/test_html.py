from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import fingerprint.report.evaluation.html as under_test
from fingerprint.errors import MissingExtra
from fingerprint.report.evaluation.html import render_html
from tests.report.evaluation.made_up import HOSTILE, NUMBERS, report

SECTIONS = [
    "summary", "kinds", "accuracy", "confusion", "reliability", "attributions", "similarity", "worst-errors", "months",
    "candidates", "claims", "perturbed", "by-language-and-domain", "controls", "figures", "run",
]  # fmt: skip
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, and the text of each section."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self.cells: list[str] = []
        self.style = ""
        self._section = self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._tag = tag
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
            self.sections[self._section] = ""
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "style":
            self.style += data
        elif self._section:
            self.sections[self._section] += data
            if self.cells:
                self.cells[-1] += data


@pytest.fixture(scope="module")
def text() -> str:
    return render_html(report())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_one_small_file_with_all_sections_in_order(text: str, page: Page) -> None:
    assert len(text.encode()) < 2_000_000
    assert list(page.sections) == SECTIONS
    targets = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert [f"#{key}" for key in SECTIONS] == targets[1 : len(SECTIONS) + 1]


def test_nothing_is_loaded_and_nothing_runs(page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "image",
        "use",
        "base",
        "form",
        "foreignobject",
    }
    for _, attrs in page.tags:
        assert not [key for key in attrs if key.startswith("on") or key in ("src", "srcset", "style", "xlink:href")]
        assert (attrs.get("href") or "#").startswith("#")
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    assert "url(" not in page.style
    assert "@import" not in page.style
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert (policy or "").startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_names_are_shown_as_text_and_whole(text: str, page: Page) -> None:
    shown = page.sections["confusion"]
    for name in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{ 7 * 7 }}"):
        assert name in shown
    assert r"evil\u202egpj.exe" in shown
    assert r"\ud800lone" in shown
    # A number stays with its sign by a space that does not break.
    assert all(char.isprintable() or char in "\n\u00a0" for char in text)
    text.encode()


def test_every_string_of_the_report_may_be_hostile() -> None:
    asked = report(releases=60)
    hostile = HOSTILE[1] + HOSTILE[7] + HOSTILE[4]
    names = {protocol["name"] for protocol in asked["protocols"]}

    def poison(item: Any, key: str = "") -> Any:
        """All texts but those that decide what is shown; a protocol keeps its name everywhere."""
        if isinstance(item, dict):
            # "candidates" is a protocol, a section of the report and a number in its rows.
            renamed = {k for k, value in item.items() if key and k in names and not isinstance(value, int)}
            return {poison(k) if k in renamed else k: poison(value, k) for k, value in item.items()}
        if isinstance(item, list):
            return [poison(value, key) for value in item]
        if not isinstance(item, str) or key in ("level", "views") or (key, item) == ("part", "all"):
            return item
        return f"{hostile} {item}" if item in names else hostile

    # The parts of a report have names of their own, some of them those of a protocol.
    page = Page(render_html({key: poison(value, key) for key, value in asked.items()}))
    assert len(page.sections) == len(SECTIONS)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]


def test_sections_of_absent_protocols_are_left_out() -> None:
    page = Page(render_html(report(protocols=("same-set", "unknown-lab"), releases=60)))
    absent = {"months", "candidates", "claims", "perturbed", "by-language-and-domain", "controls"}
    assert list(page.sections) == [key for key in SECTIONS if key not in absent]
    assert "unseen-release" not in page.sections["accuracy"]
    bare = report(protocols=("unknown-lab",), releases=60)
    bare |= {"confusion": {}, "similarity": {"map": [], "tree": None}, "worst_errors": [], "reliability": {}}
    bare["risk_coverage"] |= {"curves": {}}
    assert list(Page(render_html(bare)).sections) == ["summary", "kinds", "figures", "run"]


def test_each_kind_is_a_row_and_once_more_as_expected(text: str) -> None:
    section = text.split('<section id="kinds"', 1)[1].split("</section>", 1)[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"(?m)^<tr>.*</tr>$", section)]
    protocols = ["same-set", "other-set", "unseen-release", "unseen-release-other-set", "temporal-split", "unknown-lab"]
    expect = ["known", "known", "new", "new", "new", "new"]
    more = [f"{protocol}, expect {one}" for protocol, one in zip(protocols, expect, strict=True)]
    assert [row[0] for row in rows] == [*protocols, *more]
    assert [row[2] for row in rows] == ["25"] * 12
    assert {len(row) for row in rows} == {16}
    figure = next(
        f for f in report()["figures"]
        if (f["protocol"], f["part"], f["responses"], f["level"]) == ("other-set", "all", 25, "lab")
    )  # fmt: skip
    assert rows[1][4].startswith(f"{figure['metrics']['top-1']['value']:.1%} (")
    assert rows[1][7:15:2] == ["60.0%", "80.0%", "15.0%", "2.500"]


def test_questions_about_a_few_labs_have_conclusions_and_tables(text: str, page: Page) -> None:
    shown = page.sections["candidates"]
    assert "Where it is none, 5% of cases may be attributed: each of these is wrong. In none of 90 rows" in shown
    section = text.split('<section id="candidates"', 1)[1].split("</section>", 1)[0]
    assert section.count("<table>") == 2 * 2 * 3
    assert section.count("3.0% (1.0–6.0)") == 6 * 5 * (3 * 6 + 4 * 3)


def test_claims_have_conclusions_curves_and_tables(text: str, page: Page) -> None:
    shown = page.sections["claims"].replace("\u00a0", " ")
    assert "Claims of a release, known corpora, 25 responses: the EER is 3.0% against all impostor kinds" in shown
    assert "The false-accept rate may be 5%. In none of 100 rows is it higher with its whole 95 % interval." in shown
    section = text.split('<section id="claims"', 1)[1].split("</section>", 1)[0]
    labels = re.findall(r'<svg class="chart[^>]* aria-label="([^"]*)"', section)
    assert labels[:2] == [
        "DET curve. Claims of a release, known corpora, all kinds",
        "DET curve. Claims of a release, known corpora, 25 responses",
    ]
    assert len(labels) == 8
    assert section.count("false claims accepted</text>") == section.count(">true claims missed</text>") == 8
    assert section.count("3.0% (1.0–6.0)") == 4 * (5 * 2 + 5 * 6 * 3)
    assert "0.487</td>" in section


def test_a_threshold_that_no_probability_reaches_is_none() -> None:
    asked = report(protocols=("same-set",), releases=60)
    asked["risk_coverage"] |= {"threshold": None, "likely_threshold": 0.25}
    shown = Page(render_html(asked)).sections["attributions"]
    assert "none for a false-attribution rate of at most 5%" in shown
    assert "25.0% for likely" in shown


def test_null_is_a_dash() -> None:
    asked = report(protocols=("same-set", "temporal-split"), releases=60)
    text = render_html(json.loads(re.sub(r": -?\d+\.\d+(e-\d+)?", ": null", json.dumps(asked))))
    page = Page(text)
    assert not re.search(r"\b(None|nan|null|NaN)\b", "".join(page.sections.values()))
    assert sum(cell.strip() == "–" for cell in page.cells) > 200
    assert not re.search(r"\d%", page.sections["months"].rsplit("false-attribution rate", 1)[1])


def test_the_numbers_of_the_charts_stand_in_tables(page: Page) -> None:
    cells = {cell.strip() for cell in page.cells}
    asked = report()
    for row in asked["figures"]:
        top = row["metrics"]["top-1"]
        if top["value"] is not None:
            assert f"{top['value']:.1%} ({100 * top['low']:.1f}–{100 * top['high']:.1f})" in cells
    for bins in asked["reliability"].values():
        assert all(row["right"] is None or f"{row['right']:.1%}" in cells for row in bins)
    for point in asked["similarity"]["map"]:
        assert f"{point['x']:.3g}" in cells


def test_charts_have_names(page: Page) -> None:
    drawn = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawn) > 60
    assert all(a.get("aria-hidden") == "true" or (a.get("role") == "img" and a.get("aria-label")) for a in drawn)
    regions = [attrs for tag, attrs in page.tags if attrs.get("role") == "region"]
    assert all(a.get("aria-label") and a.get("tabindex") == "0" for a in regions)


def test_elements_are_closed(text: str) -> None:
    """Cells and rows of the largest tables may stay open, as HTML allows."""
    for tag in ("section", "details", "summary", "svg", "table", "tbody", "div", "ul", "dl", "figure", "g", "text"):
        assert len(re.findall(rf"<{tag}[ >]", text)) == text.count(f"</{tag}>"), tag


def test_the_same_report_gives_the_same_page(text: str) -> None:
    assert render_html(report()) == text


def test_a_tree_as_deep_as_it_has_releases() -> None:
    asked = report(protocols=("same-set",), releases=60)
    tree: dict[str, Any] = {"release": "r0", "lab": "a"}
    for depth in range(1, 1500):
        leaf = {"release": f"r{depth}", "lab": "a"}
        tree = {"height": float(depth), "support": 0.5, "children": [tree, leaf]}
    text = render_html(asked | {"similarity": {"map": [], "tree": tree}})
    assert "The tree of 1500 releases" in text
    assert "r1499 " in text


def test_without_jinja2_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"a page in HTML.*llm-authorship\[report\]"):
        render_html(report(protocols=("same-set",), releases=60))


def test_colours_can_be_read_in_both_themes() -> None:
    """WCAG 2.1 AA: text at 4.5 to 1, what is drawn at 3 to 1."""
    style = (Path(under_test.__file__).parent / "templates" / "style.css").read_text()
    light, dark = (dict(re.findall(r"--([\w]+):(#\w+)", block)) for block in re.findall(r":root\{(.*?)\}", style, re.S))
    assert light.keys() == dark.keys()
    for theme in (light, dark):
        for paper in ("paper", "raised"):
            for ink in ("ink", "quiet", "accent"):
                assert _contrast(_rgb(theme[ink]), _rgb(theme[paper])) >= 4.5, (ink, paper)
            for colour in range(8):
                assert _contrast(_rgb(theme[f"c{colour}"]), _rgb(theme[paper])) >= 3, (colour, paper)
    mixes = re.findall(r"color-mix\(in srgb,var\(--(\w+)\) (\d+)%,var\(--paper\)\)", style)
    assert len(mixes) == 12
    for theme in (light, dark):
        for colour, share in mixes:
            pair = zip(_rgb(theme[colour]), _rgb(theme["paper"]), strict=True)
            mixed = tuple(a * int(share) / 100 + b * (1 - int(share) / 100) for a, b in pair)
            assert _contrast(_rgb(theme["ink"]), mixed) >= 4.5, (colour, share)


def _rgb(colour: str) -> tuple[float, ...]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    def luminance(rgb: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_all_numbers_of_responses_are_ticks(text: str) -> None:
    chart = text.split('<svg class="chart"', 1)[1].split("</svg>", 1)[0]
    assert [int(n) for n in re.findall(r'text-anchor="middle">(\d+)</text>', chart)] == list(NUMBERS)
