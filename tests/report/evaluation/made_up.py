"""A made-up report of the size of a real one, with names that attack whoever shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "evil\u202egpj.exe",
    "a|b `c` [d](https://evil.example/x)",
    "\x1b[2J\x00nul\r\n# heading",
    "</style><style>*{background:url(https://evil.example/y)}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "\ud800lone",
)
NUMBERS = (1, 3, 5, 10, 25)
LEVELS = ("lab", "family", "release")
_LABS = (
    "openai", "google", "meta", "anthropic", "alibaba", "mistral", "microsoft", "deepseek", "zhipu", "cohere", "xai",
    "01-ai", "nvidia", "amazon", "ibm", "yandex", "sber", "tencent", "moonshot", "minimax", "baidu", "bytedance",
    "ai2", "tii", "databricks", "stability", "upstage", "lg-ai", "rinna", "stockmark", "elyza", "cyberagent",
    "shisa", "nous", "teknium", "openchat", "vicuna", "mosaic", "snowflake", "reka",
)  # fmt: skip
_PARTS = {
    "same-set": [],
    "other-set": ["alpaca_eval", "can_ai_code", "dreams", "dreams500", "ru_llm_arena", "shaberi_ja", "zeroeval"],
    "unseen-release": [],
    "at-the-time": [f"{2024 + m // 12}-{m % 12 + 1:02}" for m in range(30)],
    "unknown-lab": [],
    "perturbed": ["markdown stripped", "cut to 50 words", "cut to 200 words", "in lower case", "typos in 2 % of words"],
    "by language and domain": ["language: en", "language: ja", "language: ru", "domain: chat", "domain: code"],
    "controls": [
        "length only", "layout only", "self-given names only, unmasked", "the prompt only", "labels shuffled",
    ],
}  # fmt: skip
_ABILITY = {
    "same-set": 0.99, "other-set": 0.6, "unseen-release": 0.62, "at-the-time": 0.55, "unknown-lab": None,
    "perturbed": 0.9, "by language and domain": 0.93, "controls": 0.2,
}  # fmt: skip


def report(seed: int = 0, protocols: tuple[str, ...] = tuple(_PARTS), releases: int = 450) -> dict[str, Any]:
    """A report with some hostile labs, releases, corpora, habits and sentences."""
    rng = np.random.default_rng(seed)
    labs = [*_LABS, *HOSTILE]
    sizes = np.maximum(np.random.default_rng(1).zipf(1.6, len(labs)), 1)
    shares = np.sort(np.minimum(sizes, 60))[::-1] / np.minimum(sizes, 60).sum()
    world = []
    for number in range(releases):
        lab = labs[number] if number < len(labs) else str(rng.choice(labs, p=shares))
        family = f"{lab}-{rng.integers(1, 5)}"
        world.append({"release": f"{family}.{number}-instruct", "lab": lab, "family": family})
    labs.sort(key=lambda lab: -sum(r["lab"] == lab for r in world))
    return {
        "schema": 1,
        "made": _made(rng),
        "summary": {"headline": _headline()},
        "figures": [row for protocol in protocols for row in _figures(rng, protocol)],
        "reliability": {p: _bins(rng) for p in protocols if p in ("same-set", "other-set", "unseen-release")},
        "claims": {
            "threshold": 0.705,
            "false_claims": 0.05,
            "curves": {p: _curve(p) for p in protocols if p not in ("controls", "perturbed")},
        },
        "confusion": {
            "protocol": "same-set", "responses": 10, "labs": [_confused(rng, lab, labs, world) for lab in labs],
        },
        "map": _map(rng, world, labs),
        "tree": _tree(rng, world),
        "errors": [_error(rng, world) for _ in range(20)],
        "at_the_time": [_month(rng, m) for m in _PARTS["at-the-time"]] if "at-the-time" in protocols else [],
        "notes": [
            "Probabilities rest on an assumption of what users bring.",
            "A newcomer of a lab that changed its style is hard to place.",
            HOSTILE[0],
        ],
    }  # fmt: skip


def _made(rng: np.random.Generator) -> dict[str, Any]:
    corpora = [*_PARTS["other-set"], HOSTILE[0], HOSTILE[5]]
    return {
        "command": "fingerprint evaluate ../shared/corpora/train --out reports/2026-11 --seed 0 <script>",
        "date": "2026-11-24",
        "version": "0.1.0",
        "seed": 0,
        "sample": "a sample: at most 12 responses a release and corpus, 3 folds",
        "folds": ["Prompts were split in three, none in two folds.", "Releases were left out with their variants."],
        "model": {
            "name": "default", "sha256": "ab" * 32, "trained": "2026-11-24", "releases": 447, "newest": "2026-08",
        },
        "corpora": [
            {"name": c, "rows": int(rng.integers(500, 40000)), "sha256": rng.bytes(32).hex(), "licence": "Apache-2.0",
             "source": "https://example.org/" + c}
            for c in corpora
        ],
        "packages": {"numpy": "2.3.1", "scikit-learn": "1.7.2", "jinja2": "3.1.6"},
    }  # fmt: skip


def _headline() -> list[dict[str, Any]]:
    return [
        {"text": "At 25 responses the right lab came first in 97 % of files by known releases on familiar prompts.",
         "value": 0.97},
        {"text": "On kinds of prompts that it had never seen, the right lab came first in 54 %.", "value": 0.54},
        {"text": "Of the claims it dared to make on familiar ground, 3.8 % were false.", "value": 0.038},
        {"text": "For brand-new releases, the right lab came first in 57 % of files.", "value": 0.57},
        {"text": "A lab that it does not know was called unknown too rarely to be measured.", "value": None},
        {"text": "releases of 50 labs were asked about. " + HOSTILE[1], "value": 447},
    ]  # fmt: skip


def _figures(rng: np.random.Generator, protocol: str) -> list[dict[str, Any]]:
    rows = []
    for part in ["all", *_PARTS[protocol]]:
        shift = 0.0 if part == "all" else float(rng.uniform(-0.12, 0.05))
        for n in NUMBERS:
            for depth, level in enumerate(LEVELS):
                ability = _ABILITY[protocol]
                top = None
                if ability is not None and not (level == "release" and protocol in ("unseen-release", "at-the-time")):
                    top = float(np.clip((ability + shift) * (1 - 0.55 * 0.75**n) * 0.88**depth, 0.01, 0.995))
                rows.append(
                    {"protocol": protocol, "part": part, "responses": n, "level": level,
                     "suspects": int(rng.integers(20, 900)), "releases": 201,
                     "chance": 0.02 / (1 + 4 * depth), "majority": 0.18 / (1 + 2 * depth),
                     "metrics": _metrics(rng, top)}
                )  # fmt: skip
    return rows


def _metrics(rng: np.random.Generator, top: float | None) -> dict[str, Any]:
    def around(value: float | None) -> dict[str, Any]:
        if value is None:
            return {"value": None, "low": None, "high": None}
        half = float(rng.uniform(0.01, 0.05))
        return {
            "value": value,
            "low": max(value - half, 0.0),
            "high": value + half if value > 1 else min(value + half, 1),
        }

    t = top
    return {
        "top-1": around(t), "top-3": around(None if t is None else t**0.5), "macro recall": around(t),
        "macro F1": around(t), "log-loss": around(None if t is None else 3 * (1 - t)), "Brier": around(t),
        "ECE": around(0.04), "C_llr": around(1.2), "c@1": around(t), "coverage": around(0.6),
        "false claims": around(0.04), "false of the surest half": around(0.03),
        "said unknown": around(0.1), "said new": around(0.07),
        "AUROC of unknown": around(0.7), "FPR at 95 % TPR of unknown": around(0.8), "OSCR": around(t),
    }  # fmt: skip


def _bins(rng: np.random.Generator) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"low": b / 10, "high": (b + 1) / 10, "predicted": (b + 0.5) / 10, "suspects": int(30 * 1.4**b),
         "right": float(np.clip((b + 0.5) / 10 + rng.normal(0, 0.05), 0, 1))}
        for b in range(10)
    ]  # fmt: skip
    rows[0] |= {"predicted": None, "right": None, "suspects": 0}
    return rows


def _curve(protocol: str) -> list[dict[str, Any]]:
    worst = 1.0 if protocol == "unknown-lab" else 1.1 - (_ABILITY[protocol] or 0)
    rows = []
    for step in range(41):
        t = step / 40
        coverage = max(1 - t**2 * (1.05 if worst < 0.3 else 1.2), 0.0)
        false = worst if worst == 1 else worst * (1 - t) ** 0.7
        rows.append({"threshold": t, "coverage": coverage, "false claims": false if coverage else None})
    return rows


def _confused(
    rng: np.random.Generator, lab: str, labs: list[str], world: list[dict[str, str]]
) -> dict[str, Any]:  # fmt: skip
    own = [r for r in world if r["lab"] == lab]
    families = []
    for family in dict.fromkeys(r["family"] for r in own):
        releases = [
            _taken(rng, "release", r["release"], 10, [w["release"] for w in world])
            for r in own
            if r["family"] == family
        ]
        item = _taken(rng, "family", family, 10 * len(releases), [w["family"] for w in world])
        families.append(item | {"releases": releases})
    return _taken(rng, "lab", lab, 10 * len(own), labs[:20]) | {"families": families}


def _taken(rng: np.random.Generator, kind: str, own: str, cases: int, others: list[str]) -> dict[str, Any]:
    counts = {own: cases}
    for other in rng.choice(others, 6):
        some = int(rng.integers(0, max(cases // 12, 2)))
        if other != own and counts[own] > some > 0:
            counts[own] -= some
            counts[str(other)] = counts.get(str(other), 0) + some
    named = [{kind: key, "suspects": n} for key, n in sorted(counts.items(), key=lambda pair: -pair[1])]
    return {kind: own, "suspects": cases, "named": named}


def _map(rng: np.random.Generator, world: list[dict[str, str]], labs: list[str]) -> list[dict[str, Any]]:
    middle = {lab: rng.normal(0, 2.0, 2) * (1.6, 1.0) for lab in labs}
    points = []
    for r in world:
        x, y = middle[r["lab"]] + rng.normal(0, 0.35, 2)
        points.append({**r, "x": float(x), "y": float(y)})
    return points


def _tree(rng: np.random.Generator, world: list[dict[str, str]]) -> dict[str, Any]:
    """Releases of a lab are joined first, then labs with labs."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for r in world:
        groups.setdefault(r["lab"], []).append({"release": r["release"], "lab": r["lab"]})
    tops = [_joined(rng, nodes, 0.1) for nodes in groups.values()]
    return _joined(rng, tops, max(top.get("height", 0.0) for top in tops) + 0.05)


