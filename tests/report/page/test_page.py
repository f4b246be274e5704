"""The page of a verdict: its structure, what it must say, and what hostile text cannot do to it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fingerprint import Fingerprint
from fingerprint.data.reader import case_of
from fingerprint.data.response import Case, Response
from fingerprint.errors import MissingExtra
from fingerprint.model.claim_verdict import ClaimReason, ClaimWord
from fingerprint.model.decision import UNJUDGED
from fingerprint.model.pair_calibration import PairKind, PairVerdict
from fingerprint.model.plain_words import CLAIMS, PAIRS, SENTENCES, pair_in_words, verdict_in_words
from fingerprint.model.verdict import VERDICTS, AllowedRates, LabShare, Reason, StyleMarker, VerdictWord
from fingerprint.report.layout import Tone
from fingerprint.report.page import GivenFile, PageContext, Provenance, Result, Surroundings, curves, render_page
from fingerprint.report.page.render import page_of
from tests.report.test_text import ASKED, ASKED_LABS, verdict

ROOT = Path(__file__).resolve().parents[3]
LABS = {"zhipu": "Zhipu AI", "openai": "OpenAI"}
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\u2066\x1b[2J\u200b&\"'"
PROSE = (
    "It's worth noting that bread goes stale, and the reason is not what most people think. Keep it in a bag.",
    "The train is faster than the bus; however, the bus is cheaper. In the end, it depends on what you need.",
    "## Plan\n\n- **First**, take the train.\n- Then walk. You will see the old bridge, and it's a nice one.",
)


class Outline(HTMLParser):
    """What a browser would see: tags with attributes, in order, and the text outside styles."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.tags if name == tag)

    def attribute(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return Fingerprint.load(ROOT / "models" / "default")


@pytest.fixture(scope="module")
def around(known: Fingerprint) -> Surroundings:
    """A map that costs no time, and a tree of three labs."""
    places = [
        {**{key: entry[key] for key in ("release", "lab", "family")}, "x": i % 23 * 1.0, "y": i // 23 * 1.0}
        for i, entry in enumerate(known.loaded.releases)
    ]
    inner = {"height": 1.0, "support": 0.9, "children": [{"lab": "zhipu"}, {"lab": "openai"}]}
    return Surroundings(places, {"height": 2.0, "support": 1.0, "children": [inner, {"lab": "google"}]})


def case(texts: tuple[str, ...] = PROSE, name: str = "answers.jsonl") -> Case:
    return dataclasses.replace(case_of(texts), file=name)


def context(known: Fingerprint, around: Surroundings | None, *cases: Case) -> PageContext:
    files = [GivenFile.of_bytes(one.file, b"bytes") for one in cases]
    provenance = Provenance.now(files, "a" * 64, "fingerprint identify answers.jsonl")
    return PageContext(cases, known.loaded, around, LABS, provenance)


@pytest.fixture(scope="module")
def pages(known: Fingerprint, around: Surroundings) -> dict[str, str]:
    """A page of each kind of result, and of a hostile one."""
    first, second, bad = case(), case(PROSE[::-1], "others.jsonl"), case((HOSTILE * 2, *PROSE), HOSTILE)
    results: dict[str, tuple[Result, tuple[Case, ...]]] = {
        "identify": (known.identify(first), (first,)),
        "candidates": (known.identify(first, candidates=["openai", "zhipu", "google"]), (first,)),
        "verify": (known.verify(first, "gpt-4o"), (first,)),
        "reference": (known.verify_against(first, second), (first, second)),
        "compare": (known.compare([first, second]), (first, second)),
        "three": (known.compare([first, second, bad]), (first, second, bad)),
        "hostile": (known.identify(bad), (bad,)),
    }
    return {name: render_page(result, context(known, around, *cases)) for name, (result, cases) in results.items()}


def test_every_word_has_a_sentence_and_every_tone_a_colour(pages: dict[str, str]) -> None:
    assert set(SENTENCES) == set(VERDICTS)
    assert set(CLAIMS) == set(ClaimWord)
    assert set(PAIRS) == set(PairVerdict)
    assert all(f".{tone}{{color:" in pages["identify"] for tone in Tone)


def test_answers_to_shared_prompts_have_figures_of_their_own(known: Fingerprint, around: Surroundings) -> None:
    ours, theirs = (
        dataclasses.replace(
            case_of([Response(f"{text} {i}", prompt=f"Question {i}") for i in range(6) for text in texts]), file=name
        )
        for name, texts in (("a.jsonl", PROSE[:1]), ("b.jsonl", PROSE[1:2]))
    )
    found = known.compare([ours, theirs])
    rates = found.pairs[0].rates
    assert rates.shared_prompts
    text = Outline(render_page(found, context(known, around, ours, theirs))).text
    assert "a side to the same prompts" in text
    assert "the prompts are taken out" in text
    drawn = curves.pair_lines(rates, context(known, around, ours, theirs))
    measured = {row.kind: row.same for row in rates.kinds}
    assert drawn["pairs of one release called the same"][rates.responses] == pytest.approx(
        measured[PairKind.TARGET], abs=1e-4
    )


@pytest.mark.parametrize("word", VERDICTS)
def test_a_page_of_each_verdict_says_it_in_plain_words(
    word: VerdictWord, known: Fingerprint, around: Surroundings
) -> None:
    asked = {"candidates": ASKED, "labs": ASKED_LABS} if word is VerdictWord.NONE_OF_THESE else {}
    made = verdict(word, **asked)
    words = verdict_in_words(made, lambda lab: LABS.get(lab, lab))
    found = Outline(render_page(made, context(known, around, case())))
    assert " ".join(words.headline.split()) in found.text
    assert words.how_often_wrong.replace(" %", "\xa0%") in found.text
    assert str(word) in found.text
    if word in (VerdictWord.ATTRIBUTED, VerdictWord.NEW_RELEASE, VerdictWord.LIKELY):
        assert "Zhipu AI" in words.headline
    else:
        assert "Zhipu" not in words.headline


def test_how_often_a_sentence_is_wrong_is_measured_by_kind() -> None:
    assert verdict_in_words(verdict()).how_often_wrong == (
        "At most 5 % of such sentences name a wrong lab, in each kind of case that is expected. On held-out cases with "
        "10 responses, 1.2 to 4.9 % were wrong, by kind of case; 0.0 % of cases of other labs got such a sentence."
    )
    assert "At most 25 %" in verdict_in_words(verdict(VerdictWord.LIKELY)).how_often_wrong
    assert "At most 1 %" in pair_in_words(PairVerdict.DIFFERENT, AllowedRates()).how_often_wrong
    assert "At most 5 %" in pair_in_words(PairVerdict.SAME, AllowedRates()).how_often_wrong


@pytest.mark.parametrize("name", ["identify", "candidates", "verify", "reference", "compare", "three", "hostile"])
def test_a_page_is_one_sound_file(name: str, pages: dict[str, str]) -> None:
    found = Outline(pages[name])
    policy = {attrs.get("http-equiv"): attrs.get("content") for tag, attrs in found.tags if tag == "meta"}
    # The one style is allowed by its hash: no other, and no attribute, can bring its own.
    (style,) = re.findall("<style>(.*?)</style>", pages[name], re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert not found.attribute("style")
    assert pages[name].index("Content-Security-Policy") < pages[name].index("<style>")
    for tag in ("script", "img", "link", "iframe", "object", "embed", "form", "base", "image", "use"):
        assert found.count(tag) == 0, tag
    assert all(link.startswith("#") for link in found.attribute("href"))
    assert not found.attribute("src")
    assert not [key for _, attrs in found.tags for key in attrs if key.startswith("on")]
    assert "url(" not in pages[name]
    assert "@import" not in pages[name]
    ids = found.attribute("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in found.attribute("href")} <= set(ids)
    headings = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    tables = [found.tags[i + 1][0] for i, (tag, _) in enumerate(found.tags) if tag == "table"]
    assert tables
    assert set(tables) == {"caption"}
    assert all(attrs.get("scope") for tag, attrs in found.tags if tag == "th")
    assert all(attrs.get("role") == "img" or attrs.get("aria-hidden") for tag, attrs in found.tags if tag == "svg")
    assert {"viewport", "color-scheme"} <= {attrs.get("name") for tag, attrs in found.tags if tag == "meta"}


def test_hostile_text_is_shown_and_does_nothing(pages: dict[str, str]) -> None:
    for name in ("hostile", "three"):
        assert "<script" not in pages[name]
        strange = {char for char in pages[name] if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert strange <= {"\n"}
        assert "\\u202e" in Outline(pages[name]).text


def test_what_is_quoted_is_marked_short_and_escaped(known: Fingerprint) -> None:
    long = ("word " * 40) + "**<b>bold</b>\u202e** and then " + ("more " * 400)
    made = verdict(style_markers=(StyleMarker("bold passages", 4.0, 3.9, 0.5, "per 1,000 words", 2.5),))
    page = render_page(made, context(known, None, case((long, *PROSE))))
    quotes = re.findall(r'<q class="excerpt".*?</q>', page, re.S)
    assert any("<mark>**&lt;b&gt;bold&lt;/b&gt;\\u202e**</mark>" in quote for quote in quotes)
    assert all(len(re.sub("<.*?>", "", quote)) < 320 for quote in quotes)


def test_it_names_what_it_comes_from(pages: dict[str, str]) -> None:
    text = Outline(pages["identify"]).text
    sha256 = GivenFile.of_bytes("", b"bytes").sha256
    for wanted in ("fingerprint identify answers.jsonl", sha256, "a" * 64, "you are here: 3 responses"):
        assert wanted in text
    assert re.search(r"\d{4}-\d{2}-\d{2}", text)


def test_neighbours_and_thresholds_have_words_without_hovering(pages: dict[str, str], known: Fingerprint) -> None:
    page = pages["identify"]
    near = re.findall(r'<tr><th scope="row">([^<]+)</th><td>', page)
    names = {entry["release"] for entry in known.loaded.releases}
    assert len([name for name in near if name in names]) == 5
    on_map = re.findall(r'<text class="halo"[^>]*>([^<]+)</text>', page)
    assert set(near) & set(on_map)


def test_a_case_without_responses_has_a_page(known: Fingerprint, around: Surroundings) -> None:
    empty = dataclasses.replace(case(), records=())
    found = Outline(render_page(known.identify(empty), context(known, around, empty)))
    assert "No usable response is left." in found.text


@pytest.mark.parametrize("reason", sorted(UNJUDGED))
def test_nothing_is_ranked_where_nothing_was_judged(reason: Reason, known: Fingerprint, around: Surroundings) -> None:
    asked = case()
    made = verdict(VerdictWord.INCONCLUSIVE, reason=reason, level=None)
    assert made.combined is not None
    page = page_of(made, context(known, around, asked))
    assert not {"ranking", "right", "markers", "phrases"} & {section.key for section in page.sections}
    # Where they lie and the other evidence are no verdict of the model's.
    assert {"place", "side"} <= {section.key for section in page.sections}
    text = Outline(render_page(made, context(known, around, asked))).text
    assert "90.0\xa0%" not in text
    assert "strong support" not in text
    assert "token counts, and names" not in text
    assert "<meter" not in made._repr_html_()


@pytest.mark.parametrize("reason", sorted(UNJUDGED))
def test_nothing_is_weighed_against_a_claim_that_was_not_judged(
    reason: Reason, known: Fingerprint, around: Surroundings
) -> None:
    asked = case()
    judged = known.verify(asked, "gpt-4o")
    assert judged.alternatives
    keys = {section.key for section in page_of(judged, context(known, around, asked)).sections}
    assert {"ranking", "markers"} <= keys
    made = dataclasses.replace(judged, verdict=ClaimWord.INCONCLUSIVE, reason=ClaimReason(reason))
    page = page_of(made, context(known, around, asked))
    assert not {"ranking", "markers", "phrases"} & {section.key for section in page.sections}
    assert not [sentence for sentence in page.sentences if "support" in sentence]


def test_without_a_map_it_says_what_to_install(known: Fingerprint) -> None:
    page = render_page(known.identify(case()), context(known, None, case()))
    assert "llm-authorship[report]" in page
    assert '<svg class="map"' not in page


def test_without_jinja2_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, known: Fingerprint) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"llm-authorship\[report\]"):
        render_page(verdict(), context(known, None, case()))


def test_a_notebook_shows_the_same_sentences_escaped() -> None:
    made = verdict(file=HOSTILE, labs=(LabShare("<i>", 0.9), *verdict().labs[1:2], LabShare("unknown", 0.03)))
    shown = made._repr_html_()
    assert "<script" not in shown
    assert "\u202e" not in shown
    assert "&lt;i&gt;" in shown
    assert "<caption>" in shown
    assert "<td>3.0 %</td>" in shown
    assert "A model of zhipu wrote these responses: glm-4.7." in verdict()._repr_html_()


def test_a_frame_has_every_ranking() -> None:
    frame = verdict().to_frame()
    assert list(frame.columns) == ["level", "name", "lab", "probability", "log_likelihood_ratio"]
    assert frame.groupby("level").size().to_dict() == {"family": 2, "lab": 3, "new release": 2, "release": 2}
    assert frame[frame.level == "lab"].probability.sum() == pytest.approx(1)
