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
    "unseen-release-other-set": [],
    "temporal-split": [f"{2024 + m // 12}-{m % 12 + 1:02}" for m in range(30)],
    "unknown-lab": [],
    "perturbed": ["markdown stripped", "cut to 50 words", "cut to 200 words", "in lower case", "typos in 2 % of words"],
    "by-language-and-domain": ["language: en", "language: ja", "language: ru", "domain: chat", "domain: code"],
    "controls": [
        "length only", "layout only", "self-given names only, unmasked", "prompt only", "shuffled labels",
    ],
}  # fmt: skip
_ABILITY = {
    "same-set": 0.99, "other-set": 0.6, "unseen-release": 0.62, "unseen-release-other-set": 0.45,
    "temporal-split": 0.55, "unknown-lab": None,
    "perturbed": 0.9, "by-language-and-domain": 0.93, "controls": 0.2,
}  # fmt: skip


_EXPECT = {
    "same-set": "known", "other-set": "known", "unseen-release": "new", "unseen-release-other-set": "new",
    "temporal-split": "new", "unknown-lab": "new",
}  # fmt: skip
_VIEWS = {
    "same-set": ["accuracy", "confusion", "curves", "worst-errors"],
    "other-set": ["accuracy", "curves", "worst-errors"],
    "unseen-release": ["accuracy", "curves", "worst-errors"],
    "unseen-release-other-set": ["accuracy", "curves", "worst-errors"],
    "temporal-split": ["accuracy", "curves", "months"],
    "unknown-lab": ["curves"],
    "perturbed": ["parts"],
    "by-language-and-domain": ["parts"],
    "controls": ["parts"],
    "candidates": ["candidates"],
    "verification": ["claims"],
}
_KINDS = ("target", "all kinds", "sibling", "same lab", "closest other lab", "other lab", "unknown lab")


def report(
    seed: int = 0, protocols: tuple[str, ...] = (*_PARTS, "candidates", "verification"), releases: int = 450
) -> dict[str, Any]:
    """A report with some hostile labs, releases, corpora, style markers and sentences."""
    rng = np.random.default_rng(seed)
    labs = [*_LABS, *HOSTILE]
    sizes = np.maximum(np.random.default_rng(1).zipf(1.6, len(labs)), 1)
    shares = np.sort(np.minimum(sizes, 60))[::-1] / np.minimum(sizes, 60).sum()
    world = []
    for number in range(releases):
        lab = labs[number] if number < len(labs) else str(rng.choice(labs, p=shares))
        family = f"{lab}-{rng.integers(1, 5)}"
        world.append({"release": f"{family}.{number}-instruct", "lab": lab, "family": family})
    predicted = [protocol for protocol in protocols if protocol in _PARTS]
    labs.sort(key=lambda lab: -sum(r["lab"] == lab for r in world))
    return {
        "schema": 3,
        "run": _run(rng),
        "summary": {"headline": _headline()},
        "protocols": [_protocol(p) for p in protocols],
        "figures": [row for protocol in predicted for row in _figures(rng, protocol)],
        "reliability": {p: _bins(rng) for p in protocols if p in ("same-set", "other-set", "unseen-release")},
        "risk_coverage": {
            "responses": 25,
            "threshold": 0.705,
            "false_attribution_rate": 0.05,
            "likely_threshold": 0.452,
            "likely_error_rate": 0.25,
            "curves": {p: _curve(p) for p in predicted if p not in ("controls", "perturbed")},
        },
        "confusion": {"same-set": {"responses": 10, "labs": [_confused(rng, lab, labs, world) for lab in labs]}},
        "similarity": {"map": _map(rng, world, labs), "tree": _tree(rng, world)},
        "worst_errors": [_error(rng, world) for _ in range(20)],
        "candidates": {p: _candidates() for p in protocols if p == "candidates"},
        "claims": {p: _claims(rng) for p in protocols if p == "verification"},
        "months": {p: [_month(rng, m) for m in _PARTS[p]] for p in protocols if p == "temporal-split"},
        "notes": [
            "Probabilities rest on the case mixture.",
            "A new release of a lab that changed its style is hard to recognise.",
            HOSTILE[0],
        ],
    }  # fmt: skip


