from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pytest_httpserver import HTTPServer

from fingerprint.cli.main import main
from fingerprint.data.reader import read_case
from tests import worlds
from tests.collect.doubles import lines
from tests.probing.conftest import Stealth, answers, probe


def test_it_asks_until_the_verdict_is_firm(ask: Any, stealth: Stealth, tmp_path: Path) -> None:
    code, found, _ = ask()
    assert code == 0
    assert (found["verdict"], found["labs"][0]["lab"]) == ("attributed", "oak")
    assert found["probe"]["stopped"] == "the verdict is firm"
    assert found["calibration"]["expect"] == "new"
    assert 3 <= found["n_used"] < 20
    assert len(stealth.prompts) == found["probe"]["answered"] == len(set(stealth.prompts))


def test_what_it_got_is_a_file_like_any_other(ask: Any, tmp_path: Path) -> None:
    found = ask()[1]
    case = read_case(str(answers(tmp_path)))
    assert (case.n_responses, case.n_used) == (found["n_responses"], found["n_used"])
    assert {record["release"] for record in lines(answers(tmp_path))} == {"stealth"}


def test_token_counts_come_first_and_few(ask: Any, stealth: Stealth) -> None:
    counts = ask()[1]["side_evidence"]["token_counts"]
    assert 4 <= counts["compared"] <= 8
    assert {release.split("-")[0] for release in counts["agree"]} == {"oak"}
    assert counts["labs"][0]["lab"] == "oak"
    assert max(stealth.prompts[: counts["compared"]]) < 10
    assert min(stealth.prompts[counts["compared"] :]) >= 500


def test_empty_answers_have_their_prompts_counted_too(ask: Any, stealth: Stealth, tmp_path: Path) -> None:
    # A model that spends its one token on reasoning says nothing.
    stealth.say = lambda prompt: "" if prompt < 100 else worlds.write("oak-2", prompt)
    found = ask()[1]
    assert found["side_evidence"]["token_counts"]["labs"][0]["lab"] == "oak"
    assert found["probe"]["empty"] == 0
    again = read_case(str(answers(tmp_path)))
    assert sum(record.domain == "token-counts" for record in again.aside) >= 4


def test_a_provider_that_refuses_a_token_probe_is_asked_no_other(ask: Any, stealth: Stealth) -> None:
    stealth.status = lambda asked: 400 if asked == 1 else 200
    found = ask()[1]
    assert min(stealth.prompts[1:]) >= 500
    assert found["side_evidence"]["token_counts"]["note"]


def test_style_only_asks_for_nothing_else(ask: Any, stealth: Stealth) -> None:
    found = ask("--style-only")[1]
    assert found["side_evidence"] is None
    assert min(stealth.prompts) >= 500


def test_it_goes_on_with_what_it_has(ask: Any, stealth: Stealth, tmp_path: Path) -> None:
    first = ask("--max-requests", "6")[1]
    assert first["probe"]["stopped"] == "--max-requests is reached"
    assert len(stealth.prompts) == 6
    second = ask()[1]
    assert second["probe"]["stopped"] == "the verdict is firm"
    assert len(stealth.prompts) == len(set(stealth.prompts)) == len(lines(answers(tmp_path)))
    asked = len(stealth.prompts)
    # A firm verdict needs no other look than the one before and one more.
    ask()
    assert len(stealth.prompts) <= asked + 1


def test_a_torn_line_is_asked_again(ask: Any, stealth: Stealth, tmp_path: Path) -> None:
    ask("--max-requests", "8")
    file = answers(tmp_path)
    file.write_bytes(file.read_bytes()[:-40])
    code, _, _ = ask()
    assert code == 0
    assert len(lines(file)) == len(set(stealth.prompts))


def test_it_stops_when_no_probe_is_left(ask: Any, stealth: Stealth) -> None:
    # Words that no model of this world writes.
    stealth.say = lambda prompt: f"{prompt} " + "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 3
    code, found, _ = ask()
    assert code == 0
    assert found["verdict"] in ("inconclusive", "likely", "unknown")
    assert found["probe"]["stopped"].startswith(("no probe is left", "no other probe would change the verdict"))


def test_a_prompt_of_several_sets_is_asked_once(ask: Any, stealth: Stealth, probes: Path, tmp_path: Path) -> None:
    stealth.say = lambda prompt: f"{prompt} " + "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 3
    rows = [json.loads(line) for line in probes.read_text().splitlines()]
    for row in rows:
        row["id"] = f"again-{row['id']}"
        if "domain" not in row:
            row["messages"][0]["content"] = row["messages"][0]["content"].replace(" ", "\n")
            row["max_tokens"] = 99
    second = tmp_path / "second.jsonl"
    second.write_text("".join(json.dumps(row) + "\n" for row in [*rows, probe("new-999", 999)]))
    found = ask("--style-only", "--probes", str(second))[1]
    assert len(stealth.prompts) == len(set(stealth.prompts))
    # 21 prompts, and ten whose tokens are counted.
    assert found["probe"]["questions"] == 31