def _joined(rng: np.random.Generator, nodes: list[dict[str, Any]], height: float) -> dict[str, Any]:
    while len(nodes) > 1:
        height += float(rng.exponential(0.02))
        a, b = sorted(rng.choice(len(nodes), 2, replace=False))
        second, first = nodes.pop(b), nodes.pop(a)
        nodes.append({"height": height, "support": float(rng.beta(1.2, 1)), "children": [first, second]})
    return nodes[0]


def _error(rng: np.random.Generator, world: list[dict[str, str]]) -> dict[str, Any]:
    true, said = (world[i] for i in rng.integers(0, len(world), 2))
    style_markers = [
        {
            "habit": habit,
            "unit": "per 1,000 words",
            "here": 3.1,
            "said": 3.0,
            "true": 9.24,
            "llr": float(rng.uniform(0.3, 2)),
        }
        for habit in ("bullets", "semicolons", HOSTILE[1])
    ]
    return {
        "protocol": "same-set", "responses": 10, "release": true["release"], "lab": true["lab"],
        "said_release": said["release"], "said_lab": said["lab"], "probability": float(rng.uniform(0.9, 0.999)),
        "corpus": HOSTILE[0] if rng.random() < 0.2 else "alpaca_eval", "habits": style_markers,
    }  # fmt: skip


def _month(rng: np.random.Generator, month: str) -> dict[str, Any]:
    top = float(rng.uniform(0.45, 0.75))
    row: dict[str, Any] = {
        "month": month, "suspects": int(rng.integers(10, 80)), "releases": int(rng.integers(1, 12)), "lab top-1": top,
        "low": top - 0.1, "high": top + 0.1, "lab macro": top - 0.08, "said new": 0.2, "coverage": top - 0.15,
        "false claims": float(rng.uniform(0.02, 0.3)),
    }  # fmt: skip
    if month.endswith("-07"):
        row |= dict.fromkeys(("lab top-1", "low", "high", "lab macro", "coverage", "false claims"))
    return row