def _protocol(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "question": f"What about {name}?",
        "left_out": "A fifth of the prompts.",
        "views": _VIEWS[name],
        "by_kind": 25 if name in _EXPECT else None,
    }


def _run(rng: np.random.Generator) -> dict[str, Any]:
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
        {"text": "With 25 responses to other prompts of known corpora, the right lab comes first in 97 % of cases.",
         "value": 0.97},
        {"text": "With 25 responses from a corpus that was left out, the right lab comes first in 54 % of cases.",
         "value": 0.54},
        {"text": "Of the attributions of same-set cases 3.8 % are wrong.", "value": 0.038},
        {"text": "For new releases, the right lab comes first in 57 % of cases.", "value": 0.57},
        {"text": "The verdict unknown was too rare to be measured.", "value": None},
        {"text": "releases of 50 labs were tested. " + HOSTILE[1], "value": 447},
    ]  # fmt: skip


def _figures(rng: np.random.Generator, protocol: str) -> list[dict[str, Any]]:
    rows = []
    expect = [f"expect {_EXPECT[protocol]}"] if protocol in _EXPECT else []
    for part in ["all", *expect, *_PARTS[protocol]]:
        shift = 0.0 if part == "all" else float(rng.uniform(-0.12, 0.05))
        for n in NUMBERS:
            for depth, level in enumerate(LEVELS):
                ability = _ABILITY[protocol]
                top = None
                if ability is not None and not (level == "release" and protocol in ("unseen-release", "at-the-time")):
                    top = float(np.clip((ability + shift) * (1 - 0.55 * 0.75**n) * 0.88**depth, 0.01, 0.995))
                rows.append(
                    {"protocol": protocol, "part": part, "responses": n, "level": level,
                     "cases": int(rng.integers(20, 900)), "releases": 201,
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
        "false-attribution rate": around(0.04), "coverage with likely": around(0.8),
        "error rate with likely": around(0.2),
        "coverage of short lists": around(0.15), "error rate of short lists": around(0.18),
        "set size": around(2.5), "set coverage": around(0.91),
        "selective risk at 50 % coverage": around(0.03),
        "verdict unknown": around(0.1), "verdict new-release": around(0.07),
        "AUROC": around(0.7), "FPR at 95 % TPR": around(0.8), "OSCR": around(t),
    }  # fmt: skip


def _bins(rng: np.random.Generator) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"low": b / 10, "high": (b + 1) / 10, "probability": (b + 0.5) / 10, "cases": int(30 * 1.4**b),
         "right": float(np.clip((b + 0.5) / 10 + rng.normal(0, 0.05), 0, 1))}
        for b in range(10)
    ]  # fmt: skip
    rows[0] |= {"probability": None, "right": None, "cases": 0}
    return rows


def _curve(protocol: str) -> list[dict[str, Any]]:
    worst = 1.0 if protocol == "unknown-lab" else 1.1 - (_ABILITY[protocol] or 0)
    rows = []
    for step in range(41):
        t = step / 40
        coverage = max(1 - t**2 * (1.05 if worst < 0.3 else 1.2), 0.0)
        false = worst if worst == 1 else worst * (1 - t) ** 0.7
        rows.append({"threshold": t, "coverage": coverage, "false-attribution rate": false if coverage else None})
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
    predicted = [{kind: key, "cases": n} for key, n in sorted(counts.items(), key=lambda pair: -pair[1])]
    return {kind: own, "cases": cases, "predicted": predicted}


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
    true, other = (world[i] for i in rng.integers(0, len(world), 2))
    style_markers = [
        {
            "marker": marker,
            "unit": "per 1,000 words",
            "case": 3.1,
            "predicted_lab": 3.0,
            "true_lab": 9.24,
            "log_likelihood_ratio": float(rng.uniform(0.3, 2)),
        }
        for marker in ("bullets", "semicolons", HOSTILE[1])
    ]
    return {
        "protocol": "same-set", "responses": 10, "release": true["release"], "lab": true["lab"],
        "predicted_release": other["release"], "predicted_lab": other["lab"],
        "probability": float(rng.uniform(0.9, 0.999)),
        "corpus": HOSTILE[0] if rng.random() < 0.2 else "alpaca_eval", "style_markers": style_markers,
    }  # fmt: skip


