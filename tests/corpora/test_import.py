from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerprint.corpora import importing
from fingerprint.corpora.importing import Labelling, Target, import_rows, understand
from fingerprint.data.containers import Place
from fingerprint.data.corpus import read_corpora
from fingerprint.data.registry import Registry
from fingerprint.data.rows import Options, opened_rows
from fingerprint.data.streams import Limits
from fingerprint.errors import InputError

SAID = "What a model would say, at some length."
GPT, CLAUDE = "gpt-4o-2024-05-13", "claude-2.1"


def source(name: str, columns: dict[str, tuple[str, ...]] | None = None, *where: Any) -> importing.Source:
    return importing.Source(Place(name, *where), Options(columns=columns or {}))


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def whole(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def completion(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [{"index": 0, "message": {
        "role": "assistant", "content": SAID, "refusal": None}, "logprobs": None, "finish_reason": "stop"}]}  # fmt: skip


def batch(body: dict[str, Any] | None) -> dict[str, Any]:
    response = {"status_code": 200, "request_id": "r", "body": body} if body else None
    return {"id": "batch_req_1", "custom_id": "q1", "response": response, "error": None if body else {"code": "x"}}


def sample(text: Any) -> dict[str, Any]:
    return {
        "id": "q1", "epoch": 1, "input": "why?", "target": "because",
        "messages": [{"role": "user", "content": "why?"}, {"role": "assistant", "content": text, "source": "generate"}],
        "output": {"model": "gpt-4o", "choices": [{"message": {"role": "assistant", "content": text, "source": "generate"},
                                                   "stop_reason": "stop"}], "completion": SAID},
        "scores": {"match": {"value": "C"}},
    }  # fmt: skip


LOG = {"version": 2, "status": "success", "eval": {"task": "t", "model": f"openai/{GPT}", "created": "2025-01-01",
       "model_generate_config": {"temperature": 0.5}}, "plan": {"steps": []}, "results": {}, "stats": {}}  # fmt: skip
REASONED = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": SAID}]
TURNS = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": SAID}]

# Each in its tool's form: (file, form, model, prompt, prompt_id).
FORMS: dict[str, tuple[bytes, str, str, str, str]] = {
    "alpaca eval": (
        whole([{"dataset": "helpful_base", "instruction": "why?", "output": SAID, "generator": GPT}]),
        "AlpacaEval outputs", GPT, "why?", "",
    ),
    "mt bench": (
        lines({"question_id": 81, "answer_id": "a", "model_id": GPT, "choices": [{"index": 0, "turns": [SAID]}], "tstamp": 1.5}),
        "FastChat or Arena-Hard model_answer", GPT, "", "81",
    ),
    "arena hard": (
        lines({"question_id": "328c", "answer_id": "a", "model_id": GPT, "choices": [{"index": 0, "turns": [
            {"content": SAID, "token_len": 9}]}], "tstamp": 1.5}),
        "FastChat or Arena-Hard model_answer", GPT, "", "328c",
    ),
    "arena hard 2": (
        lines({"uid": "u1", "ans_id": "a", "model": GPT, "messages": [{"role": "user", "content": "why?"},
               {"role": "assistant", "content": {"answer": SAID}}], "tstamp": 1.5, "metadata": {}}),
        "FastChat or Arena-Hard model_answer", GPT, "why?", "u1",
    ),
    "openai chat": (lines(batch(completion(GPT)), batch(None)), "OpenAI batch output", GPT, "", "q1"),
    "openai responses": (
        lines(batch({"id": "resp_1", "object": "response", "model": GPT, "temperature": 1.0, "output": [
            {"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": SAID, "annotations": []}]}]})),
        "OpenAI batch output", GPT, "", "q1",
    ),
    "anthropic": (
        lines({"custom_id": "q1", "result": {"type": "succeeded", "message": {"id": "msg_1", "type": "message", "role":
               "assistant", "model": CLAUDE, "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
               {"type": "text", "text": SAID}], "stop_reason": "end_turn"}}},
              {"custom_id": "q2", "result": {"type": "errored", "error": {"type": "invalid_request"}}}),
        "Anthropic batch results", CLAUDE, "", "q1",
    ),
    "sharegpt": (
        whole([{"id": "s1", "model": GPT, "conversations": [{"from": "human", "value": "why?"}, {"from": "gpt", "value": SAID}]}]),
        "ShareGPT conversations", GPT, "why?", "s1",
    ),
    "inspect": (whole(LOG | {"samples": [sample(REASONED)]}), "inspect_ai log", f"openai/{GPT}", "why?", "q1"),
    "ours": (
        lines({"response": SAID, "prompt": "why?", "prompt_id": "q1", "release": GPT, "temperature": 1}),
        "responses", GPT, "why?", "q1",
    ),
    "chats": (lines({"messages": TURNS, "model": GPT}), "chats", GPT, "why?", ""),
}  # fmt: skip


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Imports and gives the rows back, by way of what training reads."""

    def run(source: importing.Source, out: str = "out.jsonl", **labelling: Any) -> list[dict[str, Any]]:
        registry = labelling.pop("registry", None) or Registry.load()
        import_rows(
            source,
            Target(tmp_path / out, "mine", {"licence": "MIT"}),
            Labelling(registry, **labelling),
            lambda *_: None,
        )
        assert read_corpora([tmp_path / out], registry).corpus.tolist()
        if out.endswith(".parquet"):
            import pyarrow.parquet as pq

            return list(pq.read_table(tmp_path / out).to_pylist())
        return [json.loads(line) for line in (tmp_path / out).read_text().splitlines()]

    return run


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str, tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    data, form, model, prompt, prompt_id = FORMS[name]
    path = tmp_path / "x.dat"
    path.write_bytes(data)
    found = understand(source(str(path)))
    assert (found.form, found.sample[0].text, found.sample[0].model) == (form, SAID, model)
    (row,) = bring(source(str(path)), renamed={f"openai/{GPT}": GPT})
    assert (row["response"], row.get("prompt", ""), row.get("prompt_id", "")) == (SAID, prompt, prompt_id)
    entry = Registry.load().resolve(model.split("/")[-1])
    assert entry is not None
    assert (row["release"], row["kind"], row["corpus"]) == (entry.release, "lab", "mine")


BATTLES = {
    "conversations": {"question_id": "b1", "model_a": GPT, "model_b": CLAUDE, "winner": "model_a", "language": "English",
                      "conversation_a": TURNS, "conversation_b": TURNS, "turn": 1},
    "parts": {"id": "b1", "model_a": GPT, "model_b": CLAUDE, "winner": "tie", "language": "en",
              "conversation_a": [{"role": "user", "content": [{"type": "text", "text": "why?"}]},
                                 {"role": "assistant", "content": [{"type": "text", "text": SAID}]}],
              "conversation_b": TURNS},
    "texts": {"id": 30192, "model_a": GPT, "model_b": CLAUDE, "prompt": json.dumps(["what?", "why?"]),
              "response_a": json.dumps(["no", SAID]), "response_b": json.dumps(["no", SAID]), "winner_model_a": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", BATTLES)
@pytest.mark.parametrize("form", ["json", "parquet"])
def test_arena_battles(name: str, form: str, tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    path = tmp_path / f"x.{form}"
    if form == "json":
        path.write_bytes(whole([BATTLES[name]]))
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist([BATTLES[name]]), path)
    assert understand(source(str(path))).form == "LMArena battles"
    rows = bring(source(str(path)), "out.parquet")
    assert [(r["release"], r["response"], r["prompt"]) for r in rows] == [(GPT, SAID, "why?"), (CLAUDE, SAID, "why?")]


def eval_log(path: Path, **members: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, str | bytes) else json.dumps(value))
    return path


def test_inspect_logs_in_their_zip_form(tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    members = {"_journal/start.json": LOG, "samples/q1_epoch_1.json": sample(SAID), "samples/q2_epoch_1.json": sample(REASONED),
               "summaries.json": "[]", "header.json": LOG}  # fmt: skip
    path = eval_log(tmp_path / "x.eval", **members)
    rows = bring(source(str(path)), renamed={f"openai/{GPT}": GPT})
    assert [(r["response"], r["prompt"], r["source_model"]) for r in rows] == [(SAID, "why?", f"openai/{GPT}")] * 2
    with pytest.raises(InputError, match="no inspect_ai log"):
        understand(source(str(eval_log(tmp_path / "y.zip", x="y"))))


def test_zip_bombs_and_damage_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fingerprint.data.containers._MOST_MEMBER", 100_000)
    bomb = eval_log(tmp_path / "x.eval", **{"header.json": LOG, "samples/q_epoch_1.json": b" " * 5_000_000})
    with pytest.raises(InputError, match="unfolds to too much"):
        understand(source(str(bomb)))
    many = {f"samples/q{n}_epoch_1.json": sample(SAID) for n in range(50)}
    small = Options(limits=Limits(most_bytes=20_000))
    with (
        pytest.raises(InputError, match="unfolds to too much, at samples/q"),
        opened_rows(Place(str(eval_log(tmp_path / "z.eval", **{"header.json": LOG}, **many))), small) as rows,
    ):
        list(rows)
    (tmp_path / "y.eval").write_bytes(bomb.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged"):
        understand(source(str(tmp_path / "y.eval")))


def llm_log(path: Path) -> Path:
    with sqlite3.connect(path) as log:
        log.executescript("""
            CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
            CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
                options_json TEXT, response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER,
                datetime_utc TEXT);
            CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT, provider_metadata TEXT);
            CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT,
                text TEXT, payload TEXT);
            CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT,
                model TEXT, resolved_model TEXT, options_json TEXT, datetime_utc TEXT);
        """)
        log.execute("INSERT INTO responses (id, model, prompt, response) VALUES ('1', ?, 'why?', ?)", (GPT, SAID))
        log.execute("INSERT INTO messages VALUES ('u', NULL, 'user', NULL), ('a', 'u', 'assistant', NULL)")
        log.execute("INSERT INTO parts (message_hash, position, type, text) VALUES ('u', 0, 'text', 'why?'), "
                    "('a', 0, 'reasoning', 'hm'), ('a', 1, 'text', ?)", (SAID,))  # fmt: skip
        log.execute(
            "INSERT INTO turns (id, parent_message_hash, tip_message_hash, model) VALUES ('t', 'u', 'a', ?)", (CLAUDE,)
        )
    return path


def test_the_llm_tool_log_of_both_ages(tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    path = llm_log(tmp_path / "logs.db")
    before = path.read_bytes()
    assert understand(source(str(path))).form == "llm log"
    rows = bring(source(str(path)))
    assert [(r["release"], r["response"], r["prompt"]) for r in rows] == [(GPT, SAID, "why?"), (CLAUDE, SAID, "why?")]
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("logs.db-*"))
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE x (y)")
    (tmp_path / "cut.db").write_bytes(before[:5_000])
    for name, message in (("other.db", "no log of the llm tool"), ("cut.db", "no whole log")):
        with pytest.raises(InputError, match=message):
            understand(source(str(tmp_path / name)))


HARNESS = [
    {"doc_id": 0, "doc": {"question": "why?"}, "target": "x", "arguments": {"gen_args_0": {"arg_0": "why?", "arg_1": {"until": []}}},
     "resps": [[SAID]], "filtered_resps": ["x"], "filter": "strict"},
    {"doc_id": 1, "doc": {}, "target": "x", "arguments": [["why?", " yes"]], "resps": [[[-1.5, False]]], "filtered_resps": []},
]  # fmt: skip


def test_harness_samples_do_not_say_whose(tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    path = tmp_path / "samples_gsm8k_2025.jsonl"
    path.write_bytes(lines(*HARNESS))
    assert understand(source(str(path))).sample[0].model == ""
    with pytest.raises(InputError, match="--release"):
        bring(source(str(path)))
    (row,) = bring(source(str(path)), release=GPT)
    assert (row["response"], row["prompt"], row["prompt_id"], row["release"]) == (SAID, "why?", "0", GPT)


def test_tables_by_their_columns(tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'question,answer,who\nwhy?,"{SAID}\nOn two lines.",{GPT}\nhow?,,{GPT}\n')
    given = source(str(path), {"model": ("who",)})
    assert understand(given).columns == {"response": ("answer",), "model": ("who",), "prompt": ("question",)}
    (row,) = bring(given)
    assert (row["response"], row["prompt"], row["release"]) == (f"{SAID}\nOn two lines.", "why?", GPT)
    with pytest.raises(InputError, match="no such column; there are question, answer, who"):
        understand(source(str(path), {"model": ("nobody",)}))
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="with a, b; say which holds the response"):
        understand(source(str(path)))


def test_data_sets_as_the_hub_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    import datasets

    real = datasets.load_dataset

    def local(name: str, **kwargs: Any) -> Any:
        asked.update(kwargs, name=name)
        return real("json", data_files=str(tmp_path / "x.jsonl"), split="train", streaming=True)

    (tmp_path / "x.jsonl").write_bytes(lines({"Reply": SAID, "Asked": "why?"}))
    monkeypatch.setattr(datasets, "load_dataset", local)
    found = understand(source("owner/name", {"response": ("Reply",), "prompt": ("Asked",)}, "test", "abc"))
    assert (found.sample[0].text, found.sample[0].prompt) == (SAID, "why?")
    assert asked == {"name": "owner/name", "split": "test", "revision": "abc", "streaming": True}


def test_a_data_set_that_cannot_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="owner/no-such-set: cannot be read"):
        understand(source("owner/no-such-set"))


def test_unknown_names_write_nothing_unless_they_are_skipped(
    tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]
) -> None:
    path = tmp_path / "x.jsonl.gz"
    rows = [{"response": SAID + name, "model": name} for name in (GPT, "stranger-1", "stranger-2")]
    path.write_bytes(gzip.compress(lines(*rows)))
    with pytest.raises(InputError, match="2 release names are not in the registry: stranger-1, stranger-2; add a row"):
        bring(source(str(path)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.jsonl.gz"]
    assert len(bring(source(str(path)), skip_unknown=True)) == 1
    assert len(bring(source(str(path)), renamed={"stranger-1": GPT, "stranger-2": CLAUDE})) == 3
    with pytest.raises(InputError, match="--release: 1 release names"):
        bring(source(str(path)), release="stranger-1")
    with pytest.raises(InputError, match="--rename: 1 release names are not in the registry: typo"):
        bring(source(str(path)), renamed={"stranger-1": "typo"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"), (b" \n\n", "is empty"), (b"[", "not JSON"), (b'{"response": "x"}\n[1]\n', ":2: expected a JSON object"),
        (b"[1, 2]", "list of JSON objects"), (b"[" * 100_000, "nested too deeply|not JSON"), (b"[]", "holds nothing"),
        (b'{"response": ""}\n', "holds no answer; 1 row without an answer left out"), (b'{"x": 1}\n', "no form that is known, with x"),
        (b"PAR1 no", "is not whole parquet"), (b"\x1f\x8b\x08 no", "damaged"),
    ],
)  # fmt: skip
def test_what_is_nothing_known(
    tmp_path: Path, data: bytes, message: str, bring: Callable[..., list[dict[str, Any]]]
) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        bring(source(str(path)), release=GPT)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.dat"]


def test_reasoning_is_no_part_of_a_response(tmp_path: Path, bring: Callable[..., list[dict[str, Any]]]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines({"response": f"<think>\nhm\n</think>\n\n{SAID}"}, {"response": "<think>never said"}))
    assert [row["response"] for row in bring(source(str(path)), release=GPT)] == [SAID]


def test_written_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines({"response": SAID + " \ud800", "model": GPT}))
    for name in ("a.parquet", "a.jsonl", "a.jsonl.gz", "a.jsonl.zst"):
        import_rows(
            source(str(path)),
            Target(tmp_path / name, "c", {"licence": "MIT"}),
            Labelling(Registry.load()),
            lambda *_: None,
        )
        found = read_corpora([tmp_path / name], Registry.load())
        assert found.texts(0, 1) == [SAID + " ?"]
        assert found.sources[0].licence == ("MIT" if name.endswith("parquet") else "")
    with pytest.raises(InputError, match="ending in"):
        import_rows(source(str(path)), Target(tmp_path / "a.csv", "c"), Labelling(Registry.load()), lambda *_: None)
