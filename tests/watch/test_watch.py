"""From a list of models to verdicts, a page and a feed, run after run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.cli.main import main
from fingerprint.collect.answers import file_name
from fingerprint.collect.messages import Answer, Question
from fingerprint.collect.provider import ListedModel, Price
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.verdict import Verdict
from fingerprint.watch.listing import FREE, NO_VENDOR, is_stealth, known_vendors, signs
from fingerprint.watch.run import Outcome, Probed, Watch, watch
from tests import worlds
from tests.collect.doubles import KEY

ATOM = "{http://www.w3.org/2005/Atom}"
NOTHING = Price(0, 0)
DEAR = Price(1e-6, 1e-6)
OLD = ListedModel("openai/gpt-4o", "GPT-4o", price=DEAR)
PONY = ListedModel("openrouter/pony-alpha", "Pony Alpha", price=NOTHING)
NEXT = ListedModel("z-ai/glm-9", "GLM 9", price=DEAR)
HOSTILE = ListedModel("x/<script>alert(1)</script>%3A\u202e", '"><img src=x onerror=alert(1)>\x1b[2J', price=NOTHING)


class Listing:
    """A provider that only has a list."""

    name, base_url, account = "openrouter", "https://example.org", "account"

    def __init__(self, *models: ListedModel):
        self.listed: Sequence[ListedModel] = models

    async def ask(self, model: str, question: Question) -> Answer:
        raise NotImplementedError

    async def price(self, model: str) -> Price | None:
        raise NotImplementedError

    async def models(self) -> Sequence[ListedModel]:
        return self.listed

    async def close(self) -> None: ...


def said(word: str = "likely", finished: bool = True, shortlist: Sequence[str] = ()) -> Probed:
    labs = (SimpleNamespace(lab="zhipu", probability=0.71),)
    listed = tuple(SimpleNamespace(lab=lab) for lab in shortlist)
    verdict = cast(Verdict, SimpleNamespace(verdict=word, labs=labs, shortlist=listed, n_used=9))
    return Probed(
        verdict, {"verdict": word}, "the verdict is firm" if finished else "--max-requests is reached", finished
    )


def run(folder: Path, models: Sequence[ListedModel], probe: Callable[[ListedModel], Probed] | None = None) -> Outcome:
    async def ask(listed: ListedModel) -> Probed:
        return probe(listed) if probe else said()

    given = Watch(Listing(*models), folder, Registry.load(), ask, lambda one: None)
    return asyncio.run(watch(given))


def ids(models: Sequence[Any]) -> list[str]:
    return [one.id for one in models]


def entries(folder: Path) -> list[ElementTree.Element]:
    return ElementTree.parse(folder / "feed.xml").getroot().findall(f"{ATOM}entry")


@pytest.mark.parametrize(
    ("listed", "expected", "stealth"),
    [
        (PONY, (NO_VENDOR, FREE, "alpha"), True),
        (ListedModel("nobody/something:free", price=NOTHING), (NO_VENDOR, FREE), True),
        (ListedModel("no-owner-stealth", price=DEAR), (NO_VENDOR, "stealth"), True),
        (ListedModel("nobody/finetune", price=DEAR), (NO_VENDOR,), False),
        (ListedModel("z-ai/glm-4.5-air:free", price=NOTHING), (FREE,), False),
        (ListedModel("google/gemini-beta", price=DEAR), ("beta",), False),
        (ListedModel("moonshotai/alphabet", price=None), (), False),
        (ListedModel("Z.AI/glm"), (), False),
    ],
)
def test_signs_of_stealth(listed: ListedModel, expected: tuple[str, ...], stealth: bool) -> None:
    found = signs(listed, "openrouter", known_vendors(Registry.load()))
    assert (found, is_stealth(found)) == (expected, stealth)


def test_the_first_run_knows_all_but_the_stealth_ones(tmp_path: Path) -> None:
    first = run(tmp_path, [OLD, PONY])
    assert (ids(first.fresh), ids(first.probed)) == ([PONY.id], [PONY.id])
    again = run(tmp_path, [OLD, PONY])
    assert (again.fresh, again.probed) == ((), ())
    later = run(tmp_path, [OLD, PONY, NEXT])
    assert (ids(later.fresh), ids(later.probed)) == ([NEXT.id], [NEXT.id])
    assert [entry.findtext(f"{ATOM}title") for entry in entries(tmp_path)].__len__() == 2


def test_stealth_models_come_first_then_free_ones(tmp_path: Path) -> None:
    run(tmp_path, [OLD])
    free = ListedModel("z-ai/glm-9:free", price=NOTHING)
    assert ids(run(tmp_path, [OLD, NEXT, free, PONY]).probed) == [PONY.id, free.id, NEXT.id]


def test_what_a_limit_cut_short_goes_on(tmp_path: Path) -> None:
    waits = run(tmp_path, [PONY], lambda listed: said(finished=False))
    assert waits.state.models[0].waits
    assert ids(run(tmp_path, [PONY]).probed) == [PONY.id]
    (kept,) = (tmp_path / "verdicts").glob("*/*.json")
    assert kept.stem == waits.state.models[0].findings[0].time[:10]
    assert run(tmp_path, [PONY]).probed == ()


def test_a_failure_is_kept_and_tried_again_while_it_is_listed(tmp_path: Path) -> None:
    failed = run(tmp_path, [OLD, PONY], lambda listed: Probed(None, {}, "given up: status 404", False))
    assert failed.to_dict()["probed"][0]["stopped"] == "given up: status 404"
    assert "status 404" in (tmp_path / "index.html").read_text()
    gone = run(tmp_path, [OLD])
    assert gone.probed == ()
    assert "no longer listed" in (tmp_path / "index.html").read_text()
    assert ids(run(tmp_path, [OLD, PONY]).probed) == [PONY.id]


def test_a_run_that_is_cut_off_keeps_what_it_has(tmp_path: Path) -> None:
    def killed(listed: ListedModel) -> Probed:
        if listed.id == HOSTILE.id:
            raise KeyboardInterrupt
        return said()

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [PONY, HOSTILE], killed)
    state = json.loads((tmp_path / "state.json").read_text())
    assert {one["id"]: len(one["findings"]) for one in state["models"]} == {PONY.id: 1, HOSTILE.id: 0}
    assert ids(run(tmp_path, [PONY, HOSTILE]).probed) == [HOSTILE.id]
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    run(tmp_path, [HOSTILE])
    page = (tmp_path / "index.html").read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not {"\x1b", "\u202e"} & set(page)
    assert "default-src 'none'" in page
    (entry,) = entries(tmp_path)
    assert "<script>" in (entry.findtext(f"{ATOM}title") or "")
    link = entry.find(f"{ATOM}link")
    assert link is not None
    (kept,) = (tmp_path / "verdicts").glob("*/*.json")
    assert link.get("href", "").replace("%25", "%") == str(kept.relative_to(tmp_path))
    assert f'href="{link.get("href")}"' in page


def test_the_feed_is_what_readers_expect(tmp_path: Path) -> None:
    run(tmp_path, [PONY], lambda listed: said(finished=False))
    root = ElementTree.parse(tmp_path / "feed.xml").getroot()
    for parent in (root, *entries(tmp_path)):
        assert all(parent.findtext(f"{ATOM}{tag}") for tag in ("id", "title", "updated"))
    before = entries(tmp_path)[0].findtext(f"{ATOM}id")
    run(tmp_path, [PONY, NEXT])
    assert before in {entry.findtext(f"{ATOM}id") for entry in entries(tmp_path)}
    assert len({entry.findtext(f"{ATOM}id") for entry in entries(tmp_path)}) == 2


def test_a_short_list_takes_the_place_of_the_first_lab(tmp_path: Path) -> None:
    outcome = run(tmp_path, [PONY], lambda listed: said("inconclusive", shortlist=("zhipu", "openai")))
    told = "inconclusive, probably one of Zhipu AI (Z.ai), OpenAI, 9 responses"
    assert told in (tmp_path / "index.html").read_text()
    assert told in (entries(tmp_path)[0].findtext(f"{ATOM}title") or "")
    assert [row["shortlist"] for row in outcome.to_dict()["probed"]] == [["zhipu", "openai"]]
    # A folder of a time without such lists is read all the same.
    state = json.loads((tmp_path / "state.json").read_text())
    for one in state["models"]:
        for finding in one["findings"]:
            del finding["shortlist"]
    (tmp_path / "state.json").write_text(json.dumps(state))
    assert "inconclusive, Zhipu AI (Z.ai) 71%" in page_after_a_run(tmp_path)


def page_after_a_run(folder: Path) -> str:
    run(folder, [PONY, NEXT], lambda listed: said())
    return (folder / "index.html").read_text()


def test_routers_and_an_empty_list_are_no_models(tmp_path: Path) -> None:
    run(tmp_path, [OLD])
    before = (tmp_path / "state.json").read_bytes()
    with pytest.raises(FingerprintError, match="holds no model"):
        run(tmp_path, [ListedModel("openrouter/auto", is_one=False)])
    assert (tmp_path / "state.json").read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": 1}', '{"schema": 9, "provider": "openrouter", "base_url": "https://example.org"}',
             '{"schema": 1, "provider": "openrouter", "base_url": "https://elsewhere"}'],
)  # fmt: skip
def test_a_folder_of_something_else_is_left_alone(text: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(InputError, match="another --out"):
        run(tmp_path, [OLD])
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert (tmp_path / "state.json").read_text() == text


@pytest.fixture
def openrouter(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A server with a list of models, which the test may change; each answers as oak-2 of the made-up world."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    listed = [entry("openai/gpt-4o", 0.00001), entry("openrouter/pony-alpha", 0)]

    def answer(request: Request) -> Response:
        sent = json.loads(request.data)
        prompt = int(sent["messages"][-1]["content"].split()[-1].strip("?"))
        message = {"role": "assistant", "content": worlds.write("oak-2", prompt)}
        body = {"model": sent["model"], "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 60}}  # fmt: skip
        return Response(json.dumps(body), content_type="application/json")

    httpserver.expect_request("/v1/models").respond_with_handler(
        lambda request: Response(json.dumps({"data": listed}), content_type="application/json")
    )
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(answer)
    return listed


def entry(name: str, price: float) -> dict[str, Any]:
    pricing = {"prompt": price, "completion": price}
    about = {"output_modalities": ["text"], "tokenizer": "Other"}
    return {"id": name, "name": name.upper(), "created": 1_760_000_000, "pricing": pricing, "architecture": about}


def own_probes(folder: Path) -> Path:
    """A probe set of our own, of twenty prompts."""
    probes = folder / "own.jsonl"
    rows = [{"id": f"new-{n}", "messages": [{"role": "user", "content": f"Prompt {n}?"}], "language": "en"}
            for n in range(500, 520)]  # fmt: skip
    probes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return probes


def test_the_command(
    openrouter: list[dict[str, Any]], httpserver: HTTPServer, model: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    probes = own_probes(tmp_path)
    out = tmp_path / "watched"

    def command(*more: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            main(["watch", "openrouter", "--out", str(out), "--model", str(model), "--probes", str(probes),
                  "--base-url", httpserver.url_for("/v1"), "--format", "json", *more])  # fmt: skip
        assert not ended.value.code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    first = command("--max-requests", "2")
    assert first["new"] == ["openrouter/pony-alpha"]
    (row,) = first["probed"]
    assert (row["stealth"], row["stopped"]) == (True, "--max-requests is reached")
    second = command()
    (row,) = second["probed"]
    assert (row["verdict"], row["lab"], row["stopped"]) == ("attributed", "oak", "the verdict is firm")
    kept = json.loads((out / row["file"]).read_text())
    assert (kept["verdict"], kept["calibration"]["expect"]) == ("attributed", "new")
    assert kept["probe"]["there_before"] == 2
    assert "oak" in (out / "index.html").read_text()
    # A dear one that is new waits for a budget.
    openrouter.append(entry("z-ai/glm-9", 0.00001))
    third = command()
    assert (third["new"], third["probed"][0]["stopped"]) == (["z-ai/glm-9"], "another request might exceed --max-cost")
    asked = [json.loads(request.data)["model"] for request, _ in httpserver.log if request.method == "POST"]
    assert set(asked) == {"openrouter/pony-alpha"}
    assert KEY not in "".join(path.read_text() for path in out.rglob("*") if path.is_file())


def test_a_damaged_file_of_answers_stops_one_model(
    openrouter: list[dict[str, Any]], httpserver: HTTPServer, model: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    probes = own_probes(tmp_path)
    openrouter.insert(0, entry("openrouter/horse-alpha", 0))
    out = tmp_path / "watched"
    (out / "answers").mkdir(parents=True)
    damaged = out / "answers" / file_name("openrouter", "openrouter/horse-alpha", httpserver.url_for("/v1"))
    damaged.write_text("no line of ours\n")

    def command() -> tuple[Any, dict[str, Any], str]:
        with pytest.raises(SystemExit) as ended:
            main(["watch", "openrouter", "--out", str(out), "--model", str(model), "--probes", str(probes),
                  "--base-url", httpserver.url_for("/v1"), "--format", "json", "--max-requests", "4"])  # fmt: skip
        text, complaints = capsys.readouterr()
        return ended.value.code, json.loads(text), complaints

    code, found, complaints = command()
    assert (code, found["damaged"]) == (1, ["openrouter/horse-alpha"])
    horse, pony = found["probed"]
    assert (horse["verdict"], horse["stopped"]) == (None, f"{damaged}:1: is not a line that `collect` wrote")
    assert pony["verdict"]
    assert complaints.splitlines()[0] == f"openrouter/horse-alpha: {horse['stopped']}"
    assert "Traceback" not in complaints
    assert damaged.read_text() == "no line of ours\n"
    damaged.unlink()
    code, found, _ = command()
    assert (code, found["damaged"]) == (0, [])
    assert {row["model"] for row in found["probed"] if row["verdict"]} >= {"openrouter/horse-alpha"}


def test_a_list_that_cannot_be_read_changes_nothing(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    httpserver.expect_request("/v1/models").respond_with_data("<html>", status=503)
    with pytest.raises(SystemExit) as ended:
        main(["watch", "openrouter", "--out", str(tmp_path / "out"), "--model", str(model), "--base-url",
              httpserver.url_for("/v1")])  # fmt: skip
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "list of models cannot be read" in complaint
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {".lock"}
