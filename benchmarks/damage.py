"""What damage to the texts does to verdicts, before and after the cleaning at the entrance.

    python -m benchmarks.damage ../shared/corpora/eval --model models/default

One case for each corpus and release with enough responses, of those labs that the model knows. Every kind of damage
is done to all cases: "before" judges the texts as they are then, "after" by way of the reader.
"""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pyarrow.parquet as pq

from fingerprint.api import Fingerprint
from fingerprint.data.reader import case_of
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case, Response, usable
from fingerprint.errors import InputError
from fingerprint.model.verdict import ATTRIBUTIONS, Verdict

# Made up, in the manner of a trace.
_THOUGHTS = (
    "Okay, let me think about what is being asked here.",
    "The user wants an answer that is clear, so I should plan it first.",
    "Wait, is that right? Let me check this again.",
    "Hmm, there are two ways to read the question.",
    "First I list what is known, then I decide what to leave out.",
    "So the answer should begin with the main point.",
    "I think that a short list may be enough, but let me reconsider.",
    "Alright, time to write it down.",
)
_ENDS = ("</s>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<end_of_turn>", "<|return|>")
Texts = list[str]


@dataclass(frozen=True)
class Damage:
    """One kind; `do` gets the texts of a case and a source of chance."""

    name: str
    do: Callable[[Texts, random.Random], Texts]


def each(do: Callable[[str, random.Random], str]) -> Callable[[Texts, random.Random], Texts]:
    return lambda texts, chance: [do(text, chance) for text in texts]


def thoughts(chance: random.Random) -> str:
    return " ".join(chance.choices(_THOUGHTS, k=chance.randint(6, 40)))


def misread(text: str) -> str:
    return text.encode().decode("cp1252", "replace")


DAMAGE = (
    Damage("reasoning in tags", each(lambda t, c: f"<think>\n{thoughts(c)}\n</think>\n\n{t}")),
    Damage("reasoning without its opening tag", each(lambda t, c: f"{thoughts(c)}\n</think>\n\n{t}")),
    Damage("rows of reasoning that never ends", lambda ts, c: [*ts, *(f"<think>\n{thoughts(c)}" for _ in ts[::3])]),
    Damage(
        "harmony channels",
        each(
            lambda t, c: (
                f"<|channel|>analysis<|message|>{thoughts(c)}<|end|><|start|>assistant<|channel|>final"
                f"<|message|>{t}<|return|>"
            )
        ),
    ),
    Damage(
        "reasoning in a details block",
        each(
            lambda t, c: (
                '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
                f"> {thoughts(c)}\n</details>\n{t}"
            )
        ),
    ),
    Damage("an end token", each(lambda t, c: t + c.choice(_ENDS))),
    Damage(
        "a chat template",
        each(
            lambda t, c: f"<|im_start|>assistant\n{t}<|im_end|>\n<|im_start|>user\nThank you, and what else is there?"
        ),
    ),
    Damage("Windows line ends", each(lambda t, c: t.replace("\n", "\r\n"))),
    Damage("escaped line ends", each(lambda t, c: t.replace("\n", "\\n"))),
    Damage("JSON in JSON", each(lambda t, c: json.dumps(t))),
    Damage("a wrong encoding", each(lambda t, c: misread(t))),
    Damage("<br> for line ends", each(lambda t, c: t.replace("\n", "<br>"))),
    Damage("escaped for HTML", each(lambda t, c: html.escape(t))),
    Damage("error rows", lambda ts, c: [*ts, *(f"API Error: {400 + i} Bad Request, try again" for i in range(3))]),
)


@dataclass(frozen=True)
class Figures:
    """Shares are of all cases. right: the lab ranked first wrote it. false: attributions to another lab."""

    right: float
    attributed: float
    false: int

    @classmethod
    def of(cls, found: list[tuple[str, Verdict | None]]) -> Figures:
        right = sum(v is not None and bool(v.labs) and v.labs[0].lab == lab for lab, v in found)
        claims = [(lab, v) for lab, v in found if v is not None and v.verdict in ATTRIBUTIONS]
        false = sum(v.labs[0].lab != lab for lab, v in claims)
        return cls(right / len(found), len(claims) / len(found), false)

    def __str__(self) -> str:
        return f"{self.right:.1%} | {self.attributed:.1%} | {self.false}"


def cases(corpora: Path, known: Fingerprint, responses: int, most: int) -> list[tuple[str, Texts]]:
    """(lab, texts) of each case, drawn by seed."""
    registry, found = Registry.load(), dict[tuple[str, str], Texts]()
    for path in sorted(corpora.glob("*.parquet")):
        table = pq.read_table(path, columns=["response", "release", "corpus"]).to_pylist()
        for row in table:
            found.setdefault((row["corpus"], row["release"]), []).append(row["response"])
    chance = random.Random(0)
    drawn = []
    for (_, release), texts in sorted(found.items()):
        entry = registry.resolve(release)
        if entry is not None and entry.lab in known.labs and len(texts) >= responses:
            drawn.append((entry.lab, chance.sample(texts, responses)))
    return chance.sample(drawn, min(most, len(drawn)))


class Judge:
    """A model's verdicts; a case that was judged before is not judged again."""

    def __init__(self, known: Fingerprint):
        self._known = known
        self._done: dict[tuple[str, ...], Verdict] = {}

    def before(self, texts: Texts) -> Verdict:
        return self._verdict(usable("case", (Response(text) for text in texts)))

    def after(self, texts: Texts) -> Verdict | None:
        try:
            return self._verdict(case_of(texts, "case"))
        except InputError:
            return None

    def _verdict(self, case: Case) -> Verdict:
        key = tuple(record.response for record in case.records)
        if key not in self._done:
            self._done[key] = self._known.identify(case)
        return self._done[key]


def rows(judge: Judge, asked: list[tuple[str, Texts]]) -> Iterator[str]:
    sound = Figures.of([(lab, judge.after(texts)) for lab, texts in asked])
    yield f"| none | {sound} | {sound} |"
    for damage in DAMAGE:
        chance = random.Random(damage.name)
        damaged = [(lab, damage.do(texts, chance)) for lab, texts in asked]
        first = Figures.of([(lab, judge.before(texts)) for lab, texts in damaged])
        then = Figures.of([(lab, judge.after(texts)) for lab, texts in damaged])
        yield f"| {damage.name} | {first} | {then} |"


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--responses", default=10, show_default=True, help="In each case.")
@click.option("--cases", "most", default=300, show_default=True, help="At most.")
def main(corpora: Path, model: Path, responses: int, most: int) -> None:
    known = Fingerprint.load(model)
    asked = cases(corpora, known, responses, most)
    click.echo(f"{len(asked)} cases of {responses} responses\n")
    click.echo("| damage | before: lab first | attributed | false | after: lab first | attributed | false |")
    click.echo("|---|---|---|---|---|---|---|")
    for row in rows(Judge(known), asked):
        click.echo(row)


if __name__ == "__main__":
    main()
