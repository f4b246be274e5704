"""A small made-up world: labs with habits of their own, releases that vary them, two corpora."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fingerprint.config import (
    CalibrationConfig,
    ClassifierConfig,
    Config,
    EmbeddingConfig,
    SplitConfig,
    UpdateConfig,
)

LABS = ("ash", "birch", "cedar", "elm", "fir", "oak")
RELEASES = {f"{lab}-{n}": lab for lab in LABS for n in (1, 2, 3)}
SHARED = [
    "time",
    "people",
    "work",
    "water",
    "house",
    "day",
    "light",
    "year",
    "hand",
    "place",
    "word",
    "small",
    "part",
    "long",
    "way",
    "city",
    "food",
    "idea",
    "road",
]


# Two models to calibrate on, each without one of the four corpora, one of the six labs and some of the releases.
SPLITS = SplitConfig(
    folds=2, later=(), corpora=0.3, labs=0.17, rows=20, vocabulary=8_000, steps=20, sizes=(1, 3, 10), draws=1, cases=40
)
CALIBRATION = CalibrationConfig(margin=0.5, pooling=1.0, iterations=40)


def config(**changes: Any) -> Config:
    """A config whose trainings and updates are short, and long enough for this world."""
    short = Config(
        splits=SPLITS,
        calibration=CALIBRATION,
        embedding=EmbeddingConfig(directions=64, size=16, steps=40, batch=96),
        classifiers=ClassifierConfig(epochs=4, batch=512, warmup=20),
        update=UpdateConfig(rehearsed=8_000, iterations=30),
    )
    return msgspec.structs.replace(short, **changes)


def _rng(*key: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def _taste(name: str, size: int) -> list[str]:
    """Words that a lab or a release is fond of, made up of its own syllables."""
    rng = _rng("taste", name)
    return ["".join(rng.choice(list("aeioulnrstmdk"), 5)) for _ in range(size)]


def write(release: str, prompt: int, draw: int = 0) -> str:
    """What `release` answers to a prompt."""
    lab = RELEASES[release]
    rng, of_lab, of_release = _rng(release, prompt, draw), _taste(lab, 8), _taste(release, 8)
    topic = _taste(f"prompt {prompt}", 4)
    pool = [*SHARED, *topic * 2, *of_lab, *of_release]
    sentences = []
    for _ in range(6):
        words = rng.choice(pool, int(rng.integers(6, 12))).tolist()
        sentences.append(" ".join(words).capitalize() + rng.choice([".", "!", "."]))
    mark = "-*"[LABS.index(lab) % 2]
    if LABS.index(lab) % 3 == 0:
        return f"**{topic[0].title()}**\n\n" + "\n".join(f"{mark} {s}" for s in sentences)
    return " ".join(sentences)


def tokens(release: str, prompt: int) -> int:
    """What a provider counts for a prompt: ash and birch share a tokenizer, and every release has its own template."""
    tokenizer = max(1, LABS.index(RELEASES[release]))
    return 20 + int(_rng("tokens", prompt, tokenizer).integers(30)) + 7 * int(release[-1])


def registry(folder: Path) -> Path:
    """A registry of this world."""
    path = folder / "registry.csv"
    rows = ["release,lab,family,line,released,kind,aliases"]
    rows += [f"{r},{lab},{lab}-family,{lab},2025-0{r[-1]},lab,{r.upper()}" for r, lab in RELEASES.items()]
    path.write_text("\n".join(rows) + "\n")
    return path


def row(release: str, prompt_id: str, prompt: int, draw: int = 0) -> dict[str, object]:
    """What `release` answers, as a line of a corpus."""
    usage = {"prompt_tokens": tokens(release, prompt), "completion_tokens": 60}
    return {"release": release, "prompt_id": prompt_id, "prompt": f"Prompt {prompt}?", "language": "en",
            "response": write(release, prompt, draw), "usage": usage}  # fmt: skip


def corpora(folder: Path, prompts: int = 30) -> Path:
    """Four corpora as JSON lines; each release answers each prompt once."""
    out = folder / "corpora"
    out.mkdir()
    for number, name in enumerate(("first", "second", "third", "fourth")):
        lines = [json.dumps(row(r, f"{name}-{p}", 1000 * number + p)) for r in RELEASES for p in range(prompts)]
        (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return out


def again(folder: Path, prompts: int = 15) -> Path:
    """One more corpus, in which each release answers each prompt twice."""
    out = folder / "again.jsonl"
    rows = [row(r, f"again-{p}", 5000 + p, draw) for r in RELEASES for p in range(prompts) for draw in (0, 1)]
    out.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return out


def case(path: Path, release: str, count: int = 10, start: int = 500) -> Path:
    """A file of responses to prompts that no corpus has."""
    rows = [json.dumps({"prompt_id": str(p), "response": write(release, p)}) for p in range(start, start + count)]
    path.write_text("\n".join(rows) + "\n")
    return path


def foreign(folder: Path, prompts: int = 12) -> Path:
    """A corpus that is none of `corpora`."""
    out = folder / "foreign.jsonl"
    rows = [
        {"release": r, "prompt_id": str(p), "response": write(r, 9000 + p)} for r in RELEASES for p in range(prompts)
    ]
    out.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return out