def _candidates() -> dict[str, Any]:
    share: dict[str, float | None] = {"value": 0.03, "low": 0.01, "high": 0.06}
    names = {
        True: ("coverage", "false-attribution rate", "coverage with likely", "error rate with likely", "set coverage"),
        False: ("coverage", "coverage with likely"),
    }
    figures = [
        {"candidates": candidates, "drawn": drawn, "inside": inside, "kind": kind, "responses": n, "cases": 80,
         "releases": 40, "promised": kind != "later",
         "metrics": {name: dict(share) for name in (*names[inside], "verdict none-of-these")}}
        for candidates in (2, 5, 10)
        for drawn in ("at random", "alike")
        for inside in (True, False)
        for kind in ("same", "other", "later", "unknown")
        if not (inside and kind == "unknown")
        for n in NUMBERS
    ]  # fmt: skip
    return {"false_attributions": 0.05, "figures": figures}


def _claims(rng: np.random.Generator) -> dict[str, Any]:
    cells = [
        (level, c, n) for level in ("release", "lab") for c in ("known corpora", "corpora left out") for n in NUMBERS
    ]
    figures, det = [], []
    for level, corpora, n in cells:
        about = {"level": level, "corpora": corpora, "responses": n}
        for kind in _KINDS:
            known = kind in ("target", "all kinds")
            shares = (
                ("false-alarm rate", "true claims called consistent")
                if kind == "target"
                else (
                    "EER",
                    "false-accept rate",
                    "false claims called inconsistent",
                )
            )
            metrics: dict[str, dict[str, float | None]] = {
                name: {"value": 0.03, "low": 0.01, "high": 0.06} for name in shares
            }
            if kind != "target":
                metrics["C_llr"] = {"value": 0.512, "low": 0.4, "high": 0.61}
                metrics["minC_llr"] = {"value": 0.487, "low": None, "high": None}
            figures.append(
                about
                | {
                    "kind": kind,
                    "promised": kind != "closest other lab",
                    "trials": int(rng.integers(20, 900)),
                    "releases": 90,
                    "in_domain": 0.5 + 0.25 * known,
                    "metrics": metrics,
                }
            )
            if kind != "target" and n in (5, 10, 25):
                accepts = np.geomspace(0.002, 0.9, 20)
                points = [{"false_accept": float(a), "miss": float(max(0.4 - a, 0))} for a in accepts]
                det.append(about | {"kind": kind, "points": points})
    return {"false_alarms": 0.01, "false_accepts": 0.05, "figures": figures, "det": det}


def _month(rng: np.random.Generator, month: str) -> dict[str, Any]:
    top = float(rng.uniform(0.45, 0.75))
    row: dict[str, Any] = {
        "month": month, "cases": int(rng.integers(10, 80)), "releases": int(rng.integers(1, 12)), "lab top-1": top,
        "low": top - 0.1, "high": top + 0.1, "lab macro": top - 0.08, "verdict new-release": 0.2,
        "coverage": top - 0.15, "false-attribution rate": float(rng.uniform(0.02, 0.3)),
        "coverage with likely": top - 0.05, "error rate with likely": float(rng.uniform(0.1, 0.3)),
    }  # fmt: skip
    if month.endswith("-07"):
        none = ("lab top-1", "low", "high", "lab macro", "coverage", "false-attribution rate", "coverage with likely")
        row |= dict.fromkeys((*none, "error rate with likely"))
    return row