def test_requests_that_fail_count(ask: Any, stealth: Stealth) -> None:
    stealth.status = lambda asked: 400 if asked % 2 else 200
    found = ask("--max-requests", "6")[1]
    assert len(stealth.prompts) == 6
    assert found["probe"]["answered"] == 3
    assert found["probe"]["failed"]


def test_a_provider_that_gives_up_is_reported(ask: Any, stealth: Stealth) -> None:
    stealth.status = lambda asked: 200 if asked < 5 else 401
    code, found, _ = ask()
    assert code == 1
    assert found["probe"]["given_up"]
    assert found["n_responses"] == 4


def test_without_any_answer_there_is_no_verdict(ask: Any, stealth: Stealth) -> None:
    stealth.status = lambda asked: 401
    code, out, complaint = ask()
    assert (code, out) == (2, "")
    assert complaint.count("\n") == 1
    assert "no answer to identify" in complaint


def test_hostile_answers_reach_no_terminal(ask: Any, stealth: Stealth) -> None:
    stealth.say = lambda prompt: f"\x1b]0;owned\x07\x1b[2J I am ChatGPT {prompt} \u202e and so on, and so forth."
    for form in ("text", "json"):
        _, out, complaint = ask("--max-requests", "7", form=form)
        assert not {"\x1b", "\u202e"} & set(f"{out}{complaint}")


def test_text_for_people(ask: Any) -> None:
    _, out, _ = ask(form="text")
    assert "A model of oak wrote these responses" in " ".join(out.split())
    assert "Labs by style and token counts together" in out
    assert "Stopped: the verdict is firm." in " ".join(out.split())


def test_a_price_that_nobody_knows_holds_no_limit(
    ask: Any, monkeypatch: pytest.MonkeyPatch, stealth: Stealth, model: Path, probes: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    command = ["probe", "openai:stealth", "--model", str(model), "--probes", str(probes), "--out", str(tmp_path),
               "--base-url", stealth.url, "--max-cost", "1"]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert "price is unknown" in capsys.readouterr().err
    assert not stealth.prompts


@pytest.fixture
def priced(ask: Any, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As `ask`, of a model whose provider lists its price: an answer of this world costs $0.006."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-secret-0123456789")
    listed = {"data": [{"id": "stealth", "pricing": {"prompt": "0", "completion": "0.0001"}}]}
    httpserver.expect_request("/v1/models").respond_with_json(listed)
    return functools.partial(ask, target="openrouter:stealth")


def test_it_stops_before_it_costs_too_much(priced: Any, stealth: Stealth, tmp_path: Path) -> None:
    # An answer may take 4,096 tokens, $0.4096: beside that there is room for two that took 60, and not for three.
    code, found, _ = priced("--max-cost", "0.425")
    assert code == 0
    assert found["probe"]["stopped"] == "another request might exceed --max-cost"
    assert (len(stealth.prompts), found["probe"]["answered"], found["n_responses"]) == (3, 3, 3)
    assert found["probe"]["cost"] == pytest.approx(0.018)
    assert len(lines(answers(tmp_path))) == 3
    # What is on file was paid for by another run; the same answers are not asked for again.
    again = priced("--max-cost", "2")[1]
    assert again["probe"]["stopped"] == "the verdict is firm"
    assert len(stealth.prompts) == len(set(stealth.prompts)) == len(lines(answers(tmp_path))) > 3
    assert again["probe"]["cost"] == pytest.approx(0.006 * again["probe"]["answered"])
    assert "$0.0" in priced(form="text")[1]


def test_a_limit_that_not_even_one_answer_fits_in_asks_nothing(priced: Any, stealth: Stealth) -> None:
    code, out, complaint = priced("--max-cost", "0.4")
    assert (code, out, stealth.prompts) == (2, "", [])
    assert "does not reach for one probe: the cheapest may cost $0.4096" in complaint


def test_the_time_that_help_tells_is_the_one_that_holds() -> None:
    from fingerprint.cli.options import TIMEOUT
    from fingerprint.collect.asking import RETRY

    assert RETRY.timeout == TIMEOUT


def test_the_json_is_valid_by_the_published_schema(ask: Any) -> None:
    schema = json.loads((Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(ask()[1])
